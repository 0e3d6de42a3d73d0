"""Reads single tags of a TIFF structure (a TIFF file, BigTIFF too, or the EXIF of any picture) without decoding a pixel."""

import io
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import BinaryIO

ARTIST, COPYRIGHT, XMP, IPTC = 0x013B, 0x8298, 0x02BC, 0x83BB
DESCRIPTION, DATE_TAKEN, DETAILS = 0x010E, 0x9003, 0x8769
"""`DETAILS` is where EXIF's own directory lies, which holds `DATE_TAKEN`."""

MOST_ENTRIES = 1_000
"""Of one directory; TIFF files have some dozens (assumption, not measured)."""

MOST_PAGES = 10_000
"""Of one file: a chain of directories may bite its own tail."""

LARGEST_BYTES = 4 << 20
"""Of one value; XMP holds kilobytes, seldom a thumbnail."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of one value, by TIFF's type number."""


@dataclass(frozen=True)
class _Layout:
    order: str  # of bytes, as `struct` writes it
    count: str  # of entries in a directory
    entry: str  # tag, type, number of values, and the values or where they are
    offset: str


_CLASSIC = ("H", "HHII", "I")
_BIG = ("Q", "HHQQ", "Q")


@dataclass(frozen=True)
class Tags:
    """The raw values of the first directory by tag, and how many directories (pages, as a rule) the file has."""

    values: Mapping[int, bytes]
    pages: int


def read_tags(stream: BinaryIO, wanted: Collection[int], *, pages: bool = False) -> Tags:
    """The wanted tags of the TIFF structure at the stream's beginning; nothing for whatever is none. Never raises.

    Args:
        stream: Seekable; only directories and wanted values are read.
        wanted: Tags.
        pages: Also count the directories; else 1.
    """
    found: dict[int, bytes] = {}
    try:
        layout, at = _beginning(stream)
        number, seen = 0, set[int]()
        while at and at not in seen and number < MOST_PAGES:
            seen.add(at)
            following = _directory(stream, layout, at, () if number else wanted, found)
            number += 1
            if not pages:
                break
            at = following
        details = found.pop(DETAILS, None) if DETAILS in wanted else None
        if details and len(details) == struct.calcsize(layout.offset):
            _directory(stream, layout, struct.unpack(layout.order + layout.offset, details)[0], wanted, found)
    except (struct.error, OSError, ValueError, OverflowError):
        return Tags(found, 1)
    return Tags(found, max(1, number))


def tags_of(data: bytes, wanted: Collection[int]) -> Mapping[int, bytes]:
    """The wanted tags of EXIF as a picture carries it, with or without the word `Exif` before it."""
    return read_tags(io.BytesIO(data.removeprefix(b"Exif\0\0")), wanted).values


def _beginning(stream: BinaryIO) -> tuple[_Layout, int]:
    head = stream.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        return _Layout("<", *_CLASSIC), 0
    (kind,) = struct.unpack(order + "H", head[2:4])
    if kind == 43:
        return _Layout(order, *_BIG), struct.unpack(order + "Q", head[8:16])[0]
    return _Layout(order, *_CLASSIC), struct.unpack(order + "I", head[4:8])[0] if kind == 42 else 0


def _directory(stream: BinaryIO, layout: _Layout, at: int, wanted: Collection[int], found: dict[int, bytes]) -> int:
    """Put the wanted values into `found`, the first of each tag; returns where the next directory is, 0 for none."""
    stream.seek(at)
    (count,) = _unpacked(stream, layout.order + layout.count)
    if count > MOST_ENTRIES:
        return 0
    size = struct.calcsize("=" + layout.entry)
    entries = stream.read(size * count)
    (following,) = _unpacked(stream, layout.order + layout.offset)
    if not wanted:
        return int(following)
    inline = struct.calcsize("=" + layout.offset)
    for place in range(0, len(entries) - size + 1, size):
        tag, kind, number, _ = struct.unpack_from(layout.order + layout.entry, entries, place)
        if tag not in wanted or tag in found or kind not in _SIZES:
            continue
        length = min(number * _SIZES[kind], LARGEST_BYTES)
        held = entries[place + size - inline : place + size]
        if length > inline:
            stream.seek(struct.unpack(layout.order + layout.offset, held)[0])
            held = stream.read(length)
        found[tag] = held[:length]
    return int(following)


def _unpacked(stream: BinaryIO, form: str) -> tuple[int, ...]:
    return struct.unpack(form, stream.read(struct.calcsize(form)))
