"""Harvests services on the web, and names the harvest of a folder; each call is one run and returns its report."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from base import plugins
from base.errors import UsageError
from catalog import runs
from catalog.runs import Progress
from harvest import addresses, room
from harvest.deliveries import SOURCES, delivered, reported, source_row, withdrawn_from
from harvest.keep import HarvestReport, Keeper
from harvest.keys import refuse_without_key
from harvest.local import harvest_folder
from harvest.plan import CrawlPlan
from harvest.shelf import on_shelf
from harvest.source import WebSource

__all__ = ["CONTACT_VARIABLE", "harvest_folder", "harvest_iiif", "harvest_web"]

CONTACT_VARIABLE = "FOTOTECA_CONTACT"


def harvest_web(
    workspace: Path,
    name: str,
    asked: Sequence[str],
    *,
    allow_hosts: Sequence[str] = (),
    concept: str | None = None,
    limit: int | None = None,
    metadata_only: bool = False,
    fetch_anyway: str | None = None,
    contact: str | None = None,
    base_urls: Mapping[str, str] | None = None,
    depth: int | None = None,
    progress: Progress | None = None,
) -> HarvestReport:
    """Harvest one source on the web, politely, item by item; run again, it goes on where it was stopped.

    Args:
        workspace: Where catalogue and store stand.
        name: A plug-in of `harvest/sources/`.
        asked: What the source understands: addresses, searches, identifiers.
        allow_hosts: `HOST` or `HOST:PORT` of the user's own: private addresses are opened, and no pause is kept.
        concept: Claimed for every candidate.
        limit: Stop after this many candidates.
        metadata_only: Note candidates with their rights and fetch no bytes.
        fetch_anyway: A person's reason to take bytes in spite of rights or opt-outs; kept as evidence.
            It never opens what robots.txt closes.
        contact: Mail or address for the user agent; `FOTOTECA_CONTACT` when None.
        base_urls: Where sources' questions go instead (a mirror, a test server), by the source's name.
        depth: How far below what was named to go; the source's own when None.
        progress: Told ("harvest", candidates so far, 0): the total is not known before the end.

    Raises:
        UsageError: an unknown source, nothing asked, a private host that is not allowed, a live host without contact, a
            key that is not set.
        SourceError: fewer candidates than the source promises (what came is kept).
        BusyError: another harvest runs in this workspace, or the catalogue is held by another program.
        NoSpaceError: what is asked cannot fit on the disk, or its reserve was reached (what came is kept).
        FototecaError: the crawling process ended early; what came is kept, and the same command goes on from there.
    """
    bases = dict(base_urls or {})
    source: WebSource = plugins.load(SOURCES, name).Source(base_url=bases.get(name), depth=depth)
    refuse_without_key(name, source.key)
    contact = contact or os.environ.get(CONTACT_VARIABLE) or None
    for ask in (asks := list(source.start(asked))):
        addresses.refuse_unusable(ask.url, allow_hosts, contact)
    if not asks:
        raise UsageError(f"harvest {name}: name at least one thing to harvest.")
    needed = 0 if metadata_only else room.estimate_bytes(workspace, name, limit)
    room.refuse_without_room(workspace, needed, f"harvest {name}")
    settings: dict[str, Any] = {"source": name, "asked": list(asked), "allow_hosts": list(allow_hosts), "limit": limit}
    settings |= {"concept": concept, "metadata_only": metadata_only, "fetch_anyway": fetch_anyway}
    settings |= {"base_urls": bases, "depth": source.depth}
    with (
        runs.begin(workspace, "harvest", settings | asdict(source.politeness)) as run,
        on_shelf(workspace, "harvest") as shelf,
    ):
        withdrawn = withdrawn_from(workspace)
        keeper = Keeper(run, shelf.known, stated=source_row, withdrawn=withdrawn, concept=concept)
        plan = CrawlPlan(
            source=name,
            asked=tuple(asked),
            allow_hosts=tuple(allow_hosts),
            contact=contact,
            limit=limit,
            metadata_only=metadata_only,
            fetch_anyway=fetch_anyway,
            base_urls=bases,
            depth=depth,
            shelf=str(shelf.path.resolve()),
            withdrawn=withdrawn.candidate_ids,
            withdrawn_checksums=withdrawn.checksums,
        )
        with closing(delivered(plan, keeper)) as deliveries:
            for candidate, body, held, answered in deliveries:
                keeper.take((keeper.holds(candidate) or replace(candidate, sha256=None)) if held else candidate, body, answered)
                if progress:
                    progress("harvest", keeper.outcomes.total(), 0)
        # A limit below what the source promises is the user's own doing.
        return reported(keeper, name, min(source.at_least, limit or source.at_least), " ".join(asked))


def harvest_iiif(workspace: Path, urls: Sequence[str], **settings: Any) -> HarvestReport:
    """Harvest IIIF collections and manifests; see `harvest_web` for the settings and what is raised."""
    return harvest_web(workspace, "iiif", urls, **settings)
