"""What a page's structured data say of its images: schema.org ImageObject as JSON-LD, microdata or RDFa."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harvest.iiif_service import web_address
from harvest.iiif_text import as_list
from harvest.text import plain

MOST_NODES = 20_000
"""Objects of one page that are looked at."""

MOST_VALUES = 20

IMAGE_TYPES = frozenset(("imageobject", "stillimage"))
"""By the last word of the type, in lower case; the second is Dublin Core's, which RDFa pages use."""

_JUNK = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/)|(?:-->|//\s*\]\]>|\]\]>|/\*\s*\]\]>\s*\*/)\s*;?\s*$"
)
_PICTURE_NAME = re.compile(r"\.(?:jpe?g|png|tiff?|webp|gif|jp2|avif)$", re.IGNORECASE)

Node = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Stated:
    """One image as structured data state it; `licences` by the property that holds each, `url` is None without a file."""

    url: str | None
    copies: tuple[str, ...] = ()
    licences: tuple[tuple[str, Any], ...] = ()
    notice: str | None = None
    credit: str | None = None
    creator: str | None = None
    title: str | None = None
    caption: str | None = None
    date: str | None = None
    acquire: str | None = None


def stated_in_json(texts: Sequence[str], base: str) -> tuple[list[Stated], int]:
    """The images of a page's JSON-LD blocks, and how many blocks are no JSON. References between objects are followed."""
    roots = []
    broken = 0
    for text in texts[:200]:
        try:
            roots.append(json.loads(_JUNK.sub("", text), strict=False))
        except (ValueError, RecursionError):
            broken += bool(text.strip())
    nodes = list(_nodes(roots))
    by_name: dict[str, Node] = {}
    for node in nodes:
        name = node.get("@id")
        if isinstance(name, str) and len(node) > 1:
            by_name.setdefault(name, node)
    return [one for node in nodes if is_image(node) and (one := stated_by(node, base, by_name))], broken


def is_image(node: Node) -> bool:
    """Whether one of the object's types is an image."""
    words = [word for word in as_list(node.get("@type"))[:MOST_VALUES] if isinstance(word, str)]
    return any(re.split(r"[/#:]", word)[-1].lower() in IMAGE_TYPES for word in words)


def stated_by(node: Node, base: str, by_name: Mapping[str, Node] | None = None) -> Stated | None:
    """The image that an object describes; None when it names neither a file nor anything else of use."""
    known = by_name or {}
    url = next((found for name in ("contentUrl", "contentURL") if (found := _address(node.get(name), base, known))), None)
    if url is None:
        candidates = [_address(node.get("url"), base, known), _address(node.get("@id"), base, {})]
        url = next((one for one in candidates if one and _PICTURE_NAME.search(one.partition("?")[0])), None)
    thumbnails = [*_resolved(node.get("thumbnailUrl"), known), *_resolved(node.get("thumbnail"), known)]
    stated = Stated(
        url=url,
        copies=tuple(filter(None, (_address(one, base, known) for one in thumbnails))),
        licences=tuple(
            (f"ImageObject.{name}", one) for name in ("license", "licence") for one in _licences(node.get(name), known)
        ),
        notice=_words(node.get("copyrightNotice"), known),
        credit=_words(node.get("creditText"), known),
        creator=_names(node.get("creator"), known) or _names(node.get("author"), known),
        title=_words(node.get("name"), known),
        caption=_words(node.get("caption"), known) or _words(node.get("description"), known),
        date=_words(node.get("dateCreated"), known),
        acquire=_address(node.get("acquireLicensePage"), base, known),
    )
    return stated if stated.url or stated.licences else None


def _nodes(roots: list[Any]) -> Iterator[Node]:
    """Every object, in reading order, however deep it lies."""
    waiting = list(reversed(roots))
    for _ in range(MOST_NODES):
        if not waiting:
            return
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(reversed([inner for inner in one.values() if isinstance(inner, (dict, list))]))
        elif isinstance(one, list):
            waiting.extend(reversed([inner for inner in one if isinstance(inner, (dict, list))]))


def _resolved(value: Any, by_name: Mapping[str, Node]) -> list[Any]:
    """The values of a property; an object that only names another is that other."""
    found = []
    for one in as_list(value)[:MOST_VALUES]:
        if isinstance(one, dict) and isinstance(one.get("@id"), str) and not set(one) - {"@id", "@type"}:
            found.append(by_name.get(one["@id"], one))
        else:
            found.append(one)
    return found


def _licences(value: Any, by_name: Mapping[str, Node]) -> Iterator[Any]:
    for one in _resolved(value, by_name):
        if isinstance(one, str) and one.strip():
            yield one
        elif isinstance(one, dict):
            named = {name.removeprefix("@"): one[name] for name in ("url", "@id", "name") if isinstance(one.get(name), str)}
            if named and not str(named.get("id", "")).startswith(("_:", "#")):
                yield named
            elif "url" in named or "name" in named:
                yield {name: text for name, text in named.items() if name != "id"}


def _address(value: Any, base: str, by_name: Mapping[str, Node]) -> str | None:
    for one in _resolved(value, by_name):
        if isinstance(one, dict):
            one = next((one[name] for name in ("contentUrl", "url", "@value", "@id") if isinstance(one.get(name), str)), None)
        if isinstance(one, str) and not one.startswith(("data:", "#", "_:")) and (url := web_address(one, base)):
            return url
    return None


def _words(value: Any, by_name: Mapping[str, Node]) -> str | None:
    texts = []
    for one in _resolved(value, by_name):
        if isinstance(one, dict):
            one = next((one[name] for name in ("@value", "name", "text", "caption") if isinstance(one.get(name), str)), None)
        if isinstance(one, str) and (text := plain(one[:5_000])):
            texts.append(text)
    return "; ".join(dict.fromkeys(texts)) or None


def _names(value: Any, by_name: Mapping[str, Node]) -> str | None:
    """Names of persons; an address alone is none."""
    names = []
    for one in _resolved(value, by_name):
        if isinstance(one, dict):
            given = " ".join(text for name in ("givenName", "familyName") if isinstance(text := one.get(name), str))
            one = next((name for name in as_list(one.get("name")) if isinstance(name, str)), given)
        if isinstance(one, str) and "://" not in one and (text := plain(one[:1_000])):
            names.append(text)
    return "; ".join(dict.fromkeys(names)) or None
