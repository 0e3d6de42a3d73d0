"""Pictures drawn in code with XMP, IPTC and EXIF written into them, in every format that keeps such marks."""

import io
import struct
import zlib
from xml.sax.saxutils import escape

from PIL import Image

BY = "https://creativecommons.org/licenses/by/4.0/"
NC = "https://creativecommons.org/licenses/by-nc/4.0/"
SPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
    ' xmlns:cc="http://creativecommons.org/ns#" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"'
)


def packet(inside: str, attributes: str = "") -> bytes:
    """An XMP packet with one description."""
    description = f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description>'
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {SPACES}>{description}</rdf:RDF></x:xmpmeta>'.encode()


def web_statement(url: str) -> bytes:
    """A packet that names the address of a licence."""
    return packet(f"<xmpRights:WebStatement>{escape(url)}</xmpRights:WebStatement>")


def iim(**fields: str) -> bytes:
    """IPTC-IIM in UTF-8: `creator=…, notice=…`."""
    numbers = {"title": 5, "date": 55, "creator": 80, "credit": 110, "source": 115, "notice": 116, "caption": 120}
    sets = [(1, 90, b"\x1b%G"), *((2, numbers[name], text.encode()) for name, text in fields.items())]
    return b"".join(struct.pack(">BBBH", 0x1C, record, number, len(body)) + body for record, number, body in sets)


def photoshop(block: bytes) -> bytes:
    """IIM as one of Photoshop's image resources, behind another one."""
    other = b"8BIM" + struct.pack(">H", 0x03ED) + b"\x03abc" + struct.pack(">I", 3) + b"xyz\0"
    return other + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(block)) + block + b"\0" * (len(block) % 2)


def picture(
    form: str = "JPEG", *, xmp: bytes = b"", iptc: bytes = b"", artist: str = "", rights: str = "", side_px: int = 24
) -> bytes:
    """A picture with these marks. IPTC goes into JPEG and TIFF; EXIF, in ASCII, into all."""
    drawn = Image.linear_gradient("L").convert("RGB").resize((side_px, side_px))
    exif = Image.Exif()
    if artist:
        exif[0x013B] = artist
    if rights:
        exif[0x8298] = rights
    stream = io.BytesIO()
    if form == "TIFF":
        blocks = {number: block for number, block in ((0x02BC, xmp), (0x83BB, iptc)) if block}
        drawn.save(stream, form, tiffinfo={**dict(exif), **blocks})
        return stream.getvalue()
    extra = {"xmp": xmp} if form == "WEBP" and xmp else {}
    drawn.save(stream, form, **({"exif": exif} if len(exif) else {}), **extra)
    data = stream.getvalue()
    if form == "JPEG":
        segments = b"".join(
            b"\xff" + mark + struct.pack(">H", len(body) + 2) + body
            for mark, body in (
                (b"\xe1", b"http://ns.adobe.com/xap/1.0/\0" + xmp if xmp else b""),
                (b"\xed", b"Photoshop 3.0\0" + photoshop(iptc) if iptc else b""),
            )
            if body
        )
        return data[:2] + segments + data[2:]
    if form == "PNG" and xmp:
        body = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp
        chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
        return data[:33] + chunk + data[33:]
    return data
