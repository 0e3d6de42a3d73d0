"""Answers with something wrong in them, from a recorded one; and whether what was read of them is clean text."""

import json
import random
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from base.files import canonical_json
from catalog.records import Candidate

POISON = (
    None, True, False, 0, -1, 1e400, 10**30, "", " ", [], {}, [[]], {"value": None}, [None], {"_content": {}},
    "<b onclick='x'>A</b><script>alert(1)</script>\u202e\x1b[31m\x00\ud800&lt;i&gt;x&lt;/i&gt;", "<![if x]><p", "\x1e\x1f", "http://[",
    "//a", "javascript:alert(1)", "https://user:pw@evil.example:99999/\u202e<b>", "9" * 5000, "é" * 60_000,
)  # fmt: skip

_MARKUP = re.compile(r"<[A-Za-z/!][^<>]*>|&lt;|\x00")
_DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


def broken(resource: Any, count: int, seed: int = 3) -> Iterator[bytes]:
    """The answer again and again, each time with one to three values dropped, replaced or doubled; then cut short."""
    chance = random.Random(seed)
    whole = json.dumps(resource)
    for _ in range(count):
        copy = json.loads(whole)
        for _ in range(chance.randint(1, 3)):
            _harm(copy, chance)
        yield json.dumps(copy).encode()
    yield from (whole.encode()[: len(whole) // 2], b"", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 500)


def unclean(candidate: Candidate) -> list[str]:
    """Texts of a candidate that could break a terminal, a table or a page; empty when all is well. It must also travel."""
    canonical_json(candidate.statement()).encode()
    texts = [candidate.source_id, candidate.page_url, candidate.image_url, candidate.title, candidate.creator]
    texts += [candidate.creation_date, candidate.caption, candidate.caption_language, candidate.checksum]
    texts += [candidate.rights.credit_line, candidate.rights.evidence, *candidate.other, *candidate.other.values()]
    said = [text for pair in candidate.rights.raw for text in pair]
    found = [text for text in texts if text is not None and (_MARKUP.search(text) or not text or text != text.strip())]
    return found + [text for text in [*texts, *said] if text is not None and any(_is_control(one) for one in text)]


def _is_control(character: str) -> bool:
    return character in _DIRECTION or (unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t")


def _harm(value: Any, chance: random.Random) -> None:
    """Walk down some way and put something wrong there."""
    while True:
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not places:
            return
        place = chance.choice(places)
        inner = value[place]
        if isinstance(inner, (dict, list)) and inner and chance.random() < 0.8:
            value = inner
        elif chance.random() < 0.3:
            del value[place]
            return
        else:
            value[place] = chance.choice(POISON)
            return
