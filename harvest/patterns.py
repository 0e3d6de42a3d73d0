"""Path patterns as robots.txt has them (RFC 9309, 2.2.2 and 2.2.3): `*` for anything, `$` at the end for the end."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_TO_SPELL = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~:/?#\[\]@!&'()+,;=]")


@dataclass(frozen=True)
class Pattern:
    """A pattern, taken apart once; `octets` is its length, by which the most specific of several is found."""

    pieces: tuple[str, ...]
    ends: bool
    octets: int
    any_case: bool = False

    def matches(self, path: str) -> bool:
        """Whether the pattern covers a path as `spelled_path` gives it. Its time grows with the path, not beyond."""
        if self.any_case:
            path = path.lower()
        first, *rest = self.pieces
        if not path.startswith(first):
            return False
        at = len(first)
        for number, piece in enumerate(rest, 1):
            if self.ends and number == len(rest):
                return len(path) - len(piece) >= at and path.endswith(piece)
            at = path.find(piece, at)
            if at < 0:
                return False
            at += len(piece)
        return not self.ends or at == len(path)


def pattern(text: str, *, any_case: bool = False) -> Pattern:
    """The pattern of one rule; percent-encodings are made comparable, so `%7E` and `~` are the same."""
    ends = text.endswith("$")
    pieces = tuple(spelled(piece) for piece in (text[:-1] if ends else text).split("*"))
    octets = sum(map(len, pieces)) + len(pieces) - 1 + ends
    return Pattern(tuple(map(str.lower, pieces)) if any_case else pieces, ends, octets, any_case)


def spelled_path(url: str) -> str:
    """Path and query of an address, spelled as patterns are; `/` for an address that cannot be read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    return spelled((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def spelled(text: str) -> str:
    """One spelling for equal paths: unreserved characters plain, all others that need it as upper-case `%XX` of UTF-8."""
    return _TO_SPELL.sub(_one, text)


def _one(found: re.Match[str]) -> str:
    text = found[0]
    if len(text) == 3:
        character = chr(int(text[1:], 16))
        return character if character in _UNRESERVED else text.upper()
    return "".join(f"%{octet:02X}" for octet in text.encode("utf-8", "replace"))
