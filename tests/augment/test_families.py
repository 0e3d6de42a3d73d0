"""Every family of models: found by its build, the same pictures as the naive loop, sources and prompts encoded once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_diffusion
from PIL import Image

from augment.model import Asked, plug_in, plug_in_for
from augment.recipe import AugmentSettings
from augment.resolve import resolved
from base.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
PLUG_INS = {
    "sdxl": "stable_diffusion_xl",
    "sd3": "stable_diffusion_3",
    "klein": "flux2_klein",
    "z_image": "z_image",
    "lcm": "any_pipeline",
}
NO_STRENGTH = "klein"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    pytest.importorskip("torch", reason="the extra 'models' is not installed")
    where = tmp_path_factory.mktemp("families")
    return {family: tiny_diffusion.save(family, where / family) for family in PLUG_INS}


@pytest.fixture(scope="module")
def models(folders: dict[str, Path]) -> dict[str, Any]:
    return {family: load(folder) for family, folder in folders.items()}


def load(folder: Path, **more: Any) -> Any:
    settings, _ = resolved(wanted(folder, **more))
    return plug_in(settings.plug_in).load(
        settings.model,
        settings.revision or "",
        device="cpu",
        precision="float32",
        scheduler=settings.scheduler,
        additions=settings.additions,
    )


def wanted(folder: Path, **more: Any) -> AugmentSettings:
    strength = 1.0 if folder.name == NO_STRENGTH else 0.5
    return AugmentSettings(**{"model": str(folder), "scheduler": "own", "strength": strength, "guidance": 3.0, **more})


def asked(number: int, prompt: str, guidance: float) -> Asked:
    noise = np.random.default_rng(number // 2).integers(0, 255, (64, 80, 3), dtype=np.uint8)  # klein takes none under 64 px
    return Asked(
        source=str(number // 2),
        picture=Image.fromarray(noise),
        prompt=prompt,
        negative_prompt="",
        seed=number,
        strength=0.5,
        guidance=guidance,
        steps=4,
    )


def naive(model: Any, one: Asked, family: str) -> Any:
    """What a person writes: one call of the pipeline that diffusers itself loads for each variation."""
    import torch

    more: dict[str, Any] = {} if family == NO_STRENGTH else {"strength": one.strength}
    if family == "sd3":  # its size is else the model's default, whatever the picture's
        more.update(width=one.picture.width, height=one.picture.height)
    return model.pipe(
        prompt=one.prompt,
        image=one.picture,
        guidance_scale=one.guidance,
        num_inference_steps=one.steps,
        generator=torch.Generator().manual_seed(one.seed),
        output_type="np",
        **more,
    ).images[0]


def stock(folder: Path) -> Any:
    """The pipeline as diffusers loads it, untouched by ours, in the shape that `naive` takes."""
    from types import SimpleNamespace

    from diffusers import AutoPipelineForImage2Image

    pipe = AutoPipelineForImage2Image.from_pretrained(
        str(folder), **({"text_encoder_3": None, "tokenizer_3": None} if folder.name == "sd3" else {})
    )
    pipe.set_progress_bar_config(disable=True)
    return SimpleNamespace(pipe=pipe)


@pytest.mark.parametrize("guidance", [3.0, 0.0])
@pytest.mark.parametrize("family", PLUG_INS)
def test_a_batch_equals_the_naive_loop(folders: dict[str, Path], models: dict[str, Any], family: str, guidance: float) -> None:
    words = ["a gourd", "a gourd", "a toad by the river"]
    batch = [asked(number, prompt, guidance) for number, prompt in enumerate(words)]
    untouched = stock(folders[family])
    one_by_one = np.stack([naive(untouched, one, family) for one in batch])
    made = models[family].pixels(batch)
    assert made.shape == (3, 64, 80, 3)
    assert np.abs(made - one_by_one).max() < 1e-5
    assert np.abs(made[0] - made[1]).max() > 1e-3  # another seed, another picture


@pytest.mark.parametrize("family", [family for family in PLUG_INS if family != "lcm"])
def test_each_source_and_each_prompt_is_encoded_once(models: dict[str, Any], family: str) -> None:
    model = models[family]
    model.forget()
    encoded: list[int] = []
    read: list[int] = []
    hooks = [
        model.pipe.vae.encoder.register_forward_hook(lambda *_: encoded.append(1)),
        model.pipe.text_encoder.register_forward_hook(lambda *_: read.append(1)),
    ]
    for _ in range(2):
        model.vary([asked(number, "a gourd", 3.0) for number in range(4)])
    for hook in hooks:
        hook.remove()
    assert (len(encoded), len(read)) == (2, 2)  # two sources; one prompt and the empty negative one


@pytest.mark.parametrize("family", PLUG_INS)
def test_auto_finds_the_plug_in_by_the_build_and_pins_what_runs(folders: dict[str, Path], family: str) -> None:
    settings, facts = resolved(wanted(folders[family]))
    assert settings.plug_in == PLUG_INS[family]
    assert settings.revision == facts.revision
    assert len(facts.revision) == 64
    assert settings.scheduler == facts.scheduler != "own"
    assert facts.grid_px == {"sdxl": 2}.get(family, 4)
    assert facts.parameters


def test_shapes_that_a_model_refuses_are_known_before_it_loads(folders: dict[str, Path]) -> None:
    _, klein = resolved(wanted(folders["klein"]))
    assert [klein.takes_size(*size) for size in ((64, 512), (60, 128), (64, 520))] == [True, False, False]
    _, other = resolved(wanted(folders["z_image"]))
    assert other.takes_size(4, 400)


def test_the_older_builds_go_to_the_older_plug_in() -> None:
    assert plug_in_for("StableDiffusionPipeline") == "stable_diffusion"


def test_a_build_that_makes_no_picture_from_a_picture_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "QwenImageEditPlusPipelin"}))
    with pytest.raises(UsageError, match="makes no picture from a picture: did you mean 'QwenImageEditPlusPipeline'"):
        resolved(AugmentSettings(model=str(tmp_path)))


@pytest.mark.parametrize(
    ("family", "changes", "remedy"),
    [
        ("sd3", {"scheduler": "EulerAncestralDiscreteScheduler"}, "follows a flow: set scheduler = 'own'"),
        ("sdxl", {"scheduler": "FlowMatchEulerDiscreteScheduler"}, "follows no flow: set scheduler = 'own'"),
        ("klein", {"strength": 0.5}, "set strength = 1"),
        ("sd3", {"plug_in": "stable_diffusion"}, 'plug_in = "auto" finds the right one'),
        ("sdxl", {"model": "nowhere/at all"}, "is no folder here"),
    ],
)
def test_what_a_family_cannot_heed_is_refused_before_weights_load(
    folders: dict[str, Path], family: str, changes: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(UsageError, match=remedy):
        resolved(replace(wanted(folders[family]), **changes))


def test_a_distilled_model_takes_no_guidance(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "klein"
    folder.mkdir()
    for path in folders["klein"].iterdir():
        (folder / path.name).symlink_to(path)
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").unlink()
    (folder / "model_index.json").write_text(json.dumps({**index, "is_distilled": True}))
    with pytest.raises(UsageError, match="distilled to run without: set guidance = 1"):
        resolved(wanted(folder))
