"""IIIF collections, of version 2 and 3: their members as follow-up questions, with the rights that they hand down."""

from collections.abc import Iterator, Mapping
from typing import Any

from harvest.iiif_rights import Layer
from harvest.iiif_service import web_address
from harvest.iiif_text import as_list, identifier
from harvest.source import Answer, Ask, Problem

_LISTS = (("items", None), ("members", None), ("collections", "Collection"), ("manifests", "Manifest"))
"""Where members stand, and what they are where they do not say so themselves."""

MOST_PAGES = 10_000
"""Of one collection that is served in pages (assumption, not measured)."""


def members(resource: Mapping[str, Any], answer: Answer, carry: Mapping[str, Any], depth: int) -> Iterator[Ask | Problem]:
    """A question for each member, and for the next page; what is no member, or too deep, is a Problem.

    `carry` holds what the collections above said: `layers` (rights and statement, nearest first), `path` (addresses,
    outermost first), `pages` (how many of this collection came before), and what is handed on to manifests.
    """
    of_page = carry.get("pages", 0)
    path = [*carry.get("path", []), *([] if of_page else [answer.url])]
    own = Layer.of(resource, "dataset")
    layers = [*([] if own.says_nothing else [own.as_json()]), *carry.get("layers", [])]
    below = {**carry, "layers": layers, "path": path, "pages": 0}
    seen: set[str] = set()
    for name, implied in _LISTS:
        for number, member in enumerate(as_list(resource.get(name)), 1):
            where = f"{answer.url} {name.removesuffix('s')} {number}"
            kind = _kind(member) or implied
            url = web_address(identifier(member), answer.url)
            if kind not in ("Collection", "Manifest") or url is None:
                yield Problem(where=where, what="no collection or manifest with a web address: passed over")
            elif url in path:
                yield Problem(where=where, what=f"a collection that holds itself ({url}): not followed")
            elif len(path) > depth and kind == "Collection":
                yield Problem(where=where, what=f"collections nested deeper than {depth}: not followed")
            elif url not in seen:  # version 2 may list a member twice: as member, and as manifest
                seen.add(url)
                yield Ask(url=url, carry=below)
    following = web_address(identifier(resource.get("next") or (None if seen else resource.get("first"))), answer.url)
    if following and following != answer.url:
        if of_page < MOST_PAGES:
            yield Ask(url=following, carry={**carry, "layers": carry.get("layers", []), "path": path, "pages": of_page + 1})
        else:
            yield Problem(where=answer.url, what=f"a collection of more than {MOST_PAGES} pages: the rest is not followed")


def _kind(member: Any) -> str | None:
    value = (member.get("type") or member.get("@type")) if isinstance(member, dict) else None
    return value.rpartition(":")[2] if isinstance(value, str) else None
