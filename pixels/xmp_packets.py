"""The XMP packets of a file as text, wherever a format keeps them: JPEG (also extended), PNG (also compressed), any other."""

import re
import zlib
from collections.abc import Iterator

MOST_PACKETS = 16
LARGEST_CHARACTERS = 4 << 20
"""Of one packet, after it is unpacked; packets hold kilobytes, seldom a thumbnail."""

MOST_CHUNKS = 200_000
"""Of one PNG; a large one has a hundred thousand."""

_PLAIN = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,20}:)?(?:xmpmeta|xapmeta|RDF)[\s>]")
_WIDE = re.compile(rb"<\0(?:[A-Za-z_]\0){1,20}:\0(?:x\0(?:m|a)\0p\0m\0e\0t\0a\0|R\0D\0F\0)")
_END = re.compile(r"</(?:[A-Za-z_][\w.-]{0,20}:)?(xmpmeta|xapmeta|RDF)\s*>")
_JPEG_MAIN = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_MORE = b"http://ns.adobe.com/xmp/extension/\0"
_PNG_START = b"\x89PNG\r\n\x1a\n"


def xmp_packets(data: bytes) -> list[str]:
    """Each packet's XML, which may be malformed: it is found, not parsed. Never raises."""
    found: list[str] = []
    for body in (*_jpeg_extended(data), *_png_compressed(data), data):
        for packet in _in(body):
            if packet not in found:
                found.append(packet)
            if len(found) == MOST_PACKETS:
                return found
    return found


def _in(body: bytes) -> Iterator[str]:
    """The packets that stand plainly in these bytes."""
    at = 0
    for _ in range(MOST_PACKETS):
        start = _PLAIN.search(body, at)
        if start is None:
            break
        text = body[start.start() : start.start() + LARGEST_CHARACTERS].decode("utf-8", "replace")
        packet = _whole(text)
        yield packet
        at = start.start() + max(1, len(packet.encode()) if "\ufffd" not in packet else len(packet))
    if wide := _WIDE.search(body):
        little = body[wide.start() : wide.start() + 2 * LARGEST_CHARACTERS]
        yield _whole(little.decode("utf-16-le", "replace"))


def _whole(text: str) -> str:
    """Up to the end of the element that begins the text; a packet that is cut off ends where the text does."""
    kind = "RDF" if re.match(r"<[^\s>]*RDF", text) else "meta"
    for end in _END.finditer(text):
        if (end[1] == "RDF" and kind == "RDF") or (end[1] != "RDF" and kind == "meta"):
            return text[: end.end()]
    return text[: 64 << 10]


def _jpeg_extended(data: bytes) -> Iterator[bytes]:
    """XMP too long for one segment: its pieces, each with the place where it belongs, put together."""
    if not data.startswith(b"\xff\xd8") or _JPEG_MORE not in data:
        return
    pieces: dict[bytes, dict[int, bytes]] = {}
    at = 0
    while (at := data.find(_JPEG_MORE, at)) >= 4:
        size = int.from_bytes(data[at - 2 : at], "big")
        body = data[at : at - 2 + size]
        head = len(_JPEG_MORE)
        offset = int.from_bytes(body[head + 36 : head + 40], "big")
        pieces.setdefault(body[head : head + 32], {})[offset] = body[head + 40 :]
        at += max(head, size - 2)  # pieces that overlap would make gigabytes of a megabyte
    for several in pieces.values():
        yield b"".join(several[offset] for offset in sorted(several))


def _png_compressed(data: bytes) -> Iterator[bytes]:
    """XMP in a compressed iTXt chunk, or as ImageMagick's raw profile (hexadecimal) in tEXt and zTXt."""
    at = len(_PNG_START) if data.startswith(_PNG_START) else len(data)
    packed = 0
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data) or packed == MOST_PACKETS:
            break
        size = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        name, _, rest = body.partition(b"\0")
        if kind == b"iTXt" and name == b"XML:com.adobe.xmp" and rest[:1] == b"\1":
            packed += 1
            yield _unpacked(rest[2:].split(b"\0", 2)[-1])
        elif kind in (b"tEXt", b"zTXt") and name.lower() == b"raw profile type xmp":
            packed += 1
            text = rest if kind == b"tEXt" else _unpacked(rest[1:])
            hexadecimal = b"".join(text.split()[2:]).decode("ascii", "replace")
            yield bytes.fromhex(hexadecimal) if re.fullmatch("(?:[0-9A-Fa-f]{2})*", hexadecimal) else b""
        at += 12 + size


def _unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(body, LARGEST_CHARACTERS)
    except zlib.error:
        return b""
