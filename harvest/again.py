"""Which known items a crawl asks for again, by which questions, and which of them nobody stated."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from catalog.records import Candidate
from harvest.plan import Wanted

GONE_STATUSES = (404, 410)
GONE = "failed_gone"
NOT_ASKED = "failed_not_asked"


class Again:
    """Kept by the spider; empty in an ordinary harvest."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        """All of them are open."""
        self._wanted = {one.candidate.candidate_id: one for one in wanted}
        self._open = {name for name, one in self._wanted.items() if one.asked is not None}
        self._not_known: dict[str, str] = {}

    def questions(self, at_once: int) -> Iterator[tuple[str, ...]]:
        """What the source is to be asked, each text once, several in one call where it takes them."""
        texts = list(dict.fromkeys(one.asked for one in self._wanted.values() if one.asked is not None))
        return (tuple(texts[start : start + at_once]) for start in range(0, len(texts), at_once))

    def without_question(self) -> Iterator[Wanted]:
        """Items that go through as they are."""
        return (one for one in self._wanted.values() if one.asked is None)

    def has_question(self, candidate_id: str) -> bool:
        """Whether the item is one that its source is to state anew."""
        one = self._wanted.get(candidate_id)
        return one is None or one.asked is not None

    def stated(self, candidate_id: str) -> Wanted | None:
        """The item, at the first time that the source states it; None for others."""
        if candidate_id not in self._open:
            return None
        self._open.discard(candidate_id)
        return self._wanted[candidate_id]

    def not_known(self, asked: Sequence[str], what: str) -> None:
        """Something under these questions could not be read: what they do not state is not gone for that."""
        for one in asked:
            self._not_known.setdefault(one, what)

    def left_over(self) -> Iterator[Candidate]:
        """The items that were not stated, ended as gone, or as not asked where that is not known."""
        for candidate_id in sorted(self._open):
            wanted = self._wanted[candidate_id]
            why = self._not_known.get(str(wanted.asked))
            outcome, detail = (
                (GONE, "its source no longer states it") if why is None else (NOT_ASKED, f"its source could not be asked: {why}")
            )
            yield replace(wanted.candidate, outcome=outcome, outcome_detail=detail, sha256=None)
