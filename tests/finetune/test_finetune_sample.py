"""Pictures from a finished run, with and without what it learned."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from base.errors import UsageError
from base.seeds import derive
from finetune import objective, parts
from finetune.drawing import drawn, wishes
from finetune.grid import before_after
from finetune.prompt import Prompt
from finetune.sample import generate
from finetune.train import train
from fototeca.main import app
from pixels.marks import read_xmp

FAST = {"steps": 2, "guidance": 4.0}


@pytest.fixture(scope="module")
def run(shards: Path, tmp_path_factory: pytest.TempPathFactory, recipe_text: str) -> Path:
    from finetune.recipe import read

    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    recipe = read(path, {"steps": 2, "optimiser.learning_rate": 3e-2, "audit.pictures": 0, "watch.count": 1, "sampling.steps": 1})
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
    prompt = Prompt(text="a sks gourd at dusk", seed=5, template="heritage")
    paths = generate(run, [prompt], count=2, negative_prompt="a day", out=tmp_path, grid=tmp_path / "grid.png", **FAST)
    marks = read_xmp(paths[1].read_bytes())
    assert str(marks["Iptc4xmpExt:DigitalSourceType"]).endswith("/trainedAlgorithmicMedia")
    told = {name.removeprefix("fototeca:"): value for name, value in marks.items() if name.startswith("fototeca:")}
    run_id = json.loads((run / "run.json").read_text(encoding="utf-8"))["run_id"]
    assert told == {
        "prompt": "a sks gourd at dusk", "negative_prompt": "a day", "template": "heritage", "number": "2", "call_seed": "5",
        "seed": str(derive(5, "picture", "a sks gourd at dusk", 1)), "steps": "2", "guidance": "4.0", "run": run_id,
        "model": told["model"], "base_model": told["base_model"], "revision": told["revision"],
    }  # fmt: skip
    assert told["model"] == f"{told['base_model']} + {run_id}"
    assert len(str(told["revision"])) == 64  # a folder's digest
    assert f"The card of run {run_id} says what binds its use" in marks["dc:rights"]
    assert read_xmp((tmp_path / "grid.png").read_bytes())["fototeca:run"] == run_id
    (base,) = generate(run, ["a tree"], count=1, out=tmp_path / "base", use_adapter=False, **FAST)
    of_base = read_xmp(base.read_bytes())
    assert "fototeca:run" not in of_base
    assert "made for tests" in of_base["dc:rights"]  # the base model's licence, as the recipe states it


def test_prompt_brings_its_own_seed_and_negative_prompt(run: Path, tmp_path: Path) -> None:
    own = Prompt(text="a tree", seed=3, negative_prompt="a river")
    paths = generate(run, [own, "a tree"], seed=4, count=1, negative_prompt="red", out=tmp_path / "both", **FAST)
    alone = generate(run, ["a tree"], seed=3, count=1, negative_prompt="a river", out=tmp_path / "alone", **FAST)
    assert np.abs(pixels(alone[0]) - pixels(paths[0])).max() <= 2
    assert [read_xmp(path.read_bytes())["fototeca:negative_prompt"] for path in paths] == ["a river", "red"]


def test_recipe_says_what_to_stay_away_from_when_the_call_does_not(run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "run"
    shutil.copytree(run, copied)
    written = json.loads((copied / "run.json").read_text(encoding="utf-8"))
    written["settings"]["sampling"]["negative_prompt"] = "red"
    (copied / "run.json").write_text(json.dumps(written), encoding="utf-8")
    (path,) = generate(copied, ["a tree"], count=1, out=tmp_path / "out", **FAST)
    assert read_xmp(path.read_bytes())["fototeca:negative_prompt"] == "red"
    (path,) = generate(copied, ["a tree"], count=1, out=tmp_path / "out", negative_prompt="", **FAST)
    assert "fototeca:negative_prompt" not in read_xmp(path.read_bytes())


def test_command_takes_prompts_files_and_templates_together(run: Path, tmp_path: Path) -> None:
    file, mine = tmp_path / "prompts.txt", tmp_path / "mine.txt"
    file.write_text('{"prompt": "a tree", "seed": 9}\n', encoding="utf-8")
    mine.write_text("a {token} {noun} at day\n", encoding="utf-8")
    asked = ["generate", str(run), "--prompt", "a river", "--prompt-file", str(file), "--template", str(mine)]
    more = ["--count", "1", "--steps", "1", "--out", str(tmp_path / "out"), "--grid", str(tmp_path / "grid.png"), "--json"]
    done = CliRunner().invoke(app, [*asked, *more])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    drawn = [read_xmp(Path(path).read_bytes()) for path in told["pictures"]]
    assert [one["fototeca:prompt"] for one in drawn] == ["a sks gourd at day", "a river", "a tree"]
    assert [one.get("fototeca:template") for one in drawn] == ["mine", None, None]
    assert [one["fototeca:call_seed"] for one in drawn] == ["0", "0", "9"]
    assert Path(told["grid"]).exists()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ([], "nothing to draw"),
        (["--template", "object"], "did you mean 'objects'"),
        (["--template", "objects", "--concept", "araucária"], "teaches no 'araucária'"),
    ],
)
def test_command_names_the_right_words_for_wrong_ones(asked: list[str], words: str, run: Path) -> None:
    done = CliRunner().invoke(app, ["generate", str(run), *asked])
    assert isinstance(done.exception, UsageError)
    assert words in str(done.exception)


def test_run_that_has_not_ended_is_refused(run: Path, tmp_path: Path) -> None:
    written = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (tmp_path / "run.json").write_text(json.dumps({**written, "outcome": "interrupted"}), encoding="utf-8")
    with pytest.raises(UsageError, match=r"is not finished .outcome interrupted.: run the same finetune command to go on"):
        generate(tmp_path, ["a tree"], out=tmp_path / "out")


def test_frozen_weights_of_16_bits_draw_beside_encoders_and_adapters_of_32(recipe: Any) -> None:
    teaching = objective.load("dreambooth", {})
    ours, _ = parts.load(recipe(), teaching, torch.device("cpu"), torch.bfloat16)
    kinds = {one.dtype for one in ours.denoiser.parameters()}
    assert kinds == {torch.bfloat16, torch.float32}
    for base in (True, False):
        with ours.sampling(base=base) as seen:
            wanted = wishes("a gourd", 1, seed=0, size_px=(32, 32))
            (image,) = drawn(seen, teaching.sample, wanted, steps=1, guidance=4.0)
        assert np.asarray(image).std() > 0


def test_before_and_after_stand_on_one_sheet(run: Path, tmp_path: Path) -> None:
    grid = before_after(run, ["a sks gourd", "a tree"], count=2, pictures=tmp_path / "p", out=tmp_path / "grid.png", **FAST)
    with Image.open(grid) as sheet:
        assert sheet.width > 4 * 192
    marks = read_xmp(grid.read_bytes())
    assert marks["dc:description"] == "a sks gourd; a tree"
    assert "fototeca:run" in marks
    assert "fototeca:seed" not in marks  # which differs from picture to picture
    assert len(list((tmp_path / "p").rglob("*.png"))) == 8


def test_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"run\.json is missing"):
        generate(tmp_path, ["a tree"], out=tmp_path / "out")


def test_changed_base_model_is_refused(run: Path, model: Path, tmp_path: Path) -> None:
    moved = tmp_path / "model"
    shutil.copytree(model, moved)
    assert len(generate(run, ["a tree"], count=1, out=tmp_path / "out", model=str(moved), **FAST)) == 1
    (moved / "model_index.json").write_text((moved / "model_index.json").read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="digest"):
        generate(run, ["a tree"], count=1, out=tmp_path / "out", model=str(moved), **FAST)
