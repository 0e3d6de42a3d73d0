"""How much memory decoding a picture takes, told from its header, so that a bomb of 250 bytes is refused and not unpacked.

The figures are peaks of Pillow 13's own decoders, measured on even pictures of 60 to 170 megapixels (2026-11-21): WebP took 15
bytes a pixel, AVIF 8 (16 at more than 8 bits and full colour), JPEG 2000 18 in colour and 6 in grey.
"""

from typing import Any

from PIL import Image

from pixels.jpeg_scans import layout

MOST_BYTES = 800_000_000
"""For the file and its pixels together; with some 150 MB for Python and its libraries a process stays under 1 GiB."""

_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
"""Bytes a pixel in Pillow's memory by mode; all others take four."""

_BESIDE = {"WEBP": 12, "AVIF": 12, "GIF": 1, "BMP": 2}
"""Bytes a pixel that a decoder needs besides."""

_ROWS, _TILE_WIDTH, _TILE_HEIGHT, _PLANAR, _BITS = 278, 322, 323, 284, 258
_COMPRESSED = 6
"""Photometric YCbCr: libtiff then unpacks into four bytes a pixel."""


def memory_for(image: Image.Image, data: bytes, scale: int = 1) -> int:
    """Bytes for an opened picture whose pixels are not read yet, its file's included.

    Args:
        image: as `Image.open` gives it.
        data: the file.
        scale: the whole number by which the decoder itself will reduce each side.
    """
    width, height = image.size
    whole = width * height
    pixels = -(-width // scale) * -(-height // scale)
    needed = len(data) + pixels * _STORED.get(image.mode, 4)
    if image.format in ("JPEG", "MPO"):
        frame = layout(data)
        return needed + (int(2 * frame.samples * whole) if frame is not None and frame.several_scans else 0)
    if image.format == "JPEG2000":
        return needed + pixels * (4 * len(image.getbands()) + 3)
    if image.format == "TIFF":
        return needed + _block(getattr(image, "tag_v2", {}), width, height, len(image.getbands()))
    return needed + pixels * _BESIDE.get(str(image.format), 0)


def _block(tags: Any, width: int, height: int, bands: int) -> int:
    """Of a TIFF: the strip or tile that libtiff unpacks as a whole."""
    across, down = _number(tags.get(_TILE_WIDTH)), _number(tags.get(_TILE_HEIGHT))
    if not (across and down):
        across, down = width, min(height, _number(tags.get(_ROWS)) or height)
    bits = tags.get(_BITS) or (8,)
    deep = max(8, _number(bits[0] if isinstance(bits, tuple) else bits))
    planes = 1 if _number(tags.get(_PLANAR)) == 2 else bands
    return across * down * max(planes * deep // 8, 4 if _number(tags.get(262)) == _COMPRESSED else 1)


def _number(value: Any) -> int:
    if isinstance(value, tuple):
        value = value[0] if value else 0
    return value if isinstance(value, int) else 0
