"""Pictures of the class: drawn once by the base model, kept as samples that say how they were made, and trained on."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base.errors import OutOfMemoryError, SourceError, UsageError
from finetune import class_pictures, data, objective, parts, within_memory
from finetune.recipe import Recipe
from finetune.train import train
from pixels.marks import read_xmp
from shardset.read import open_shards
from shardset.verify import verify

Read = Callable[..., Any]
IMAGES = {"prior": "images", "class_images": 2}
CHANGES = {
    "objective.settings": IMAGES, "sampling.steps": 1, "data.alpha": 0.0, "steps": 3, "audit.pictures": 0, "watch.count": 1,
}  # fmt: skip


class Drawing:
    """What `added` needs, and a count of the pictures that were drawn."""

    def __init__(self, recipe: Recipe, shards: Path) -> None:
        self.recipe = recipe
        self.teaching = objective.load("dreambooth", recipe.objective.settings)
        self.model, self.base = parts.load(recipe, self.teaching, torch.device("cpu"), torch.float32)
        self.samples = data.gather(shards, recipe, self.model.grid_px)

    def added(
        self, folder: Path, *, recipe: Recipe | None = None, writes: bool = True, stop_at: int | None = None
    ) -> tuple[data.Samples, int]:
        told: list[int] = []

        def tell(what: str, done: int, total: int) -> None:
            told.append(done)
            if done == stop_at:
                raise KeyboardInterrupt

        arguments = (self.samples, self.model, self.teaching, self.base, recipe or self.recipe, folder)
        try:
            samples = class_pictures.added(*arguments, writes=writes, tell=tell)
        except KeyboardInterrupt:
            samples = self.samples
        return samples, told[-1] - told[0] if told else 0


@pytest.fixture(scope="module")
def drawing(shards: Path, recipe_text: str, tmp_path_factory: pytest.TempPathFactory) -> Drawing:
    from finetune.recipe import read

    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    return Drawing(read(path, CHANGES), shards)


@pytest.fixture(scope="module")
def drawn(drawing: Drawing, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, data.Samples]:
    folder = tmp_path_factory.mktemp("run")
    samples, number = drawing.added(folder)
    assert number == 10  # five training pictures, two each
    return folder, samples


def everything(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_each_training_pictures_caption_has_its_class_pictures_at_its_size(drawn: tuple[Path, data.Samples]) -> None:
    counts = {key: len(items) for key, items in drawn[1].companions.items()}
    # the collection has three gourds by day and two at dusk
    assert counts == {("a gourd on the pampas at day", (32, 32)): 6, ("a gourd on the pampas at dusk", (32, 32)): 4}
    pixels = data.read_pixels(drawn[1].companions["a gourd on the pampas at day", (32, 32)][0])
    assert pixels.shape == (3, 32, 32)


def test_class_pictures_are_samples_that_say_how_they_were_made(drawn: tuple[Path, data.Samples], drawing: Drawing) -> None:
    folder, samples = drawn
    assert verify(folder / "class") == []
    item = samples.companions["a gourd on the pampas at dusk", (32, 32)][1]
    record = item.record
    assert (record["origin"], record["split"], record["parent"], record["concepts"]) == ("generated", "train", None, [])
    assert record["purposes"] == [drawing.recipe.purpose]
    assert "Made by the model" in record["credit_line"]
    made = record["generation"]
    assert (made["prompt"], made["number"], made["steps"]) == ("a gourd on the pampas at dusk", 1, 1)
    assert (made["revision"], made["licence"]) == (drawing.base["revision"], "made for tests")
    marks = read_xmp(item.folder.load(item.ref).image)
    assert str(marks["Iptc4xmpExt:DigitalSourceType"]).endswith("/trainedAlgorithmicMedia")
    assert marks["fototeca:seed"] == str(made["seed"])
    assert "made for tests" in marks["dc:rights"]


def test_run_begun_again_draws_nothing_and_writes_nothing(drawn: tuple[Path, data.Samples], drawing: Drawing) -> None:
    folder, samples = drawn
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    again, number = drawing.added(folder)
    assert number == 0
    assert again.companions == samples.companions
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_interrupted_drawing_goes_on_where_it_stopped_and_ends_the_same(
    drawn: tuple[Path, data.Samples], drawing: Drawing, tmp_path: Path
) -> None:
    assert drawing.added(tmp_path, stop_at=7)[1] == 7
    assert drawing.added(tmp_path)[1] == 3
    assert everything(tmp_path) == everything(drawn[0])


def test_killed_between_the_shards_and_the_clearing_up_nothing_is_lost(
    drawing: Drawing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*arguments: Any, **named: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(class_pictures.shutil, "rmtree", dies)
    drawing.added(tmp_path)
    monkeypatch.undo()
    samples, number = drawing.added(tmp_path)
    assert number == 0
    assert sum(map(len, samples.companions.values())) == 10


def test_changed_recipe_draws_what_is_missing_and_keeps_nothing_stale(
    drawing: Drawing, recipe: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = drawing.added(tmp_path)
    keys = {item.key for items in first.companions.values() for item in items}
    more = objective.load("dreambooth", {**IMAGES, "class_images": 3})
    monkeypatch.setattr(drawing, "teaching", more)
    samples, number = drawing.added(tmp_path)
    more_keys = {item.key for items in samples.companions.values() for item in items}
    assert (number, len(more_keys)) == (5, 15)
    assert keys < more_keys
    monkeypatch.undo()
    _, number = drawing.added(tmp_path)
    assert number == 0
    assert {ref.key for ref in open_shards(tmp_path / "class").refs()} == keys
    _, number = drawing.added(tmp_path, recipe=recipe({**CHANGES, "seed": 1}))
    assert number == 10
    assert {ref.key for ref in open_shards(tmp_path / "class").refs()}.isdisjoint(keys)


def test_damaged_class_pictures_are_named_with_what_to_remove(drawing: Drawing, tmp_path: Path) -> None:
    drawing.added(tmp_path)
    shard = next((tmp_path / "class").glob("*.tar"))
    altered = bytearray(shard.read_bytes())
    altered[600] ^= 255
    shard.write_bytes(altered)
    with pytest.raises(SourceError, match="remove this folder and run again"):
        drawing.added(tmp_path)


def test_process_that_does_not_write_reads_what_the_main_one_left(
    drawn: tuple[Path, data.Samples], drawing: Drawing, tmp_path: Path
) -> None:
    samples, number = drawing.added(drawn[0], writes=False)
    assert (samples.companions, number) == (drawn[1].companions, 0)
    with pytest.raises(SourceError, match="lacks class picture 1"):
        drawing.added(tmp_path, writes=False)
    assert not (tmp_path / "class").exists()


def test_batch_too_large_for_the_memory_is_cut_in_half(drawing: Drawing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    own = within_memory.drawing.drawn

    def tight(seen: Any, sample: Any, wanted: Any, **named: Any) -> Any:
        sizes.append(len(wanted))
        if len(wanted) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return own(seen, sample, wanted, **named)

    monkeypatch.setattr(within_memory.drawing, "drawn", tight)
    samples, _ = drawing.added(tmp_path)
    assert sizes[:4] == [4, 2, 1, 1]
    assert sum(map(len, samples.companions.values())) == 10

    def full(*arguments: Any, **named: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(within_memory.drawing, "drawn", full)
    with pytest.raises(OutOfMemoryError, match="one picture of 32 x 32 pixels"):
        drawing.added(tmp_path / "other")

    def unable(*arguments: Any, **named: Any) -> Any:
        raise ValueError("operands could not be broadcast together")  # as PNDM says with one step

    monkeypatch.setattr(within_memory.drawing, "drawn", unable)
    with pytest.raises(UsageError, match=r"does not draw with .* steps"):
        drawing.added(tmp_path / "third")


def test_training_on_class_pictures_resumes_exactly_and_draws_them_once(shards: Path, recipe: Read, tmp_path: Path) -> None:
    changes = {**CHANGES, "steps": 3, "data.batch_size": 2}
    weights = "pytorch_lora_weights.safetensors"
    done = train(recipe(changes), shards, tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all({"loss_concept", "loss_prior"} <= set(line) for line in lines)
    drawings: list[int] = []

    def stop(what: str, number: int, total: int) -> None:
        if what == "drawing class pictures":
            drawings.append(number)
        if (what, number) == ("training", 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe(changes), shards, tmp_path / "again", progress=stop)
    assert drawings[-1] == 10
    drawings.clear()
    again = train(recipe(changes), shards, tmp_path / "again", progress=lambda what, number, total: stop(what, 0, total))
    assert (again.resumed_from, drawings) == (2, [])
    assert (again.folder / weights).read_bytes() == (done.folder / weights).read_bytes()
