"""Openverse: a bounded search that finds images of many providers, and has each provider state its own.

Where a source here reads the provider (Wikimedia Commons without a key; others when their key is set), Openverse only
names the image and that source reads its rights. All other images become candidates whose rights carry the flag
`second-hand`. Openverse's terms forbid copying its catalogue: a search ends after 20 pages.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.records import Candidate
from harvest.json_answer import json_object, listed, mapping, whole_number, words
from harvest.keys import key_variables
from harvest.openverse_image import candidate, provider_of
from harvest.questions import address, refuse_unless, step, term
from harvest.source import Answer, Ask, Key, Politeness, Problem, WebSource

MOST_PAGES = 20
"""Openverse answers no deeper question."""

PAGE_SIZE = 20
"""More is refused without registration (401)."""

_IDENTIFIER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Source(WebSource):
    """Asks as a guest, or with the access token in `OPENVERSE_TOKEN`."""

    institution = "Openverse"
    home_url = "https://openverse.org/"
    terms_url = "https://docs.openverse.org/terms_of_service.html"
    api_url = "https://api.openverse.org/v1"
    asks = "WORDS, image:IDENTIFIER or own:IDENTIFIER (as Openverse itself states it)"
    politeness = Politeness(delay_s=3.0, connections=1)  # guests: 20 questions a minute, 200 a day (seen in January 2024)
    key = Key(variable="OPENVERSE_TOKEN", header="Authorization", prefix="Bearer ", required=False)

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """One question for each search or image; `carry` says which sources can be asked besides.

        Raises:
            UsageError: an image without an identifier, or nothing.
        """
        carry = {"keyed": sorted(name for name, key in key_variables().items() if os.environ.get(key.variable))}
        for one in dict.fromkeys(asked):
            kind, rest = term(one, ("search", "image", "own"), "openverse")
            if kind in ("image", "own"):
                identifier = refuse_unless(_IDENTIFIER, rest.lower(), kind, "openverse", "4bc43a04-ef46-4544-a0c1-63c63f56e276")
                yield Ask(url=address(self.base_url, f"/images/{identifier}/"), carry={**carry, "own": kind == "own"})
            else:
                yield Ask(url=self._page(rest, 1), carry={**carry, "search": rest, "page": 1})

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """The providers to be asked, the candidates of all others, and the next page."""
        found = json_object(answer)
        if found is None:
            yield Problem(where=answer.url, what="the answer is no JSON object, so nothing of Openverse")
            return
        single = "results" not in found and "foreign_landing_url" in found
        if not single and not isinstance(found.get("results"), list):
            yield Problem(where=answer.url, what="the answer holds no results")
        yield from self._results([found] if single else listed(found.get("results")), answer, carry)
        if not single:
            yield from self._next(found, answer, carry)

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """By its identifier, as Openverse states it: a key that was set since is no reason to lose it to another source."""
        return f"own:{source_id}" if _IDENTIFIER.fullmatch(source_id) else None

    def _results(self, results: list[Any], answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """What is handed over is asked for in one question for each provider, where that provider takes several."""
        handed: dict[str, list[str]] = {}
        keyed = frozenset(str(one) for one in listed(carry.get("keyed")))
        for number, result in enumerate(results, 1):
            if (place := provider_of(mapping(result), keyed)) and carry.get("own") is not True:
                handed.setdefault(place[0], []).append(place[1])
                continue
            evidence = address(self.base_url, f"/images/{step(words(mapping(result).get('id')) or '')}/")
            if one := candidate(mapping(result), evidence=evidence, answer_sha256=answer.sha256):
                yield one
            else:
                yield Problem(where=f"{answer.url} result {number}", what="a result without an identifier: passed over")
        for reader, asked in handed.items():
            yield Ask(reader=reader, asked=tuple(dict.fromkeys(asked)))

    def _next(self, found: Mapping[str, Any], answer: Answer, carry: Mapping[str, Any]) -> Iterator[Ask | Problem]:
        search, page = carry.get("search"), whole_number(carry.get("page"))
        pages = whole_number(found.get("page_count")) or 0
        if not isinstance(search, str) or page is None or not listed(found.get("results")) or page >= pages:
            return
        if page >= MOST_PAGES:
            what = f"more images than can be asked for: Openverse gives the first {MOST_PAGES} pages, so narrow the search"
            yield Problem(where=answer.url, what=what)
        else:
            yield Ask(url=self._page(search, page + 1), carry={**carry, "page": page + 1})

    def _page(self, search: str, page: int) -> str:
        return address(self.base_url, "/images/", [("q", search), ("page", page), ("page_size", PAGE_SIZE)])
