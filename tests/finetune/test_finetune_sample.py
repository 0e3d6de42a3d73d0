"""Pictures from a finished run, with and without what it learned."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from base.errors import UsageError
from finetune.grid import before_after
from finetune.sample import generate
from finetune.train import train
from pixels.marks import read_xmp

FAST = {"steps": 2, "guidance": 4.0}


@pytest.fixture(scope="module")
def run(shards: Path, tmp_path_factory: pytest.TempPathFactory, recipe_text: str) -> Path:
    from finetune.recipe import read

    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    recipe = read(path, {"steps": 2, "optimiser.learning_rate": 3e-2})
    return train(recipe, shards, tmp_path_factory.mktemp("runs") / "run").folder


def pixels(path: Path) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(path), dtype=np.int16)


def test_picture_depends_on_its_prompt_seed_and_number_only(run: Path, tmp_path: Path) -> None:
    alone = generate(run, ["a tree"], seed=3, count=1, out=tmp_path / "alone", **FAST)
    among = generate(run, ["a sks gourd", "a tree"], seed=3, count=2, out=tmp_path / "among", **FAST)
    assert len(among) == 4
    assert np.abs(pixels(alone[0]) - pixels(among[2])).max() <= 2  # batch invariance to within float error
    assert not np.array_equal(pixels(among[2]), pixels(among[3]))


def test_adapter_changes_the_picture_and_the_base_stays_as_it_was(run: Path, tmp_path: Path) -> None:
    with_it = generate(run, ["a sks gourd"], count=1, out=tmp_path / "with", **FAST)
    without = generate(run, ["a sks gourd"], count=1, out=tmp_path / "without", use_adapter=False, **FAST)
    assert not np.array_equal(pixels(with_it[0]), pixels(without[0]))


def test_every_picture_says_how_it_was_made(run: Path, tmp_path: Path) -> None:
    (path,) = generate(run, ["a sks gourd at dusk"], count=1, out=tmp_path, **FAST)
    marks = read_xmp(path.read_bytes())
    assert str(marks["Iptc4xmpExt:DigitalSourceType"]).endswith("/trainedAlgorithmicMedia")
    assert marks["fototeca:prompt"] == "a sks gourd at dusk"
    assert {"fototeca:seed", "fototeca:model", "fototeca:revision", "fototeca:run"} <= set(marks)


def test_before_and_after_stand_on_one_sheet(run: Path, tmp_path: Path) -> None:
    grid = before_after(run, ["a sks gourd", "a tree"], count=2, pictures=tmp_path / "p", out=tmp_path / "grid.png", **FAST)
    with Image.open(grid) as sheet:
        assert sheet.width > 4 * 192
    assert len(list((tmp_path / "p").rglob("*.png"))) == 8


def test_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"run\.json is missing"):
        generate(tmp_path, ["a tree"], out=tmp_path / "out")


def test_changed_base_model_is_refused(run: Path, model: Path, tmp_path: Path) -> None:
    import shutil

    moved = tmp_path / "model"
    shutil.copytree(model, moved)
    assert len(generate(run, ["a tree"], count=1, out=tmp_path / "out", model=str(moved), **FAST)) == 1
    (moved / "model_index.json").write_text((moved / "model_index.json").read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="digest"):
        generate(run, ["a tree"], count=1, out=tmp_path / "out", model=str(moved), **FAST)
