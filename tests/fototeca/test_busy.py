"""Two at once: the second is told by whom the place is held, leaves with 4, and loses nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_folder import PICTURES, save_collection

from base import locks
from catalog import db, runs

Run = Callable[..., subprocess.CompletedProcess[str]]
HARVEST = ("harvest", "folder", "pictures", "--sheet", "pictures/sheet.csv")
HOLD = "import duckdb, sys, time; held = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(200)"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    save_collection(tmp_path / "pictures")
    with db.writing(tmp_path):
        pass
    return tmp_path


@pytest.fixture
def foreigner(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program (a duckdb shell, say) that has the catalogue open for writing."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(place / "catalog.duckdb")], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.readline()
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


@pytest.mark.parametrize(
    "words", [HARVEST, ("curate",), ("export", "out"), ("decide", "0.jpg", "keep", "--reason", "r", "--by", "b")]
)
def test_the_same_stage_twice_is_refused_at_once_with_4(fototeca: Run, place: Path, words: tuple[str, ...]) -> None:
    if words[0] == "decide":
        assert fototeca(*HARVEST, cwd=place).returncode == 0
    with locks.held(runs.lock_path(place, words[0]), "held by this test"):
        done = fototeca(*words, cwd=place)
    assert done.returncode == 4, done.stderr
    assert f"PID {os.getpid()}" in done.stderr


def test_a_held_catalogue_is_named_and_what_was_gathered_is_poured_later(
    fototeca: Run, place: Path, foreigner: subprocess.Popen[str]
) -> None:
    # the folder source asks the catalogue what it knows already; a foreigner who comes later meets the pour
    asked = fototeca(*HARVEST, cwd=place, PATIENCE_S="1")
    assert asked.returncode == 4
    assert f"PID {foreigner.pid}" in asked.stderr
    foreigner.send_signal(signal.SIGKILL)
    foreigner.wait()
    assert fototeca(*HARVEST, cwd=place).returncode == 0
    held = db.rows(place, "SELECT count(*) AS items FROM current_candidates WHERE outcome = 'stored'")
    assert held == [{"items": PICTURES + 3}]


def test_a_catalogue_taken_before_the_pour_keeps_the_spool_and_ingest_finishes(fototeca: Run, place: Path) -> None:
    assert fototeca(*HARVEST, cwd=place, kill_at="pour.before").returncode == -9
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(place / "catalog.duckdb")], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        refused = fototeca("ingest", cwd=place, PATIENCE_S="1")
        assert refused.returncode == 4
        assert f"PID {holder.pid}" in refused.stderr
        assert "records wait" in refused.stderr
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert fototeca("ingest", cwd=place).returncode == 0
    assert db.rows(place, "SELECT count(*) AS items FROM images") == [{"items": PICTURES + 3}]
