"""An objective is one file: loop, parts, checkpoint and generate take a new one without knowing its name."""

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from base import plugins
from base.errors import UsageError
from finetune import class_pictures, data, draws, objective, parts
from finetune.loader import Batch, Loader
from finetune.objective import Objective
from finetune.objectives import masked
from finetune.sample import generate
from finetune.train import train

Read = Callable[..., Any]
QUICK = {"steps": 3, "sampling.steps": 1, "audit.pictures": 0, "watch.count": 1, "data.batch_size": 2}


def tell_nobody(what: str, done: int, total: int) -> None:
    pass


def first_batch(recipe: Any, shards: Path, folder: Path) -> tuple[parts.Parts, Objective, Batch]:
    """Parts, objective and the first batch of a run, without the loop."""
    teaching = objective.load(recipe.objective.name, recipe.objective.settings)
    model, base = parts.load(recipe, teaching, torch.device("cpu"), torch.float32)
    samples = data.gather(shards, recipe, model.grid_px)
    if teaching.class_pictures:
        samples = class_pictures.added(samples, model, teaching, base, recipe, folder, writes=True, tell=tell_nobody)
    loader = Loader(samples, teaching.texts, recipe.data, recipe.seed, describe=teaching.describe)
    loader.encode(model.encode_pixels, model.learn_texts, tell_nobody)
    return model, teaching, loader.batch(0)


def loss_of(model: Any, teaching: Objective, batch: Batch) -> tuple[torch.Tensor, dict[str, Any]]:
    """The loss, with the random numbers of micro-step 0."""
    return teaching.loss(model, batch, draws.for_step(0, 0, 0, len(batch.keys), torch.device("cpu")))


@pytest.mark.parametrize("name", plugins.names(objective.PACKAGE))
def test_every_objective_explains_itself_and_has_a_loss(name: str) -> None:
    assert len(plugins.description(objective.PACKAGE, name)) > 40
    assert callable(objective.load(name, {}).loss)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("dreambooth", {"caption_dropout": 1.5}, r"caption_dropout is 1.5: it is a probability"),
        ("dreambooth", {"min_snr_gamma": 0.0}, "min_snr_gamma is 0.0: it must be above 0"),
        ("dreambooth", {"prior": "images", "class_images": 0}, "class_images is 0"),
        ("masked", {"prior_weight": -1.0}, "prior_weight is -1.0: it must be 0 or more"),
        ("masked", {"outside_weight": 2.0}, "outside_weight is 2.0: it goes from 0 to 1"),
        ("masked", {"outside": 0.1}, "unknown key 'outside'.*outside_weight"),
    ],
)
def test_settings_that_could_only_fail_later_are_refused(name: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        objective.load(name, settings)


def test_class_pictures_are_asked_for_only_where_they_are_used() -> None:
    counts = [
        objective.load("dreambooth", settings).class_pictures
        for settings in ({}, {"prior": "images", "class_images": 7}, {"prior": "images", "prior_weight": 0.0}, {"prior": "none"})
    ]
    assert counts == [0, 7, 0, 0]


def test_prior_with_images_learns_from_the_class_pictures_own_noise(recipe: Read, shards: Path, tmp_path: Path) -> None:
    settings = {"prior": "images", "class_images": 1, "prior_weight": 1.0}
    model, teaching, batch = first_batch(recipe({**QUICK, "objective.settings": settings}), shards, tmp_path)
    assert batch.companions is not None
    assert batch.companions.texts["class"] == batch.texts["class"]
    assert batch.companions.moments.shape == batch.moments.shape
    total, logs = loss_of(model, teaching, batch)
    assert total.item() == pytest.approx(logs["concept"].item() + logs["prior"].item())
    # The random model answers near 0, so both terms are near the variance of the noise that they are compared with.
    assert logs["prior"].item() == pytest.approx(1, abs=0.5)
    others = dataclasses.replace(batch.companions, moments=batch.companions.moments + 1)
    changed = loss_of(model, teaching, dataclasses.replace(batch, companions=others))[1]
    assert changed["concept"].item() == pytest.approx(logs["concept"].item())
    assert changed["prior"].item() != pytest.approx(logs["prior"].item(), rel=1e-4)


def test_min_snr_offset_noise_and_dropout_change_the_loss(recipe: Read, shards: Path, tmp_path: Path) -> None:
    model, _, batch = first_batch(recipe(QUICK), shards, tmp_path)
    found = {}
    for settings in ({}, {"min_snr_gamma": 0.01}, {"offset_noise": 1.0}, {"caption_dropout": 1.0}, {"prior_weight": 3.0}):
        other = objective.load("dreambooth", settings)
        model.settings = other.settings
        found[str(settings)] = loss_of(model, other, batch)[0].item()
    assert len({round(value, 6) for value in found.values()}) >= 4
    assert found["{'min_snr_gamma': 0.01}"] < 0.75 * found["{}"]
    # before training, adapters answer as the base does, so the prior term is 0, whatever it weighs
    assert found["{'prior_weight': 3.0}"] == pytest.approx(found["{}"])


# Masked: the mount does not count


def mounted(border_px: int = 12, side_px: int = 40) -> Image.Image:
    """A noisy picture on a wide white mount."""
    noise = np.random.default_rng(0).integers(0, 200, (side_px, side_px, 3), dtype=np.uint8)
    image = Image.new("RGB", (side_px, side_px), "white")
    image.paste(Image.fromarray(noise).crop((0, 0, side_px - 2 * border_px, side_px - 2 * border_px)), (border_px, border_px))
    return image


def as_pixels(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.asarray(image, dtype=np.float32).copy()).permute(2, 0, 1) / 127.5 - 1


def test_mask_is_one_inside_the_mount_and_follows_the_mirror() -> None:
    inside = masked.describe(as_pixels(mounted()))["inside"]
    assert inside.shape == (1, 10, 10)
    expected = torch.zeros(10, 10)
    expected[3:7, 3:7] = 1  # pixels 12 to 27
    assert torch.equal(inside[0], expected)
    pixels = as_pixels(mounted())
    pixels[:, :, 28:34] = pixels[:, :, 12:18]  # the right border is narrower now
    one, other = masked.describe(pixels)["inside"], masked.describe(pixels.flip(-1))["inside"]
    assert not torch.equal(one, other)
    assert torch.equal(one, other.flip(-1))


def test_picture_without_a_border_counts_everywhere() -> None:
    noise = torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.equal(masked.describe(noise)["inside"], torch.ones(1, 8, 12))


class OtherTarget:
    """The parts, but for the target: outside the middle it is something else."""

    def __init__(self, model: parts.Parts, settings: Any) -> None:
        self.model, self.settings = model, settings

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def target(self, latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        own = self.model.target(latents, noise, t)
        other = torch.full_like(own, 100.0)
        other[:, :, 6:10, 6:10] = own[:, :, 6:10, 6:10]
        return other


def test_mount_has_no_say_in_what_is_learned(
    recipe: Read, sample: Callable[..., dict[str, Any]], write_shards: Callable[..., Path], tmp_path: Path
) -> None:
    def png(number: int) -> bytes:
        buffer = io.BytesIO()
        image = mounted(border_px=12, side_px=32)
        image.putpixel((15, 15), (number, 0, 0))
        image.save(buffer, format="PNG")
        return buffer.getvalue()

    shards = write_shards(tmp_path / "shards", [sample(number, bytes=png(number)) for number in range(2)])
    changes = {**QUICK, "objective.name": "masked", "objective.settings": {"prior": "none", "outside_weight": 0.0}}
    model, teaching, batch = first_batch(recipe(changes), shards, tmp_path)
    plain, changed = loss_of(model, teaching, batch)[0], loss_of(OtherTarget(model, teaching.settings), teaching, batch)[0]
    assert changed.item() == plain.item()
    counted = objective.load("masked", {"prior": "none", "outside_weight": 0.05})
    assert loss_of(OtherTarget(model, counted.settings), counted, batch)[0] > 100 * plain
    done = train(recipe({**changes, "objective.settings": {}}), shards, tmp_path / "run")
    assert done.held_out_after["concept"] < done.held_out_before["concept"]


# An objective that uses all of the seam


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(objective, "PACKAGE", "objectives_for_tests")
    return {**QUICK, "objective.name": "everything", "objective.settings": {}, "optimiser.learning_rate": 3e-2}


def test_frozen_backbone_passes_gradient_back_to_all_that_trains(
    everything: dict[str, Any], recipe: Read, shards: Path, tmp_path: Path
) -> None:
    model, teaching, batch = first_batch(recipe(everything), shards, tmp_path)
    trained = model.trained()
    assert len({id(one) for one in trained.values()}) == len(trained)  # what hangs in the denoiser is named once
    assert {name.split(".")[1] for name in trained if name.startswith("extra.")} == {"attention", "nothing", "tokens"}
    torch.nn.init.normal_(model.extra["attention"][0].value.weight)
    pictures: list[torch.Tensor] = []
    decode = model.decode
    model.decode = lambda latents: pictures.append(decode(latents)) or pictures[-1]  # type: ignore[method-assign]
    _, logs = loss_of(model, teaching, batch)
    assert logs["seen"] > 0
    pictures[0].square().mean().backward()  # through the decoder, the implied clean latents and the denoiser
    reached = {name for name, one in trained.items() if one.grad is not None and one.grad.abs().sum() > 0}
    assert {"extra.tokens.weight", "extra.attention.0.key.weight"} <= reached
    assert any("lora_B" in name for name in reached)
    assert all(one.grad is None for one in model.beside["eyes"].parameters())


def test_same_modules_begin_the_same_whatever_the_ambient_randomness(everything: dict[str, Any], recipe: Read) -> None:
    found = []
    for seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            settings = recipe(everything)
            teaching = objective.load("everything", {})
            model, _ = parts.load(settings, teaching, torch.device("cpu"), torch.float32)
            found.append(model.extra["tokens"].weight)
    assert torch.equal(found[0], found[1])


def test_objective_that_uses_everything_is_trained_resumed_saved_and_sampled(
    everything: dict[str, Any], recipe: Read, shards: Path, tmp_path: Path
) -> None:
    whole = train(recipe(everything), shards, tmp_path / "whole")

    def stop(what: str, done: int, total: int) -> None:
        if (what, done) == ("training", 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe(everything), shards, tmp_path / "stopped", progress=stop)
    again = train(recipe(everything), shards, tmp_path / "stopped")
    assert again.resumed_from == 2
    for name in ("extra.safetensors", "pytorch_lora_weights.safetensors"):
        assert (whole.folder / name).read_bytes() == (again.folder / name).read_bytes()
    saved = load_file(whole.folder / "extra.safetensors")
    assert saved["extra.attention.0.value.weight"].abs().sum() > 0  # it began at 0
    assert not any("eyes" in name for name in saved)
    assert "attention" not in " ".join(
        name for name in load_file(whole.folder / "pytorch_lora_weights.safetensors") if "lora" not in name
    )

    def drawn(name: str, **changes: Any) -> np.ndarray[Any, Any]:
        (path,) = generate(whole.folder, ["a tree"], count=1, steps=2, guidance=3.0, out=tmp_path / name, **changes)
        return np.asarray(Image.open(path))

    dark, bright = drawn("dark", options={"light": [0.0, 0.0]}), drawn("bright", options={"light": [1.0, 1.0]})
    assert not np.array_equal(dark, bright)
    assert not np.array_equal(drawn("base", use_adapter=False), dark)
