"""What a file's header says of the picture in it, nothing decoded: for the harvest, which starts without NumPy."""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from pixels.beginnings import is_signed, what_it_is
from pixels.floods import is_flood
from pixels.reasons import in_plain_words

LONGEST_SIDE_PX = 2**31 - 1
"""No side is longer: PNG's own limit (specification, 11.2.1), and what the catalogue's columns hold."""

EXTENSIONS = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "TIFF": "tif",
    "GIF": "gif",
    "BMP": "bmp",
    "JPEG2000": "jp2",
    "AVIF": "avif",
}
"""The formats that count as images, each with its file extension."""

# Pillow sees to its own limit while it reads a header, with a warning that is no outcome; `MAX_PIXELS` is checked in
# `pixels/decode.py`, before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None

PILLOW_NAMES = tuple(EXTENSIONS)
"""Several JPEGs in one file (MPO) are opened as JPEG; by their own name Pillow 13 fails on every broken file after them."""

BAD_BYTES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    EOFError,
    OverflowError,
    ZeroDivisionError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow 13 has been seen to raise on broken files, besides its own UnidentifiedImageError (an OSError)."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the first bytes say. Width and height are those stored, before any EXIF orientation."""

    format: str
    width_px: int
    height_px: int


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """Why there is no picture. `kind`: empty, not_an_image, truncated, too_many_pixels or broken; `detail` in words."""

    kind: str
    detail: str


def header(data: bytes | Path) -> Header | None:
    """Format and size from the first bytes, nothing decoded; None when it is no image that this project reads."""
    data = data.read_bytes() if isinstance(data, Path) else data
    found = opened(data)
    return None if isinstance(found, Unreadable) else found[1]


def opened(data: bytes) -> tuple[Image.Image, Header] | Unreadable:
    """The picture as its header says, nothing decoded yet."""
    if not data:
        return Unreadable(kind="empty", detail="an empty file")
    if is_flood(data):
        return Unreadable(kind="broken", detail="a file of endless small parts, which are not read")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data), formats=PILLOW_NAMES)
        except BAD_BYTES as error:
            known = is_signed(data)
            if known and isinstance(error, UnidentifiedImageError):
                return Unreadable(kind="broken", detail=what_it_is(data))
            return Unreadable(kind="not_an_image", detail=what_it_is(data)) if not known else reason_of(error)
    width, height = image.size
    if not (1 <= width <= LONGEST_SIDE_PX and 1 <= height <= LONGEST_SIDE_PX):
        return Unreadable(kind="broken", detail=f"the header says {width} x {height} pixels")
    name = "JPEG" if image.format == "MPO" else str(image.format)
    return image, Header(format=name, width_px=width, height_px=height)


def bits_of(image: Image.Image, data: bytes) -> int:
    """Bits a channel as stored: Pillow's mode hides the depth of 16-bit colour in PNG and TIFF."""
    if image.format == "PNG":
        return data[24]
    stored = getattr(image, "tag_v2", {}).get(258)
    if isinstance(stored, tuple) and stored and isinstance(stored[0], int):
        return stored[0]
    return {"1": 1, "I": 32, "F": 32}.get(image.mode, 16 if image.mode.startswith("I;16") else 8)


def reason_of(error: BaseException) -> Unreadable:
    """A cut file told apart from one that is wrong inside, in an archivist's words."""
    kind, words = in_plain_words(error)
    return Unreadable(kind=kind, detail=words)
