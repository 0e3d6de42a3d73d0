"""A small curated archive for the export's tests: pictures under several licences, one variation, one waiting, one refused."""

import shutil
from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded

from catalog.records import Rights
from catalog.rights import read_rights
from curate.curate import curate

CUIA = """
[[concept]]
name = "chimarrão"
class_noun = "drinking gourd"
rare_token = "chmrr"
target = 20
[concept.words]
pt = ["cuia"]
"""
NC = Rights(**{**vars(read_rights("CC BY-NC 4.0")), "credit_line": "Ana, CC BY-NC"})
DUAL = Rights(**{**vars(read_rights("CC BY-NC 4.0")), "alternatives": (read_rights("CC BY-SA 4.0"), read_rights("CC BY 4.0"))})


@pytest.fixture(scope="session")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once; tests work on copies of it."""
    archive = Archive(tmp_path_factory.mktemp("curated") / "workspace")
    archive.folder.mkdir()
    (archive.folder / "concepts.toml").write_text(CUIA, encoding="utf-8")
    for number in range(4):
        words = {"title": f"Roda {number}", "creator": "Zé <da> Silva", "caption": "Roda com uma cuia"}
        archive.add(f"by{number}", encoded(drawn(number), "JPEG"), page_url="https://acervo.example/1", **words)
    archive.add("nc", encoded(drawn(10)), licence=NC, creator="Ana")
    archive.add("dual", encoded(drawn(11)), licence=DUAL, title="=HYPERLINK(1)")
    archive.add("nd", encoded(drawn(12)), licence="CC BY-ND 4.0")
    archive.add("arr", encoded(drawn(13)), licence="All rights reserved", title="Segredo")
    curate(archive.folder)
    parent = archive.rows("SELECT sha256 FROM kept WHERE split = 'train' AND source_id LIKE 'by%' ORDER BY sha256")[0]["sha256"]
    archive.vary(parent, encoded(drawn(50)), concept="chimarrão")
    curate(archive.folder)
    return archive.folder


@pytest.fixture
def archive(curated: Path, tmp_path: Path) -> Archive:
    """A copy of the curated archive, to export from and to change."""
    shutil.copytree(curated, tmp_path / "workspace")
    return Archive(tmp_path / "workspace")
