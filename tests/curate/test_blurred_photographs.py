"""On real photographs, faded copies are not called blurred, and blurred ones are; nor is line art, drawn or faded."""

import io
from pathlib import Path

import numpy as np
import pytest
from case_table import CaseTable
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from curate.measures import sharpness, tone
from pixels.decode import Picture, open_picture
from pixels.hashes import HASH_SIDE_PX


def _facts(picture: Image.Image) -> dict[str, float | str]:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    opened = open_picture(stream.getvalue(), side_px=HASH_SIDE_PX)
    assert isinstance(opened, Picture)
    return {"decode": "ok", **sharpness.measure(opened), **tone.measure(opened)}


def _engraving(seed: int, ink: int) -> Image.Image:
    chance = np.random.default_rng(seed)
    sheet = Image.new("L", (600, 480), 235)
    pen = ImageDraw.Draw(sheet)
    for x, y, turn in zip(chance.integers(0, 600, 400), chance.integers(0, 480, 400), chance.uniform(0, 3.1, 400), strict=True):
        pen.line((x, y, x + 50 * np.cos(turn), y + 50 * np.sin(turn)), fill=ink)
    return sheet


@pytest.fixture(scope="module")
def photographs(shared_data: Path) -> list[Image.Image]:
    files = sorted(path for path in (shared_data / "photos").rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))[::6]
    found = []
    for file in files:
        opened = Image.open(file)
        opened.draft("RGB", (800, 800))
        picture = opened.convert("RGB")
        picture.thumbnail((640, 640))
        found.append(picture)
    return found


def test_faded_photographs_are_sharp_and_blurred_ones_are_not(photographs: list[Image.Image]) -> None:
    assert len(photographs) >= 8
    table = CaseTable()
    for at, picture in enumerate(photographs):
        table.add(f"faded {at}", _facts(ImageEnhance.Contrast(picture).enhance(0.25)))
        table.add(f"blurred {at}", _facts(picture.filter(ImageFilter.GaussianBlur(max(picture.size) * 0.012))))
    assert sorted(table.answers("blurred")) == sorted(f"blurred {at}" for at in range(len(photographs)))


def test_line_art_is_neither_blurred_nor_empty_however_faint() -> None:
    table = CaseTable()
    for ink in (20, 150, 205):
        table.add(str(ink), _facts(_engraving(ink, ink)))
    assert table.answers("blurred") == {}
    assert table.answers("low_information") == {}
