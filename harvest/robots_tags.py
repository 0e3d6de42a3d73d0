"""Directives for robots (X-Robots-Tag, `<meta name="robots">`): which of them deny a use by models, and to whom they speak.

Directives are separated by commas and may be scoped by a robot's name (`otherbot: noai, noindex`); the scope holds until
another name in the same line. Values may hold colons and commas (`unavailable_after: Sat, 25 Jun 2026 15:00:00 GMT`),
so only a list of known directives tells a scope from a directive.
"""

import re
from collections.abc import Iterator

from harvest.robots import TOKEN

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

EVERYONE = ("*", "robots", "all-robots")
"""Names that some sites write where they mean every robot."""

_NAME = re.compile(r"\*|[A-Za-z][\w./-]*")


def denials(line: str) -> list[str]:
    """The directives of one line that deny a use and speak to us, in order, each once, in lower case."""
    return list(dict.fromkeys(word for scope, word in directives(line) if word in DENIALS and is_ours(scope)))


def directives(line: str) -> Iterator[tuple[str | None, str]]:
    """(robot's name or None, directive), all in lower case; values of directives are left out."""
    scope: str | None = None
    for piece in re.split(r"[,;]", line):
        name, colon, rest = (part.strip(" \t\"'").lower() for part in piece.partition(":"))
        if colon and name not in DENIALS | OTHERS:
            if not _NAME.fullmatch(name):
                continue  # the rest of a date
            scope = name
            name = rest.partition(":")[0].strip()
        for word in (name, *([] if name in DENIALS | OTHERS else name.split())):
            if word in DENIALS | OTHERS:
                yield scope, word


def is_ours(scope: str | None) -> bool:
    """Whether a robot's name, in lower case, means us: no name, everyone's, or ours with or without a version."""
    return scope is None or scope in EVERYONE or scope.partition("/")[0].strip() == TOKEN
