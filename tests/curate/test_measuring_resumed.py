"""Measuring is taken up where it was killed, and a picture that ends its process is one bad picture and no more."""

import os
import signal
import subprocess
import sys

import pytest
from curated_archive import Archive, drawn, encoded
from deadly_measures import DEADLY, measure_or_die

from base import plugins
from catalog import runs
from curate import measure

CODE = """
import sys, pathlib
from catalog import runs
from curate import measure
workspace = pathlib.Path(sys.argv[1])
with runs.begin(workspace, "curate", {}) as run:
    print(measure.measure(workspace, run).images)
"""


def _measured(archive: Archive, kill_at: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "FOTOTECA_KILL_AT": kill_at}
    command = [sys.executable, "-c", CODE, str(archive.folder)]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def test_a_killed_measuring_goes_on_with_what_is_left(archive: Archive) -> None:
    archive.add_all({f"{number}.png": encoded(drawn(number, 64)) for number in range(8)})
    lines = sum(len(found) for _, found in measure.measure_batch(measure.missing(archive.folder)))
    assert _measured(archive, f"spool.after_line:{lines // 2}").returncode == -signal.SIGKILL
    again = _measured(archive)
    assert again.returncode == 0, again.stderr
    assert 4 <= int(again.stdout) <= 5  # half are poured from what the killed run left, one was cut through
    assert measure.missing(archive.folder) == []
    double = "SELECT count(*) - count(DISTINCT (sha256, measure, version)) AS n, count(*) AS rows FROM measures"
    assert archive.rows(double) == [{"n": 0, "rows": lines}]


def test_a_picture_that_kills_its_process_is_unreadable_and_the_others_are_measured(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "BATCH", 3)
    monkeypatch.setattr(measure, "measure_batch", measure_or_die)
    files = {f"{number}.png": encoded(drawn(number, 64)) for number in range(5)}
    archive.add_all({**files, "deadly.png": encoded(drawn(20, 64)) + DEADLY})
    with runs.begin(archive.folder, "curate", {}) as run:
        measured = measure.measure(archive.folder, run)
    assert (measured.images, measured.unreadable) == (6, 1)
    said = archive.rows("SELECT word FROM measures WHERE measure = 'decode_detail'")
    assert "died" in said[0]["word"]
    assert measure.missing(archive.folder) == []


def test_a_new_version_of_one_measure_asks_for_that_measure_only(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    item = archive.add("a.png", encoded(drawn(1, 64)))
    with runs.begin(archive.folder, "curate", {}) as run:
        measure.measure(archive.folder, run)
    assert measure.missing(archive.folder) == []
    monkeypatch.setattr(plugins.load(measure.MEASURES, "sharpness"), "VERSION", "sharpness/of-tomorrow")
    assert [(ask[0], ask[2]) for ask in measure.missing(archive.folder)] == [(item.sha256, ("sharpness",))]
