"""The search for near-copies: copies are found however they are turned, and other pictures are left in peace."""

import dataclasses
import io
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from tiny_models import save_copy_model

from base.errors import UsageError
from finetune import audit, copies, data, objective, parts
from finetune.captions import Concept
from finetune.objective import stock_sample
from pixels.marks import read_xmp

Read = Callable[..., Any]
QUICK = {"sampling.steps": 1, "data.alpha": 0.5}


def scene(number: int, side_px: int = 96) -> Image.Image:
    """Coloured shapes on a ground, others for every number."""
    chance = random.Random(number)
    image = Image.new("RGB", (side_px, side_px), tuple(chance.randrange(256) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for _ in range(9):
        x, y, width, height = (chance.randrange(side_px) for _ in range(4))
        shape = pen.ellipse if chance.random() < 0.5 else pen.rectangle
        shape([x, y, x + width // 2, y + height // 2], fill=tuple(chance.randrange(256) for _ in range(3)))
    return image


def as_jpeg(image: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    image.resize((80, 80)).save(stream, "JPEG", quality=80)
    return Image.open(stream).convert("RGB")


def nearest(asked: Sequence[Image.Image], spec: str | None = None) -> list[copies.Nearest]:
    """Against twenty scenes, shown in pieces."""
    search = copies.Search(copies.measure(spec, "cpu"), asked)
    for start in range(0, 20, 7):
        numbers = range(start, min(20, start + 7))
        search.see([f"scene {number}" for number in numbers], [scene(number) for number in numbers])
    return search.nearest()


@pytest.fixture(scope="module")
def taught(shards: Path, model: Path, tmp_path_factory: pytest.TempPathFactory, recipe_text: str) -> Any:
    """A recipe, the model's parts and the samples, as `audit` gets them."""
    from finetune.recipe import read

    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    recipe = read(path, {**QUICK, "audit.pictures": 3})
    teaching = objective.load("dreambooth", {})
    loaded, _ = parts.load(recipe, teaching, torch.device("cpu"), torch.float32)
    return SimpleNamespace(recipe=recipe, teaching=teaching, model=loaded, samples=data.gather(shards, recipe, loaded.grid_px))


def audited(taught: Any, folder: Path, sample: Any = stock_sample, samples: Any = None) -> Any:
    told: list[str] = []
    teaching = dataclasses.replace(taught.teaching, sample=sample)
    tell = lambda what, done, total: told.append(what)  # noqa: E731
    found = audit.audit(taught.model, teaching, samples or taught.samples, taught.recipe, folder, tell)
    return found, told


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image,
        lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda image: image.transpose(Image.Transpose.ROTATE_90),
        as_jpeg,
    ],
    ids=["itself", "mirrored", "turned", "smaller_jpeg"],
)
def test_copy_is_found_by_hash_and_by_thumbnail(change: Any) -> None:
    (found,) = nearest([change(scene(13))])
    assert (found.key, found.hash_key) == ("scene 13", "scene 13")
    assert found.likeness > audit.LEAST_THUMBNAILS
    assert found.verified
    assert audit.flagged_by(found, audit.LEAST_THUMBNAILS) == ["likeness", "hash"]


def test_unrelated_picture_is_no_copy() -> None:
    for found in nearest([scene(number) for number in range(100, 110)]):
        assert audit.flagged_by(found, audit.LEAST_THUMBNAILS) == []


def test_mirrored_copy_is_found_by_a_model_for_copies(tmp_path: Path) -> None:
    save_copy_model(tmp_path / "copies.pt")
    found, other = nearest([scene(4).transpose(Image.Transpose.FLIP_LEFT_RIGHT), scene(104)], f"sscd:{tmp_path / 'copies.pt'}")
    assert found.key == "scene 4"
    assert found.likeness > 0.99 > other.likeness


def test_flat_picture_is_like_nothing() -> None:
    (found,) = nearest([Image.new("RGB", (64, 64), (90, 90, 90))])
    assert (found.likeness, found.hash_key) == (0.0, None)


def test_order_in_which_the_set_is_seen_changes_nothing() -> None:
    asked = [scene(3), scene(200)]
    backwards = copies.Search(copies.measure(None), asked)
    for number in reversed(range(20)):
        backwards.see([f"scene {number}"], [scene(number)])
    assert backwards.nearest() == nearest(asked)


def test_thumbnails_are_turned_as_hashes_are() -> None:
    image = scene(7, side_px=64)
    for how, orientation in zip(copies._TURNED, copies.ORIENTATIONS, strict=True):
        laid = image if how is None else image.transpose(how)
        expected = copies.aligned_grey(image.convert("L"), "full", orientation)
        assert np.abs(copies.aligned_grey(laid.convert("L"), "full", "upright") - expected).max() < 2, orientation


@pytest.mark.parametrize("spec", ["clip:ViT", "sscd:/no/such/file.pt"])
def test_model_that_is_not_there_is_refused_before_training(spec: str, recipe: Read) -> None:
    with pytest.raises(UsageError, match=r"audit\.model"):
        audit.check(recipe({"audit.model": spec, "audit.pictures": 1}))
    with pytest.raises(UsageError, match=r"audit\.model"):
        copies.measure(spec)


def test_interval_is_wilsons() -> None:
    assert audit.wilson(0, 10) == (0.0, 0.2775)  # z² / (n + z²)
    assert audit.wilson(10, 10) == (0.7225, 1.0)
    low, high = audit.wilson(8, 16)
    assert low + high == pytest.approx(1)


def test_prompts_are_spread_over_concepts_and_captions() -> None:
    concepts = [Concept(name=name, class_noun=name, rare_token=name) for name in ("a", "b")]
    items = [
        SimpleNamespace(caption=f"{concept.name} {number}", concepts=(concept,))
        for concept, captions in zip(concepts, (8, 2), strict=True)
        for number in range(captions)
    ]
    chosen = [item.caption for item in audit.spread(items, 8)]  # type: ignore[arg-type]
    assert chosen == ["a 0", "b 0", "a 2", "b 1", "a 4", "b 0", "a 6", "b 1"]
    assert [item.caption for item in audit.spread(items, 1)] == ["a 0"]  # type: ignore[arg-type]


def test_model_that_hands_out_its_training_pictures_is_caught(taught: Any, tmp_path: Path) -> None:
    first = audit._seen(taught.samples.train[0])

    def copy(seen: Any, arguments: dict[str, Any], options: Any) -> list[Any]:
        return [first.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for _ in arguments["prompt"]]

    found, told = audited(taught, tmp_path, copy)
    assert found["drawn"]["flagged"] == found["drawn"]["pictures"] == 3
    assert {row["sha256"] for row in found["nearest"]} == {taught.samples.train[0].key}
    assert found["base"]["flagged"] == 0
    assert found["held_out"]["pictures"] == 1
    assert set(told) == {"drawing for the audit", "looking for near-copies"}
    marks = read_xmp((tmp_path / "near-copies.png").read_bytes())
    assert str(marks["Iptc4xmpExt:DigitalSourceType"]).endswith("/compositeWithTrainedAlgorithmicMedia")


def test_same_model_and_samples_give_the_same_report(taught: Any, tmp_path: Path) -> None:
    one, _ = audited(taught, tmp_path)
    other, _ = audited(taught, tmp_path)
    assert one == other
    prompts = [row["prompt"] for row in one["nearest"]]
    assert sorted(set(prompts)) == ["a sks gourd on the pampas at day", "a sks gourd on the pampas at dusk"]
    assert len({row["seed"] for row in one["nearest"]}) == 3


def test_bar_of_thumbnails_rises_above_what_held_out_pictures_reach(taught: Any, tmp_path: Path) -> None:
    samples = dataclasses.replace(taught.samples, held_out=taught.samples.train[:1])  # as like as can be
    found, _ = audited(taught, tmp_path, samples=samples)
    assert found["rules"]["least_likeness"] > found["held_out"]["most_likeness"] == 1.0


def test_picture_that_may_not_be_handed_on_is_not_shown(taught: Any, tmp_path: Path) -> None:
    audited(taught, tmp_path)
    shown = np.asarray(Image.open(tmp_path / "near-copies.png"))
    bound = [
        dataclasses.replace(item, record={**item.record, "permissions": {"redistribute": False}})
        for item in (*taught.samples.train, *taught.samples.variations.values())
    ]
    number = len(taught.samples.train)
    samples = dataclasses.replace(
        taught.samples, train=tuple(bound[:number]), variations={item.key: item for item in bound[number:]}
    )
    audited(taught, tmp_path, samples=samples)
    hidden = np.asarray(Image.open(tmp_path / "near-copies.png"))
    paper = np.array([0xFB, 0xFA, 0xF7])
    assert hidden.shape == shown.shape
    assert (hidden == paper).all(axis=2).mean() > (shown == paper).all(axis=2).mean() + 0.1


def test_run_without_an_audit_or_with_an_objective_that_wants_options_goes_on(taught: Any, tmp_path: Path) -> None:
    def wants(seen: Any, arguments: Any, options: Any) -> list[Any]:
        raise UsageError("this objective needs the option anchor")

    found, _ = audited(taught, tmp_path, wants)
    assert found == {"not_drawn": "this objective needs the option anchor"}
    none = dataclasses.replace(taught.recipe, audit=dataclasses.replace(taught.recipe.audit, pictures=0))
    assert audit.audit(taught.model, taught.teaching, taught.samples, none, tmp_path, lambda *_: None) is None
