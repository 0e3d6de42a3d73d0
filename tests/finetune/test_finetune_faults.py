"""Whatever stops a run says so in one sentence, with the design's exit code, and leaves the checkpoint as it was."""

import functools
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError

from base import locks
from base.errors import FototecaError
from base.files import sha256_of_file
from finetune import checkpoint, run_folder
from finetune.recipe import read
from finetune.sample import generate
from finetune.train import train

STEPS, CHECKPOINT = 4, "step-00000002"
FULL = Path("/dev/full")
"""Every write to it is answered by the system itself with "no space left on device"."""


class Stopped(Exception):
    """What ends the run that the table starts from."""


@dataclass
class Place:
    """One unfinished run with a checkpoint, its shards and its recipe, to be spoiled."""

    recipe: Path
    shards: Path
    run: Path
    patch: pytest.MonkeyPatch

    def train(self, changes: dict[str, Any] | None = None, *, at_step: Callable[[], None] | None = None) -> Any:
        def tell(what: str, done: int, total: int) -> None:
            if at_step and (what, done) == ("training", 3):
                at_step()

        return train(read(self.recipe, {"steps": STEPS, **(changes or {})}), self.shards, self.run, progress=tell)

    def kept(self) -> dict[str, str]:
        place = self.run / "checkpoints" / CHECKPOINT
        return {path.name: sha256_of_file(path) for path in sorted(place.iterdir())}

    def full(self) -> Path:
        """A file that takes no bytes, as a link, so that nothing can be renamed over the device itself."""
        link = self.run / "full"
        link.symlink_to(FULL)
        return link


@pytest.fixture(scope="module")
def begun(shards: Path, recipe_text: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The recipe, and a run that stopped after its third step with the checkpoint of the second."""
    folder = tmp_path_factory.mktemp("begun")
    (folder / "tiny.toml").write_text(recipe_text, encoding="utf-8")

    def stop(what: str, done: int, total: int) -> None:
        if (what, done) == ("training", 3):
            raise Stopped

    with pytest.raises(Stopped):
        train(read(folder / "tiny.toml", {"steps": STEPS}), shards, folder / "run", progress=stop)
    return folder / "tiny.toml", folder / "run"


@pytest.fixture
def place(begun: tuple[Path, Path], shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    recipe, run = begun
    shutil.copytree(shards, tmp_path / "shards", ignore=shutil.ignore_patterns("latents"))
    shutil.copytree(run, tmp_path / "run")
    return Place(recipe=recipe, shards=tmp_path / "shards", run=tmp_path / "run", patch=monkeypatch)


def real_shard(place: Place) -> Path:
    return next(place.shards.glob("train-real-*.tar"))


def flipped_byte(place: Place) -> None:
    shard = real_shard(place)
    data = bytearray(shard.read_bytes())
    data[data.find(b"IDAT") + 20] ^= 0xFF
    shard.write_bytes(data)
    place.train()


def cut_shard(place: Place) -> None:
    shard = real_shard(place)
    shard.write_bytes(shard.read_bytes()[:-600])
    place.train()


def missing_shard(place: Place) -> None:
    real_shard(place).unlink()
    place.train()


def written_again(place: Place, changed: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The same shards with other records, well-formed in themselves."""
    from shardset.read import open_shards
    from shardset.write import NewSample, write_folder

    folder = open_shards(place.shards)
    samples = []
    for ref in folder.refs():
        one = folder.load(ref)
        size, record = len(one.image), changed(dict(one.record))
        load = functools.partial(bytes, one.image)
        samples.append(
            NewSample(key=ref.key, extension=one.extension, size_bytes=size, caption=one.caption, record=record, load=load)
        )
    shutil.rmtree(place.shards)
    write_folder(place.shards, samples, purpose="research", about={})


def record_without_width(place: Place) -> None:
    written_again(place, lambda record: {name: value for name, value in record.items() if name != "width_px"})
    place.train()


def typo(place: Place) -> None:
    place.train({"data.batchsize": 2, "optimiser.learning_rat": 1e-3})


def unknown_model(place: Place) -> None:
    place.patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    place.train({"model.id": "nobody/no-such-model"})


def full_while_saving_weights(place: Place) -> None:
    def refuse(*_: Any) -> None:  # its words on a full tmpfs, safetensors 0.8; through a link it would replace the link
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    place.train(at_step=lambda: place.patch.setattr(checkpoint, "save_file", refuse))


def full_while_saving_moments(place: Place) -> None:
    place.train(at_step=lambda: place.patch.setattr(checkpoint, "OPTIMISER_FILE", str(place.full())))


def full_while_writing_metrics(place: Place) -> None:
    place.patch.setattr(run_folder.RunFolder, "start_metrics", lambda run, size: setattr(run, "_metrics", FULL.open("ab")))
    place.train()


def full_while_saving_the_result(place: Place) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    place.patch.setattr("diffusers.StableDiffusionPipeline.save_lora_weights", refuse)
    place.train()


def full_while_writing_the_card(place: Place) -> None:
    place.patch.setattr("finetune.card.write", lambda *_: FULL.write_text("# model card", encoding="utf-8"))
    place.train()


def out_of_memory(place: Place) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    place.patch.setattr("finetune.objectives.dreambooth.loss", full)  # no GPU here to fill for real
    place.train()


def infinite_loss(place: Place) -> None:
    place.patch.setattr("finetune.train.learning_rate", lambda *_: 1e30)
    place.train()


def wrong_purpose(place: Place) -> None:
    written_again(place, lambda record: {**record, "purposes": ["research"]})
    place.train({"purpose": "commercial"})


def two_at_once(place: Place) -> None:
    with locks.held(place.run / ".lock", "a training run"):
        place.train()


def another_run(place: Place) -> None:
    place.train({"seed": 7, "weights.rank": 2})


def damaged_run(place: Place) -> None:
    path = place.run / "run.json"
    path.write_text(path.read_text(encoding="utf-8")[:40], encoding="utf-8")
    place.train()


def unfinished_prompt(place: Place) -> None:
    generate(place.run, ["a sks gourd"], out=place.run / "pictures", count=1)


FAULTS: list[tuple[Callable[[Place], None], int, str]] = [
    (flipped_byte, 3, r"train-real-.*altered"),
    (cut_shard, 3, r"train-real-\S+ has \d+ bytes, the manifest says \d+"),
    (missing_shard, 3, r"train-real-\S+ is missing"),
    (record_without_width, 3, r"record has no width_px"),
    (typo, 2, r"(?s)did you mean 'batch_size'.*did you mean 'learning_rate'"),
    (unknown_model, 2, r"nobody/no-such-model.*hub cannot be reached"),
    (full_while_saving_weights, 8, r"no space left"),
    (full_while_saving_moments, 8, r"no space left"),
    (full_while_writing_metrics, 8, r"no space left"),
    (full_while_saving_the_result, 8, r"no space left"),
    (full_while_writing_the_card, 8, r"no space left"),
    (out_of_memory, 5, r"data\.batch_size = 1 .*gradient_checkpointing = true.*data\.size_px = 64"),
    (infinite_loss, 7, r"the loss is \S+ at step 4, learning rate 1e\+30, pictures [0-9a-f]{12}"),
    (wrong_purpose, 2, r"\d samples .* do not permit purpose 'commercial'"),
    (two_at_once, 4, r"PID \d+"),
    (another_run, 2, r"other settings \(recipe\.seed, recipe\.weights\.rank\)"),
    (damaged_run, 3, r"run\.json is damaged"),
    (unfinished_prompt, 2, r"is not finished"),
]


AFTER_THE_LAST_STEP = (full_while_saving_the_result, full_while_writing_the_card)


@pytest.mark.parametrize(("spoil", "code", "words"), FAULTS, ids=[one[0].__name__ for one in FAULTS])
def test_fault_is_named_with_its_exit_code_and_the_checkpoint_stays(
    spoil: Callable[[Place], None], code: int, words: str, place: Place
) -> None:
    before = place.kept()
    with pytest.raises(FototecaError, match=words) as stopped:
        spoil(place)
    assert stopped.value.exit_code == code
    assert place.kept() == before
    newest = "step-00000004" if spoil in AFTER_THE_LAST_STEP else CHECKPOINT
    assert checkpoint.latest(place.run / "checkpoints") == place.run / "checkpoints" / newest


def test_run_goes_on_from_its_checkpoint_when_the_disk_has_room_again(place: Place) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(FototecaError):
        full_while_saving_moments(Place(recipe=place.recipe, shards=place.shards, run=place.run, patch=patch))
    assert json.loads((place.run / "run.json").read_text(encoding="utf-8"))["outcome"] == "failed"
    assert place.train().resumed_from == 2


@pytest.mark.parametrize("name", ["weights.safetensors", "optimiser.pt", "state.json"])
def test_damaged_checkpoint_names_the_one_before_it(name: str, place: Place) -> None:
    older = place.run / "checkpoints" / "step-00000001"
    shutil.copytree(place.run / "checkpoints" / CHECKPOINT, older)
    path = place.run / "checkpoints" / CHECKPOINT / name
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(FototecaError, match=rf"{CHECKPOINT}.*resume from {older.name}") as stopped:
        place.train()
    assert stopped.value.exit_code == 6
