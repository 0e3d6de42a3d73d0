"""Where pictures keep what is written about them: the raw XMP, IPTC and EXIF of JPEG, PNG, TIFF, WebP and others.

Files are read in place: only what may hold marks is taken, so that a scan of a gigabyte costs a few kilobytes.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pixels.exif import ARTIST, COPYRIGHT, DATE_TAKEN, DESCRIPTION, DETAILS, IPTC, XMP, read_tags, tags_of
from pixels.iptc import iptc_in_photoshop
from pixels.xmp_packets import xmp_packets

PHOTOSHOP = 0x8649
LARGEST_BYTES = 4 << 20
"""Of one mark, also after it is unpacked."""

MOST_BYTES = 16 << 20
"""Of all marks of a file."""

MOST_PARTS = 1_000_000
"""Segments or chunks of one file: a large PNG has a hundred thousand."""

_WANTED = (ARTIST, COPYRIGHT, DESCRIPTION, DETAILS, DATE_TAKEN)
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_JPEG_PHOTOSHOP = b"Photoshop 3.0\0"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_WORDS = {b"Copyright": COPYRIGHT, b"Author": ARTIST}


@dataclass
class Places:
    """What was found, as bytes: packets of XMP, IIM, EXIF values by tag; and the pages of a TIFF."""

    xmp: list[bytes] = field(default_factory=list)
    iptc: list[bytes] = field(default_factory=list)
    exif: dict[int, bytes] = field(default_factory=dict)
    pages: int = 1


def marks_in(picture: bytes | Path) -> Places:
    """The places of a picture's bytes, or of a file. Never raises for what they hold.

    Raises:
        OSError: the file cannot be read.
    """
    if isinstance(picture, bytes):
        return _read(io.BytesIO(picture))
    with picture.open("rb") as stream:
        return _read(stream)


def _read(stream: BinaryIO) -> Places:
    found = Places()
    head = stream.read(16)
    stream.seek(0)
    try:
        if head.startswith(b"\xff\xd8"):
            _jpeg(stream, found)
        elif head.startswith(_PNG_START):
            _png(stream, found)
        elif head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            _tiff(stream, found)
        elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            _webp(stream, found)
        else:
            found.xmp += [packet.encode() for packet in xmp_packets(stream.read(LARGEST_BYTES))]
    except (struct.error, IndexError):
        pass  # cut off: what came before it counts
    return found


def _jpeg(stream: BinaryIO, found: Places) -> None:
    stream.seek(2)
    pieces: dict[int, bytes] = {}
    photoshop = b""
    taken = 0
    for _ in range(MOST_PARTS):
        mark = stream.read(4)
        if len(mark) < 4 or mark[0] != 0xFF or mark[1] in (0xDA, 0xD9) or taken > MOST_BYTES:
            break
        if mark[1] == 0xFF:  # filling before a marker
            stream.seek(-3, io.SEEK_CUR)
            continue
        size = int.from_bytes(mark[2:], "big") - 2
        if mark[1] not in (0xE1, 0xED):
            stream.seek(max(0, size), io.SEEK_CUR)
            continue
        body = stream.read(max(0, size))
        taken += len(body)
        if body.startswith(_JPEG_XMP):
            found.xmp.append(body[len(_JPEG_XMP) :])
        elif body.startswith(_JPEG_MORE_XMP):
            at = len(_JPEG_MORE_XMP) + 32  # after the digest of the whole
            pieces[int.from_bytes(body[at + 4 : at + 8], "big")] = body[at + 8 :]
        elif body.startswith(b"Exif\0"):
            _exif(body[6:], found)
        elif body.startswith(_JPEG_PHOTOSHOP):
            photoshop += body[len(_JPEG_PHOTOSHOP) :]
    if pieces:
        found.xmp.append(b"".join(pieces[offset] for offset in sorted(pieces)))
    if iptc := iptc_in_photoshop(photoshop):
        found.iptc.append(iptc)


def _png(stream: BinaryIO, found: Places) -> None:
    stream.seek(len(_PNG_START))
    taken = 0
    for _ in range(MOST_PARTS):
        head = stream.read(8)
        if len(head) < 8 or head[4:] == b"IEND" or taken > MOST_BYTES:
            break
        size = int.from_bytes(head[:4], "big")
        if head[4:] not in (b"eXIf", b"iTXt", b"tEXt", b"zTXt") or size > LARGEST_BYTES:
            stream.seek(size + 4, io.SEEK_CUR)
            continue
        body = stream.read(size)
        stream.seek(4, io.SEEK_CUR)
        taken += size
        if head[4:] == b"eXIf":
            _exif(body, found)
        else:
            _png_text(head[4:], body, found)


def _png_text(kind: bytes, body: bytes, found: Places) -> None:
    name, _, rest = body.partition(b"\0")
    if kind == b"iTXt":
        packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    else:
        packed, text = kind == b"zTXt", rest[1:] if kind == b"zTXt" else rest
    text = _unpacked(text) if packed else text
    if name == b"XML:com.adobe.xmp":
        found.xmp.append(text)
    elif name in _PNG_WORDS:
        found.exif.setdefault(_PNG_WORDS[name], text)
    elif name.lower().startswith(b"raw profile type "):
        profile = _hexadecimal(text)
        of = name.lower().rpartition(b" ")[2]
        if of == b"xmp":
            found.xmp.append(profile)
        elif of in (b"iptc", b"8bim"):
            found.iptc.append(iptc_in_photoshop(profile) or profile)
        elif of in (b"exif", b"app1"):
            if profile.startswith(_JPEG_XMP):
                found.xmp.append(profile[len(_JPEG_XMP) :])
            else:
                _exif(profile, found)


def _tiff(stream: BinaryIO, found: Places) -> None:
    tags = read_tags(stream, (*_WANTED, XMP, IPTC, PHOTOSHOP), pages=True)
    values = dict(tags.values)
    found.pages = tags.pages
    if packet := values.pop(XMP, b""):
        found.xmp.append(packet)
    photoshop = iptc_in_photoshop(values.pop(PHOTOSHOP, b""))
    found.iptc += [one for one in (values.pop(IPTC, b""), photoshop) if one]
    found.exif |= values


def _webp(stream: BinaryIO, found: Places) -> None:
    stream.seek(12)
    for kind, size in _riff_chunks(stream):
        if kind in (b"EXIF", b"XMP ") and size <= LARGEST_BYTES:
            body = stream.read(size)
            stream.seek(size % 2, io.SEEK_CUR)
            if kind == b"XMP ":
                found.xmp.append(body)
            else:
                _exif(body, found)
        else:
            stream.seek(size + size % 2, io.SEEK_CUR)


def _riff_chunks(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    for _ in range(10_000):  # an animated WebP has a chunk for each picture
        head = stream.read(8)
        if len(head) < 8:
            return
        yield head[:4], int.from_bytes(head[4:], "little")


def _exif(body: bytes, found: Places) -> None:
    for tag, value in tags_of(body, _WANTED).items():
        found.exif.setdefault(tag, value)


def _hexadecimal(text: bytes) -> bytes:
    """ImageMagick's raw profiles: a name, a length, and the bytes in hexadecimal."""
    digits = b"".join(text.split()[2:]).decode("ascii", "replace")
    return bytes.fromhex(digits) if len(digits) % 2 == 0 and re.fullmatch("[0-9A-Fa-f]*", digits) else b""


def _unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(body, LARGEST_BYTES)
    except zlib.error:
        return b""
