"""A run that was stopped goes on to the same weights, bit for bit, wherever it was stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base.errors import CheckFailed
from finetune.train import train

Read = Callable[..., Any]
WEIGHTS = "pytorch_lora_weights.safetensors"
ROOT = Path(__file__).parents[2]
KILLED = {"train.mid_checkpoint": 0, "train.after_checkpoint": 2}
"""Kill points, and the step of the checkpoint that is whole when they strike first."""
SCRIPT = """
import os, sys
from pathlib import Path
import accelerate, diffusers, peft, torch, transformers  # slow to import: once for both children
recipe, shards, runs = map(Path, sys.argv[1:4])
for place in sys.argv[4:]:
    if (child := os.fork()) == 0:
        os.environ["FOTOTECA_KILL_AT"] = place
        from finetune.recipe import read
        from finetune.train import train
        train(read(recipe, {"steps": 4, "data.accumulation": 2}), shards, runs / place)
        os._exit(0)
    print(place, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
CHANGES = {"steps": 4, "data.accumulation": 2}


class Stopped(Exception):
    """What a test raises to stop a run."""


def stop_after(step: int) -> Callable[[str, int, int], None]:
    def tell(what: str, done: int, total: int) -> None:
        if (what, done) == ("training", step):
            raise Stopped

    return tell


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def undisturbed(shards: Path, tmp_path_factory: pytest.TempPathFactory, recipe_text: str) -> Path:
    from finetune.recipe import read

    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    return train(read(path, CHANGES), shards, tmp_path_factory.mktemp("runs") / "undisturbed").folder


def same(folder: Path, undisturbed: Path) -> bool:
    assert losses(folder) == losses(undisturbed)
    assert (folder / "samples.jsonl").read_bytes() == (undisturbed / "samples.jsonl").read_bytes()
    return (folder / WEIGHTS).read_bytes() == (undisturbed / WEIGHTS).read_bytes()


def test_run_stopped_twice_ends_with_the_same_weights(undisturbed: Path, shards: Path, recipe: Read, tmp_path: Path) -> None:
    changes = {**CHANGES, "checkpoint_every": 1}
    for step in (2, 3):  # stopped before the checkpoint of that step, so the step is done again
        with pytest.raises(Stopped):
            train(recipe(changes), shards, tmp_path / "run", progress=stop_after(step))
    done = train(recipe(changes), shards, tmp_path / "run")
    assert done.resumed_from == 2
    assert same(done.folder, undisturbed)


@pytest.fixture(scope="module")
def killed(shards: Path, tmp_path_factory: pytest.TempPathFactory, recipe_text: str) -> Path:
    """A folder with one killed run for each kill point, under its name."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "tiny.toml").write_text(recipe_text, encoding="utf-8")
    command = [sys.executable, "-c", SCRIPT, str(folder / "tiny.toml"), str(shards), str(folder), *KILLED]
    ended = subprocess.run(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, check=True)
    assert ended.stdout.decode().split() == [word for place in KILLED for word in (place, str(-signal.SIGKILL))]
    return folder


@pytest.mark.parametrize("place", KILLED)
def test_run_killed_while_saving_ends_with_the_same_weights(
    place: str, killed: Path, undisturbed: Path, shards: Path, recipe: Read
) -> None:
    done = train(recipe(CHANGES), shards, killed / place)
    assert done.resumed_from == KILLED[place]
    assert same(done.folder, undisturbed)


def test_old_checkpoints_are_pruned_after_the_new_one_is_whole(undisturbed: Path) -> None:
    assert sorted(path.name for path in (undisturbed / "checkpoints").iterdir()) == ["step-00000002", "step-00000004"]


def test_damaged_checkpoint_is_named_and_not_used(shards: Path, recipe: Read, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        train(recipe(CHANGES), shards, tmp_path / "run", progress=stop_after(3))
    weights = tmp_path / "run" / "checkpoints" / "step-00000002" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(CheckFailed, match="step-00000002"):
        train(recipe(CHANGES), shards, tmp_path / "run")


def test_run_can_be_begun_again_from_its_first_step(undisturbed: Path, shards: Path, recipe: Read, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        train(recipe(CHANGES), shards, tmp_path / "run", progress=stop_after(3))
    done = train(recipe(CHANGES), shards, tmp_path / "run", resume=False)
    assert done.resumed_from == 0
    assert same(done.folder, undisturbed)


def test_rows_have_their_own_numbers_whatever_the_batch() -> None:
    from finetune.draws import for_step

    device = torch.device("cpu")
    whole = for_step(7, 3, 0, 4, device).normal((2, 2))
    halves = [for_step(7, 3, first, 2, device).normal((2, 2)) for first in (0, 2)]
    assert torch.equal(whole, torch.cat(halves))
