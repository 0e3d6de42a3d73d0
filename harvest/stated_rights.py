"""The rights, the address and the kind of one media file as a service's JSON states them, ready for a candidate."""

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

from catalog.records import Candidate, Rights
from catalog.rights import read_rights, weigh
from harvest.json_answer import web_address
from harvest.text import clean, one_line

LONGEST_CHARACTERS = 5_000
"""Of a statement of rights: longer ones are cut, and unknown all the more (assumption, not measured)."""

DEEPEST, MOST_VALUES = 8, 50
"""Of a statement that is no text: what lies deeper, or comes after, is not read."""

_NOT_IN_ADDRESSES = str.maketrans({sign: f"%{ord(sign):02X}" for sign in " \"'<>"})
_REMEMBERED = 4_096


def stated_rights(
    value: Any,
    *,
    field: str,
    scope: str = "media",
    code: str | None = None,
    evidence: str | None,
    beside: tuple[str, str | None] | None = None,
) -> Rights:
    """The rights of one media file from the field that speaks of it.

    Args:
        value: What the field holds, of any type; "" where it is absent, since some services mean something by null.
        field: Its path in a search's answer, so that a statement is the same however it was asked for.
        scope: media, canvas, record or dataset.
        code: The source whose codes these are, where it has codes of its own (`inaturalist`).
        evidence: Address where the statement can be seen again.
        beside: (field, words) of the same file that may only make it stricter.
    """
    read = _read(*_key(value), field, scope, code)
    if beside is not None and beside[1]:
        words = clean(beside[1][:LONGEST_CHARACTERS])
        read = replace(weigh(read, words), raw=(*read.raw, (beside[0], words)))
    return replace(read, evidence=evidence)


def stopped(rights: Rights, *flags: str) -> Rights:
    """The same statement, but nothing may be taken on the strength of it."""
    return replace(rights, flags=tuple(sorted({*rights.flags, "refuse", *flags})))


def no_image(candidate: Candidate, what: str) -> Candidate:
    """The candidate of a file that is no picture: noted with its rights, never asked for; `what` it is, in words."""
    other = {**candidate.other, **({"file_address": candidate.image_url} if candidate.image_url else {})}
    return replace(candidate, outcome="not_an_image", outcome_detail=f"the source says: {what}", image_url=None, other=other)


def media_address(value: Any) -> str | None:
    """The address of a file, whole and without what no address holds; None when there is none or there are several."""
    if not isinstance(value, str):
        return None
    text = one_line(value[:LONGEST_CHARACTERS])
    if text.count("://") > 1 and " " in text:
        return None
    return web_address(text.translate(_NOT_IN_ADDRESSES), "https:")


def _key(value: Any) -> tuple[str, str]:
    """(type, words) of a value: what can be remembered, and read again as the same value."""
    if isinstance(value, str):
        return "text", clean(value[:LONGEST_CHARACTERS])
    return "json", json.dumps(_cleaned(value), ensure_ascii=False)[:LONGEST_CHARACTERS]


def _cleaned(value: Any, depth: int = 0) -> Any:
    """A value whose texts are clean: it is read back from words, where an escape would become a control character."""
    if isinstance(value, str):
        return clean(value[:LONGEST_CHARACTERS])
    if depth > DEEPEST:
        return None
    if isinstance(value, list):
        return [_cleaned(one, depth + 1) for one in value[:MOST_VALUES]]
    if isinstance(value, dict):
        return {clean(str(name)): _cleaned(one, depth + 1) for name, one in list(value.items())[:MOST_VALUES]}
    return value if value is None or isinstance(value, bool | int | float) else None


@lru_cache(maxsize=_REMEMBERED)
def _read(kind: str, words: str, field: str, scope: str, code: str | None) -> Rights:
    """Most files of a service share a few statements: each is read once."""
    value: Any = words
    if kind == "json":
        try:
            value = json.loads(words)
        except (ValueError, RecursionError):
            value = words  # was cut
    if code is None:
        return read_rights(value, field=field, scope=scope)
    rights = read_rights({code: value}, field=field, scope=scope)
    return replace(rights, source_field=field, raw=((field, words),) if words else ())
