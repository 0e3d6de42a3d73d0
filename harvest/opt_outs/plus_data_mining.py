"""PLUS Data Mining (IPTC Photo Metadata 2023.1): `plus:DataMining` in the file's XMP, in whatever way XMP is written,
and the same property as a C2PA manifest holds it.

Every value that begins with DMI-PROHIBITED denies; where it points to constraints, `plus:OtherConstraints` is kept with it.
"""

import html
import re
from collections.abc import Iterator

from catalog.records import OptOut
from harvest.source import Answer
from harvest.text import one_line
from pixels.beside_pixels import beside_pixels
from pixels.xmp_packets import xmp_packets

CHANNEL = "plus-data-mining"
PLACE = "file"

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CODE = re.compile(r"(?<![A-Za-z0-9])DMI-[A-Z]+(?:-[A-Z]+)*", re.IGNORECASE)
_IN_JSON = re.compile(rb'"plus:DataMining"\s{0,9}:\s{0,9}[^"]{0,40}(?:"@id"\s{0,9}:\s{0,9})?"[^"]{0,80}?(DMI-[A-Za-z-]{1,60})"')
"""As JSON-LD, in the metadata assertion of a C2PA manifest."""


def read(answer: Answer) -> Iterator[OptOut]:
    """One statement for each value that prohibits."""
    body = beside_pixels(answer.body)
    if b"DataMining" not in body and b"D\0a\0t\0a\0M" not in body and not _packed(body):
        return
    said: dict[str, str] = {}
    for packet in xmp_packets(body):
        for value in values(packet, "DataMining"):
            for code in _CODE.findall(value):
                said.setdefault(code.upper(), _constraints(packet, code.upper()))
    for found in _IN_JSON.finditer(body):
        said.setdefault(found[1].decode("ascii").upper(), "")
    for code, constraints in said.items():
        if code.startswith("DMI-PROHIBITED"):
            yield OptOut(channel=CHANNEL, value=code + constraints, where=answer.url)


def values(packet: str, name: str) -> Iterator[str]:
    """What a property of any prefix holds: as attribute, as element with text, resource or description, or in a list."""
    packet = _COMMENT.sub("", packet)
    for found in re.finditer(rf"""[\s:]{name}\s*=\s*(?:"([^"]*)"|'([^']*)')""", packet):
        yield html.unescape(found[1] or found[2] or "")
    for found in re.finditer(rf"<((?:[A-Za-z_][\w.-]*:)?{name})(?=[\s>/])([^>]*)>", packet):
        end = -1 if found[2].endswith("/") else packet.find(f"</{found[1]}", found.end())
        yield html.unescape(found[2] + packet[found.end() : max(end, found.end())])


def _constraints(packet: str, code: str) -> str:
    if not code.endswith("SEECONSTRAINT"):
        return ""
    said = dict.fromkeys(one_line(re.sub(r"<[^>]*>", " ", text)) for text in values(packet, "OtherConstraints"))
    words = "; ".join(text for text in said if text)[:1000]
    return f" (plus:OtherConstraints: {words})" if words else ""


def _packed(body: bytes) -> bool:
    """Whether the file may hold XMP that cannot be seen without unpacking, or that segments cut apart."""
    return (body.startswith(b"\x89PNG") and any(mark in body for mark in (b"com.adobe.xmp", b"Raw profile type xmp"))) or (
        b"/xmp/extension/" in body
    )
