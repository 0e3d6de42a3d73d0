"""A first look at a file's header: format, size, mode, depth and frames, with no pixel decoded."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image

from pixels.beginnings import what_it_is
from pixels.floods import is_flood
from pixels.header import BAD_BYTES, LONGEST_SIDE_PX, PILLOW_NAMES, bits_of
from pixels.jpeg_size import jpeg_frame

COUNTED_FRAMES = ("GIF", "PNG", "WEBP", "TIFF")
"""Formats that may hold several pictures; of a JPEG with several (MPO) only the first was meant to be seen."""

_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
"""A JPEG's components in Pillow's words."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the header says. `several`: more than one frame or page; they are not counted, for that may cost much."""

    format: str
    width_px: int
    height_px: int
    mode: str
    bits: int
    several: bool


def look(data: bytes) -> Look | str:
    """The header's facts, or in a noun what the bytes are instead. Never raises."""
    if is_flood(data):
        return "a file of endless small parts, which are not read"
    if frame := jpeg_frame(data):
        width, height, components = frame
        return Look(format="JPEG", width_px=width, height_px=height, mode=_MODES[components], bits=8, several=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata are no outcome
        try:
            with Image.open(io.BytesIO(data), formats=PILLOW_NAMES) as image:
                name = "JPEG" if image.format == "MPO" else str(image.format)
                width, height = image.size
                if not (1 <= width <= LONGEST_SIDE_PX and 1 <= height <= LONGEST_SIDE_PX):
                    return f"a {name} file whose header says {width} x {height} pixels"
                several = name in COUNTED_FRAMES and bool(getattr(image, "is_animated", False))
                return Look(
                    format=name, width_px=width, height_px=height, mode=image.mode, bits=bits_of(image, data), several=several
                )
        except BAD_BYTES:
            return what_it_is(data)
