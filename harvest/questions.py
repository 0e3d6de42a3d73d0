"""What a user asks a web service for (`kind:rest` or a search), and the addresses that ask it."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from base.errors import UsageError, nearest

SEARCH = ""
"""The kind of a term that names none: plain words to search for."""

_KIND = re.compile(r"([a-z]+):(.*)", re.S)
_PARAMETERS = re.compile(r"[A-Za-z][A-Za-z_]*=[^&\s][^&]*(?:&[A-Za-z][A-Za-z_]*=[^&]*)*")


def term(asked: str, kinds: Sequence[str], source: str) -> tuple[str, str]:
    """(kind, rest) of what a user asked for; the kind is `SEARCH` where the words begin with none of `kinds`.

    Raises:
        UsageError: nothing stands where something should, or the kind is all but one of `kinds`.
    """
    found = _KIND.fullmatch(asked.strip())
    kind, rest = (found[1], found[2].strip()) if found else (SEARCH, asked.strip())
    if not rest:
        raise UsageError(f"{source}: {asked!r} names nothing to ask for.")
    if kind in kinds:
        return kind, rest
    if found and nearest(kind, kinds).startswith("did you mean"):
        raise UsageError(f"{source} knows no {kind!r}: {nearest(kind, kinds)}")
    return SEARCH, asked.strip()


def refuse_unless(pattern: re.Pattern[str], rest: str, kind: str, source: str, like: str) -> str:
    """The rest of a term, which must match the whole pattern.

    Raises:
        UsageError: it does not; `like` is an example that does.
    """
    if not pattern.fullmatch(rest):
        raise UsageError(f"{source}: {kind}:{rest} is no {kind}; one looks like {kind}:{like}")
    return rest


def parameters(rest: str) -> list[tuple[str, str]] | None:
    """The pairs of a search given in the service's own words (`taxonKey=212&country=PT`); None when it is none."""
    return parse_qsl(rest, keep_blank_values=True) if _PARAMETERS.fullmatch(rest) else None


def address(base: str, path: str, pairs: Sequence[tuple[str, str | int]] = ()) -> str:
    """`base` and `path` with these pairs as its query; each step of `path` must be quoted already."""
    query = urlencode(list(pairs))
    return f"{base}{path}?{query}" if query else f"{base}{path}"


def step(text: str) -> str:
    """One step of a path, quoted; colons stay, as identifiers have them."""
    return quote(text, safe=":")


def asked_value(url: str, name: str) -> str | None:
    """What an address asks for by this name."""
    try:
        return dict(parse_qsl(urlsplit(url).query)).get(name)
    except ValueError:
        return None


def changed(url: str, pairs: Mapping[str, str | int]) -> str:
    """The same address with these pairs in place of those of the same name, the others in their order."""
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in pairs]
    return urlunsplit(parts._replace(query=urlencode([*kept, *pairs.items()])))
