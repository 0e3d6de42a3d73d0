"""Fixtures of the catalogue's tests: a small collection, and a foreign program that holds the file."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_catalogue import candidate, stored

from catalog import db, runs
from catalog.records import Depiction, Group, Rights, Split

HOLD = """
import duckdb, sys, time
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
time.sleep(120)
"""


@pytest.fixture
def foreign_holder(workspace: Path) -> Iterator[int]:
    """The PID of another program that has the catalogue open for writing."""
    with db.writing(workspace):
        pass
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(workspace / "catalog.duckdb")], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    yield child.pid
    child.kill()
    child.wait()
    child.stdout.close()


@pytest.fixture
def collection(workspace: Path) -> dict[str, str]:
    """Three candidates, two of them held and judged; returns sha256 by file name."""
    held: dict[str, str] = {}
    with runs.begin(workspace, "harvest", {}) as run:
        for name in ("a/one.jpg", "b/two.jpg"):
            held[name] = stored(run, name.encode())
            run.add("candidates", candidate(name, held[name], concepts=("araucária",)))
        run.add("candidates", candidate("three.jpg", rights=Rights(family="unknown", flags=("refuse",))))
    with runs.begin(workspace, "curate", {}) as run:
        for sha256 in held.values():
            run.add("groups", Group(anchor=sha256, member=sha256))
            run.add("splits", Split(anchor=sha256, split="train"))
        run.add(
            "depictions", Depiction(subject=candidate("a/one.jpg").candidate_id, concept="pampas", source="caption", score=1.0)
        )
        run.add(
            "decisions",
            {
                "subject": candidate("three.jpg").candidate_id,
                "criterion": "rights_not_cleared",
                "version": "1",
                "verdict": "exclude",
                "reason": "No licence is stated.",
                "evidence": {"family": "unknown"},
                "who": "criteria",
            },
        )
    return held
