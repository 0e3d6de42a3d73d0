"""How a picture becomes one the model can take: brought to its bucket's shape, in [-1, 1].

Legend: H W pixels.
"""

import numpy as np
import torch
from PIL import Image

from pixels.shapes import filled

FRAMES_VERSION = 1
"""Raise it when anything here, in pixels/shapes.py or in the decoder makes other values of the same bytes: latents of the old
ones are then encoded again."""


def framed(picture: Image.Image, size_px: tuple[int, int]) -> torch.Tensor:
    """The middle of the picture, scaled to fill (height, width): float32 [3, H, W] in [-1, 1]."""
    values = torch.from_numpy(np.asarray(filled(picture, size_px), dtype=np.float32).copy())  # H W 3, in [0, 255]
    return (values / 127.5 - 1.0).permute(2, 0, 1).contiguous()  # 3 H W
