"""The Stable Diffusion plug-in on a tiny random model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augment.model import PACKAGE, Asked, plug_in
from augment.models import stable_diffusion
from base import plugins
from base.errors import NotFiniteError, UsageError

# diffusers 0.42.1 hands a torch tensor to numpy.array, which numpy 2 remarks on (scheduling_euler_ancestral_discrete.py).
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SCHEDULER = "EulerAncestralDiscreteScheduler"


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> stable_diffusion.StableDiffusion:
    revision = stable_diffusion.facts(str(tiny_model), None).revision
    return stable_diffusion.load(str(tiny_model), revision, device="cpu", precision="float32", scheduler=SCHEDULER)


def asked(number: int, prompt: str = "a gourd", guidance: float = 4.0) -> Asked:
    picture = Image.fromarray(np.random.default_rng(number // 2).integers(0, 255, (24, 32, 3), dtype=np.uint8))
    return Asked(
        source=str(number // 2),
        picture=picture,
        prompt=prompt,
        negative_prompt="",
        seed=number,
        strength=0.5,
        guidance=guidance,
        steps=8,
    )


@pytest.mark.parametrize("guidance", [4.0, 1.0])
def test_a_batch_equals_the_stock_pipeline_one_by_one(model: stable_diffusion.StableDiffusion, guidance: float) -> None:
    import torch

    batch = [asked(0, guidance=guidance), asked(1, guidance=guidance), asked(2, "a toad", guidance=guidance)]
    one_by_one = [
        model.pipe(
            one.prompt,
            image=one.picture,
            strength=one.strength,
            guidance_scale=one.guidance,
            num_inference_steps=one.steps,
            generator=torch.Generator().manual_seed(one.seed),
            output_type="np",
        ).images[0]
        for one in batch
    ]
    assert np.abs(model.pixels(batch) - np.stack(one_by_one)).max() < 1e-5


def test_each_source_and_each_prompt_is_encoded_once(tiny_model: Path) -> None:
    model = stable_diffusion.load(str(tiny_model), "", device="cpu", precision="float32", scheduler=SCHEDULER)
    encoded, read = [], []
    model.pipe.vae.encoder.register_forward_hook(lambda *_: encoded.append(1))
    model.pipe.text_encoder.register_forward_hook(lambda *_: read.append(1))
    model.vary([asked(number) for number in range(4)])
    model.vary([asked(number) for number in range(4)])
    assert len(encoded) == 2  # two sources
    assert len(read) == 2  # one prompt and the empty negative one


def test_the_seed_alone_makes_the_difference(model: stable_diffusion.StableDiffusion) -> None:
    first, second = model.pixels([asked(0), asked(1)])  # the same source, two seeds
    again = model.pixels([asked(0)])[0]
    assert np.abs(first - again).max() < 1e-5
    assert np.abs(first - second).max() > 0.01


def test_pictures_keep_their_size(model: stable_diffusion.StableDiffusion) -> None:
    assert [picture.size for picture in model.vary([asked(0)])] == [(32, 24)]


def test_a_picture_of_nan_is_an_error_and_never_black(tiny_model: Path) -> None:
    model = stable_diffusion.load(str(tiny_model), "", device="cpu", precision="float32", scheduler=SCHEDULER)
    model.pipe.vae.decoder.conv_out.bias.data.fill_(float("nan"))
    with pytest.raises(NotFiniteError, match=r"seed 3 .*use precision float32"):
        model.vary([asked(3)])


def test_facts_are_read_without_loading(tiny_model: Path) -> None:
    facts = stable_diffusion.facts(str(tiny_model), None)
    assert facts.name == "/".join(tiny_model.parts[-2:])
    assert facts.grid_px == 2  # two levels in the tiny VAE
    assert len(facts.revision) == 64
    assert facts.parameters
    assert stable_diffusion.facts(str(tiny_model), facts.revision) == facts


def test_other_weights_are_another_revision(tiny_model: Path, tmp_path: Path) -> None:
    before = stable_diffusion.facts(str(tiny_model), None).revision
    copy = tmp_path / "model"
    shutil.copytree(tiny_model, copy)
    weights = next((copy / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert stable_diffusion.facts(str(copy), None).revision != before
    with pytest.raises(UsageError, match="leave revision out"):
        stable_diffusion.facts(str(copy), before)


def test_a_model_of_another_build_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(tiny_model, copy)
    (copy / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
    with pytest.raises(UsageError, match="is a FluxPipeline"):
        stable_diffusion.facts(str(copy), None)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model in the layout of diffusers"):
        stable_diffusion.facts(str(tmp_path), None)


def test_a_name_that_the_hub_cannot_give_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="is no folder here and could not be had from the hub"):
        stable_diffusion.facts("nobody/no-such-model", None)


def test_a_wrong_scheduler_names_the_nearest(tiny_model: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'EulerAncestralDiscreteScheduler'"):
        stable_diffusion.load(str(tiny_model), "", device="cpu", precision="float32", scheduler="EulerAncestralDiscretScheduler")


@pytest.mark.parametrize("name", plugins.names(PACKAGE))
def test_every_plug_in_has_its_two_functions_and_a_docstring(name: str) -> None:
    assert plugins.description(PACKAGE, name)
    loaded = plug_in(name)
    assert callable(loaded.facts)
    assert callable(loaded.load)
