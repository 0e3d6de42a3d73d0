"""Spool and pour: nothing lost, nothing twice, whatever happens in between."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from small_catalogue import by, candidate, content, stored

from base.errors import BusyError, NoSpaceError, SourceError
from catalog import db, runs, spool
from catalog.records import Measure
from catalog.store import Store

WORK = """
import sys
from pathlib import Path
from catalog import runs
from small_catalogue import candidate, stored
with runs.begin(Path(sys.argv[1]), "harvest", {}) as run:
    for number in range(6):
        sha256 = stored(run, f"picture {number}".encode())
        run.add("candidates", candidate(f"{number}.jpg", sha256), durable=True)
        run.count("stored")
"""


def _work(workspace: Path, kill_at: str | None) -> int:
    environment = {"PYTHONPATH": f"{Path(__file__).parents[2]}:{Path(__file__).parents[1] / 'support'}", "PATH": "/usr/bin:/bin"}
    if kill_at:
        environment["FOTOTECA_KILL_AT"] = kill_at
    return subprocess.run([sys.executable, "-c", WORK, str(workspace)], env=environment, check=False).returncode


@pytest.mark.parametrize(
    "place",
    [
        "store.before_group_sync:2",
        "store.before_rename:3",
        "store.after_rename:4",
        "spool.mid_line:5",
        "spool.after_line:6",
        "pour.before",
        "pour.inside",
        "pour.after",
    ],
)
def test_killed_at_any_point_and_run_again_gives_the_same_content(tmp_path: Path, place: str) -> None:
    assert _work(tmp_path / "undisturbed", None) == 0
    assert _work(tmp_path / "killed", place) == -9
    assert _work(tmp_path / "killed", None) == 0
    assert content(tmp_path / "killed") == content(tmp_path / "undisturbed")
    assert Store(tmp_path / "killed").names() == Store(tmp_path / "undisturbed").names()
    assert list((tmp_path / "killed" / "store" / "incoming").iterdir()) == []


def test_an_abandoned_run_is_recorded_as_interrupted(tmp_path: Path) -> None:
    assert _work(tmp_path, "spool.mid_line:5") == -9
    poured = runs.pour_abandoned(tmp_path)
    assert [set(tables) for tables in poured.values()] == [{"candidates", "images"}]
    assert db.rows(tmp_path, "SELECT outcome FROM runs") == [{"outcome": "interrupted"}]


def test_pouring_again_inserts_nothing(workspace: Path) -> None:
    with runs.begin(workspace, "harvest", {}) as run:
        run.add("candidates", candidate("a.jpg", stored(run, b"a")))
    before = content(workspace)
    archived = workspace / "spool" / "poured" / run.run_id
    with db.writing(workspace) as connection:
        assert spool.pour(connection, archived) == {}
    assert content(workspace) == before


def test_a_statement_that_says_nothing_new_is_skipped_and_a_b_a_is_three_rows(workspace: Path) -> None:
    for version in ("4.0", "4.0", "3.0", "4.0"):
        with runs.begin(workspace, "harvest", {}) as run:
            run.add("candidates", candidate("a.jpg", rights=by(version)))
    found = db.rows(workspace, "SELECT rights_version FROM candidates ORDER BY run_id")
    assert [row["rights_version"] for row in found] == ["4.0", "3.0", "4.0"]
    assert db.rows(workspace, "SELECT rights_version FROM current_candidates") == [{"rights_version": "4.0"}]


def test_measures_are_stored_once_a_version(workspace: Path) -> None:
    for version in ("1", "1", "2"):
        with runs.begin(workspace, "curate", {}) as run:
            run.add("measures", {"sha256": "0" * 64, "measure": "sharpness", "version": version, "value": 0.5})
    assert db.rows(workspace, "SELECT version FROM measures ORDER BY version") == [{"version": "1"}, {"version": "2"}]


def test_a_failed_run_keeps_what_it_gathered_and_its_error(workspace: Path) -> None:
    with pytest.raises(SourceError, match="the sheet ended"), runs.begin(workspace, "harvest", {}) as run:
        run.add("candidates", candidate("a.jpg"))
        raise SourceError("the sheet ended")
    assert db.rows(workspace, "SELECT outcome, error FROM runs") == [{"outcome": "failed", "error": "the sheet ended"}]
    assert db.rows(workspace, "SELECT count(*) AS items FROM candidates") == [{"items": 1}]


def test_a_held_catalogue_loses_nothing_and_ingest_pours_it(
    workspace: Path, foreign_holder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(db, "PATIENCE_S", 0.3)
        with pytest.raises(BusyError, match=rf"PID {foreign_holder}.*1 records wait.*fototeca ingest"):  # noqa: SIM117
            with runs.begin(workspace, "harvest", {}) as run:
                run.add("candidates", candidate("a.jpg"))
    os.kill(foreign_holder, signal.SIGKILL)
    time.sleep(0.2)
    poured = runs.pour_abandoned(workspace)
    assert list(poured.values()) == [{"candidates": 1}]
    assert db.rows(workspace, "SELECT outcome FROM runs") == [{"outcome": "done"}]


def test_the_same_stage_twice_is_refused_at_once(workspace: Path) -> None:
    with (
        runs.begin(workspace, "harvest", {}),
        pytest.raises(BusyError, match="already running"),
        runs.begin(workspace, "harvest", {}),
    ):
        pass


def test_different_stages_run_together(workspace: Path) -> None:
    with runs.begin(workspace, "harvest", {}) as one:
        one.add("candidates", candidate("a.jpg"))
        with runs.begin(workspace, "curate", {}) as two:
            two.count("judged")
    assert db.rows(workspace, "SELECT count(*) AS runs FROM runs WHERE outcome = 'done'") == [{"runs": 2}]


def test_an_unknown_column_is_refused_before_it_is_lost(workspace: Path) -> None:
    with pytest.raises(KeyError, match="no column shapness"), runs.begin(workspace, "curate", {}) as run:
        run.add("measures", {"sha256": "0" * 64, "measure": "x", "version": "1", "shapness": 0.5})


def test_a_row_that_breaks_a_rule_names_its_file(workspace: Path) -> None:
    with pytest.raises(SourceError, match=r"splits\.jsonl cannot be poured"), runs.begin(workspace, "curate", {}) as run:
        run.add("splits", {"anchor": "x", "split": "holdout"})


def test_text_in_any_script_survives_the_pour(workspace: Path) -> None:
    title = 'Chimarrão "da\\tarde"\n— 水墨 🧉 \u202eabc'
    with runs.begin(workspace, "harvest", {}) as run:
        run.add("candidates", candidate("a.jpg", title=title))
    assert db.rows(workspace, "SELECT title FROM candidates") == [{"title": title}]


@pytest.mark.parametrize(("name", "text"), [("run.json", "rubbish"), ("run.json", "{}"), ("end.json", "[]")])
def test_a_damaged_marker_of_a_spool_is_named_with_the_way_on(workspace: Path, name: str, text: str) -> None:
    assert _work(workspace, "spool.after_line") != 0
    (folder,) = (path.parent for path in (workspace / "spool").glob("*/run.json"))
    (folder / name).write_text(text)
    with pytest.raises(SourceError, match=r"is damaged: .* out of the spool"):
        runs.pour_abandoned(workspace)


def test_a_full_disk_under_the_catalogue_is_its_own_error(workspace: Path) -> None:
    with pytest.raises(NoSpaceError, match="no space left"), db.writing(workspace):
        # DuckDB's own words on a full tmpfs, seen with 2.0.0
        raise duckdb.TransactionException("Failed to commit: Could not write file: No space left on device")


def test_another_programs_database_is_left_as_it_is(workspace: Path) -> None:
    workspace.mkdir(exist_ok=True)
    with duckdb.connect(str(db.catalogue_path(workspace))) as connection:
        connection.execute("CREATE TABLE candidates (x INTEGER)")
    before = db.catalogue_path(workspace).read_bytes()
    with pytest.raises(SourceError, match="no fototeca's"):
        db.rows(workspace, "SELECT 1")
    assert db.catalogue_path(workspace).read_bytes() == before


def test_a_long_spool_is_poured_in_parts_with_the_same_content(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(place: Path) -> None:
        with runs.begin(place, "harvest", {}) as run:
            for number in range(40):
                run.add("candidates", candidate(f"{number % 30}.jpg", stored(run, str(number % 30).encode())))

    fill(tmp_path / "at_once")
    monkeypatch.setattr(spool, "PART_BYTES", 700)
    fill(workspace)
    assert content(workspace) == content(tmp_path / "at_once")
    assert len(db.rows(workspace, "SELECT 1 AS one FROM candidates")) == 30
    assert list((workspace / "spool" / "poured").rglob("*.part")) == []


def test_rows_spooled_together_give_the_lines_that_they_give_one_by_one(tmp_path: Path) -> None:
    rows = [candidate(f"{number}.jpg") for number in range(3)]
    facts = [
        {"sha256": "0" * 64, "measure": "x", "version": "1", "value": 0.5, "measured_at": "2026-11-21 10:00:00"},
        Measure(sha256="1" * 64, measure="x", version="1", bits=2**64 - 1),
    ]
    for name, together in (("together", True), ("apart", False)):
        lines = spool.Spool(tmp_path / name, "a-run")
        for table, some in (("candidates", rows), ("measures", facts)):
            if together:
                lines.add_all(table, some[:2])
                lines.add_all(table, some[2:])
            else:
                for row in some:
                    lines.add(table, row)
        lines.close()
    for table in ("candidates", "measures"):
        pairs = zip(
            *((tmp_path / name / f"{table}.jsonl").read_text().splitlines() for name in ("together", "apart")), strict=True
        )
        for one, other in pairs:
            assert _without_time(one) == _without_time(other)


def _without_time(line: str) -> str:
    return re.sub(r'"(stated_at|measured_at)":"[^"]*"', "", line)


def test_of_many_rows_with_one_unknown_column_none_is_written(tmp_path: Path) -> None:
    lines = spool.Spool(tmp_path, "a-run")
    good = {"sha256": "0" * 64, "measure": "x", "version": "1", "value": 0.5}
    with pytest.raises(KeyError, match="no column shapness"):
        lines.add_all("measures", [good, {**good, "shapness": 1}])
    lines.add_all("measures", [])
    lines.add_all("measures", [good])
    lines.close()
    assert [line["line"] for line in map(json.loads, (tmp_path / "measures.jsonl").read_text().splitlines())] == [1]


def test_the_lines_of_a_file_keep_their_order_in_the_catalogue(workspace: Path) -> None:
    """Each picture's measures stay beside one another, in the order of the SHA-256: so a look for one picture reads little."""
    with runs.begin(workspace, "curate", {}) as run:
        run.add_all(
            "measures", [Measure(sha256=f"{n // 3:064x}", measure=f"m{n % 3}", version="1", value=n) for n in range(9_000)]
        )
        run.add("measures", Measure(sha256="0" * 64, measure="m0", version="1", value=-1.0))  # said twice: the later counts
    found = [row["value"] for row in db.rows(workspace, "SELECT value FROM measures ORDER BY rowid")]
    assert found == [*map(float, range(1, 9_000)), -1.0]
