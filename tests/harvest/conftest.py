"""Fixtures of the harvest's tests: folders with a sheet, and a small web server on loopback."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from iiif_loopback import Loopback


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    """The server; a module's tests share it and serve their own paths."""
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for pictures."""
    path = tmp_path / "atelier"
    path.mkdir()
    return path


@pytest.fixture
def write_sheet(tmp_path: Path) -> Callable[..., Path]:
    """Write lines to a sheet beside the folder and return its path."""

    def write(*lines: str, encoding: str = "utf-8", newline: str = "\n") -> Path:
        path = tmp_path / "sheet.csv"
        path.write_bytes(newline.join((*lines, "")).encode(encoding))
        return path

    return write
