"""X-Robots-Tag headers: noai, noimageai, noml, noindex, noimageindex and none, for everyone or for us by name.

Directives are separated by commas and may be scoped by a robot's name (`otherbot: noai, noindex`); the scope holds until
another name in the same header. Values may hold colons and commas (`unavailable_after: Sat, 25 Jun 2026 15:00:00 GMT`),
so only a list of known directives tells a scope from a directive.
"""

import re
from collections.abc import Iterator

from catalog.records import OptOut
from harvest.robots import TOKEN
from harvest.source import Answer

CHANNEL = "x-robots-tag"

DENIALS = frozenset(("noai", "noimageai", "noml", "noindex", "noimageindex", "none"))
OTHERS = frozenset(
    [
        "all",
        "index",
        "follow",
        "nofollow",
        "noarchive",
        "nocache",
        "nosnippet",
        "notranslate",
        "noodp",
        "noydir",
        "indexifembedded",
        "unavailable_after",
        "max-snippet",
        "max-image-preview",
        "max-video-preview",
        "nositelinkssearchbox",
        "noyaca",
        "noimageclick",
        "nopreview",
    ]
)
"""Directives that say nothing against us; some take a value after a colon."""

_NAME = re.compile(r"[A-Za-z][\w./-]*")


def read(answer: Answer) -> Iterator[OptOut]:
    """Every denial in the answer's headers that is addressed to us, one a directive, with the header's own words."""
    seen = set()
    for line in answer.headers.get(CHANNEL, ()):
        for scope, directive in directives(line):
            if directive in DENIALS and scope in (None, TOKEN) and (directive, line) not in seen:
                seen.add((directive, line))
                yield OptOut(channel=CHANNEL, value=f"{directive} (X-Robots-Tag: {line.strip()})", where=answer.url)


def directives(line: str) -> Iterator[tuple[str | None, str]]:
    """(robot's name or None, directive), all in lower case; values of directives are left out."""
    scope: str | None = None
    for piece in line.split(","):
        name, colon, rest = (part.strip().lower() for part in piece.partition(":"))
        if colon and name not in DENIALS | OTHERS:
            if not _NAME.fullmatch(name):
                continue  # the rest of a date
            scope = name
            name = rest.partition(":")[0].strip()
        if name in DENIALS | OTHERS:
            yield scope, name
