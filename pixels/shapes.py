"""The few shapes that pictures of any proportions are brought to, so that a batch holds pictures of one size."""

import math

from PIL import Image

WIDEST = 2.0
"""Longest over shortest side of a shape; what is longer is cropped."""


def bucket(width_px: int, height_px: int, side_px: int, grid_px: int, *, keep_shape: bool = True) -> tuple[int, int]:
    """(height, width) in pixels, on the grid, of about `side_px`² in area and near the picture's proportions.

    The shapes step by an eighth of the side, so that a small set falls into few of them.

    Args:
        width_px: of the picture, upright.
        height_px: of the picture, upright.
        side_px: of the square among the shapes.
        grid_px: every side is a multiple of it.
        keep_shape: False gives the square to all.
    """
    side = max(grid_px, side_px // grid_px * grid_px)
    if not keep_shape:
        return side, side
    wanted = math.log(width_px / height_px)
    step = max(grid_px, side // 8 // grid_px * grid_px)
    shapes = {(side, side)}
    for width in range(side, int(side * math.sqrt(WIDEST)) + step, step):
        height = max(grid_px, side * side // width // grid_px * grid_px)
        if width / height <= WIDEST:
            shapes |= {(height, width), (width, height)}
    return min(sorted(shapes), key=lambda shape: abs(math.log(shape[1] / shape[0]) - wanted))


def filled(picture: Image.Image, size_px: tuple[int, int]) -> Image.Image:
    """The middle of the picture, scaled to fill (height, width), as RGB: cropped on two sides, never stretched."""
    height, width = size_px
    scale = max(width / picture.width, height / picture.height)
    inner_width, inner_height = width / scale, height / scale
    left, top = (picture.width - inner_width) / 2, (picture.height - inner_height) / 2
    # Rounding may put the box outside by the smallest of fractions, which Pillow refuses.
    box = (max(left, 0.0), max(top, 0.0), min(left + inner_width, picture.width), min(top + inner_height, picture.height))
    return picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
