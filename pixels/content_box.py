"""What a picture shows inside its uniform borders: the paper, the mount or the scanner's bed around it left out."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of width and height."""

BOX_SIDE_PX = 512
"""Longer side at most of what borders are looked for on: finer than that, grain is taken for content."""
BOX_LEVELS = 12
"""A line is border while no more than 2 % of it lies further than this from the outermost line's grey (0 to 255)."""
BOX_LEAST = 0.2
"""A box that would leave less than this of either side is refused: the picture is mostly paper."""


def content_box(grey: Image.Image) -> Box | None:
    """The box of a picture in mode L without its uniform borders; None when there are none to trim."""
    factor = -(-max(grey.size) // BOX_SIDE_PX)
    lines = np.asarray(grey.reduce(factor) if factor > 1 else grey)  # [h, w]
    height, width = lines.shape
    top, bottom = border_lines(lines), border_lines(lines[::-1])
    if top + bottom >= height:  # two tones of paper may meet: each is the border of its side
        return None
    columns = lines[top : height - bottom].T
    left, right = border_lines(columns), border_lines(columns[::-1])
    if height - top - bottom < BOX_LEAST * height or width - left - right < BOX_LEAST * width:
        return None
    if not (left or top or right or bottom):
        return None
    return left / width, top / height, (width - right) / width, (height - bottom) / height


def in_pixels(box: Box | None, size: tuple[int, int]) -> Box:
    """The box in pixels of a picture of this size; the whole picture for None."""
    left, top, right, bottom = box or (0.0, 0.0, 1.0, 1.0)
    return left * size[0], top * size[1], right * size[0], bottom * size[1]


def border_lines(lines: NDArray[np.uint8]) -> int:
    """How many of the first lines [n, length] are uniform and of the outermost line's grey; n when all are."""
    first = lines[0].astype(np.int16)
    colour = int(np.sort(first)[len(first) // 2])
    at, step = 0, 1
    while at < len(lines):  # in growing bites: most pictures have no border, and their first line says so
        bite = lines[at : at + step].astype(np.int16)
        far = np.count_nonzero(np.abs(bite - colour) > BOX_LEVELS, axis=1) > 0.02 * lines.shape[1]
        if far.any():
            return at + int(np.argmax(far))
        at, step = at + step, step * 4
    return len(lines)
