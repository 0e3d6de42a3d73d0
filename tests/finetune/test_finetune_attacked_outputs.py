"""What is handed over and what is asked, under attack: damaged runs, hostile prompts and recipes, records that say too little."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base.errors import SourceError, UsageError
from catalog import db
from catalog.record import record
from finetune import audit, card, check, credits, data, objective, parts
from finetune.audit_words import near_copies
from finetune.prompt import from_file, wanted
from finetune.recipe import examined
from finetune.sample import generate
from pixels.marks import read_xmp, write_xmp

KEY = "ab" * 32
RUN_ID = "20261121T000000000000-finetune-abcdef"
RUN: dict[str, Any] = {"run_id": "run-1", "inputs": {"concepts": [{"name": "cuia", "class_noun": "gourd", "rare_token": "sks"}]}}


def ended(folder: Path, sample: str = json.dumps({"sha256": KEY, "times_drawn": 3}), **changes: Any) -> Path:
    """A run's folder with what `record` reads."""
    run = {
        "run_id": RUN_ID, "command": "finetune", "seed": 3, "code_version": "0.1.0", "settings": {}, "outcome": "done",
        "error": None, "started_at": "2026-11-21 00:00:00", "ended_at": "2026-11-21 00:10:00", **changes,
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "samples.jsonl").write_text(sample + "\n", encoding="utf-8")
    return folder


def everything_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix != ".lock"}


@pytest.mark.parametrize(
    "changes",
    [
        {"run_id": "../../evil"}, {"run_id": "/tmp/evil"}, {"run_id": ""}, {"run_id": 5}, {"run_id": f"{RUN_ID}\n"},
        {"seed": "x"}, {"seed": 10**30}, {"started_at": "yesterday"}, {"ended_at": 3}, {"settings": 3}, {"command": "harvest"},
        {"counts": [1]}, {"error": {"a": 1}},
        {"sample": json.dumps({"sha256": "../x", "times_drawn": 1})}, {"sample": json.dumps({"sha256": None, "times_drawn": 1})},
        {"sample": json.dumps({"sha256": KEY, "times_drawn": -5})}, {"sample": json.dumps({"sha256": KEY, "times_drawn": True})},
        {"sample": f'{{"sha256": "{KEY}", "times_drawn": 1e400}}'}, {"sample": "[]"}, {"sample": "[" * 5000},
    ],
)  # fmt: skip
def test_run_that_cannot_be_poured_leaves_nothing_in_the_spool_and_nothing_elsewhere(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    workspace = tmp_path / "deep" / "workspace"
    (workspace / "spool" / "waiting").mkdir(parents=True)
    folder = ended(tmp_path / "copied", **changes)
    before = everything_in(tmp_path)
    with pytest.raises(SourceError, match=r"run\.json|samples\.jsonl"):
        record(workspace, folder)
    assert everything_in(tmp_path) == before


def test_good_run_is_recorded_after_a_damaged_copy_of_it(tmp_path: Path) -> None:
    damaged = ended(tmp_path / "damaged", sample=json.dumps({"sha256": KEY, "times_drawn": -5}))
    with pytest.raises(SourceError):
        record(tmp_path, damaged)
    assert record(tmp_path, ended(tmp_path / "whole")).rows_new == 1
    assert db.rows(tmp_path, "SELECT sha256, times_drawn FROM trained_on") == [{"sha256": KEY, "times_drawn": 3}]


@pytest.mark.parametrize(
    ("line", "words"),
    [('{"a":' * 3000, "is no JSON"), ('{"prompt": "a"', "is no JSON"), ('{ "promt": "a" }', "unknown key 'promt'")],
)
def test_bad_json_line_is_named(line: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text(f"a gourd\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=f"line 2.*{words}"):
        from_file(tmp_path / "p.txt")


def test_json_with_a_space_after_its_brace_is_json_and_windows_lines_are_lines(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes(b'\xef\xbb\xbf{ "prompt": "a gourd", "seed": 4 }\r\n{token} at dusk\r\n')
    assert [(one.text, one.seed) for one in from_file(tmp_path / "p.txt")] == [("a gourd", 4), ("{token} at dusk", None)]


def test_half_a_sign_in_a_prompt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text('{"prompt": "a \\ud800 b"}', encoding="utf-8")
    with pytest.raises(UsageError, match="lone surrogate"):
        wanted(RUN, file=tmp_path / "p.txt")


def test_damaged_concepts_of_a_run_are_said() -> None:
    with pytest.raises(SourceError, match="run-1 is damaged"):
        wanted({"run_id": "run-1", "inputs": {"concepts": [{}]}}, texts=["a {token}"])


def test_mark_of_a_picture_can_be_read_whatever_its_prompt_holds(picture_png: bytes) -> None:
    marked = write_xmp(picture_png, {"dc:description": "a\0b \x1b[31m \ufffe\uffff \ud800 <gourd> & \u202e"})
    assert read_xmp(marked)["dc:description"] == "ab [31m   <gourd> & \u202e"


@pytest.fixture
def picture_png(sample: Callable[..., dict[str, Any]]) -> bytes:
    """A small picture."""
    return bytes(sample(1)["bytes"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grid": Path("grid.jpg")}, r"ends in \.png"),
        ({"guidance": float("nan")}, "guidance is nan"),
        ({"guidance": -1.0}, "guidance is -1"),
    ],
)
def test_what_could_only_fail_after_drawing_is_refused_before(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        generate(tmp_path / "no-run", ["a"], out=tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("changes", [{"settings": 3}, {"inputs": []}, {"inputs": {"base": 3}}])
def test_damaged_run_is_bad_source_data(changes: dict[str, Any], model: Path, tmp_path: Path) -> None:
    whole = {"settings": {"model": {"id": str(model)}}, "inputs": {"base": {"revision": "0" * 64}}}
    folder = ended(tmp_path / "run", **{**whole, **changes})
    with pytest.raises(SourceError, match="is damaged"):
        generate(folder, ["a"], out=tmp_path / "out")


def test_moved_base_model_and_missing_weights_are_said_with_what_to_do(model: Path, tmp_path: Path) -> None:
    from finetune.model_place import folder_digest

    base = {"revision": folder_digest(model), "family": "stable_diffusion", "licence": "none"}
    settings = {"model": {"id": "/home/ana/models/tiny"}, "device": "cpu"}
    folder = ended(tmp_path / "run", settings=settings, inputs={"base": base})
    with pytest.raises(UsageError, match="--model"):
        generate(folder, ["a"], out=tmp_path / "out")
    with pytest.raises(SourceError, match=r"weights in .* cannot be read"):
        generate(folder, ["a"], out=tmp_path / "out", model=str(model))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("watch.prompts", ["{token!z}"]), ("watch.prompts", ["{noun:999999999}"]), ("data.fallback_caption", "{caption!r}"),
        ("data.size_px", 1_000_000), ("seed", 10**30), ("name", "../../evil"), ("name", ""),
    ],
)  # fmt: skip
def test_value_that_would_fail_later_is_a_fault_of_the_recipe(key: str, value: Any, recipe_text: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    _, wrong = examined(path, {key: value})
    assert [key in str(one) for one in wrong] == [True]


def test_empty_model_and_a_file_in_the_runs_place_stop_the_check(recipe_text: str, shards: Path, tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(recipe_text, encoding="utf-8")
    report = check.check(path, shards, tmp_path / "run", overrides={"model.id": ""}, steps=False)
    assert (report.exit_code, report.faults[0].said.startswith("model.id is empty")) == (2, True)
    report = check.check(path, shards, path / "run", steps=False)
    assert [one.said for one in report.faults if "is a file" in one.said]


@pytest.mark.parametrize(
    "changes", [{"rights": "CC BY"}, {"permissions": ["x"]}, {"concepts": [{"name": "cuia", "class_noun": ["gourd"]}]}]
)
def test_record_that_the_card_could_not_read_is_refused_before_training(
    changes: dict[str, Any], write_shards: Any, sample: Any, recipe: Any, tmp_path: Path
) -> None:
    folder = write_shards(tmp_path / "s", [sample(0), sample(1, **changes)])
    with pytest.raises(SourceError, match=r"its record's (rights|permissions|concept)"):
        data.gather(folder, recipe(), 4)


def test_damaged_model_for_copies_stops_the_check_and_never_the_finished_run(
    recipe: Any, recipe_text: str, shards: Path, tmp_path: Path
) -> None:
    (tmp_path / "no.pt").write_bytes(b"no model")
    changes = {"audit.model": f"sscd:{tmp_path / 'no.pt'}", "audit.pictures": 1}
    report = check.check(tmp_path / "tiny.toml" if recipe() else "", shards, tmp_path / "run", overrides=changes, steps=False)
    assert [one for one in report.faults if "audit.model" in one.said]
    asked = recipe(changes)
    teaching = objective.load("dreambooth", {})
    model, _ = parts.load(asked, teaching, torch.device("cpu"), torch.float32)
    samples = data.gather(shards, asked, model.grid_px)
    found = audit.audit(model, teaching, samples, asked, tmp_path, lambda *_: None)
    assert found
    assert "audit.model" in found["not_drawn"]
    assert "Not looked for" in near_copies(found)[0]


def items(write_shards: Any, sample: Any, recipe: Any, tmp_path: Path, **changes: Any) -> list[Any]:
    folder = write_shards(tmp_path / "s", [sample(0, **changes)])
    return list(data.gather(folder, recipe(), 4).train)


def test_record_that_says_little_is_not_said_to_ask_for_nothing(
    write_shards: Any, sample: Any, recipe: Any, tmp_path: Path
) -> None:
    text = "\n".join(credits.bindings(items(write_shards, sample, recipe, tmp_path, permissions={"redistribute": False})))
    assert "asks for nothing" not in text
    assert "1 training picture; no copies handed on; what it permits is not recorded, or not in full" in text
    assert "1 of 1 may not be passed on as copies" in text


def test_endless_title_is_cut_on_the_page_and_no_control_sign_reaches_the_file(
    write_shards: Any, sample: Any, recipe: Any, tmp_path: Path
) -> None:
    used = items(write_shards, sample, recipe, tmp_path, title="x" * 100_000, creator="\x1b[31mAna\x07", credit_line=None)
    drawn = Counter({used[0].key: 1})
    assert len("\n".join(credits.shown(used, drawn))) < 2000
    credits.write(tmp_path, used, drawn)
    (row,) = csv.DictReader((tmp_path / "credits.csv").read_text(encoding="utf-8").splitlines())
    assert (len(row["title"]), row["creator"]) == (100_000, "[31mAna")


def test_rule_that_strikes_held_out_pictures_is_told_as_doubtful_and_small_changes_as_small() -> None:
    figures = {"pictures": 4, "flagged": 0, "rate": 0.0, "interval": [0.0, 0.5], "median_likeness": 0.1, "most_likeness": 0.2}
    found = {
        "measure": "thumbnails", "by_model": False, "training_pictures": 9, "drawn": figures, "base": figures,
        "held_out": {**figures, "flagged": 1}, "nearest": [], "sheet": None,
        "rules": {"least_likeness": 0.95, "most_distance_bits": 8, "least_correlation": 0.9},
    }  # fmt: skip
    assert "1 of 4 real pictures near-copies that no model has drawn" in "\n".join(near_copies(found))
    said = card.reading({"concept": 1.0, "others": 1.0}, {"concept": 0.999, "others": 0.999}, [])
    assert said == [
        "The concept's loss hardly changed (-0.1%): by this measure it learned nothing of use.",
        "Other pictures are predicted as before (-0.1%).",
    ]


def test_full_pipeline_names_no_folder_of_the_machine_and_loads(model: Path, tmp_path: Path) -> None:
    from finetune.families import stable_diffusion
    from finetune.stock_pipeline import saved

    pipe = stable_diffusion.pipeline(str(model), None, torch.float32)
    folder = saved(pipe, tmp_path / "pipeline")
    assert not [path for path in folder.rglob("*.json") if str(model.parent) in path.read_text(encoding="utf-8")]
    again = stable_diffusion.pipeline(str(folder), None, torch.float32)
    assert again.unet.config.block_out_channels == pipe.unet.config.block_out_channels
    assert all(torch.equal(one, pipe.unet.state_dict()[name]) for name, one in again.unet.state_dict().items())
