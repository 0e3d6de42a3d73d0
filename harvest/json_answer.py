"""Reads JSON answers that may hold anything: each call gives clean text, a number, an address, or nothing, and never raises."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from harvest.source import Answer
from harvest.text import one_line, plain

LONGEST_WORDS = 5_000
"""Characters of one value that are kept: a description, not an article (assumption, not measured)."""

DEEPEST = 60
"""Answers nested deeper than this hold no record of any service read here."""

_NO_BRACKETS = bytes(sorted(set(range(256)) - set(b"{}[]")))
_BROKEN = re.compile(rb"\\u(?:d[89a-f]|0000)", re.I)
"""A half character can only come as an escape; a whole one that comes as two of them is looked at for nothing."""


def json_object(answer: Answer) -> dict[str, Any] | None:
    """The answer's JSON object, without half characters and NULs, which no database takes; None when it is no object."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return found if _is_sound(answer.body) else _whole(found, 0)


def mapping(value: Any) -> Mapping[str, Any]:
    """An object as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """A list as it is, anything else as an empty one."""
    return value if isinstance(value, list) else []


def line(value: Any) -> str | None:
    """One line of clean text out of a text or a number, with markup left as it is; None when there is none."""
    return _text(value, one_line)


def words(value: Any) -> str | None:
    """One line of plain text out of a text that may be HTML; None when there is none."""
    return _text(value, plain)


def whole_number(value: Any) -> int | None:
    """A whole number of at least 0, also when it came as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    return value if isinstance(value, int) and 0 <= value < 1 << 63 else None


def web_address(value: Any, base: str = "") -> str | None:
    """An absolute http or https address without its fragment; `base` completes one that is not whole."""
    if not isinstance(value, str) or not value.strip():
        return None
    text = one_line(value)
    try:
        whole = text if text.startswith(("https://", "http://")) else urljoin(base, text)
        url = whole.partition("#")[0].replace(" ", "%20")
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and not set(url) & set('<>"')
    except ValueError:
        return None
    return url if usable else None


def _text(value: Any, cleaned: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return cleaned(str(value)[: 10 * LONGEST_WORDS])[:LONGEST_WORDS].strip() or None


def _is_sound(body: bytes) -> bool:
    """True when a look at the bytes shows that there is nothing to repair: no half character, no NUL, no deep nesting."""
    if _BROKEN.search(body):
        return False
    brackets = body.translate(None, _NO_BRACKETS)
    for _ in range(DEEPEST):
        if not brackets:
            return True
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return False


def _whole(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else value.encode("utf-8", "replace").decode().replace("\0", "")
    if depth >= DEEPEST:
        return None
    if isinstance(value, list):
        return [_whole(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {_whole(name, depth + 1): _whole(one, depth + 1) for name, one in value.items()}
    return value
