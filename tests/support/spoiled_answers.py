"""Answers of services spoiled in every place, and what must hold of anything that a source makes of an answer."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

from catalog.records import Candidate
from harvest.source import Answer, Ask, Problem, WebSource

HOSTILE = "a\0b\ud800c\u202ed<b>e</b>&lt;script&gt;\u0085\x1b[31m"
DEEP: Any = "x"
for _ in range(40):
    DEEP = [{"a": DEEP, "about": "y", "def": ["z"]}]
RUBBISH: tuple[Any, ...] = (
    None, True, 7, -1.5, 10**30, "", HOSTILE, "x" * 60_000, [], {}, [None, 3, "x", {}], {"content": 5, HOSTILE: [HOSTILE]},
    DEEP, "http://[::1", "https://m.example/a b'c\".jpg",
)  # fmt: skip
"""Stands in for a value; the last two look like addresses."""

BODIES = (
    b"", b"[]", b"null", b"7", b'"text"', b"{}", b"<html>Request blocked</html>", b"\xff\xfe\x00", b"[" * 100_000,
    b'{"a":' * 50_000, b'{"a": ' + b"9" * 5_000 + b"}", b'{"results": {}, "items": 3, "response": [], "object": []}',
    b'{"results": [1, null, []], "items": [1, null], "objectIDs": [{}, -1, "x"], "response": {"rows": [1, []]}}',
)  # fmt: skip
"""Whole answers that are none."""

_UNCLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def spoiled(whole: Any) -> Iterator[tuple[str, Any]]:
    """(place, the answer with one value replaced or taken away), for every value in it."""
    for path in list(_paths(whole, ())):
        for number, value in enumerate((*RUBBISH, _spoiled)):
            other = copy.deepcopy(whole)
            place = other
            for step in path[:-1]:
                place = place[step]
            if value is _spoiled:
                del place[path[-1]]
            else:
                place[path[-1]] = value
            yield f"{'.'.join(map(str, path))} rubbish {number}", other


def _spoiled() -> None:
    """Marks the place to take away."""


def refuse_unclean(source: WebSource, body: bytes, *, url: str = "https://service.example/answer") -> list[Any]:
    """Everything that the source makes of a body, after making sure that it can be kept and shown as it is."""
    found = list(source.parse(Answer(url, body), {}))
    for one in found:
        if isinstance(one, Candidate):
            row = one.as_row()
            json.dumps(row).encode()
            assert one.source_id
            assert one.source_id == one.source_id.strip()
            assert one.outcome in ("metadata_only", "not_an_image")
            assert one.outcome == "metadata_only" or one.image_url is None
            assert one.image_url is None or re.fullmatch(r"https?://[^\s\"'<>]+", one.image_url)
            texts = list(_texts(row))
        elif isinstance(one, Problem):
            texts = [one.where, one.what]
        else:
            assert isinstance(one, Ask)
            texts = [one.url, *one.asked]
        for text in texts:
            assert not _UNCLEAN.search(text), ascii(text[:200])
            assert len(text) <= 50_000
    return found


def _paths(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield (*path, step)
        yield from _paths(inner, (*path, step))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
