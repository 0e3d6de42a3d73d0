"""Marks that travel inside a file: what says who made a picture, from what, and under which terms. Written as XMP."""

import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from base.errors import UsageError
from pixels.exif import ARTIST, COPYRIGHT, DATE_TAKEN, DESCRIPTION
from pixels.iptc import read_iptc
from pixels.marks_places import marks_in
from pixels.xmp import NAMESPACES, RDF, Text, read_packet

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's word for a picture that a trained model made from another picture; value of Iptc4xmpExt:DigitalSourceType.
Source: IPTC NewsCodes, Digital Source Type."""

SYNTHETIC_SOURCES = frozenset(("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia"))
"""The last words of DigitalSourceType that mark a picture made by a model: no archive material."""

_LISTS = {"dc:creator": "Seq", "dc:subject": "Bag", "dc:contributor": "Bag"}
_LANGUAGES = ("dc:title", "dc:description", "dc:rights", "xmpRights:UsageTerms")
_JPEG_MARK = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_KEYWORD = b"XML:com.adobe.xmp"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_NO_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")  # no XML 1.0 may hold them: nobody could read the packet
_MOST_JPEG_BYTES = 65_502  # of one APP1 segment, after its mark (XMP specification part 3, 1.1.3)


def write_xmp(data: bytes, properties: Mapping[str, str | Sequence[str]]) -> bytes:
    """The same PNG or JPEG with these properties as its only XMP packet; no pixel is touched.

    Args:
        data: bytes of the file.
        properties: by prefixed name, such as `dc:creator`; a list for names that hold several. Equal properties give
            equal bytes, in whatever order.

    Raises:
        UsageError: neither PNG nor JPEG, an unknown prefix, or a packet too large for JPEG.
    """
    written = packet(properties)
    if data.startswith(_PNG_START):
        chunks = [chunk for chunk in _png_chunks(data) if not _is_png_xmp(chunk)]
        chunks.insert(1, (b"iTXt", _PNG_KEYWORD + b"\0\0\0\0\0" + written))
        return _PNG_START + b"".join(_png_chunk(kind, body) for kind, body in chunks)
    if data.startswith(b"\xff\xd8"):
        if len(written) > _MOST_JPEG_BYTES:
            raise UsageError(f"XMP of {len(written)} bytes does not fit a JPEG ({_MOST_JPEG_BYTES}): write a PNG.")
        segments, rest = _jpeg_segments(data)
        kept = [one for one in segments if not one[4:].startswith(_JPEG_MARK)]
        body = _JPEG_MARK + written
        first = 1 if kept and kept[0][1] == 0xE0 else 0  # JFIF's own segment stays in front
        kept.insert(first, b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
        return b"\xff\xd8" + b"".join(kept) + rest
    raise UsageError(f"XMP is written into PNG and JPEG only; these bytes begin with {data[:8]!r}.")


@dataclass(frozen=True)
class Marks:
    """All that a picture says of itself: XMP by prefixed name, IPTC-IIM by data set of record 2, EXIF by tag.

    `pages` of a TIFF. `unreadable` names what is there and cannot be read.
    """

    xmp: Mapping[str, Sequence[Text]] = field(default_factory=dict)
    iptc: Mapping[int, Sequence[str]] = field(default_factory=dict)
    exif: Mapping[int, str] = field(default_factory=dict)
    pages: int = 1
    unreadable: tuple[str, ...] = ()


def read_marks(picture: bytes | Path) -> Marks:
    """Everything written about a picture in it, without decoding a pixel; a file is read in place.

    Raises:
        OSError: the file cannot be read. Nothing that it holds raises.
    """
    places = marks_in(picture)
    xmp: dict[str, list[Text]] = {}
    unreadable = []
    for packet in places.xmp:
        properties = read_packet(packet)
        if properties is None:
            unreadable.append("XMP")
        else:
            xmp = properties | xmp  # the packet that comes first has the word
    iptc: dict[int, Sequence[str]] = {}
    for block in places.iptc:
        iptc = {**read_iptc(block), **iptc}
    exif = {tag: text for tag in _EXIF_WORDS if (text := _exif_text(places.exif.get(tag, b"")))}
    return Marks(xmp, iptc, exif, places.pages, tuple(dict.fromkeys(unreadable)))


def read_xmp(data: bytes) -> dict[str, str | list[str]]:
    """The properties of a picture's XMP by prefixed name; empty when there is none that can be read.

    Names of unknown namespaces are left out. Lists come as lists, texts in several languages as the first one.
    """
    found: dict[str, str | list[str]] = {}
    for name, values in read_marks(data).xmp.items():
        words = [value.words for value in values]
        several = name in _LISTS or (len(words) > 1 and values[0].language is None)
        found[name] = words if several else words[0]
    return found


_EXIF_WORDS = (ARTIST, COPYRIGHT, DESCRIPTION, DATE_TAKEN)


def _exif_text(value: bytes) -> str:
    """EXIF's texts: ASCII by the standard, UTF-8 or Latin-1 in fact; a NUL parts photographer from editor."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return "; ".join(filter(None, (part.strip() for part in text.split("\0"))))


def packet(properties: Mapping[str, str | Sequence[str]]) -> bytes:
    """The XMP packet of these properties, for an encoder that takes one; `write_xmp` puts it into a file that stands.

    Raises:
        UsageError: an unknown prefix.
    """
    used = sorted({name.partition(":")[0] for name in properties})
    unknown = [prefix for prefix in used if prefix not in NAMESPACES]
    if unknown:
        raise UsageError(f"XMP prefix {unknown[0]!r} is unknown: {', '.join(NAMESPACES)}.")
    spaces = "".join(f" xmlns:{prefix}={quoteattr(NAMESPACES[prefix])}" for prefix in used)
    lines = [_element(name, properties[name]) for name in sorted(properties)]
    text = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">\n'
        f'<rdf:Description rdf:about=""{spaces}>\n' + "".join(lines) + "</rdf:Description>\n"
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
    )
    return text.encode()


def _element(name: str, value: str | Sequence[str]) -> str:
    items = [value] if isinstance(value, str) else list(value)
    clean = [escape(_NO_XML.sub("", item)) for item in items]
    if name in _LANGUAGES:
        inner = f'<rdf:Alt><rdf:li xml:lang="x-default">{clean[0]}</rdf:li></rdf:Alt>'
    elif _LISTS.get(name) or len(clean) > 1:
        kind = _LISTS.get(name) or "Seq"
        inner = f"<rdf:{kind}>" + "".join(f"<rdf:li>{item}</rdf:li>" for item in clean) + f"</rdf:{kind}>"
    else:
        inner = clean[0] if clean else ""
    return f"<{name}>{inner}</{name}>\n"


def _png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks, at = [], len(_PNG_START)
    while at + 8 <= len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return chunks


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _is_png_xmp(chunk: tuple[bytes, bytes]) -> bool:
    return chunk[0] == b"iTXt" and chunk[1].startswith(_PNG_KEYWORD + b"\0")


def _jpeg_segments(data: bytes) -> tuple[list[bytes], bytes]:
    """The segments between the start and the first that is no APPn or comment, and all that follows."""
    segments, at = [], 2
    while data[at : at + 1] == b"\xff" and (0xE0 <= data[at + 1] <= 0xEF or data[at + 1] == 0xFE):
        (size,) = struct.unpack(">H", data[at + 2 : at + 4])
        segments.append(data[at : at + 2 + size])
        at += 2 + size
    return segments, data[at:]
