"""Shapes that pictures are brought to: on the grid, near their proportions, whatever the rounding."""

import numpy as np
import pytest
from PIL import Image

from pixels.shapes import WIDEST, bucket, filled


def test_every_size_fills_its_bucket() -> None:
    for width in range(10, 260, 3):
        for height in (10, 33, 60, 97, 121, 200, 257):
            shape = bucket(width, height, 64, 16)
            assert filled(Image.new("L", (width, height)), shape).size == shape[::-1]
            assert max(shape) / min(shape) <= WIDEST


@pytest.mark.parametrize("size", [(121, 60), (30, 20), (64, 200)])
def test_the_middle_is_kept_and_nothing_is_stretched(size: tuple[int, int]) -> None:
    width, height = size
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    near = (across - (width - 1) / 2) ** 2 + (down - (height - 1) / 2) ** 2 < (min(size) / 3) ** 2
    disc = np.asarray(filled(Image.fromarray((near * 255).astype(np.uint8)), (64, 64)).convert("L")) > 127
    rows, columns = np.nonzero(disc)
    assert abs(rows.mean() - 31.5) < 0.6
    assert abs(columns.mean() - 31.5) < 0.6
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 3  # stretched, they would differ by a third and more
