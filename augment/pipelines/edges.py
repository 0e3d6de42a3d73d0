"""The edges of a picture after Canny (1986), for a ControlNet that was taught on them: white lines on black.

Own, in NumPy: no further dependency, and the same bytes on every machine. Gradients are Sobel's, as in most teaching sets
(low 100, high 200). Not the same in every pixel as any library's.
"""

from typing import Any

import numpy as np
from PIL import Image

Grey = np.ndarray[Any, np.dtype[np.float32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
NEIGHBOURS = {0: (0, 1), 1: (1, 1), 2: (1, 0), 3: (1, -1)}  # row and column step along the gradient, by its sector of 45 degrees


def edges(picture: Image.Image, *, low: int, high: int) -> Image.Image:
    """RGB of the same size, 255 on edges, else 0.

    Args:
        picture: any mode.
        low: a gradient from here on (0 to 1442) is an edge where it touches a strong one.
        high: a gradient from here on is an edge.
    """
    grey = np.asarray(picture.convert("L"), dtype=np.float32)
    across, down = _sobel(grey)
    strength = np.hypot(across, down)
    ridge = _ridges(strength, across, down) & (strength >= low)
    found = _touching(ridge & (strength >= high), ridge)
    return Image.fromarray(found.astype(np.uint8) * np.uint8(255)).convert("RGB")


def _sobel(grey: Grey) -> tuple[Grey, Grey]:
    """Gradients to the right and downwards."""
    wide = np.pad(grey, 1, mode="edge")
    smooth_down = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    smooth_across = wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]
    return smooth_down[:, 2:] - smooth_down[:, :-2], smooth_across[2:] - smooth_across[:-2]


def _ridges(strength: Grey, across: Grey, down: Grey) -> Mask:
    """Where the gradient is the greatest along its own direction; of two equal ones the first counts."""
    sector = np.round(np.arctan2(down, across) / (np.pi / 4)).astype(int) % 4
    wide = np.pad(strength, 1)
    rows, columns = strength.shape
    ridge = np.zeros(strength.shape, dtype=bool)
    for number, (row, column) in NEIGHBOURS.items():
        after = wide[1 + row : 1 + row + rows, 1 + column : 1 + column + columns]
        before = wide[1 - row : 1 - row + rows, 1 - column : 1 - column + columns]
        ridge |= (sector == number) & (strength >= after) & (strength > before)
    return ridge


def _touching(strong: Mask, ridge: Mask) -> Mask:
    """The strong ones, and all of the ridge that hangs together with them through its eight neighbours."""
    found = strong
    while True:
        wide = np.pad(found, 1)
        rows, columns = found.shape
        grown = np.zeros_like(found)
        for row in range(3):
            for column in range(3):
                grown |= wide[row : row + rows, column : column + columns]
        grown &= ridge
        if (grown == found).all():
            return found
        found = grown
