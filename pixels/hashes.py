"""Perceptual hashes: 64 bits that stay close when a picture is re-encoded, resized, framed, mirrored or turned.

B 8 x 8 block of lowest DCT-II frequencies · one bit a coefficient, 1 when above the block's median
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixels.decode import DECODE_VERSION, Picture

HASH_SIDE_PX = 512
"""Longer side of the picture that is hashed: JPEG then decodes at a fraction of its size and cost."""
PHASH_VERSION = f"phash64/{DECODE_VERSION}-{HASH_SIDE_PX}/1"
"""Hashes of different versions are never compared."""
BALANCED = 32
"""One-bits of every hash whose 64 coefficients differ; any other number means a degenerate picture, never matched."""

ORIENTATIONS = ("upright", "mirrored", "flipped", "turned_180", "transposed", "turned_90", "turned_270", "transversed")
"""As it lies, mirrored left to right, top to bottom, turned (counter-clockwise, degrees), and on both diagonals."""

BOX_SIDE_PX = 256
"""Longer side of the thumbnail on which borders are looked for; on 1024 px it costs more than the decode."""
BOX_LEVELS = 12
"""A line is border while no more than 2 % of it lies further than this from the outermost line's grey (0 to 255)."""
BOX_LEAST = 0.2
"""A box that would leave less than this of either side is refused: the picture is mostly paper."""


class Bits(int):
    """64 bits of a hash, told apart from a number that is counted or measured."""


@dataclass(frozen=True, kw_only=True)
class Hashes:
    """Eight hashes by orientation of the whole frame, and of the content box when borders were found."""

    frame: dict[str, Bits]
    box: dict[str, Bits] | None
    box_fractions: tuple[float, float, float, float] | None


def hashes(picture: Picture) -> Hashes:
    """All hashes of a picture opened with `side_px=HASH_SIDE_PX`; the first of the frame is imagehash's phash."""
    grey = picture.grey
    box = content_box(grey)
    inner = None
    if box is not None:
        inner = grey.resize((32, 32), Image.Resampling.LANCZOS, box=_in_pixels(box, grey.size))
    return Hashes(
        frame=_by_orientation(_block(grey.resize((32, 32), Image.Resampling.LANCZOS))),
        box=None if inner is None else _by_orientation(_block(inner)),
        box_fractions=box,
    )


def phash(grey: Image.Image) -> Bits:
    """The 64-bit hash of a picture in mode L, bit for bit that of `imagehash.phash` (version 4.3.2)."""
    return _bits(_block(grey.resize((32, 32), Image.Resampling.LANCZOS)))


def hash_distance(a: int, b: int) -> int:
    """Bits that differ, 0 to 64; always even between two balanced hashes."""
    return (a ^ b).bit_count()


def degenerate(bits: int) -> bool:
    """Whether the hash is of a flat or strictly regular picture and must not be matched."""
    return bits.bit_count() != BALANCED


def content_box(grey: Image.Image) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom as fractions of the sides, without uniform borders; None when there are none to trim."""
    scale = BOX_SIDE_PX / max(grey.size)
    if scale < 1:
        size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
        grey = grey.resize(size, Image.Resampling.BOX)
    lines = np.asarray(grey, dtype=np.int16)
    height, width = lines.shape
    top, bottom = _border(lines), _border(lines[::-1])
    if top >= height:
        return None
    columns = lines[top : height - bottom].T
    left, right = _border(columns), _border(columns[::-1])
    if height - top - bottom < BOX_LEAST * height or width - left - right < BOX_LEAST * width:
        return None
    if not (left or top or right or bottom):
        return None
    return left / width, top / height, (width - right) / width, (height - bottom) / height


def aligned_grey(grey: Image.Image, frame: str, orientation: str, side_px: int = 64) -> NDArray[np.float64]:
    """The whole frame ("full") or content box ("box") as [side_px, side_px] grey, laid as `orientation` says."""
    box = content_box(grey) if frame == "box" else None
    size = (side_px, side_px)
    small = grey.resize(size, Image.Resampling.BOX, box=None if box is None else _in_pixels(box, grey.size))
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


def _by_orientation(block: NDArray[np.float64]) -> dict[str, Bits]:
    """Reversing an axis flips the sign of its odd frequencies; a diagonal swaps the axes: no further decode."""
    mirrored, flipped = block * _SIGNS[None, :], block * _SIGNS[:, None]
    both = mirrored * _SIGNS[:, None]
    laid = (block, mirrored, flipped, both, block.T, mirrored.T, flipped.T, both.T)
    return dict(zip(ORIENTATIONS, _all_bits(np.stack(laid)), strict=True))


def _bits(block: NDArray[np.float64]) -> Bits:
    return _all_bits(block[None])[0]


def _all_bits(blocks: NDArray[np.float64]) -> list[Bits]:
    """One hash a block of blocks [n, 8, 8]; the median of 64 numbers is the mean of the two in the middle."""
    rows = blocks.reshape(-1, 64)
    middle = np.partition(rows, (31, 32), axis=1)[:, 31:33].mean(axis=1)
    packed = np.packbits(rows > middle[:, None], axis=1)
    return [Bits(int.from_bytes(row.tobytes(), "big")) for row in packed]


def _border(lines: NDArray[np.int16]) -> int:
    """How many of the first lines are uniform and of the outermost line's grey."""
    colour = np.median(lines[0])
    far = (np.abs(lines - colour) > BOX_LEVELS).mean(axis=1) > 0.02
    return int(np.argmax(far)) if far.any() else len(lines)


def _in_pixels(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    return box[0] * size[0], box[1] * size[1], box[2] * size[0], box[3] * size[1]
