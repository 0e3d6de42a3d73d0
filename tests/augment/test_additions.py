"""LoRA weights, ControlNets and few-step samplers: heeded, pinned, recorded, and silent where there are none."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from augment.additions import Additions, Control, Lora, as_columns
from augment.model import Asked
from augment.models import stable_diffusion
from augment.picture import provenance
from augment.plan import plan
from augment.recipe import AugmentSettings, read
from augment.resolve import resolved
from augment.vary import augment
from base.errors import UsageError
from catalog import db
from catalog.records import Request

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
REQUEST = Request(
    parent="0" * 64,
    concept="chimarrao",
    prompt="a gourd",
    negative_prompt="",
    model="tiny/model",
    revision="1" * 64,
    seed=7,
    strength=0.34,
    guidance=10.0,
    steps=40,
    scheduler="EulerAncestralDiscreteScheduler",
    width_px=576,
    height_px=432,
)


def test_a_request_without_additions_keeps_the_digest_of_before_there_were_any() -> None:
    # Worked out with the code of 2026-11-21 (dd47edf), before Request had lora, control and sampler.
    assert REQUEST.digest() == "1e75f3b83298e8016c793a6a89ed40e11306de1deb5ebd63ee49713ecd5564ae"


@pytest.mark.parametrize("addition", ["lora", "control", "sampler"])
def test_every_addition_makes_another_request(addition: str) -> None:
    assert replace(REQUEST, **{addition: "[]"}).digest() != REQUEST.digest()


@pytest.fixture(scope="module")
def lora(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA over the tiny denoiser's attention, as diffusers saves one, with weights large enough to be seen."""
    import torch
    from diffusers import StableDiffusionPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    pipe = StableDiffusionPipeline.from_pretrained(tiny_model)
    pipe.unet.add_adapter(LoraConfig(r=2, lora_alpha=2, init_lora_weights=False, target_modules=["to_q", "to_v"]))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        state = {name: torch.randn_like(value) for name, value in get_peft_model_state_dict(pipe.unet).items()}
    folder = tmp_path_factory.mktemp("lora")
    StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=state)
    return folder


@pytest.fixture(scope="module")
def controlnet(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ControlNet of the tiny denoiser's build, whose last layers are not zero as they are before teaching."""
    import torch
    from diffusers import ControlNetModel, UNet2DConditionModel

    with torch.random.fork_rng():
        torch.manual_seed(5)
        unet = UNet2DConditionModel.from_pretrained(tiny_model, subfolder="unet")
        # Two levels of pixels to a latent, where the real ones have four.
        net = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(4, 8))
        for parameter in net.parameters():
            if not parameter.any():
                torch.nn.init.normal_(parameter, std=0.5)
    folder = tmp_path_factory.mktemp("controlnet")
    net.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def estimator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config, DPTImageProcessor

    backbone = Dinov2Config(
        hidden_size=8,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=28,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(9)
        model = DepthAnythingForDepthEstimation(
            DepthAnythingConfig(
                backbone_config=backbone,
                patch_size=14,
                reassemble_hidden_size=8,
                neck_hidden_sizes=[8, 8, 8, 8],
                fusion_hidden_size=8,
                head_hidden_size=8,
            )
        )
        for name, parameter in model.named_parameters():  # as made they are so small that every depth is the same in float32
            if name.startswith(("neck", "head")):
                torch.nn.init.normal_(parameter, std=0.3)
        torch.nn.init.constant_(model.head.conv3.bias, 100.0)  # above the last ReLU
    folder = tmp_path_factory.mktemp("estimator")
    model.save_pretrained(folder)
    DPTImageProcessor(size={"height": 28, "width": 28}).save_pretrained(folder)
    return folder


def load(tiny_model: Path, **additions: Any) -> stable_diffusion.StableDiffusion:
    settings, _ = resolved(AugmentSettings(model=str(tiny_model), **additions))
    return stable_diffusion.load(
        settings.model,
        "",
        device="cpu",
        precision="float32",
        scheduler=settings.scheduler,
        additions=settings.additions,
    )


def asked(number: int) -> Asked:
    noise = np.random.default_rng(number // 2).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    return Asked(
        source=str(number // 2),
        picture=Image.fromarray(noise),
        prompt="a gourd",
        negative_prompt="",
        seed=number,
        strength=0.5,
        guidance=4.0,
        steps=8,
    )


def test_a_lora_is_laid_over_the_weights_with_its_scale(tiny_model: Path, lora: Path) -> None:
    import torch

    one = asked(0)
    plain = load(tiny_model)
    before = plain.pixels([one])[0]
    plain.pipe.load_lora_weights(str(lora), adapter_name="by_hand")
    plain.pipe.set_adapters(["by_hand"], [0.7])
    by_hand = plain.pipe(
        one.prompt,
        image=one.picture,
        strength=one.strength,
        guidance_scale=one.guidance,
        num_inference_steps=one.steps,
        generator=torch.Generator().manual_seed(one.seed),
        output_type="np",
    ).images[0]
    laid_over = load(tiny_model, loras=(Lora(weights=str(lora), scale=0.7),)).pixels([one])[0]
    assert np.abs(laid_over - by_hand).max() < 1e-5
    assert np.abs(laid_over - before).max() > 1e-3


def test_a_lora_for_another_model_is_an_error_not_a_shrug(tiny_model: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    path = tmp_path / "other.safetensors"
    keys = ("unet.nowhere.to_q.lora.down.weight", "unet.nowhere.to_q.lora.up.weight")
    save_file({key: torch.ones(2, 2) for key in keys}, path)
    with pytest.raises(UsageError, match=r"other\.safetensors"):
        load(tiny_model, loras=(Lora(weights=str(path)),))


@pytest.mark.parametrize("kind", ["canny", "depth"])
def test_a_controlnet_equals_the_naive_loop_and_looks_at_each_parent_once(
    tiny_model: Path, controlnet: Path, estimator: Path, kind: Any
) -> None:
    import torch

    control = Control(kind=kind, model=str(controlnet), scale=0.8, estimator=str(estimator) if kind == "depth" else "")
    model = load(tiny_model, control=control)
    assert model.control is not None
    looks: list[Image.Image] = []
    look = model.control._look

    def watched(picture: Image.Image) -> Image.Image:
        looks.append(look(picture))
        return looks[-1]

    model.control._look = watched
    batch = [asked(number) for number in range(4)]
    made = model.pixels(batch)
    assert len(looks) == 2
    assert all(picture.size == (32, 24) and np.ptp(np.asarray(picture)) == 255 for picture in looks)
    one_by_one = [
        model.pipe(
            one.prompt,
            image=one.picture,
            control_image=looks[number // 2],
            controlnet_conditioning_scale=0.8,
            strength=one.strength,
            guidance_scale=one.guidance,
            num_inference_steps=one.steps,
            generator=torch.Generator().manual_seed(one.seed),
            output_type="np",
        ).images[0]
        for number, one in enumerate(batch)
    ]
    assert np.abs(made - np.stack(one_by_one)).max() < 1e-5
    assert np.abs(made - load(tiny_model).pixels(batch)).max() > 1e-3


def test_few_steps_take_their_spacing(tiny_model: Path) -> None:
    model = load(tiny_model, scheduler="DDIMScheduler", timestep_spacing="trailing", steps=4, strength=0.5)
    assert model.pipe.scheduler.config.timestep_spacing == "trailing"
    model.pipe.scheduler.set_timesteps(4)
    assert model.pipe.scheduler.timesteps.tolist() == [999, 749, 499, 249]


def test_additions_are_pinned_in_the_request_the_file_and_the_notes(collection: Path, tiny_model: Path, lora: Path) -> None:
    settings = AugmentSettings(model=str(tiny_model), long_side_px=32, steps=4, strength=0.5, guidance=3.0)
    plain = plan(collection, settings)
    with_lora = replace(settings, loras=(Lora(weights=str(lora), scale=0.5),))
    planned = plan(collection, with_lora)
    assert {one.digest for one in plain.work}.isdisjoint(one.digest for one in planned.work)
    recorded = planned.work[0].request.lora or ""
    pinned = planned.settings.loras[0].revision
    assert f'"revision":"{pinned}"' in recorded
    assert len(pinned or "") == 64
    assert str(lora) not in recorded  # nobody's folders in a catalogue that is handed on
    assert provenance(planned.work[0])["fototeca:lora"] == recorded
    assert any(note.startswith("LoRA ") and "scale 0.5" in note for note in planned.notes)
    report = augment(collection, with_lora)
    assert report.made == 5
    assert {row["lora"] for row in db.rows(collection, "SELECT lora FROM requests")} == {recorded}
    with pytest.raises(UsageError, match="leave revision out"):
        resolved(replace(settings, loras=(Lora(weights=str(lora), revision="0" * 64),)))


def test_no_additions_leave_the_columns_empty() -> None:
    assert as_columns(Additions()) == {"lora": None, "control": None, "sampler": None}


def test_a_control_is_recorded_with_all_that_changes_a_pixel(tmp_path: Path) -> None:
    def column(**changes: Any) -> str | None:
        one = Control(**{"kind": "canny", "model": "a/b", "revision": "c", **changes})
        return as_columns(Additions(control=one))["control"]

    assert len({column(), column(low=90), column(high=210), column(scale=0.5), column(revision="d"), column(model="a/c")}) == 6
    deep = {"kind": "depth", "estimator": "e/f"}
    assert column(**deep, estimator_revision="1") != column(**deep, estimator_revision="2")


def test_a_controlnet_for_a_model_that_takes_none_is_refused(tmp_path: Path) -> None:
    import json

    for part, text in {
        "model_index.json": {"_class_name": "ZImagePipeline", "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"]},
        "vae/config.json": {"block_out_channels": [8, 8, 8, 8]},
    }.items():
        (tmp_path / part).parent.mkdir(exist_ok=True)
        (tmp_path / part).write_text(json.dumps(text))
    net = tmp_path / "net"
    net.mkdir()
    settings = AugmentSettings(model=str(tmp_path), scheduler="own", control=Control(kind="canny", model=str(net)))
    with pytest.raises(UsageError, match="takes no ControlNet"):
        resolved(settings)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('[[loras]]\nweights = "a/b"\nscal = 1.0', "did you mean 'scale'"),
        ('[[loras]]\nweights = "a/b"\nscale = 0.0', "leave it out"),
        ('[control]\nkind = "edges"\nmodel = "a/b"', "control: kind is 'edges'"),
        ('[control]\nkind = "depth"\nmodel = "a/b"', "no estimator is named"),
        ('[control]\nkind = "canny"\nmodel = "a/b"\nlow = 300', "low is 300 and high 200"),
    ],
)
def test_a_recipe_with_a_wrong_addition_says_what_to_do(tmp_path: Path, table: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(table)
    with pytest.raises(UsageError, match=message):
        read(path)
