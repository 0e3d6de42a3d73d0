"""Light, dark and colour: entropy and percentiles of luma, and how far the picture is from grey.

`entropy_bits` is Shannon's, of the 256 levels of luma: 0 for a flat sheet, 7 to 8 for a photograph. `luma_p01`, `luma_p05`,
`luma_p50`, `luma_p95`, `luma_p99` are the levels (0 to 255) below which that share of the picture lies, at 256 to 512 px on
its longer side: grain and single specks are averaged away. Inside the borders:
`chroma` is the mean difference between a pixel's largest and smallest channel (0 to 255), near 0 in grey pictures;
`chroma_beyond_tone` is how far colours of equal luma spread (levels), near 0 also in sepia prints and cyanotypes: a picture
of one ink or one toning is monochrome, whatever its colour.
"""

import numpy as np
from numpy.typing import NDArray

from pixels.content_box import in_pixels
from pixels.decode import DECODE_VERSION, Picture

VERSION = f"tone/{DECODE_VERSION}/1"
MAIN = "entropy_bits"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""

PERCENTILES = (1, 5, 50, 95, 99)
CHROMA_SIDE_PX = 64
"""Colour is looked at in small: noise of single pixels in a grey scan is no colour."""
TONES = 32
"""Steps of luma within which colours are compared."""


def measure(picture: Picture) -> dict[str, float]:
    """Eight numbers, in bits and in levels of 0 to 255."""
    counts = np.asarray(picture.grey.histogram(), dtype=np.float64)
    shares = counts / counts.sum()
    known = shares[shares > 0]
    below = np.cumsum(shares)
    levels = np.searchsorted(below, np.asarray(PERCENTILES) / 100 - 1e-12)
    named = {f"luma_p{percent:02d}": float(level) for percent, level in zip(PERCENTILES, levels, strict=True)}
    return {**named, **_colour(_small(picture)), "entropy_bits": float(abs((known * np.log2(known)).sum()))}


def _colour(pixels: NDArray[np.int16]) -> dict[str, float]:
    """Both numbers of a small picture [pixels, 3]."""
    red, green, blue = pixels.T
    chroma = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    tone = (red + 2 * green + blue) * TONES // 1024  # 0 to TONES - 1
    count = np.maximum(np.bincount(tone, minlength=TONES), 1)
    unexplained = 0.0
    for difference in (red - green, blue - green):
        usual = np.bincount(tone, weights=difference, minlength=TONES) / count
        unexplained += float(np.square(difference - usual[tone]).mean())
    return {"chroma": float(chroma.mean()), "chroma_beyond_tone": float(np.sqrt(unexplained))}


def _small(picture: Picture) -> NDArray[np.int16]:
    """The content box in small, [pixels, 3]."""
    rgb = picture.rgb
    factor = max(1, max(rgb.size) // CHROMA_SIDE_PX)
    left, top, right, bottom = in_pixels(picture.box, rgb.size)
    box = (int(left), int(top), max(int(left) + 1, int(right)), max(int(top) + 1, int(bottom)))
    small = rgb.reduce(factor, box=box) if factor > 1 else rgb.crop(box)
    return np.asarray(small, dtype=np.int16).reshape(-1, 3)
