"""The commands parse, call, print, and leave with the design's exit codes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fototeca.desk import plain
from fototeca.main import main

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_bare_fototeca_says_how_to_begin(fototeca: Run, tmp_path: Path) -> None:
    done = fototeca(cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "There is no catalogue here yet" in done.stdout
    assert "fototeca demo" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_status_as_json_is_one_document(fototeca: Run, tmp_path: Path) -> None:
    done = fototeca("--json", "status", "--workspace", tmp_path)
    assert json.loads(done.stdout)["exists"] is False
    assert json.loads(fototeca("status", "--json", FOTOTECA_HOME=str(tmp_path)).stdout)["workspace"] == str(tmp_path)


def test_init_writes_examples_once_and_leaves_yours_alone(fototeca: Run, tmp_path: Path) -> None:
    (tmp_path / "curation.toml").write_text("purpose = 'commercial'\n")
    done = fototeca("init", "--json", "--workspace", tmp_path)
    assert json.loads(done.stdout)["written"] == ["concepts.toml", "restricted.toml"]
    assert json.loads(fototeca("init", "--json", "--workspace", tmp_path).stdout)["written"] == []
    assert (tmp_path / "curation.toml").read_text() == "purpose = 'commercial'\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nonsense",), 2, "No such command"),
        (("sql", "SELECT 1"), 2, "there is no catalogue"),
        (("why", "x"), 2, "there is no catalogue"),
        (("harvest", "folder", "absent", "--sheet", "absent.csv"), 2, "absent"),
        (("export", "out", "--purpose", "fun"), 2, "fun"),
        (("finetune", "no-such-recipe", "--shards", "x"), 2, "no-such-recipe"),
        (("finetune", "demo", "--shards", "absent"), 3, "no manifest.json"),
        (("augment", "--recipe", "no-such-recipe"), 2, "no-such-recipe"),
        (("record", "absent"), 3, "run.json"),
        (("rights",), 2, "--from FILE"),
        (("rights", "--from", "absent.txt"), 3, "absent.txt"),
    ],
)
def test_a_wrong_command_says_what_where_and_leaves_with_its_code(
    fototeca: Run, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = fototeca(*words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_is_machine_readable_with_json(fototeca: Run, tmp_path: Path) -> None:
    done = fototeca("sql", "SELECT 1", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["exit_code"] == 2


def test_rights_reads_one_value_a_line(fototeca: Run, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text('CC BY-SA 4.0\n{"flickr": "9"}\n"© Maria"\n', encoding="utf-8")
    done = fototeca("rights", "--from", "lines.txt", "--json", cwd=tmp_path)
    cases = [json.loads(line) for line in done.stdout.splitlines()]
    assert [case["family"] for case in cases] == ["by-sa", "cc0", "arr"]
    assert cases[1]["input"] == {"flickr": "9"}
    assert set(cases[0]) == {
        "input", "family", "version", "jurisdiction", "derivatives", "commercial", "redistribute", "attribution",
        "share_alike", "flags",
    }  # fmt: skip
    assert "by-sa 4.0" in fototeca("rights", "CC BY-SA 4.0", cwd=tmp_path).stdout


def test_sources_and_criteria_are_listed(fototeca: Run, tmp_path: Path) -> None:
    listed = json.loads(fototeca("sources", "--json", cwd=tmp_path).stdout)
    assert {"folder", "iiif"} <= {row["source"] for row in listed}
    judged = json.loads(fototeca("criteria", "--json", cwd=tmp_path).stdout)
    assert {"rights_not_cleared", "opted_out", "unreadable", "too_small", "same_bytes", "near_duplicate"} <= {
        row["criterion"] for row in judged
    }


@pytest.mark.parametrize("words", [("nonsense",), ("decide",), ("export", "x", "--limit", "0"), ("harvest", "folder", "x")])
def test_a_usage_error_as_json_is_one_document_too(fototeca: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = fototeca(*words, "--json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["exit_code"]) == (2, 2)


def test_rubbish_lines_of_licences_neither_crash_nor_break_the_json(fototeca: Run, tmp_path: Path) -> None:
    (tmp_path / "half.txt").write_text('"\\ud800"\n')
    (tmp_path / "deep.txt").write_text('{"a":' * 100_000)
    done = fototeca("rights", "--from", tmp_path / "half.txt", "--json")
    assert (done.returncode, json.loads(done.stdout)["family"]) == (0, "unknown")
    deep = fototeca("rights", "--from", tmp_path / "deep.txt", "--json")
    assert (deep.returncode, json.loads(deep.stdout)["kind"]) == (3, "SourceError")


def test_numbers_that_json_does_not_know_are_words() -> None:
    assert plain({"x": float("nan"), "y": [float("inf"), 1.5]}) == {"x": "nan", "y": ["inf", 1.5]}


def test_ctrl_c_says_that_what_was_gathered_is_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("fototeca.main.app", lambda *_, **__: 130)  # typer's answer to it
    with pytest.raises(SystemExit) as stop:
        main(["curate", "--json"])
    said = capsys.readouterr()
    assert (stop.value.code, json.loads(said.out)["exit_code"]) == (130, 130)
    assert "is kept" in said.err


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("CC BY 4.0\n" * 5000)
    command = [sys.executable, "-m", "fototeca", "rights", "--from", str(tmp_path / "many.txt"), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
