"""Killed at its worst moments, a curation is taken up again and ends with the same content as an undisturbed one."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from curated_archive import Archive, drawn, encoded

from catalog import db
from curate.curate import curate

KILLED_AT = ("spool.mid_line", "spool.after_line", "pour.inside", "pour.before", "pour.after")


def _filled(folder: Path) -> Archive:
    archive = Archive(folder)
    archive.add("a.png", encoded(drawn(1, 300)), concepts=("cuia",))
    archive.add("b.jpg", encoded(drawn(1, 260), "JPEG"))
    archive.add("c.jpg", encoded(drawn(1, 240), "JPEG"), licence="")
    archive.add("d.png", encoded(drawn(2, 100)))
    archive.add("e.png", encoded(drawn(3, 260)))
    return archive


def _content(folder: Path) -> dict[str, list[Any]]:
    """All tables but runs, without run ids and times, sorted: what the design calls the same content."""
    content = {}
    with db.reading(folder) as connection:
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        for table in sorted(set(tables) - {"runs", "upgrades"}):
            columns = [name for name in db.columns(table) if name != "run_id" and not name.endswith("_at")]
            content[table] = connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL").fetchall()
    return content


def _killed(folder: Path, where: str) -> bool:
    code = "import sys, pathlib; from curate.curate import curate; curate(pathlib.Path(sys.argv[1]))"
    environment = {**os.environ, "FOTOTECA_KILL_AT": where}
    return subprocess.run([sys.executable, "-c", code, str(folder)], env=environment, check=False).returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def harvested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _filled(tmp_path_factory.mktemp("harvested")).folder


@pytest.fixture(scope="module")
def undisturbed(harvested: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    folder = shutil.copytree(harvested, tmp_path_factory.mktemp("undisturbed") / "copy")
    curate(folder)
    return _content(folder)


@pytest.mark.parametrize("point", KILLED_AT)
def test_the_same_content_after_a_kill(point: str, harvested: Path, tmp_path: Path, undisturbed: dict[str, list[Any]]) -> None:
    folder = shutil.copytree(harvested, tmp_path / "killed")
    times = (1, 2, 4) if point == "pour.inside" else (7, 40, 75) if point.startswith("spool") else (1,)
    died = [_killed(folder, f"{point}:{time}") for time in times]
    assert any(died)
    curate(folder)
    assert _content(folder) == undisturbed
    assert not curate(folder).changed
