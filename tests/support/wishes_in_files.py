"""Smallest files that carry an owner's wish: XMP and C2PA manifests in JPEG, PNG, WebP and TIFF, written by hand."""

import struct
import zlib
from typing import Any

JPEG_PICTURE = b"\xff\xdb\0\x04\0\0\xff\xda\0\x02\xff\xd9"
"""Not a picture that decodes: only what follows the segments."""

VOCABULARY = "http://ns.useplus.org/ldf/vocab/"


def xmp(inside: str, attributes: str = "") -> bytes:
    """A packet with this in its one description."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" {attributes}>{inside}'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """A JPEG with these APP segments, by number."""
    parts = [b"\xff" + bytes([0xE0 + number]) + struct.pack(">H", len(body) + 2) + body for number, body in segments]
    return b"\xff\xd8" + b"".join(parts) + JPEG_PICTURE


def jpeg_with_xmp(packet: bytes) -> bytes:
    """In one APP1 segment."""
    return jpeg((1, b"http://ns.adobe.com/xap/1.0/\0" + packet))


def jpeg_with_extended_xmp(packet: bytes, pieces: int = 3) -> bytes:
    """In several APP1 segments, the last one first."""
    size = -(-len(packet) // pieces)
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + struct.pack(">I", len(packet))
    starts = range(0, len(packet), size)
    return jpeg(*((1, head + struct.pack(">I", at) + packet[at : at + size]) for at in reversed(starts)))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with these chunks after its header."""
    header = (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (header, *chunks, (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_with_xmp(packet: bytes, *, packed: bool = False) -> bytes:
    """In an iTXt chunk."""
    start = b"XML:com.adobe.xmp\0" + (b"\1\0" if packed else b"\0\0") + b"\0\0"
    return png((b"iTXt", start + (zlib.compress(packet) if packed else packet)))


def png_with_raw_profile(packet: bytes) -> bytes:
    """As ImageMagick writes it."""
    text = b"\nxmp\n" + str(len(packet)).encode() + b"\n" + packet.hex().encode()
    return png((b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(text)))


def webp(kind: bytes, body: bytes) -> bytes:
    """A RIFF file with one chunk."""
    chunk = kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def tiff(tag: int, body: bytes) -> bytes:
    """A TIFF whose one field holds the bytes."""
    return b"II*\0" + struct.pack("<IHHHIII", 8, 1, tag, 7, len(body), 26, 0) + body


def box(kind: bytes, body: bytes) -> bytes:
    """One JUMBF box."""
    return struct.pack(">I", len(body) + 8) + kind + body


def assertion(label: str, content: bytes, kind: bytes = b"cbor") -> bytes:
    """An assertion's superbox: its description, and one content box."""
    described = box(b"jumd", kind + b"\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71" + b"\x03" + label.encode() + b"\0")
    return box(b"jumb", described + box(kind, content))


def store(*assertions: bytes) -> bytes:
    """A manifest store around assertions."""

    def described(label: str) -> bytes:
        return box(b"jumd", b"c2pa" + b"\0" * 12 + b"\x03" + label.encode() + b"\0")

    inner = box(b"jumb", described("c2pa.assertions") + b"".join(assertions))
    return box(b"jumb", described("c2pa") + box(b"jumb", described("urn:c2pa:test") + inner))


def jpeg_with_store(boxes: bytes, pieces: int = 1) -> bytes:
    """In APP11 segments; each repeats the box's length and kind."""
    size = -(-len(boxes) // pieces)
    cut = [boxes[at : at + size] for at in range(0, len(boxes), size)]
    bodies = [cut[0], *(boxes[:8] + one for one in cut[1:])]
    return jpeg(*((11, b"JP\0\x01" + struct.pack(">I", number) + body) for number, body in enumerate(bodies, 1)))


def cbor(value: Any) -> bytes:
    """Texts, lists and dicts."""
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    return _head(5, len(value)) + b"".join(cbor(key) + cbor(one) for key, one in value.items())


def training(label: str = "cawg.training-mining", **uses: str) -> bytes:
    """A training-mining assertion in CBOR; uses without their prefix."""
    prefix = label.partition(".")[0]
    return assertion(label, cbor({"entries": {f"{prefix}.{use}": {"use": said} for use, said in uses.items()}}))


def _head(kind: int, size: int) -> bytes:
    return bytes([kind << 5 | size]) if size < 24 else bytes([kind << 5 | 25]) + struct.pack(">H", size)
