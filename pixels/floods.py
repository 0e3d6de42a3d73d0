"""Files whose beginning is made of endless small parts: reading a header would cost far more than the file is worth.

Pillow 13 guards against what unpacks to much and against directories that point at the same bytes again and again. It reads
every part before the picture, however: 64 MiB of empty JPEG segments take 25 s and 2 GB (2026-11-21). Here the parts are
counted first, and no honest file has nearly so many.
"""

import re
import struct

MOST_PARTS = 10_000
"""Before the picture itself. An honest file has tens; extended XMP and depth maps make hundreds."""

MOST_PADDING = 1 << 20
"""Bytes between a JPEG's segments that belong to none of them; Pillow reads them one by one."""

MOST_VALUES = 200_000
"""Of one tag of a TIFF, texts aside: its strips or tiles. A million strips of one line take Pillow 25 s."""

_MARKER = re.compile(rb"\xff[^\x00\xff]")


def is_flood(data: bytes) -> bool:
    """Whether more than `MOST_PARTS` parts stand before the picture."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if data.startswith(b"GIF8"):
        return _gif(data)
    if data[:4] in _TIFF_FORMS:
        return _tiff(data)
    if data[4:8] in (b"jP  ", b"ftyp"):
        return _boxes(data)
    return False


def _jpeg(data: bytes) -> bool:
    at, padding = 2, 0
    for _ in range(MOST_PARTS):
        found = _MARKER.search(data, at, at + MOST_PADDING)
        if found is None:
            return len(data) - at > MOST_PADDING
        padding += found.start() - at
        if padding > MOST_PADDING:
            return True
        at, marker = found.start(), data[found.start() + 1]
        if marker in (0xDA, 0xD9):  # the scan begins, or the picture ends
            return False
        alone = 0xD0 <= marker <= 0xD8 or marker == 0x01
        at += 2 if alone else 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return at < len(data)


def _png(data: bytes) -> bool:
    at = 8
    for _ in range(MOST_PARTS):
        if at >= len(data) or data[at + 4 : at + 8] in (b"IDAT", b"IEND"):
            return False
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return at < len(data)


def _gif(data: bytes) -> bool:
    colours = data[10] if len(data) > 10 else 0
    at = 13 + (3 << ((colours & 7) + 1) if colours & 0x80 else 0)
    for _ in range(MOST_PARTS):
        introducer = data[at : at + 1]
        if introducer in (b"", b",", b";"):
            return False
        at += 2 if introducer == b"!" else 1
        while introducer == b"!" and at < len(data):
            length = data[at]
            at += 1 + length
            if not length:
                break
    return at < len(data)


_TIFF_FORMS = {b"II*\0": "<I H HHI4x", b"MM\0*": ">I H HHI4x", b"II+\0": "<Q Q HHQ8x", b"MM\0+": ">Q Q HHQ8x"}
"""By a file's beginning: where its directory is, how many entries that has, and of each tag, type and number of values."""


def _tiff(data: bytes) -> bool:
    form = _TIFF_FORMS[data[:4]]
    place, count, entry = (struct.Struct(form[0] + part) for part in form[1:].split())
    start = place.size  # 4, or 8 in BigTIFF
    if len(data) < start + place.size:
        return False
    at = place.unpack_from(data, start)[0]
    if at + count.size > len(data):
        return False
    begin = at + count.size
    entries = data[begin : begin + entry.size * min(MOST_PARTS, count.unpack_from(data, at)[0])]
    whole = entries[: len(entries) - len(entries) % entry.size]
    return any(kind not in _TEXTS and values > MOST_VALUES for _, kind, values in entry.iter_unpack(whole))


_TEXTS = (1, 2, 6, 7)
"""TIFF's types of one byte: profiles, packets and previews, which are taken as they stand."""


def _boxes(data: bytes) -> bool:
    at = 0
    for _ in range(MOST_PARTS):
        if at >= len(data) or data[at + 4 : at + 8] in (b"jp2c", b"mdat"):
            return False
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length < 8:
            return False
        at += length
    return at < len(data)
