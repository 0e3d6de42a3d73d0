"""The gallery: every picture with its credit and verdict, escaped, the same each time, and no other folder is touched."""

import hashlib
import re
from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded

from base.errors import UsageError
from export.gallery import write_gallery


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_picture_has_its_credit_verdict_and_reason(archive: Archive, tmp_path: Path) -> None:
    report = write_gallery(archive.folder, tmp_path / "gallery")
    assert (report.kept, report.waiting, report.left_out, report.thumbnails) == (8, 0, 1, 9)
    page = (tmp_path / "gallery" / "index.html").read_text(encoding="utf-8")
    assert "Zé &lt;da&gt; Silva" in page or "Roda 0" in page
    assert "<da>" not in page
    assert "Segredo" in page
    assert "All rights reserved" in page
    assert "a gourd" in page
    assert '<html lang="en">' in page
    assert "http" not in "".join(re.findall(r'(?:src|@import)[= ]"([^"]*)"', page))  # it works without a network
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) == 9
    assert all('alt="' in one for one in images)


def test_made_twice_it_is_the_same(archive: Archive, tmp_path: Path) -> None:
    write_gallery(archive.folder, tmp_path / "one")
    write_gallery(archive.folder, tmp_path / "two")
    write_gallery(archive.folder, tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_a_picture_s_words_cannot_bring_code_into_the_page(archive: Archive, tmp_path: Path) -> None:
    evil = '"><script>alert(1)</script>'
    archive.add("evil", encoded(drawn(77)), title=evil, caption=evil, creator=evil, concepts=(evil,))
    write_gallery(archive.folder, tmp_path / "gallery")
    assert "<script" not in (tmp_path / "gallery" / "index.html").read_text(encoding="utf-8")


def test_a_website_s_folder_is_left_alone(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>My page</h1>")
    with pytest.raises(UsageError, match="no gallery"):
        write_gallery(archive.folder, tmp_path)
    assert (tmp_path / "index.html").read_text() == "<h1>My page</h1>"


def test_a_file_in_place_of_the_folder_is_named(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        write_gallery(archive.folder, tmp_path / "notes.txt")
