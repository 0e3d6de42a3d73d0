"""What is shown of a run while it goes on, and that showing it changes nothing."""

import dataclasses
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from base.errors import UsageError
from finetune import curves, objective, parts, watch
from finetune.captions import Concept
from finetune.train import train
from pixels.marks import read_xmp

Read = Callable[..., Any]
WEIGHTS = "pytorch_lora_weights.safetensors"
GOURD = Concept(name="chimarrão", class_noun="gourd", rare_token="sks")
WATCHED = {
    "steps": 4, "watch.grid_every": 2, "watch.count": 2, "sampling.steps": 2, "held_out.every": 2, "audit.pictures": 2,
    "weights.dora": True, "gradient_checkpointing": True,
}  # fmt: skip
"""DoRA and gradient checkpointing answer differently in training and in sampling: what is left switched would show."""


def write_metrics(folder: Path, steps: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [{"step": step, "loss": 1 / step, "held_out_concept": 0.5, "gradient_norm": None} for step in range(1, steps + 1)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def draw_grid(folder: Path, step: int) -> Path:
    path = folder / "grids" / f"step-{step:08d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), (step, 0, 0)).save(path)
    return path


@pytest.fixture(scope="module")
def watched(shards: Path, tmp_path_factory: pytest.TempPathFactory, recipe_text: str) -> Path:
    from finetune.recipe import read

    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    return train(read(path, WATCHED), shards, tmp_path_factory.mktemp("runs") / "watched").folder


@pytest.fixture
def loaded(recipe: Read) -> Any:
    chosen = recipe({"sampling.steps": 1, "watch.count": 1})
    return parts.load(chosen, objective.load("dreambooth", {}), torch.device("cpu"), torch.float32)[0]


def test_grids_show_the_same_prompts_on_the_way_and_at_the_end(watched: Path) -> None:
    names = [path.name for path in watch.grids(watched)]
    assert names == ["step-00000002.png", "step-00000004.png"]
    first, last = (Image.open(path) for path in watch.grids(watched))
    assert first.size == last.size
    assert not np.array_equal(np.asarray(first), np.asarray(last))
    assert json.loads((watched / "run.json").read_text(encoding="utf-8"))["grid"] == "grids/step-00000004.png"


def test_grid_says_in_its_file_that_a_model_made_it(watched: Path) -> None:
    marks = read_xmp(watch.grids(watched)[0].read_bytes())
    assert str(marks["Iptc4xmpExt:DigitalSourceType"]).endswith("/trainedAlgorithmicMedia")


def test_drawing_and_auditing_change_no_bit_of_the_weights(watched: Path, shards: Path, recipe: Read, tmp_path: Path) -> None:
    plain = train(recipe({**WATCHED, "watch.grid_every": 0, "watch.count": 0, "audit.pictures": 0}), shards, tmp_path / "plain")
    assert (plain.folder / WEIGHTS).read_bytes() == (watched / WEIGHTS).read_bytes()
    assert not (plain.folder / "grids").exists()
    assert "grids/step" not in (plain.folder / "README.md").read_text(encoding="utf-8")


def test_what_was_shown_beyond_the_checkpoint_is_taken_away(recipe: Read, tmp_path: Path) -> None:
    kept, gone = draw_grid(tmp_path, 2), draw_grid(tmp_path, 4)
    teaching = objective.load("dreambooth", {})
    watch.Watcher(tmp_path, recipe(), [GOURD], teaching, first_step=2, writes=False)
    assert gone.exists()
    watch.Watcher(tmp_path, recipe(), [GOURD], teaching, first_step=2, writes=True)
    assert kept.exists()
    assert not gone.exists()


def test_only_the_main_process_draws(recipe: Read, tmp_path: Path) -> None:
    chosen = recipe({"watch.grid_every": 1, "watch.count": 1})
    folder = tmp_path / "run"
    watcher = watch.Watcher(folder, chosen, [GOURD], objective.load("dreambooth", {}), first_step=0, writes=False)
    watcher.after_step(None, 1, {"step": 1, "loss": 1.0})  # type: ignore[arg-type]  # a model would be drawn
    assert watcher.last_grid(None) is None  # type: ignore[arg-type]
    assert not folder.exists()


def test_model_is_looked_at_where_a_grid_or_a_score_is_due_but_not_at_the_end(recipe: Read, tmp_path: Path) -> None:
    chosen = recipe({"steps": 6, "watch.grid_every": 2, "watch.count": 1, "held_out.every": 3})
    watcher = watch.Watcher(tmp_path, chosen, [GOURD], objective.load("dreambooth", {}), first_step=0, writes=True)
    assert [done for done in range(1, 7) if watcher.looks(done)] == [2, 3, 4]


def test_objective_that_wants_options_gets_no_grid_and_says_why(loaded: Any, recipe: Read, tmp_path: Path) -> None:
    def wants(seen: Any, arguments: Any, options: Any) -> list[Any]:
        raise UsageError("this objective needs the option anchor")

    teaching = dataclasses.replace(objective.load("dreambooth", {}), sample=wants)
    chosen = recipe({"watch.count": 1, "watch.grid_every": 1})
    watcher = watch.Watcher(tmp_path, chosen, [GOURD], teaching, first_step=0, writes=True)
    watcher.after_step(loaded, 1, {"step": 1, "loss": 1.0})
    assert watcher.last_grid(loaded) is None
    assert watcher.not_drawn == "this objective needs the option anchor"
    assert loaded.denoiser.training


def test_each_prompt_is_drawn_for_every_concept_and_none_twice(recipe: Read) -> None:
    other = Concept(name="porongo", class_noun="gourd", rare_token="zwx")
    assert watch.prompts(recipe(), [GOURD, other]) == ["a sks gourd", "a gourd", "a zwx gourd"]
    assert watch.prompts(recipe({"watch.prompts": ["a {token} {noun} at dusk"]}), [GOURD]) == ["a sks gourd at dusk"]


def test_tensorboard_that_is_not_installed_is_refused_before_anything_is_done(
    recipe: Read, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *more: None if name == "tensorboard" else found(name, *more))
    with pytest.raises(UsageError, match=r'watch\.tensorboard .* `pip install "fototeca\[watch\]"`'):
        train(recipe({"watch.tensorboard": True}), shards, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_tensorboard_of_a_resumed_run_has_every_step_once(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="extra 'watch' is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from finetune.tensorboard import Board

    write_metrics(tmp_path, 4)
    grids = {2: draw_grid(tmp_path, 2)}
    killed = Board(tmp_path, grids)
    killed.close()
    write_metrics(tmp_path, 2)  # cut back to the checkpoint
    resumed = Board(tmp_path, grids)
    resumed.add({"step": 3, "loss": 0.25})
    resumed.close()
    assert len(list((tmp_path / "tensorboard").iterdir())) == 1
    found = EventAccumulator(str(tmp_path / "tensorboard"))
    found.Reload()
    assert [(one.step, one.value) for one in found.Scalars("training/loss")] == [(1, 1.0), (2, 0.5), (3, 0.25)]
    assert [one.step for one in found.Scalars("held_out/concept")] == [1, 2]
    assert [one.step for one in found.Images("grid")] == [2]
    assert "training/gradient_norm" not in found.Tags()["scalars"]


def test_held_out_loss_is_drawn_before_on_the_way_and_after(watched: Path) -> None:
    run = json.loads((watched / "run.json").read_text(encoding="utf-8"))
    found = curves.held_out(curves.lines(watched), run)
    assert [step for step, _ in found["concept"]] == [0, 2, 4]
    assert found["concept"][0][1] == run["held_out_before"]["concept"]
    assert found["gap"][-1][1] == run["held_out_after"]["gap"]


def test_curves_are_one_picture_and_equal_runs_give_equal_bytes(watched: Path) -> None:
    drawn = (watched / "curves.png").read_bytes()
    with Image.open(watched / "curves.png") as image:
        assert image.width > image.height > 500
    run = json.loads((watched / "run.json").read_text(encoding="utf-8"))
    assert curves.draw(watched, run) == watched / "curves.png"
    assert (watched / "curves.png").read_bytes() == drawn


def test_run_without_a_step_has_no_curves(tmp_path: Path) -> None:
    assert curves.draw(tmp_path, {"counts": {"steps": 0}}) is None


def test_smoothing_keeps_a_straight_line_and_shifts_nothing() -> None:
    line = np.linspace(3.0, 1.0, 101)
    found = curves.smooth(line)
    inside = ~np.isnan(found)
    assert inside.sum() > 0.9 * len(line)
    assert np.allclose(found[inside], line[inside])
    assert np.array_equal(curves.smooth(line[:2]), line[:2])
    spike = np.zeros(101)
    spike[50] = 1.0
    smoothed = curves.smooth(spike)
    assert np.allclose(smoothed, smoothed[::-1], equal_nan=True)
    assert 0 < np.nanmax(smoothed) < 0.5
