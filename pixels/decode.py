"""Bytes or a file become one oriented sRGB picture, or a named reason why they do not."""

import functools
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from pixels.colour import STRIP_PX, averageable, in_srgb, is_averageable, white_level
from pixels.content_box import Box, content_box
from pixels.frames import frame_count
from pixels.header import BAD_BYTES, EXTENSIONS, Header, Unreadable, bits_of, header, opened, reason_of
from pixels.jpeg_scans import layout, too_few_bytes, too_many_scans
from pixels.memory import MOST_BYTES, memory_for
from pixels.odd_tiffs import left_to_libtiff

__all__ = ["DECODE_VERSION", "EXTENSIONS", "MAX_PIXELS", "Header", "Picture", "Unreadable", "header", "open_picture"]

DECODE_VERSION = "pil-draft-reduce/3"
"""Names this decode path; part of the version of every measure taken from it. Raise it when a pixel may move."""

MAX_PIXELS = 178_956_970
"""Refused above this size; it is where Pillow itself refuses (twice its limit for a warning). Decoded in Pillow's four
bytes a pixel this is 0.7 GB; what a format's decoder needs besides is counted too (`pixels/memory.py`)."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One decoded picture: the first frame, upright, in sRGB, transparent parts on white.

    `width_px`, `height_px` are of the whole picture, upright; `rgb` may be smaller. `mode` and `bits` (a channel) are
    the file's. `orientation` is the EXIF value, 1 to 8. `icc` is the profile's name, "unusable", or None when there is
    none. `info` is what Pillow found beside the pixels (EXIF, XMP, text).
    """

    rgb: Image.Image
    format: str
    width_px: int
    height_px: int
    mode: str
    bits: int
    frames: int
    orientation: int
    icc: str | None
    info: Mapping[str, Any] = field(repr=False)
    data: bytes = field(repr=False)

    @functools.cached_property
    def grey(self) -> Image.Image:
        """Luma of `rgb`, mode L, by Pillow's ITU-R 601 weights."""
        return self.rgb.convert("L")

    @functools.cached_property
    def box(self) -> Box | None:
        """What lies inside uniform borders, as fractions of the sides; None when there are none to trim."""
        return content_box(self.grey)


def open_picture(data: bytes | Path, *, side_px: int | None = None, max_pixels: int = MAX_PIXELS) -> Picture | Unreadable:
    """The picture with every byte of its stream read, so that a cut file is noticed.

    Args:
        data: the file's bytes, or its path.
        side_px: when given, `rgb` is reduced by a whole number, so that its longer side is at most this and, unless the
            picture is smaller, at least half of it; JPEG then decodes at a fraction of its size. Without it `rgb` is
            whole: slow, and what the fast path is held against.
        max_pixels: larger pictures are not decoded.

    Raises:
        OSError: the path cannot be read. Bad bytes never raise.
    """
    size_bytes = os.stat(data).st_size if isinstance(data, Path) else len(data)
    if size_bytes > MOST_BYTES:
        detail = f"a file of {size_bytes // 1_000_000} MB, more than the {MOST_BYTES // 1_000_000} MB that are opened"
        return Unreadable(kind="too_many_pixels", detail=detail)
    data = data.read_bytes() if isinstance(data, Path) else data
    found = opened(data)
    if isinstance(found, Unreadable):
        return found
    image, first = found
    if first.width_px * first.height_px > max_pixels:
        detail = f"{first.width_px} x {first.height_px} pixels, more than the {max_pixels} that are decoded"
        return Unreadable(kind="too_many_pixels", detail=detail)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata are no outcome
        try:
            return _refused(image, data, first, side_px) or _decoded(image, data, first, side_px)
        except BAD_BYTES as error:
            return reason_of(error)


def _refused(image: Image.Image, data: bytes, first: Header, side_px: int | None) -> Unreadable | None:
    """Why the pixels are not read, told before they are: it would take too long or too much memory."""
    scale = 1 if side_px is None else _draft_scale(image, data, side_px)
    if first.format == "JPEG" and (frame := layout(data)):
        if too_many_scans(data, frame):
            return Unreadable(kind="broken", detail="a file of endless small parts, which are not read")
        if too_few_bytes(data, frame):
            size = f"{first.width_px} x {first.height_px} pixels"
            return Unreadable(kind="truncated", detail=f"the header says {size}, for which there are too few bytes")
    needed = memory_for(image, data, scale)
    if needed <= MOST_BYTES:
        return None
    limit = f"{needed // 1_000_000} MB to decode, more than the {MOST_BYTES // 1_000_000} MB that it may"
    detail = f"{first.width_px} x {first.height_px} pixels as {first.format}, which takes {limit}"
    return Unreadable(kind="too_many_pixels", detail=detail)


def _decoded(image: Image.Image, data: bytes, first: Header, side_px: int | None) -> Picture:
    mode, bits = image.mode, bits_of(image, data)
    if side_px is not None:
        _draft(image, data, side_px)
    frames = _frames(image, data)
    left_to_libtiff(image)
    image.load()
    if image.format == "JPEG2000":
        setattr(image, "reduce", 0)  # noqa: B010  # while a number stands there, Pillow hides its method of that name
    orientation = _orientation(image)
    profile = image.info.get("icc_profile")
    small = _reduced(image, side_px)
    rgb, icc = in_srgb(small, profile)  # after reduction: as good, and far fewer pixels
    if orientation in _TURNS:
        rgb = rgb.transpose(_TURNS[orientation])
    turned = orientation >= 5
    return Picture(
        rgb=rgb,
        format=first.format,
        width_px=first.height_px if turned else first.width_px,
        height_px=first.width_px if turned else first.height_px,
        mode=mode,
        bits=bits,
        frames=frames,
        orientation=orientation,
        icc=icc,
        info={str(key): value for key, value in image.info.items()},
        data=data,
    )


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _draft(image: Image.Image, data: bytes, side_px: int) -> None:
    """Let a JPEG decode at the smallest of its scales (1/8, 1/4, 1/2) that leaves half of `side_px` or more."""
    scale = _draft_scale(image, data, side_px)
    if scale == 1:
        return
    if image.format == "JPEG2000":
        setattr(image, "reduce", scale.bit_length() - 1)  # noqa: B010  # Pillow's own way to ask for it; a method elsewhere
    else:
        image.draft(image.mode, (max(1, image.width // scale), max(1, image.height // scale)))


def _draft_scale(image: Image.Image, data: bytes, side_px: int) -> int:
    """By how much the decoder itself reduces each side: JPEG always, JPEG 2000 where it would else take too much memory."""
    longest = max(image.size)
    if image.format in ("JPEG", "MPO"):
        return next((scale for scale in (8, 4, 2) if 2 * (longest // scale) >= side_px), 1)
    if image.format == "JPEG2000":
        fitting = (1 << power for power in range(_halvings(data) + 1) if memory_for(image, data, 1 << power) <= MOST_BYTES)
        scale = next(fitting, 1)
        return scale if 2 * (longest // scale) >= side_px else 1
    return 1


def _halvings(data: bytes) -> int:
    """How often a JPEG 2000 can be halved: the levels of its wavelets (ITU-T T.800, A.6.1), of which 32 are the most."""
    at = data.find(b"\xff\x52", data.find(b"\xff\x4f\xff\x51"))
    return min(32, data[at + 9]) if 0 <= at < len(data) - 9 else 0


def _reduced(image: Image.Image, side_px: int | None) -> Image.Image:
    """The frame in a mode that can be averaged (L, RGB, CMYK, LAB): means of squares of pixels, so many that it fits."""
    width, height = image.size
    factor = 1 if side_px is None else max(1, -(-max(width, height) // side_px))
    if is_averageable(image):
        return image.reduce(factor) if factor > 1 else image
    white = white_level(image)
    lines = max(1, STRIP_PX // (width * factor)) * factor
    strips = []
    for top in range(0, height, lines):  # strips of full lines
        strip = image if lines >= height else image.crop((0, top, width, min(top + lines, height)))
        plain = averageable(strip, full=white)
        strips.append(plain.reduce(factor) if factor > 1 else plain)
    if len(strips) == 1:
        return strips[0]
    whole = Image.new(strips[0].mode, (strips[0].width, sum(one.height for one in strips)))
    top = 0
    for one in strips:
        whole.paste(one, (0, top))
        top += one.height
    return whole


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(0x0112, 1)
    except BAD_BYTES:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _frames(image: Image.Image, data: bytes) -> int:
    try:
        return frame_count(image, data)
    except BAD_BYTES:
        return 1
