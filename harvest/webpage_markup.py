"""Attributes that say the same as JSON-LD: microdata and RDFa objects, and `rel=license` with what it speaks of."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harvest.iiif_service import web_address
from harvest.webpage_schema import Stated, is_image, stated_by

MOST_OBJECTS = 500
MOST_LICENCES = 200
"""Links to licences on one page."""

DEEPEST = 6

LICENCE_RELATIONS = frozenset(("license", "licence", "cc:license", "dct:license", "dc:license", "dcterms:license", "xhv:license"))
_CC_LICENCE = "http://creativecommons.org/ns#license"


@dataclass
class LinkedLicences:
    """Addresses of licences by what they speak of: an image by its address, an element, or the page."""

    of_url: dict[str, list[str]] = field(default_factory=dict)
    of_element: dict[Any, list[str]] = field(default_factory=dict)
    of_page: list[str] = field(default_factory=list)
    creators: dict[str, str] = field(default_factory=dict)  # by the image's address, from `cc:attributionName`


def stated_in_markup(root: Any, base: str) -> Iterator[tuple[Any, Stated]]:
    """(element, image) for each microdata or RDFa object that is an image."""
    found = root.xpath("//*[(@itemscope and @itemtype) or @typeof]")[: MOST_OBJECTS * 4]
    for element in found:
        names = "itemprop" if element.get("itemscope") is not None and element.get("itemtype") else "property"
        node = _object(element, names, DEEPEST)
        if is_image(node) and (stated := stated_by(node, base)):
            yield element, stated


def linked_licences(root: Any, base: str, page_url: str) -> LinkedLicences:
    """Every link to a licence, given to the nearest thing that it can speak of.

    That is what `about` names, else the figure, the image object or the article (where there are several) around it, else
    the page.
    """
    found = LinkedLicences()
    several = len(root.xpath("(//article)[position() < 3]")) > 1
    for link in root.xpath("//*[@href][@rel or @property]")[: MOST_LICENCES * 20]:
        words = {word.lower() for name in ("rel", "property") for word in (link.get(name) or "").split()}
        if not (words & LICENCE_RELATIONS or _CC_LICENCE in words):
            continue
        licence = web_address(link.get("href"), base)
        if licence is None or len(found.of_page) > MOST_LICENCES:
            continue
        place, url = _spoken_of(link, base, page_url, several)
        if url is not None:
            found.of_url.setdefault(url, []).append(licence)
            if place is not None and (name := _attributed(place)):
                found.creators.setdefault(url, name)
        elif place is not None:
            found.of_element.setdefault(place, []).append(licence)
        else:
            found.of_page.append(licence)
    return found


def _spoken_of(link: Any, base: str, page_url: str, several: bool) -> tuple[Any, str | None]:
    """(element, address): the element that bounds what the link speaks of, and the address that `about` names."""
    for element in (link, *link.iterancestors()):
        about = element.get("about") or (element.get("resource") if element.get("typeof") is not None else None)
        if about:
            url = web_address(about, base)
            return (element, url) if url and url != page_url else (None, None)
        if element.tag == "figure" or (element.tag == "article" and several) or _is_image_object(element):
            return element, None
    return None, None


def _is_image_object(element: Any) -> bool:
    kinds = [*(element.get("itemtype") or "").split(), *(element.get("typeof") or "").split()]
    return bool(kinds) and is_image({"@type": kinds})


def _attributed(element: Any) -> str | None:
    names = element.xpath(".//*[contains(@property, 'attributionName')]")[:3]
    return "; ".join(text for one in names if (text := " ".join("".join(one.itertext()).split())[:500])) or None


def _object(element: Any, names: str, depth: int) -> dict[str, Any]:
    """A microdata or RDFa object as JSON-LD would have it."""
    types = (element.get("itemtype") if names == "itemprop" else element.get("typeof")) or ""
    node: dict[str, list[Any]] = {"@type": types.split()}
    own = element.get("itemid") if names == "itemprop" else element.get("about") or element.get("resource")
    if names == "property" and element.tag == "img":
        own = own or element.get("src")
    if own:
        node["@id"] = [own]
    waiting = list(reversed(element))
    for _ in range(5_000):
        if not waiting:
            break
        child = waiting.pop()
        if not isinstance(child.tag, str):
            continue
        scope = child.get("itemscope" if names == "itemprop" else "typeof") is not None
        for name in _property_names(child, names):
            node.setdefault(name, []).append(_object(child, names, depth - 1) if scope and depth else _value(child))
        if not scope:
            waiting.extend(reversed(child))
    return {name: values[0] if name == "@id" else values for name, values in node.items()}


def _property_names(element: Any, names: str) -> list[str]:
    words = (element.get(names) or "").split()
    if names == "property":
        words += [word for word in (element.get("rel") or "").split() if word.lower() in LICENCE_RELATIONS]
    return list(dict.fromkeys(word.rpartition("/")[2].rpartition("#")[2].rpartition(":")[2] for word in words))


def _value(element: Any) -> str:
    for name in ("content", "resource", "href", "src", "data", "datetime"):
        if (value := element.get(name)) is not None:
            return str(value)
    return " ".join("".join(element.itertext()).split())[:5_000]
