"""Asks again for what is known: has anything changed at the sources, in words, licences or bytes, or is it gone?

What changed becomes a new statement; a picture that is gone, flagged or opted out stays, and its withdrawal is proposed.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from base import plugins
from catalog import db, runs
from catalog.records import Candidate
from catalog.runs import Progress
from harvest import room
from harvest.crawl import CONTACT_VARIABLE
from harvest.deliveries import (
    SOURCES,
    delivered,
    in_groups,
    plug_in_of,
    refuse_closed_hosts,
    source_row,
    withdrawn_from,
)
from harvest.keep import OUTCOME_WORDS, Keeper, in_words
from harvest.keys import refuse_without_key
from harvest.known import rows_of, unread
from harvest.news import change_of_licence, found_out
from harvest.plan import CrawlPlan, Wanted
from harvest.proposals import Proposals
from harvest.shelf import on_shelf
from harvest.source import WebSource
from harvest.wire import Answered

OLDEST_FIRST = """
SELECT
  candidate_id,
  source,
  source_id,
  image_url,
  rights_evidence,
  CASE WHEN sha256 IS NULL THEN other END AS other
FROM current_statements
LEFT JOIN (SELECT candidate_id, max(asked_at) AS asked_at FROM answers GROUP BY candidate_id) AS asked USING (candidate_id)
WHERE image_url IS NOT NULL
  AND outcome IN ('stored', 'metadata_only', 'not_fetched_rights')
  AND ($source IS NULL OR starts_with(source, $source))
  AND ($before IS NULL OR greatest(stated_at, coalesce(asked_at, stated_at)) < $before)
ORDER BY greatest(stated_at, coalesce(asked_at, stated_at)), candidate_id
"""

MARKS = """
SELECT candidate_id, etag, last_modified
FROM answers
JOIN current_statements USING (candidate_id)
WHERE answers.url = current_statements.image_url
  AND candidate_id IN (SELECT unnest(?::VARCHAR[]))
  AND (etag IS NOT NULL OR last_modified IS NOT NULL)
QUALIFY row_number() OVER (PARTITION BY candidate_id ORDER BY asked_at DESC) = 1
"""

NO_ANSWER = 0
"""The status in table `answers` of an item that was asked for where its image's server gave none."""


@dataclass(frozen=True, kw_only=True)
class RecheckReport:
    """What a recheck found. `outcomes` add up to `items`, and so do changed and unchanged statements and those withdrawn.

    `licence_changes` are {subject, from, to, direction}; `proposed` and `cleared` count proposals of withdrawal.
    """

    run_id: str
    items: int
    outcomes: Mapping[str, int]
    changed: int
    unchanged: int
    images_added: int
    licence_changes: tuple[Mapping[str, str], ...]
    proposed: int
    cleared: int
    problems: tuple[Mapping[str, str], ...]

    def sentence(self) -> str:
        """Such as: 40 items asked again: 37 not modified, 2 with other bytes, 1 gone; 3 statements changed."""
        parts = [f"{count} {NEWS_WORDS.get(name) or _in_words(name)}" for name, count in self.outcomes.items()]
        what = f"{self.items} item{'s' if self.items != 1 else ''} asked again: {', '.join(parts) or 'none'}"
        licences = Counter(one["direction"] for one in self.licence_changes)
        told = [f"{licences[name]} {words}" for name, words in DIRECTION_WORDS.items() if licences[name]]
        cleared = [f"{self.cleared} proposals cleared"] if self.cleared else []
        return "; ".join([what, f"{self.changed} statements changed", *told, *cleared])


NEWS_WORDS = {
    "same_bytes": "with the same bytes",
    "other_bytes": "with other bytes",
    "noted": "without bytes, asked for their words",
    "refused": "no longer licensed, so their bytes were not asked for",
}
DIRECTION_WORDS = {"upgrade": "licences freer", "downgrade": "licences stricter", "changed": "licences otherwise changed"}


def recheck(
    workspace: Path,
    *,
    source: str | None = None,
    older_than_days: float | None = None,
    limit: int | None = None,
    metadata: bool = True,
    allow_hosts: Sequence[str] = (),
    contact: str | None = None,
    base_urls: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> RecheckReport:
    """Ask again for items from the web, those that were asked for longest ago first.

    Args:
        workspace: Where catalogue and store stand.
        source: Only sources whose names begin so.
        older_than_days: Only items that were last asked for so long ago.
        limit: At most so many.
        metadata: Let the sources state their items anew, where they can be asked for one item; else only the bytes are asked for.
        allow_hosts: `HOST` or `HOST:PORT` of the user's own.
        contact: Mail or address for the user agent; `FOTOTECA_CONTACT` when None.
        base_urls: Where sources' questions go instead, by the source's name.
        progress: Told ("recheck", done, total).

    Raises:
        UsageError: a host that needs --allow-host or a contact, or a key that is not set.
        NoSpaceError: the disk's reserve was reached; what came is kept.
        FototecaError: the crawling process ended early; what came is kept, and the next recheck goes on from there.
    """
    contact = contact or os.environ.get(CONTACT_VARIABLE) or None
    bases = dict(base_urls or {})
    withdrawn = withdrawn_from(workspace)
    sources = _Sources(bases, ask=metadata)
    rows = [
        row for row in _oldest_first(workspace, source, older_than_days) if row["candidate_id"] not in withdrawn.candidate_ids
    ]
    rows = list(islice((row for row in rows if row["other"] is None or sources.question(row)), limit))
    refuse_closed_hosts((row["image_url"] for row in rows), allow_hosts, contact)
    sources.refuse_without_keys(rows)
    room.refuse_without_room(workspace, 0, "recheck")
    settings: dict[str, Any] = {"source": source, "older_than_days": older_than_days, "limit": limit, "metadata": metadata}
    settings |= {"allow_hosts": list(allow_hosts), "base_urls": bases}
    with runs.begin(workspace, "recheck", settings) as run, on_shelf(workspace, "recheck") as shelf:
        keeper = Keeper(run, shelf.known, stated=source_row, withdrawn=withdrawn)
        asking = _Asking(workspace, keeper, sources)
        for plug_in, reason, ids in in_groups(rows):
            plan = CrawlPlan(
                source=plug_in,
                allow_hosts=tuple(allow_hosts),
                contact=contact,
                fetch_anyway=reason,
                base_urls=bases,
                wanted=asking.wanted(ids),
            )
            with closing(delivered(plan, keeper)) as deliveries:
                for delivery in deliveries:
                    asking.take(*delivery)
                    if progress:
                        progress("recheck", asking.outcomes.total(), len(rows))
        return asking.report()


class _Sources:
    """The plug-ins that may be asked to state an item anew; without `ask` none of them is."""

    def __init__(self, base_urls: Mapping[str, str], *, ask: bool) -> None:
        self._base_urls = base_urls
        self._ask = ask
        self._loaded: dict[str, WebSource] = {}

    def question(self, row: Mapping[str, Any]) -> str | None:
        """What the item's source is asked, None where it cannot be asked for one item."""
        if not self._ask:
            return None
        other = json.loads(row["other"]) if isinstance(row["other"], str) else row["other"]
        return self._of(row["source"]).again(row["source_id"], other)

    def refuse_without_keys(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Raises UsageError where a source that will be asked needs a key that is not set."""
        for name in sorted({row["source"] for row in rows} if self._ask else ()):
            refuse_without_key(plug_in_of(name), self._of(name).key)

    def _of(self, name: str) -> WebSource:
        plug_in = plug_in_of(name)
        if plug_in not in self._loaded:
            self._loaded[plug_in] = plugins.load(SOURCES, plug_in).Source(base_url=self._base_urls.get(plug_in))
        return self._loaded[plug_in]


class _Asking:
    """One recheck under way: what was asked for, and what came of it."""

    def __init__(self, workspace: Path, keeper: Keeper, sources: _Sources) -> None:
        self.outcomes: Counter[str] = Counter()
        self._workspace = workspace
        self._keeper = keeper
        self._sources = sources
        self._proposals = Proposals(workspace, keeper.run)
        self._changes: list[Mapping[str, str]] = []
        self._before: dict[str, Candidate] = {}
        self._wanted: dict[str, Wanted] = {}

    def wanted(self, ids: Sequence[str]) -> tuple[Wanted, ...]:
        """How each of these items is to be asked for."""
        marks = {row["candidate_id"]: row for row in db.rows(self._workspace, MARKS, [list(ids)])}
        self._proposals.look_up(ids)
        self._before = {one.candidate_id: one for one in rows_of(self._workspace, ids)}
        self._wanted = {name: self._one(one, marks.get(name, {})) for name, one in self._before.items()}
        return tuple(self._wanted.values())

    def take(self, found: Candidate, body: bytes | None, held: bool, answered: Answered | None) -> None:
        """Keep what was found out, propose what follows from it, and count."""
        before, wanted = self._before[found.candidate_id], self._wanted[found.candidate_id]
        finding = found_out(before, found, body, held, answered, stated_anew=wanted.asked is not None)
        self._proposals.weigh(found.candidate_id, finding)
        if change := change_of_licence(before, finding.candidate):
            self._changes.append(change)
        self.outcomes[finding.news] += 1
        nothing = Answered(url=str(before.image_url), status=NO_ANSWER)
        self._keeper.take(finding.candidate, finding.body, finding.answered or nothing)

    def report(self) -> RecheckReport:
        """Give the run its counts, and report."""
        keeper, run = self._keeper, self._keeper.run
        keeper.flush()
        counts = {**self.outcomes, "items": self.outcomes.total(), "images_added": keeper.images_added}
        counts |= {f"statements_{name}": keeper.statements[name] for name in ("changed", "unchanged")}
        counts |= {"proposed": self._proposals.proposed, "cleared": self._proposals.cleared}
        counts |= {f"licences_{name}": count for name, count in Counter(one["direction"] for one in self._changes).items()}
        for name, count in sorted(counts.items()):
            run.count(name, count)
        return RecheckReport(
            run_id=run.run_id,
            items=self.outcomes.total(),
            outcomes=dict(self.outcomes.most_common()),
            changed=keeper.statements["changed"],
            unchanged=keeper.statements["unchanged"],
            images_added=keeper.images_added,
            licence_changes=tuple(self._changes),
            proposed=self._proposals.proposed,
            cleared=self._proposals.cleared,
            problems=tuple(run.problems),
        )

    def _one(self, candidate: Candidate, marks: Mapping[str, Any]) -> Wanted:
        question = self._sources.question(
            {"source": candidate.source, "source_id": candidate.source_id, "other": candidate.other}
        )
        conditions = {}
        # None where the bytes are lost, and where an opt-out is known: a 304 would not say that it is lifted.
        if candidate.sha256 and not candidate.opt_outs and self._keeper.store.has(candidate.sha256):
            named = {"If-None-Match": marks.get("etag"), "If-Modified-Since": marks.get("last_modified")}
            conditions = {name: value for name, value in named.items() if value}
        return Wanted(candidate=unread(candidate), asked=question, conditions=conditions, noted_only=candidate.sha256 is None)


def _oldest_first(workspace: Path, source: str | None, older_than_days: float | None) -> list[dict[str, Any]]:
    before = None if older_than_days is None else db.utc_now() - timedelta(days=older_than_days)
    return db.rows(workspace, OLDEST_FIRST, {"source": source, "before": before})


def _in_words(news: str) -> str:
    return in_words(news) if news.startswith("failed_") or news in OUTCOME_WORDS else news.replace("_", " ")
