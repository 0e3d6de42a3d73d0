"""Continued answers of MediaWiki: puts the parts of one batch together, and says what to ask next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from harvest.json_answer import listed, mapping

MOST_IDLE_ROUNDS = 5
"""Answers of one batch that bring nothing new, after which it is given up (assumption, not measured)."""

MOST_ROUNDS = 100
"""Answers of one batch in all: some properties of some files never end (openverse-catalog#725 stops here too)."""


@dataclass(frozen=True)
class Batch:
    """The pages that came so far. `ended` when they are whole; `given_up` when the rest is not worth asking for."""

    pages: tuple[Mapping[str, Any], ...]
    ended: bool
    given_up: bool
    next_url: str | None
    next_carry: Mapping[str, Any]


def joined(found: Mapping[str, Any], url: str, carry: Mapping[str, Any]) -> Batch:
    """The batch with one more answer laid to it.

    Args:
        found: The answer.
        url: Its address; the question, where `carry` does not hold one.
        carry: What `next_carry` was, for an answer to `next_url`; `pages`, `rounds` and `idle` are of this batch.
    """
    question = carry.get("question") if isinstance(carry.get("question"), str) else None
    question = question or url
    pages: dict[str, Any] = {str(name): mapping(page) for name, page in mapping(carry.get("pages")).items()}
    fresh = _lay(pages, found)
    more = {
        str(name): str(value) for name, value in mapping(found.get("continue")).items() if isinstance(value, (str, int, float))
    }
    # Version 1 says "", version 2 true; an answer that neither ends nor goes on has nothing more to give.
    ended = found.get("batchcomplete") not in (None, False) or not more
    rounds, idle = _count(carry.get("rounds")) + 1, 0 if fresh else _count(carry.get("idle")) + 1
    given_up = not ended and (idle >= MOST_IDLE_ROUNDS or rounds >= MOST_ROUNDS)
    kept = {key: value for key, value in carry.items() if key not in ("pages", "rounds", "idle", "question")}
    next_carry = {**kept, "question": question}
    if not ended:
        next_carry |= {"pages": pages, "rounds": rounds, "idle": idle}
    next_url = with_parameters(question, more) if more and not given_up else None
    return Batch(tuple(pages.values()), ended, given_up, next_url, next_carry)


def with_parameters(url: str, more: Mapping[str, str]) -> str:
    """The address with these parameters in place of those of the same names."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in more]
    return urlunsplit(parts._replace(query=urlencode([*kept, *more.items()]), fragment=""))


def _lay(pages: dict[str, Any], found: Mapping[str, Any]) -> bool:
    """Lay an answer's pages onto those that came before; True when any of them holds something new."""
    given = mapping(found.get("query")).get("pages")
    named: list[tuple[str, Any]] = list(given.items()) if isinstance(given, dict) else []
    # Version 2 gives a list; a page that is missing has no number there, but a title.
    named = named or [(str(mapping(page).get("pageid") or mapping(page).get("title")), page) for page in listed(given)]
    fresh = False
    for number, (key, page) in enumerate(named):
        if not isinstance(page, dict):
            continue
        name = f"#{number}" if key == "None" else key
        before = mapping(pages.get(name))
        pages[name] = _merged(before, page)
        fresh = fresh or pages[name] != before
    return fresh


def _merged(before: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
    """One page out of two parts: lists are joined without repeating, and what an earlier part gave is kept."""
    merged = dict(before)
    for key, value in page.items():
        held = merged.get(key)
        if isinstance(held, list) and isinstance(value, list):
            known = {_spelled(one) for one in held}
            merged[key] = [*held, *(one for one in value if _spelled(one) not in known)]
        elif held in (None, "", [], {}):
            merged[key] = value
    return merged


def _spelled(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
