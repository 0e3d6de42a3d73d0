"""Harvesting a folder with its sheet: every row and every file accounted for, and bytes only where rights allow."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawn_pictures import drawn

from base.errors import SourceError, UsageError
from catalog import db
from catalog.store import Store
from harvest.crawl import harvest_folder
from harvest.sniff import sniffed

Write = Callable[..., Path]


def current(workspace: Path) -> dict[str, dict[str, Any]]:
    sql = "SELECT * FROM candidates QUALIFY row_number() OVER (PARTITION BY candidate_id ORDER BY run_id DESC) = 1"
    return {row["source_id"]: row for row in db.rows(workspace, sql)}


def put(folder: Path, *names: str) -> None:
    for number, name in enumerate(names, 1):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn(number))


def test_bytes_are_kept_exactly_and_described(workspace: Path, folder: Path, write_sheet: Write) -> None:
    put(folder, "mate/cuia.jpg")
    sheet = write_sheet("ficheiro;licença;título;autor;conceito;sala", "mate/cuia.jpg;CC BY 4.0;Cuia;João;mate | cuia;7")
    report = harvest_folder(workspace, folder, sheet, concept="chimarrão")
    row = current(workspace)["mate/cuia.jpg"]
    assert report.sentence() == "1 candidate: 1 stored"
    assert (report.new, report.changed, report.unchanged, report.images_added) == (1, 0, 0, 1)
    assert row["source"] == "folder:atelier"
    assert row["concepts"] == ["mate", "cuia", "chimarrão"]
    assert row["credit_line"] == "Cuia, João, CC BY 4.0"
    assert '"sala":"7"' in row["other"]
    assert Store(workspace).read(row["sha256"]) == (folder / "mate/cuia.jpg").read_bytes()
    (image,) = db.rows(workspace, "SELECT format, width_px, height_px, origin FROM images")
    assert image == {"format": "JPEG", "width_px": 48, "height_px": 36, "origin": "harvested"}


def test_every_row_and_every_file_is_accounted_for(workspace: Path, folder: Path, write_sheet: Write, tmp_path: Path) -> None:
    put(folder, "good.jpg", "arr.jpg", "no_row.jpg", "IMG.JPG", "sub/araucária.jpg")
    (tmp_path / "secret.jpg").write_bytes(drawn(99))
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    (folder / "page.jpg").write_bytes(b"<!DOCTYPE html><html>sorry</html>")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("notes")
    (folder / ".hidden.jpg").write_bytes(drawn(98))
    sheet = write_sheet(
        "file,licence",
        "good.jpg,CC BY 4.0",
        "arr.jpg,All rights reserved",
        "missing.jpg,CC0",
        "../secret.jpg,CC0",
        "/etc/passwd,CC0",
        "C:\\scans\\a.jpg,CC0",
        "good.jpg,CC0",
        ",CC0",
        "link.jpg,CC0",
        "loop.jpg,CC0",
        "page.jpg,CC0",
        "empty.jpg,CC0",
        "img.jpg,CC0",
        "sub\\arauca\u0301ria.jpg,CC0",
        "sub,CC0",
    )
    report = harvest_folder(workspace, folder, sheet)
    outcomes = {name: row["outcome"] for name, row in current(workspace).items()}
    assert outcomes == {
        "good.jpg": "stored",
        "arr.jpg": "not_fetched_rights",
        "missing.jpg": "failed_file_missing",
        "../secret.jpg": "failed_path_outside",
        "/etc/passwd": "failed_path_outside",
        "C:/scans/a.jpg": "failed_path_outside",
        "link.jpg": "failed_path_outside",
        "loop.jpg": "failed_file_missing",
        "page.jpg": "not_an_image",
        "empty.jpg": "not_an_image",
        "img.jpg": "failed_file_missing",
        "sub/araucária.jpg": "stored",
        "sub": "failed_file_missing",
        "IMG.JPG": "not_fetched_rights",
        "no_row.jpg": "not_fetched_rights",
    }
    assert sum(report.outcomes.values()) == report.candidates == len(outcomes)
    named = {one["where"]: one["what"] for one in report.problems}
    assert "already: the first row counts" in named["sheet.csv line 8"]
    assert "missing" in named["sheet.csv line 9"]
    assert "there is 'IMG.JPG'" in named["sheet.csv line 14"]
    assert {"sheet.csv line 4", "sheet.csv line 5", "sheet.csv line 10", "no_row.jpg", "notes.txt"} <= set(named)
    assert Store(workspace).names() == {row["sha256"] for row in current(workspace).values() if row["sha256"]}
    (run,) = db.rows(workspace, "SELECT outcome, problems, counts FROM runs")
    assert run["outcome"] == "done"
    assert '"stored":2' in run["counts"]


def test_a_second_harvest_changes_nothing_and_says_so(workspace: Path, folder: Path, write_sheet: Write) -> None:
    put(folder, "a.jpg", "b.jpg")
    sheet = write_sheet("file,licence", "a.jpg,CC0", "b.jpg,CC0")
    harvest_folder(workspace, folder, sheet)
    before = {path: path.stat().st_mtime_ns for path in (workspace / "store").rglob("*") if path.is_file()}
    report = harvest_folder(workspace, folder, sheet)
    assert (report.new, report.changed, report.unchanged, report.images_added) == (0, 0, 2, 0)
    assert {path: path.stat().st_mtime_ns for path in (workspace / "store").rglob("*") if path.is_file()} == before
    assert len(db.rows(workspace, "SELECT 1 FROM candidates")) == 2


def test_a_corrected_row_is_a_new_statement_of_the_same_item(workspace: Path, folder: Path, write_sheet: Write) -> None:
    put(folder, "a.jpg")
    harvest_folder(workspace, folder, write_sheet("file,licence,creator", "a.jpg,CC0,Joao"))
    report = harvest_folder(workspace, folder, write_sheet("file,licence,creator", "x.jpg,CC0,", "a.jpg,CC0,João"))
    assert (report.new, report.changed) == (1, 1)
    rows = db.rows(workspace, "SELECT creator, sha256 FROM candidates WHERE source_id = 'a.jpg' ORDER BY run_id")
    assert [row["creator"] for row in rows] == ["Joao", "João"]
    assert rows[0]["sha256"] == rows[1]["sha256"]


def test_moving_a_row_to_another_line_is_no_new_statement(workspace: Path, folder: Path, write_sheet: Write) -> None:
    put(folder, "a.jpg", "b.jpg")
    harvest_folder(workspace, folder, write_sheet("file,licence", "a.jpg,CC0", "b.jpg,CC0"))
    report = harvest_folder(workspace, folder, write_sheet("file,licence", "b.jpg,CC0", "", "a.jpg,CC0"))
    assert report.unchanged == 2


def test_changed_bytes_are_a_new_statement(workspace: Path, folder: Path, write_sheet: Write) -> None:
    put(folder, "a.jpg")
    sheet = write_sheet("file,licence", "a.jpg,CC0")
    harvest_folder(workspace, folder, sheet)
    (folder / "a.jpg").write_bytes(drawn(7))
    report = harvest_folder(workspace, folder, sheet)
    assert (report.changed, report.images_added) == (1, 1)


def test_bytes_that_are_held_stay_held_when_the_rights_are_withdrawn(workspace: Path, folder: Path, write_sheet: Write) -> None:
    put(folder, "a.jpg")
    harvest_folder(workspace, folder, write_sheet("file,licence", "a.jpg,CC BY 4.0"))
    harvest_folder(workspace, folder, write_sheet("file,licence", "a.jpg,All rights reserved"))
    row = current(workspace)["a.jpg"]
    assert (row["rights_family"], row["outcome"]) == ("arr", "stored")


def test_a_reason_to_take_refused_bytes_is_kept_as_evidence(workspace: Path, folder: Path, write_sheet: Write) -> None:
    put(folder, "a.jpg", "b.jpg")
    sheet = write_sheet("file,licence", "a.jpg,All rights reserved", "b.jpg,CC0")
    harvest_folder(workspace, folder, sheet, fetch_anyway="letter of 3 May 2026")
    rows = current(workspace)
    assert rows["a.jpg"]["outcome"] == "stored"
    assert rows["a.jpg"]["rights_evidence"] == "sheet.csv; fetched although refused: letter of 3 May 2026"
    assert rows["b.jpg"]["rights_evidence"] == "sheet.csv"
    assert harvest_folder(workspace, folder, sheet).unchanged == 2


def test_equal_bytes_are_stored_once(workspace: Path, folder: Path, write_sheet: Write) -> None:
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(drawn(1))
    report = harvest_folder(workspace, folder, write_sheet("file,licence", "a.jpg,CC0", "b.jpg,CC0"))
    assert report.outcomes == {"stored": 2}
    assert report.images_added == 1


def test_nothing_taken_fails_after_keeping_what_was_noted(workspace: Path, folder: Path, write_sheet: Write) -> None:
    with pytest.raises(SourceError, match="nothing could be taken"):
        harvest_folder(workspace, folder, write_sheet("file,licence", "a.jpg,CC0", "b.jpg,CC0"))
    assert {row["outcome"] for row in current(workspace).values()} == {"failed_file_missing"}
    (run,) = db.rows(workspace, "SELECT outcome, counts FROM runs")
    assert run["outcome"] == "failed"
    assert '"failed_file_missing":2' in run["counts"]


def test_a_folder_that_is_none_is_a_usage_error(workspace: Path, tmp_path: Path, write_sheet: Write) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        harvest_folder(workspace, tmp_path / "none", write_sheet("file,licence"))


def test_the_workspace_inside_the_folder_is_no_part_of_it(folder: Path, write_sheet: Write) -> None:
    put(folder, "a.jpg")
    sheet = write_sheet("file,licence", "a.jpg,CC0")
    harvest_folder(folder, folder, sheet)
    report = harvest_folder(folder, folder, sheet)
    assert report.candidates == 1
    assert not report.problems


def test_a_file_that_cannot_be_read_is_an_outcome(workspace: Path, folder: Path, write_sheet: Write) -> None:
    put(folder, "a.jpg", "b.jpg")
    (folder / "a.jpg").unlink()
    (folder / "a.jpg").mkdir()
    report = harvest_folder(workspace, folder, write_sheet("file,licence", "a.jpg,CC0", "b.jpg,CC0"))
    assert report.outcomes == {"failed_file_missing": 1, "stored": 1}


def test_hostile_cells_reach_the_catalogue_as_harmless_text(workspace: Path, folder: Path, write_sheet: Write) -> None:
    put(folder, "a.jpg", "b.jpg", "😀.jpg")
    hostile = [
        "'; DROP TABLE candidates; --",
        "=HYPERLINK(1)",
        "\x00\x1b[31m",
        '""',
        "\u2028\u202e",
        "{{7*7}}",
        "%s%n",
        "\ud7ff😀" * 50,
    ]
    sheet = write_sheet(
        "file\tlicence\ttitle\tnotes",
        *(f"{name}\t{cell}\t{cell}\t{cell}" for cell in hostile for name in ("a.jpg", "b.jpg", "😀.jpg", f"{len(cell)}.jpg")),
    )
    report = harvest_folder(workspace, folder, sheet)
    assert report.candidates == len(db.rows(workspace, "SELECT 1 FROM candidates"))
    assert report.outcomes["not_fetched_rights"] == 3
    assert harvest_folder(workspace, folder, sheet).unchanged == report.candidates


def test_the_shared_photographs_are_all_taken(workspace: Path, shared_data: Path) -> None:
    photos = shared_data / "photos"
    report = harvest_folder(workspace, photos, photos / "sheet.csv")
    assert report.outcomes == {"stored": 51}  # the number that the issue states
    (row,) = db.rows(
        workspace,
        "SELECT count(*) AS n FROM candidates WHERE rights_family = 'by' AND rights_version = '4.0' AND creator IS NOT NULL"
        " AND credit_line IS NOT NULL",
    )
    assert row["n"] == 51


@pytest.mark.parametrize(
    ("body", "noun"),
    [
        (b"\xff\xd8\xff\xe0", "a JPEG file whose header is broken or cut off"),
        (b"\x89PNG\r\n\x1a\n", "a PNG file whose header is broken or cut off"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP file whose header is broken or cut off"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "a sound or video recording"),
    ],
)
def test_the_sentence_for_a_cut_off_picture_names_its_format(body: bytes, noun: str) -> None:
    assert noun in str(sniffed(body).detail)


def test_the_hint_for_a_missing_file_never_names_the_same_name(workspace: Path, folder: Path, write_sheet: Write) -> None:
    os.mkfifo(folder / "pipe.jpg")
    put(folder, "a.jpg")
    report = harvest_folder(workspace, folder, write_sheet("file,licence", "a.jpg,CC0", "pipe.jpg,CC0"))
    assert [one["what"] for one in report.problems] == ["'pipe.jpg' is no ordinary file"]
