"""A whole curation with small models: it embeds, compares and judges, does nothing the second time, and resumes after a kill."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from curated_archive import Archive, drawn, encoded
from tiny_models import set_models

from catalog import db
from curate.curate import CurateReport, curate

KILLED = "import sys, pathlib; from curate import curate, embed; embed.BATCH = 2; curate.curate(pathlib.Path(sys.argv[1]))"
CONCEPTS = """
[[concept]]
name = "cuia"
words = {pt = ["cuia", "porongo"], en = ["gourd"]}
class_noun = "gourd"
rare_token = "sks"
"""
LINES_BEFORE = 2  # the concept, and that a caption names it


def _content(folder: Path) -> dict[str, list[Any]]:
    """What a curation writes, its numbers to six digits: the last bits of a vector depend on who shares its batch."""
    content = {}
    with db.reading(folder) as connection:
        for table in ("embeddings", "likeness", "pairs", "measures", "decisions", "depictions"):
            columns = [name for name in db.columns(table) if name != "run_id" and not name.endswith("_at")]
            content[table] = connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL").fetchall()
    return content


def _assert_alike(ours: Any, theirs: Any) -> None:
    if isinstance(ours, float | int):
        assert ours == pytest.approx(theirs, abs=3e-6)
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        _assert_alike(list(ours.values()), list(theirs.values()))
    elif isinstance(ours, list | tuple):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            _assert_alike(one, other)
    else:
        assert ours == theirs


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven pictures, one of them twice and one varied, measured before there were models."""
    archive = Archive(tmp_path_factory.mktemp("measured"))
    archive.add_all({f"{number}.png": encoded(drawn(number, 120)) for number in range(4)})
    archive.add("copy.jpg", encoded(drawn(1, 120).resize((110, 110)), "JPEG"), caption="Uma cuia", concepts=("cuia",))
    parent = archive.add("parent.png", encoded(drawn(5, 120)), caption="Um campo").sha256 or ""
    archive.vary(parent, encoded(drawn(6, 120)))
    curate(archive.folder)
    set_models(archive.folder)
    (archive.folder / "concepts.toml").write_text(CONCEPTS, encoding="utf-8")
    return archive.folder


@pytest.fixture(scope="module")
def curated(measured: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CurateReport]:
    folder = shutil.copytree(measured, tmp_path_factory.mktemp("curated") / "copy")
    return folder, curate(folder)


def test_a_curation_embeds_and_compares_all_that_is_there(curated: tuple[Path, CurateReport]) -> None:
    folder, report = curated
    assert (report.measured, report.embedded) == (0, 14)
    kinds = "SELECT kind, count(*) AS n FROM likeness GROUP BY kind ORDER BY kind"
    # 3 captions and the parent beside its variation's prompt; 7 pictures and 1 concept; a parent for each of two models
    assert {row["kind"]: row["n"] for row in db.rows(folder, kinds)} == {"caption": 4, "concept": 7, "parent": 2}
    assert report.compared == 13
    copies = db.rows(folder, "SELECT a, b FROM pairs WHERE kind = 'copy' AND distance < 0.05")
    names = {row["title"]: row["sha256"] for row in db.rows(folder, "SELECT title, sha256 FROM records WHERE kind = 'harvested'")}
    assert [{row["a"], row["b"]} for row in copies] == [{names["1.png"], names["copy.jpg"]}]
    assert report.alike["copy"] == len(db.rows(folder, "SELECT a FROM pairs WHERE kind = 'copy'"))


def test_a_second_curation_has_nothing_to_do(curated: tuple[Path, CurateReport]) -> None:
    again = curate(curated[0])
    assert (again.changed, again.embedded, again.compared, dict(again.alike)) == (False, 0, 0, {"semantic": 0, "copy": 0})


def test_killed_while_embedding_it_goes_on_with_what_is_left(
    measured: Path, curated: tuple[Path, CurateReport], tmp_path: Path
) -> None:
    folder = shutil.copytree(measured, tmp_path / "killed")
    environment = {**os.environ, "FOTOTECA_KILL_AT": f"spool.after_line:{LINES_BEFORE + 5}"}
    command = [sys.executable, "-c", KILLED, str(folder)]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    report = curate(folder)
    assert report.embedded == 14 - 5
    _assert_alike(_content(folder), _content(curated[0]))
