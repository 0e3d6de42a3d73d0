"""What a hostile review broke: numbers that are none, runs that go on elsewhere or otherwise, and damaged files of a run."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base.errors import NotFiniteError, UsageError
from base.files import sha256_of_file
from finetune import checkpoint, objective, optimise, parts, run_folder
from finetune.recipe import Recipe
from finetune.train import train

Read = Callable[..., Any]
WEIGHTS = "pytorch_lora_weights.safetensors"
SHORT = {"steps": 2, "checkpoint_every": 1, "held_out.timesteps": [500]}


class Stopped(Exception):
    """What a test raises to stop a run."""


def stop_after(step: int) -> Callable[[str, int, int], None]:
    def tell(what: str, done: int, total: int) -> None:
        if (what, done) == ("training", step):
            raise Stopped

    return tell


def saved(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").glob("step-*"))


@pytest.fixture
def steep(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the second micro-step on the loss is a number, and its gradient is none: the root's slope at 0."""
    load = objective.load

    def loaded(name: str, settings: Any) -> objective.Objective:
        teaching = load(name, settings)

        def loss(model: parts.Parts, batch: Any, generator: Any) -> Any:
            value, logs = teaching.loss(model, batch, generator)
            return (value + (next(iter(model.trained().values())) * 0).sum().sqrt() if batch.micro_step else value), logs

        return dataclasses.replace(teaching, loss=loss)

    monkeypatch.setattr(objective, "load", loaded)


@pytest.mark.parametrize(("clip_norm", "named"), [(1.0, "the gradient's norm is nan"), (0.0, "the largest weight is nan")])
@pytest.mark.usefixtures("steep")
def test_gradient_that_is_no_number_stops_before_it_is_saved(
    clip_norm: float, named: str, shards: Path, recipe: Read, tmp_path: Path
) -> None:
    with pytest.raises(NotFiniteError, match=f"{named} at step 2"):
        train(recipe({**SHORT, "optimiser.clip_norm": clip_norm}), shards, tmp_path / "run")
    assert saved(tmp_path / "run") == ["step-00000001"]


def test_score_that_is_no_number_stops_with_the_design_s_error(shards: Path, recipe: Read, tmp_path: Path) -> None:
    changes = {**SHORT, "held_out.every": 1, "optimiser.learning_rate": 1e30, "optimiser.clip_norm": 0.0}
    with pytest.raises(NotFiniteError, match=r"held-out score 'concept' is (nan|inf) at step 1"):
        train(recipe(changes), shards, tmp_path / "run")


@pytest.fixture(scope="module")
def stopped(shards: Path, recipe_text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps, stopped after the second, with the checkpoint of the first."""
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    from finetune.recipe import read

    folder = tmp_path_factory.mktemp("runs") / "stopped"
    with pytest.raises(Stopped):
        train(read(path, SHORT), shards, folder, progress=stop_after(2))
    return folder


@pytest.fixture
def run(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(stopped, tmp_path / "run"))


def test_run_that_fails_before_its_first_step_keeps_what_was_drawn(run: Path, shards: Path, recipe: Read) -> None:
    drawn = (run / "samples.jsonl").read_bytes()
    assert drawn

    def fail(what: str, done: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        train(recipe(SHORT), shards, run, progress=fail)
    assert (run / "samples.jsonl").read_bytes() == drawn
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["outcome"] == "failed"


def test_other_recipe_writes_nothing_into_a_run(run: Path, shards: Path, recipe: Read) -> None:
    before = {name: (run / name).read_bytes() for name in ("run.json", "samples.jsonl", "recipe.resolved.json")}
    with pytest.raises(UsageError, match=r"recipe\.weights\.rank"):
        train(recipe({**SHORT, "weights.rank": 2}), shards, run)
    assert {name: (run / name).read_bytes() for name in before} == before


def test_run_of_two_processes_is_not_gone_on_with_by_one(run: Path, shards: Path, recipe: Read) -> None:
    told = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert told["inputs"]["processes"] == 1
    told["inputs"]["processes"] = 2
    (run / "run.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(UsageError, match=r"over 2 processes, not 1.*Start it as it was begun"):
        train(recipe(SHORT), shards, run)
    inputs = {name: one for name, one in told["inputs"].items() if name != "processes"}  # as --check and older runs have it
    assert not run_folder.RunFolder(run, writes=False).open(told["settings"], inputs)


def test_cut_metrics_cost_their_lines_and_not_the_run(run: Path, shards: Path, recipe: Read) -> None:
    metrics = run / "metrics.jsonl"
    metrics.write_bytes(metrics.read_bytes()[:40])
    done = train(recipe(SHORT), shards, run)
    assert done.resumed_from == 1
    assert [json.loads(line)["step"] for line in metrics.read_text(encoding="utf-8").splitlines()] == [2]


def test_checkpoint_loads_where_accelerate_numbers_the_cpu(run: Path, recipe: Read) -> None:
    settings: Recipe = recipe(SHORT)
    teaching = objective.load(settings.objective.name, settings.objective.settings)
    model, _ = parts.load(settings, teaching, torch.device("cpu", 0), torch.float32)  # so it is among several processes
    optimiser = optimise.build(model, settings.optimiser)
    assert checkpoint.load(run / "checkpoints" / "step-00000001", model, optimiser, None)["step"] == 1
    assert len(optimiser.state_dict()["state"]) == len(model.trained())


def test_dropout_inside_the_model_follows_from_the_run_s_seed(
    model: Path, shards: Path, recipe: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful = Path(shutil.copytree(model, tmp_path / "model"))
    for part, name in (("unet", "dropout"), ("text_encoder", "attention_dropout")):
        config = json.loads((forgetful / part / "config.json").read_text(encoding="utf-8"))
        (forgetful / part / "config.json").write_text(json.dumps({**config, name: 0.5}), encoding="utf-8")
    changes = {**SHORT, "model.id": str(forgetful), "weights.text_encoder": True, "data.cache": False}
    found = []
    for seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            done = train(recipe(changes), shards, tmp_path / f"run-{seed}")
        found.append((sha256_of_file(done.folder / WEIGHTS), done.held_out_before, done.held_out_after))
    assert found[0] == found[1]


def test_lora_whose_scale_is_0_is_refused(recipe: Read) -> None:
    with pytest.raises(UsageError, match=r"weights\.alpha is 0"):
        recipe({"weights.alpha": 0})
    assert recipe({"weights.alpha": 1}).weights.alpha == 1


def test_class_pictures_of_a_killed_drawing_do_not_stay_twice(shards: Path, recipe: Read, tmp_path: Path) -> None:
    images = {"prior": "images", "class_images": 1}
    changes = {**SHORT, "data.alpha": 0.0, "objective.settings": images, "sampling.steps": 1}
    with pytest.raises(Stopped):
        train(recipe(changes), shards, tmp_path / "run", progress=stop_after(1))
    left = tmp_path / "run" / "class" / ".drawn" / "0.png"  # killed when the shards stood, before this folder went
    left.parent.mkdir()
    left.write_bytes(b"a picture")
    with pytest.raises(Stopped):
        train(recipe(changes), shards, tmp_path / "run", progress=stop_after(1))
    assert not left.parent.exists()


def test_checkpoint_of_a_run_whose_run_json_is_gone_is_no_other_run_s(run: Path, shards: Path, recipe: Read) -> None:
    (run / "run.json").unlink()
    with pytest.raises(UsageError, match=r"step-00000001 is of run .*, not of run .*: put its run\.json back"):
        train(recipe({**SHORT, "optimiser.learning_rate": 0.5}), shards, run)


def test_accumulation_is_the_recipe_s_whatever_the_environment_says(
    shards: Path, recipe: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "5")
    with pytest.raises(Stopped):
        train(recipe(SHORT), shards, tmp_path / "run", progress=stop_after(2))
    lines = (tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert all(json.loads(line)["gradient_norm"] for line in lines)
