"""Perceptual hashes: 64 bits that stay close when a picture is re-encoded, resized, framed, mirrored or turned.

B 8 x 8 block of lowest DCT-II frequencies · one bit a coefficient, 1 when above the block's median
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixels.content_box import Box, content_box, in_pixels
from pixels.decode import DECODE_VERSION, Picture

HASH_SIDE_PX = 512
"""Longer side at most of a picture opened to be measured: JPEG then decodes at a fraction of its size and cost."""
GREY_SIDE_PX = 256
"""Longer side at most of the grey that Lanczos then brings to 32 x 32: a mean comes first, which is 3 times as fast."""
PHASH_VERSION = f"phash64/{DECODE_VERSION}-{HASH_SIDE_PX}-{GREY_SIDE_PX}/2"
"""Hashes of different versions are never compared."""
BALANCED = 32
"""One-bits of every hash whose 64 coefficients differ; any other number means a degenerate picture, never matched."""

ORIENTATIONS = ("upright", "mirrored", "flipped", "turned_180", "transposed", "turned_90", "turned_270", "transversed")
"""As it lies, mirrored left to right, top to bottom, turned (counter-clockwise, degrees), and on both diagonals."""


class Bits(int):
    """64 bits of a hash, told apart from a number that is counted or measured."""


@dataclass(frozen=True, kw_only=True)
class Hashes:
    """Eight hashes by orientation of the whole frame, and of the content box when borders were found."""

    frame: dict[str, Bits]
    box: dict[str, Bits] | None
    box_fractions: Box | None


def hashes(picture: Picture) -> Hashes:
    """All hashes of a picture opened with `side_px=HASH_SIDE_PX`; of the frame the first is imagehash's of `hashed_grey`."""
    grey = hashed_grey(picture.grey)
    inner = None
    if picture.box is not None:
        inner = grey.resize((32, 32), Image.Resampling.LANCZOS, box=in_pixels(picture.box, grey.size))
    blocks = [_block(one) for one in (grey.resize((32, 32), Image.Resampling.LANCZOS), inner) if one is not None]
    bits = _all_bits(np.concatenate([_laid(block) for block in blocks]))
    return Hashes(
        frame=dict(zip(ORIENTATIONS, bits[:8], strict=True)),
        box=None if inner is None else dict(zip(ORIENTATIONS, bits[8:], strict=True)),
        box_fractions=picture.box,
    )


def hashed_grey(grey: Image.Image) -> Image.Image:
    """What the hash is taken from: the grey, reduced by a whole number to at most `GREY_SIDE_PX`."""
    factor = -(-max(grey.size) // GREY_SIDE_PX)
    return grey.reduce(factor) if factor > 1 else grey


def phash(grey: Image.Image) -> Bits:
    """The 64-bit hash of a picture in mode L, bit for bit that of `imagehash.phash` (version 4.3.2)."""
    return _bits(_block(grey.resize((32, 32), Image.Resampling.LANCZOS)))


def hash_distance(a: int, b: int) -> int:
    """Bits that differ, 0 to 64; always even between two balanced hashes."""
    return (a ^ b).bit_count()


def degenerate(bits: int) -> bool:
    """Whether the hash is of a flat or strictly regular picture and must not be matched."""
    return bits.bit_count() != BALANCED


def aligned_grey(grey: Image.Image, frame: str, orientation: str, side_px: int = 64) -> NDArray[np.float64]:
    """The whole frame ("full") or content box ("box") as [side_px, side_px] grey, laid as `orientation` says."""
    box = in_pixels(content_box(grey) if frame == "box" else None, grey.size)
    small = grey.resize((side_px, side_px), Image.Resampling.BOX, box=box)
    turn = _TURNS[orientation]
    return np.asarray(small if turn is None else small.transpose(turn), dtype=np.float64)


def correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Normalised correlation of two equal-sized arrays, -1 to 1; 0 when either is flat."""
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return 0.0 if scale < 1e-9 else float((a * b).sum() / scale)


_TURNS = {
    "upright": None,
    "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
    "flipped": Image.Transpose.FLIP_TOP_BOTTOM,
    "turned_180": Image.Transpose.ROTATE_180,
    "transposed": Image.Transpose.TRANSPOSE,
    "turned_90": Image.Transpose.ROTATE_90,
    "turned_270": Image.Transpose.ROTATE_270,
    "transversed": Image.Transpose.TRANSVERSE,
}
_COSINES = 2 * np.cos(np.pi * np.outer(np.arange(8), 2 * np.arange(32) + 1) / 64)  # [8, 32], DCT-II, not normalised
_SIGNS = np.where(np.arange(8) % 2 == 1, -1.0, 1.0)


def _block(grey32: Image.Image) -> NDArray[np.float64]:
    """B of a 32 x 32 grey picture. Rounded, so that a coefficient which is zero is zero and not the noise of a sum."""
    pixels = np.asarray(grey32, dtype=np.float64)
    return np.asarray(np.round(_COSINES @ pixels @ _COSINES.T, 6), dtype=np.float64)


def _laid(block: NDArray[np.float64]) -> NDArray[np.float64]:
    """[8, 8, 8]: reversing an axis flips the sign of its odd frequencies; a diagonal swaps the axes: no further decode."""
    mirrored, flipped = block * _SIGNS[None, :], block * _SIGNS[:, None]
    both = mirrored * _SIGNS[:, None]
    return np.stack((block, mirrored, flipped, both, block.T, mirrored.T, flipped.T, both.T))


def _bits(block: NDArray[np.float64]) -> Bits:
    return _all_bits(block[None])[0]


def _all_bits(blocks: NDArray[np.float64]) -> list[Bits]:
    """One hash a block of blocks [n, 8, 8]; the median of 64 numbers is the mean of the two in the middle."""
    rows = blocks.reshape(-1, 64)
    middle = np.partition(rows, (31, 32), axis=1)[:, 31:33].mean(axis=1)
    packed = np.packbits(rows > middle[:, None], axis=1)
    return [Bits(int.from_bytes(row.tobytes(), "big")) for row in packed]
