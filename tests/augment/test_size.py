"""Sizes on the model's grid, without distortion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from augment.size import fitted, target_size
from base.errors import UsageError

SIDES = st.integers(min_value=1, max_value=5000)


@given(SIDES, SIDES, st.integers(min_value=8, max_value=1024))
def test_sides_lie_on_the_grid_and_keep_the_proportions(width: int, height: int, long_side: int) -> None:
    size = target_size(width, height, long_side_px=long_side, grid_px=8)
    if size is None:
        assert min(width, height) * (long_side // 8 * 8) < 4 * max(width, height)  # less than half a cell
        return
    assert size[0] % 8 == size[1] % 8 == 0
    assert max(size) == long_side // 8 * 8
    exact = min(width, height) * max(size) / max(width, height)
    assert abs(exact - min(size)) <= 4  # half a cell of the grid
    assert (size[0] >= size[1]) == (width >= height) or size[0] == size[1]


def test_the_long_side_of_the_paper_lies_on_the_grid() -> None:
    assert target_size(3000, 2000, long_side_px=576, grid_px=8) == (576, 384)


def test_a_nearly_square_picture_becomes_square() -> None:
    assert target_size(1000, 999, long_side_px=128, grid_px=8) == (128, 128)


def test_a_strip_gets_no_size() -> None:
    assert target_size(1000, 30, long_side_px=128, grid_px=8) is None


def test_a_long_side_below_the_grid_is_refused() -> None:
    with pytest.raises(UsageError, match="take more"):
        target_size(10, 10, long_side_px=7, grid_px=8)


def test_a_circle_stays_a_circle() -> None:
    picture = Image.new("L", (500, 333))
    ImageDraw.Draw(picture).ellipse((150, 66, 350, 266), fill=255)  # 201 px wide and high
    small = fitted(picture, 128, 80)
    left, top, right, bottom = small.point(lambda value: 255 * (value > 127)).getbbox()
    assert abs((right - left) - (bottom - top)) <= 1


def test_the_middle_is_kept() -> None:
    picture = Image.new("L", (300, 100))
    picture.paste(255, (140, 0, 160, 100))
    small = fitted(picture, 100, 100)
    assert small.getpixel((50, 50)) == 255
    assert small.getpixel((5, 50)) == 0
