"""How a picture of any shape becomes one the model can take: the nearest of a few shapes, resized, cropped, in [-1, 1].

Legend: H W pixels.
"""

import math

import numpy as np
import torch
from PIL import Image

WIDEST = 2.0
"""Longest over shortest side of a bucket; what is longer is cropped."""


def bucket(width_px: int, height_px: int, side_px: int, grid_px: int, *, keep_shape: bool) -> tuple[int, int]:
    """(height, width) in pixels, on the grid, of about `side_px`² in area and near the picture's proportions.

    The shapes step by an eighth of the side, so that a small set falls into few of them.
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


def framed(picture: Image.Image, size_px: tuple[int, int]) -> torch.Tensor:
    """The middle of the picture, scaled to fill (height, width): float32 [3, H, W] in [-1, 1]."""
    height, width = size_px
    scale = max(width / picture.width, height / picture.height)
    inner_width, inner_height = width / scale, height / scale
    left, top = (picture.width - inner_width) / 2, (picture.height - inner_height) / 2
    box = (left, top, left + inner_width, top + inner_height)
    small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    values = torch.from_numpy(np.asarray(small, dtype=np.float32).copy())  # H W 3, in [0, 255]
    return (values / 127.5 - 1.0).permute(2, 0, 1).contiguous()  # 3 H W
