"""The properties of an XMP packet: who, under which terms, from what; safe against what hostile XML can do."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "cc": "http://creativecommons.org/ns#",
    "fototeca": "tag:fototeca,2026:variation/",
}
"""Prefixes that a property may have. The last is our own: model, revision, prompt, seed, parent and the like."""

_OTHER_SPELLINGS = {
    "http://ns.useplus.org/ldf/vocab/": "plus",
    "http://web.resource.org/cc/": "cc",
    "https://creativecommons.org/ns#": "cc",
}
"""Namespaces that files use where another is meant."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_STRUCTURES = frozenset(("plus:Licensor", "plus:ImageSupplier", "plus:CopyrightOwner", "plus:ImageCreator"))
_PREFIX_OF = {uri: prefix for prefix, uri in NAMESPACES.items()} | _OTHER_SPELLINGS

LARGEST_CHARACTERS = 4 << 20
MOST_ELEMENTS = 100_000
"""Of one packet; a packet with more is no description of a picture (assumption, not measured)."""

_FORBIDDEN = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.I)
"""Entities can grow without bound, and name files; XMP needs none."""


@dataclass(frozen=True)
class Text:
    """One value; `language` as the packet has it, None where it says none."""

    words: str
    language: str | None = None


def read_packet(packet: str | bytes) -> dict[str, list[Text]] | None:
    """Every property by its prefixed name, with all its values; None when the packet cannot be read. Never raises.

    Names of unknown namespaces are left out. Parts of PLUS structures stand under their own names (`plus:LicensorURL`).
    What describes other files (ingredients, history) is left out.
    """
    text = _decoded(packet) if isinstance(packet, bytes) else packet
    if len(text) > LARGEST_CHARACTERS or _FORBIDDEN.search(text):
        return None
    try:
        root = ElementTree.fromstring(_without_declaration(text))
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError):
        return None
    found: dict[str, list[Text]] = {}
    for number, description in enumerate(_descriptions(root)):
        if number > MOST_ELEMENTS:
            return None
        for key, words in description.attrib.items():
            if name := _prefixed(key):
                found.setdefault(name, []).append(Text(words))
        for child in description:
            if (name := _prefixed(child.tag)) is None:
                continue
            if name in _STRUCTURES:
                _flattened(child, found)
            found.setdefault(name, []).extend(_values(child))
    return {name: values for name, values in found.items() if values}


def _descriptions(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """The descriptions of the picture itself: those that stand directly below `rdf:RDF`."""
    tops = [root] if root.tag == f"{{{RDF}}}RDF" else list(root.iter(f"{{{RDF}}}RDF"))[:4]
    for top in tops:
        yield from top.findall(f"{{{RDF}}}Description")


def _values(element: ElementTree.Element) -> Iterator[Text]:
    items = [item for group in element if group.tag in _GROUPS for item in group if item.tag == f"{{{RDF}}}li"]
    if items:
        for item in items:
            words = _own(item)
            yield Text(words, item.get(_LANGUAGE))
    elif len(element) == 0 and _own(element):
        yield Text(_own(element), element.get(_LANGUAGE))
    elif resource := element.get(f"{{{RDF}}}resource"):
        yield Text(resource)


def _own(element: ElementTree.Element) -> str:
    return (element.text or "") if len(element) == 0 and (element.text or "").strip() else element.get(f"{{{RDF}}}resource", "")


def _flattened(structure: ElementTree.Element, found: dict[str, list[Text]]) -> None:
    for part in list(structure.iter())[1:MOST_ELEMENTS]:
        for key, words in part.attrib.items():
            if (name := _prefixed(key)) and name.startswith("plus:"):
                found.setdefault(name, []).append(Text(words))
        if (name := _prefixed(part.tag)) and name.startswith("plus:") and (words := _own(part)):
            found.setdefault(name, []).append(Text(words))


def _prefixed(key: str) -> str | None:
    space, _, name = key.removeprefix("{").rpartition("}")
    prefix = _PREFIX_OF.get(space)
    return None if prefix is None else f"{prefix}:{name}"


def _decoded(packet: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if packet.startswith(mark):
            return packet.decode(encoding, "replace")
    return packet.decode("utf-8", "replace")


def _without_declaration(text: str) -> str:
    """Without what stands before the first element and after the last: a declaration of an encoding no longer holds."""
    start = re.search(r"<[A-Za-z_]", text)
    end = text.rfind(">")
    return text[start.start() : end + 1] if start else ""


_GROUPS = frozenset(f"{{{RDF}}}{kind}" for kind in ("Alt", "Bag", "Seq"))
_MARKS: Mapping[bytes, str] = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
