"""Asks again for what failed, by class of failure, and for nothing else; what comes of it are new statements."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from base.errors import UsageError, nearest
from catalog import db, runs
from catalog.runs import Progress
from harvest import room
from harvest.crawl import CONTACT_VARIABLE
from harvest.deliveries import delivered, in_groups, refuse_closed_hosts, reported, source_row, withdrawn_from
from harvest.keep import HarvestReport, Keeper
from harvest.known import rows_of, unasked
from harvest.plan import CrawlPlan, Wanted
from harvest.shelf import on_shelf
from harvest.source import Problem

CLASSES = (
    "address", "budget", "checksum", "connection", "dns", "internal", "not_an_image", "packing", "redirects", "robots",
    "throttled", "timeout", "too_large", "truncated", "unknown",
)  # fmt: skip
"""Known also where nothing has failed so. Those that are no `failed_<class>` are asked again only when they are named."""

BY_NAME_ONLY = frozenset(("not_an_image", "robots", "too_large"))

FAILED = """
SELECT candidate_id, source, outcome, image_url, rights_evidence
FROM current_statements
WHERE (starts_with(outcome, 'failed_') OR outcome IN ('not_an_image', 'robots', 'too_large'))
  AND (? IS NULL OR starts_with(source, ?))
ORDER BY run_id, source, source_id
"""


def retry(
    workspace: Path,
    *,
    errors: Sequence[str] = ("all",),
    source: str | None = None,
    allow_hosts: Sequence[str] = (),
    contact: str | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> HarvestReport:
    """Send the items that failed through once more, as the catalogue has them: their sources are not asked again.

    Args:
        workspace: Where catalogue and store stand.
        errors: Classes of failures: `timeout`, `404`, `4xx`, `5xx`, `dns`, `connection` …, or `all`. The outcomes
            `not_an_image`, `too_large` and `robots` are asked again only when they are named.
        source: Only sources whose names begin so.
        allow_hosts: `HOST` or `HOST:PORT` of the user's own.
        contact: Mail or address for the user agent; `FOTOTECA_CONTACT` when None.
        limit: At most so many, the oldest failures first.
        progress: Told ("retry", done, total).

    Raises:
        UsageError: an unknown class (the message counts those that there are), or a host that needs --allow-host or a contact.
        NoSpaceError: the disk's reserve was reached; what came is kept.
        FototecaError: the crawling process ended early; what came is kept, and the same command goes on from there.
    """
    contact = contact or os.environ.get(CONTACT_VARIABLE) or None
    withdrawn = withdrawn_from(workspace)
    failed = [row for row in db.rows(workspace, FAILED, [source, source]) if row["candidate_id"] not in withdrawn.candidate_ids]
    _refuse_unknown(errors, failed)
    chosen = [row for row in failed if any(matches(row["outcome"], word) for word in errors)]
    here = [row for row in chosen if row["image_url"] is None]
    chosen = [row for row in chosen if row["image_url"] is not None][:limit]
    refuse_closed_hosts((row["image_url"] for row in chosen if row["outcome"] != "failed_address"), allow_hosts, contact)
    room.refuse_without_room(workspace, 0, "retry")
    settings: dict[str, Any] = {"errors": list(errors), "source": source, "limit": limit, "allow_hosts": list(allow_hosts)}
    with runs.begin(workspace, "retry", settings) as run, on_shelf(workspace, "retry") as shelf:
        keeper = Keeper(run, shelf.known, stated=source_row, withdrawn=withdrawn)
        for name, count in sorted(Counter(row["source"] for row in here).items()):
            what = f"{count} that failed have no address of their own: harvest this source again"
            keeper.problem(Problem(where=name, what=what))
        for plug_in, reason, group in in_groups(chosen):
            plan = CrawlPlan(
                source=plug_in,
                allow_hosts=tuple(allow_hosts),
                contact=contact,
                fetch_anyway=reason,
                shelf=str(shelf.path.resolve()),
                withdrawn=withdrawn.candidate_ids,
                withdrawn_checksums=withdrawn.checksums,
                wanted=tuple(Wanted(candidate=unasked(one)) for one in rows_of(workspace, group)),
            )
            with closing(delivered(plan, keeper)) as deliveries:
                for candidate, body, held, answered in deliveries:
                    kept = keeper.holds(candidate) or replace(candidate, sha256=None) if held else candidate
                    keeper.take(kept, body, answered)
                    if progress:
                        progress("retry", keeper.outcomes.total(), len(chosen))
        return reported(keeper, source or "all sources", 0, "retry")


def matches(outcome: str, word: str) -> bool:
    """Whether an outcome is meant by a word of `errors`."""
    name = outcome.removeprefix("failed_")
    if outcome in BY_NAME_ONLY:
        return word == outcome
    if word in ("4xx", "5xx"):
        return len(name) == 3 and name.isdigit() and name[0] == word[0]
    return word in ("all", name, outcome)


def _refuse_unknown(words: Sequence[str], failed: Sequence[Mapping[str, Any]]) -> None:
    counts = Counter(str(row["outcome"]).removeprefix("failed_") for row in failed)
    known = {*CLASSES, *counts, "4xx", "5xx", "all"}
    there = ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"
    if not words:
        raise UsageError(f"retry: name the classes of failures. There are: {there}.")
    for word in words:
        name = word.removeprefix("failed_")
        if name not in known and not (len(name) == 3 and name.isdigit()):
            raise UsageError(f"retry: no failure is called {word!r}: {nearest(name, known)} There are: {there}.")
