"""The demo's local archive: six pictures and a sheet with three things wrong."""

import csv
from pathlib import Path

import pytest

from fototeca.museum.folder import COLUMNS, write_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive")
    write_folder(path)
    return path


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "sheet.csv").open(encoding="utf-8-sig", newline="") as sheet:
        return list(csv.DictReader(sheet, delimiter=";"))


def test_sheet_has_a_bom_and_portuguese_columns(folder: Path) -> None:
    assert (folder / "sheet.csv").read_bytes().startswith(b"\xef\xbb\xbfficheiro;titulo;")
    assert tuple(rows_of(folder)[0]) == COLUMNS


def test_one_row_lacks_its_file_and_one_file_its_row(folder: Path) -> None:
    named = {row["ficheiro"] for row in rows_of(folder)}
    held = {path.name for path in folder.iterdir()} - {"sheet.csv"}
    assert named - held == {"perdida.jpg"}
    assert held - named == {"sem-ficha.jpg"}


def test_one_row_stands_twice(folder: Path) -> None:
    rows = [tuple(row.values()) for row in rows_of(folder)]
    assert len(rows) - len(set(rows)) == 1


def test_bytes_are_the_same_at_each_call(folder: Path, tmp_path: Path) -> None:
    write_folder(tmp_path)
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
