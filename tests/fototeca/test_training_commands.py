"""`fototeca finetune`: settings over the recipe, the check, and what of several processes the first one does."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from curated_archive import Archive, drawn, encoded

from base.errors import UsageError
from catalog import db
from catalog.record import record
from catalog.why import why
from catalog.withdraw import plan_withdrawal
from fototeca.desk import at_desk
from fototeca.main import main
from fototeca.make import run_training
from fototeca.overrides import overrides
from fototeca.training_words import check_words

WRONG = 'stepz = 1\n[model]\nid = "./absent"\n'
KEY = "a" * 64


def left(words: list[str]) -> int | str | None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    return stop.value.code


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("data.batch_size=4", 4),
        ("optimiser.learning_rate = 1e-5", 1e-5),
        ("kohya=true", True),
        ("weights.kind=full", "full"),
        ('weights.kind="full"', "full"),
        ('data.concepts=["poncho", "cuia"]', ["poncho", "cuia"]),
        ("objective.settings.prior=none", "none"),
        ("model.id=/models/a=b", "/models/a=b"),
        ("model.id=./model", str(Path("model").resolve())),
    ],
)
def test_setting_on_the_command_line_is_a_value_of_toml_or_text(given: str, value: Any) -> None:
    assert list(overrides([given]).values()) == [value]


@pytest.mark.parametrize("given", ["steps", "=3", ".steps=3", "data.=3"])
def test_setting_without_key_or_sign_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="key=value"):
        overrides([given])


def test_wrong_setting_names_the_nearest_right_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["finetune", "demo", "--shards", str(tmp_path), "--workspace", str(tmp_path)]
    assert left([*words, "--set", "data.batchsize=4", "--set", "optimiser.schedule=cosin", "--set", "seed.x=1"]) == 2
    assert "seed.x: seed is a value" in capsys.readouterr().err
    assert left([*words, "--set", "data.batchsize=4", "--set", "optimiser.schedule=cosin"]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'batch_size'" in said
    assert "did you mean 'cosine'" in said


def test_check_prints_all_faults_as_one_document_and_leaves_with_the_worst(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("diffusers", reason="extra 'models' is not installed")
    (tmp_path / "wrong.toml").write_text(WRONG, encoding="utf-8")
    words = ["finetune", str(tmp_path / "wrong.toml"), "--shards", str(tmp_path), "--check", "--no-steps"]
    assert left([*words, "--json", "--workspace", str(tmp_path)]) == 3
    report = json.loads(capsys.readouterr().out)
    said = " ".join(one["said"] for one in report["faults"])
    for expected in ("unknown key 'stepz'", "absent", "no manifest.json"):
        assert expected in said
    assert report["exit_code"] == 3
    assert left([*words, "--workspace", str(tmp_path)]) == 3
    shown = capsys.readouterr()
    assert "3 faults, each of which stops the run:" in shown.out
    assert shown.err.strip() == f"fototeca: 3 faults in wrong with {tmp_path}, listed above."


def test_check_looks_from_one_process_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert left(["finetune", "demo", "--shards", str(tmp_path), "--check"]) == 2


class Report:
    """What `finetune.check.check` returns, as far as the words want it."""

    rows = ()
    faults = ()
    warnings = ("one thing to mind",)
    memory = None

    class time:
        steps, step_s, encoding_s, scoring_s, drawing_s = 500, 0.5, 0.0, 30.0, 0.0
        low_s, high_s, device, leaves_out = 280.0, 400.0, "cpu", "loading the model"


def test_time_is_a_range_that_says_what_it_leaves_out() -> None:
    said = check_words(Report)
    assert "time: 5 min to 7 min on cpu (500 steps of 0.5 s; held-out scores 30 s)" in said
    assert "it leaves out loading the model" in said
    assert "1 warning; the run would go on:" in said


def ended(folder: Path, **more: Any) -> Path:
    """A run's folder as the trainer leaves it, with everything that run.json may say."""
    folder.mkdir(parents=True)
    run = {
        "run_id": "20261121T000000000000-finetune-abcdef", "command": "finetune", "seed": 3, "code_version": "0.1.0",
        "settings": {"name": "tiny", "optimiser": {"learning_rate": 1e-5}}, "outcome": "done", "error": None,
        "started_at": "2026-11-21 00:00:00", "ended_at": "2026-11-21 00:10:00",
        "counts": {"steps": 6, "pictures": 1, "draws": 18, "synthetic_draws": 0},
        "inputs": {"base": {"id": "tiny"}, "shards": {"manifest": KEY}, "concepts": [{"name": "cuia"}]},
        "held_out_before": {"concept": 1.0}, "held_out_after": {"concept": 0.5},
        "grid": "grids/step-00000006.png", "grid_missing": None,
        "audit": {"pictures": 2, "near_copies": [{"sha256": KEY, "likeness": 0.7}]}, **more,
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "samples.jsonl").write_text(json.dumps({"sha256": KEY, "times_drawn": 18}) + "\n", encoding="utf-8")
    return folder


def test_main_process_alone_prints_and_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("diffusers", reason="extra 'models' is not installed")
    seen: list[dict[str, Any]] = []

    def trained(settings: Any, shards: Path, folder: Path, *, resume: bool, progress: Any) -> Any:
        seen.append({"resume": resume, "tells": progress is not None, "batch_size": settings.data.batch_size})
        return ended(folder)

    monkeypatch.setattr("finetune.train.train", trained)  # what it does stands in tests/finetune
    with db.writing(tmp_path):
        pass
    desk = at_desk(None, tmp_path, False)
    monkeypatch.setenv("RANK", "1")
    run_training(desk, "demo", tmp_path, tmp_path / "second", {"data.batch_size": 5}, fresh=True)
    assert db.rows(tmp_path, "SELECT count(*) AS runs FROM runs") == [{"runs": 0}]
    monkeypatch.setenv("RANK", "0")
    run_training(desk, "demo", tmp_path, tmp_path / "first")
    assert db.rows(tmp_path, "SELECT command FROM runs") == [{"command": "finetune"}]
    assert seen == [
        {"resume": False, "tells": False, "batch_size": 5},
        {"resume": True, "tells": True, "batch_size": 8},
    ]
    assert capsys.readouterr().out == ""
    assert os.environ["RANK"] == "0"


def test_run_of_another_machine_reaches_why_and_withdraw(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    archive = Archive(workspace)
    item = archive.add("a.jpg", encoded(drawn(1, 64)), title="A cuia")
    assert item.sha256
    folder = ended(tmp_path / "copied" / "from-elsewhere")
    (folder / "samples.jsonl").write_text(json.dumps({"sha256": item.sha256, "times_drawn": 18}) + "\n", encoding="utf-8")
    recorded = record(workspace, folder)
    assert (recorded.pictures, recorded.rows_new > 0) == (1, True)
    assert record(workspace, folder).rows_new == 0
    places = [one for one in why(workspace, item.candidate_id)["whereabouts"] if one["kind"] == "training"]
    assert [one["name"] for one in places] == [recorded.run_id]
    assert "18" in places[0]["detail"]
    assert plan_withdrawal(workspace, item.candidate_id).training_runs == (recorded.run_id,)


def test_run_recorded_before_its_end_says_its_end_when_it_is_recorded_again(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    Archive(workspace)
    folder = ended(tmp_path / "run")
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps({**run, "outcome": "interrupted"}), encoding="utf-8")
    (folder / "samples.jsonl").write_text(json.dumps({"sha256": KEY, "times_drawn": 3}) + "\n", encoding="utf-8")
    record(workspace, folder)
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "samples.jsonl").write_text(json.dumps({"sha256": KEY, "times_drawn": 9}) + "\n", encoding="utf-8")
    for _ in range(2):
        record(workspace, folder)
        assert db.rows(workspace, "SELECT outcome FROM runs WHERE run_id = ?", [run["run_id"]]) == [{"outcome": "done"}]
        assert db.rows(workspace, "SELECT times_drawn FROM trained_on") == [{"times_drawn": 9}]
