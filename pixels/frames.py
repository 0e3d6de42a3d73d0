"""How many pictures a file holds: counted without decoding any, and no further than is worth while."""

import io

from PIL import Image

from pixels.exif import MOST_PAGES, read_tags

MOST_FRAMES = MOST_PAGES
"""Counted up to here: Pillow 13 compares each page of a TIFF with all before it, so that 200,000 take hours."""


def frame_count(image: Image.Image, data: bytes) -> int:
    """Pages, or moments of an animation; 1 when that cannot be told."""
    if image.format == "TIFF":
        return read_tags(io.BytesIO(data), (), pages=True).pages
    if image.format == "GIF":
        return _gif_frames(data)
    found = getattr(image, "n_frames", 1)
    return found if isinstance(found, int) and found > 0 else 1


def _gif_frames(data: bytes) -> int:
    at, frames = 13 + _table(data, 10), 0
    while frames < MOST_FRAMES:
        introducer = data[at : at + 1]
        if introducer == b",":
            frames += 1
            at += 11 + _table(data, at + 9)
        elif introducer == b"!":
            at += 2
        else:
            break  # the end, or whatever else ends it
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    return max(1, frames)


def _table(data: bytes, at: int) -> int:
    """Bytes of the colour table that the flags at a place promise."""
    flags = data[at] if at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
