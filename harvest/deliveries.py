"""What all harvests share: what a crawl brings, one item after another, the report, and what was withdrawn before."""

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from base import plugins
from base.errors import SourceError
from catalog import records
from catalog.withdraw import tombstones
from harvest.addresses import host_and_port, refuse_unusable
from harvest.gate import EXCUSE
from harvest.keep import HarvestReport, Keeper, too_few
from harvest.plan import CrawlPlan
from harvest.source import Problem, WebSource
from harvest.web import crawled
from harvest.wire import Delivery

log = logging.getLogger(__name__)

SOURCES = "harvest.sources"

GROUP_ITEMS = 1000
"""Known items that one crawling process is given to ask for again, so that memory stays flat."""


def delivered(plan: CrawlPlan, keeper: Keeper) -> Generator[Delivery, None, None]:
    """What the crawl finds; problems go to the run, and what was taken becomes durable in time, also when an error ends it.

    Close it when leaving early.

    Raises:
        FototecaError: the crawling process ended before its time.
    """
    try:
        with closing(crawled(plan)) as frames:
            for frame in frames:
                if isinstance(frame, Problem):
                    keeper.problem(frame)
                elif frame is not None:
                    yield frame
                keeper.flush_if_due()
    finally:
        keeper.flush()


def in_groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str | None, list[str]]]:
    """(plug-in, a person's reason to fetch what is refused, candidate ids), not too many at once.

    Args:
        rows: With `candidate_id`, `source` and `rights_evidence`; their order is kept within a group.
    """

    def key(row: Mapping[str, Any]) -> tuple[str, str]:
        return plug_in_of(row["source"]), str(row["rights_evidence"] or "").partition(EXCUSE)[2]

    for (plug_in, reason), group in groupby(sorted(rows, key=key), key=key):
        ids = [row["candidate_id"] for row in group]
        for start in range(0, len(ids), GROUP_ITEMS):
            yield plug_in, reason or None, ids[start : start + GROUP_ITEMS]


def plug_in_of(source: str) -> str:
    """The plug-in that reads the candidates' `source`."""
    return source.partition(":")[0]


def source_row(name: str) -> records.Source:
    """The row of table `sources` for the candidates' `source` called `name`, whichever plug-in reads it."""
    web_source: WebSource = plugins.load(SOURCES, plug_in_of(name)).Source()
    return web_source.stated(name)


def refuse_closed_hosts(urls: Iterable[str], allow_hosts: Sequence[str], contact: str | None) -> None:
    """Check the hosts of known addresses before anything is done; what is no web address fails by itself.

    Raises:
        UsageError: a host is private and not opened, or live and there is no contact.
    """
    places = {place: url for url in urls if (place := host_and_port(url)) is not None}
    for url in places.values():
        refuse_unusable(url, allow_hosts, contact)


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """What was withdrawn: items, bytes, and checksums as providers write them."""

    candidate_ids: frozenset[str] = frozenset()
    sha256s: frozenset[str] = frozenset()
    checksums: frozenset[str] = frozenset()


def withdrawn_from(workspace: Path) -> Withdrawn:
    """Everything that has a tombstone in this workspace."""
    stones = tombstones(workspace)
    return Withdrawn(
        candidate_ids=stones.candidate_ids,
        sha256s=stones.sha256s,
        checksums=frozenset(f"sha1:{one}" for one in stones.sha1s),
    )


def reported(keeper: Keeper, name: str, at_least: int, what: str) -> HarvestReport:
    """The report; too few candidates fail the run, which is poured all the same.

    Raises:
        SourceError: fewer than `at_least` were taken.
    """
    report = keeper.finish(name)
    log.info("harvested run_id=%s source=%s candidates=%d", report.run_id, name, report.candidates)
    if message := too_few(report, at_least, what):
        raise SourceError(message)
    return report
