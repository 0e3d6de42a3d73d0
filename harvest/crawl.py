"""Harvests: a folder with its sheet, or a service on the web; each call is one run and returns its report."""

import logging
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from base import plugins
from base.errors import SourceError, UsageError, from_os_error
from base.files import sha256_of_file
from catalog import runs
from catalog.records import Candidate
from catalog.runs import Progress
from harvest import addresses
from harvest.gate import excused, is_refused, why_refused
from harvest.keep import HarvestReport, Keeper, too_few, workspace_parts
from harvest.known import known_items
from harvest.plan import CrawlPlan, held_key
from harvest.sheet import Sheet
from harvest.sniff import why_no_image
from harvest.source import Found, Problem
from harvest.sources import folder as folder_source
from harvest.web import crawled
from pixels.decode import header

log = logging.getLogger(__name__)

CONTACT_VARIABLE = "FOTOTECA_CONTACT"


def harvest_folder(
    workspace: Path,
    path: Path,
    sheet: Path,
    *,
    collection: str | None = None,
    concept: str | None = None,
    fetch_anyway: str | None = None,
    progress: Progress | None = None,
) -> HarvestReport:
    """Take a folder of pictures into the workspace, as its sheet describes them.

    Args:
        workspace: Where catalogue and store stand.
        path: The folder.
        sheet: CSV in UTF-8 with at least a column for the file and one for the licence.
        collection: Names the collection in the catalogue; the folder's own name when None.
        concept: Claimed for every picture, besides what the sheet claims.
        fetch_anyway: A person's reason to take bytes whose rights are refused; kept as evidence.
        progress: Told (what, done, total); total is the number of lines of the sheet.

    Raises:
        UsageError: the folder does not exist.
        SourceError: the sheet cannot be read at all, or nothing could be taken (what was noted is kept).
        BusyError: another harvest runs in this workspace, or the catalogue is held by another program.
    """
    if not path.is_dir():
        raise UsageError(f"{path} is no folder: name the folder that holds the pictures.")
    read = Sheet(sheet)
    name = collection or path.resolve().name
    source = folder_source.Source(path, read, name, not_in=workspace_parts(workspace.resolve()))
    settings: dict[str, Any] = {"source": "folder", "path": str(path), "sheet": str(sheet), "collection": name}
    settings |= {"concept": concept, "fetch_anyway": fetch_anyway}
    with runs.begin(workspace, "harvest", settings) as run:
        known = known_items(workspace, source.name)
        keeper = Keeper(run, known, stated=source.stated, concept=concept)
        try:
            for done, found in enumerate(source.start(), 1):
                if isinstance(found, Problem):
                    keeper.problem(found)
                    continue
                keeper.take(*_read(found, keeper, fetch_anyway))
                if progress:
                    progress("harvest", min(done, read.lines), read.lines)
        finally:
            keeper.flush()
        return _reported(keeper, source.name, source.at_least, f"{path} with {sheet}")


def harvest_iiif(
    workspace: Path,
    urls: Sequence[str],
    *,
    allow_hosts: Sequence[str] = (),
    concept: str | None = None,
    limit: int | None = None,
    metadata_only: bool = False,
    fetch_anyway: str | None = None,
    contact: str | None = None,
    progress: Progress | None = None,
) -> HarvestReport:
    """Harvest IIIF collections and manifests; see `harvest_web` for what the arguments mean and what is raised."""
    return harvest_web(
        workspace,
        "iiif",
        urls,
        allow_hosts=allow_hosts,
        concept=concept,
        limit=limit,
        metadata_only=metadata_only,
        fetch_anyway=fetch_anyway,
        contact=contact,
        progress=progress,
    )


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
        fetch_anyway: A person's reason to take bytes in spite of rights or opt-out headers; kept as evidence.
            It never opens what robots.txt closes.
        contact: Mail or address for the user agent; `FOTOTECA_CONTACT` when None.
        progress: Told ("harvest", candidates so far, 0): the total is not known before the end.

    Raises:
        UsageError: an unknown source, nothing asked, a private host that is not allowed, a live host without contact.
        SourceError: fewer candidates than the source promises (what came is kept).
        BusyError: another harvest runs in this workspace, or the catalogue is held by another program.
        FototecaError: the crawling process ended early; what came is kept, and the same command goes on from there.
    """
    source = plugins.load("harvest.sources", name).Source()
    contact = contact or os.environ.get(CONTACT_VARIABLE) or None
    for ask in (asks := list(source.start(asked))):
        addresses.refuse_unusable(ask.url, allow_hosts, contact)
    if not asks:
        raise UsageError(f"harvest {name}: name at least one thing to harvest.")
    settings: dict[str, Any] = {"source": name, "asked": list(asked), "allow_hosts": list(allow_hosts), "limit": limit}
    settings |= {"concept": concept, "metadata_only": metadata_only, "fetch_anyway": fetch_anyway}
    with runs.begin(workspace, "harvest", settings | asdict(source.politeness)) as run:
        keeper = Keeper(run, known_items(workspace, f"{name}:"), stated=source.stated, concept=concept)
        plan = CrawlPlan(
            source=name,
            asked=tuple(asked),
            allow_hosts=tuple(allow_hosts),
            contact=contact,
            limit=limit,
            metadata_only=metadata_only,
            fetch_anyway=fetch_anyway,
            held=_held(keeper),
        )
        try:
            with closing(crawled(plan)) as frames:
                for frame in frames:
                    if isinstance(frame, Problem):
                        keeper.problem(frame)
                    elif frame is not None:
                        candidate, body, held = frame
                        keeper.take((keeper.holds(candidate) or candidate) if held else candidate, body)
                        if progress:
                            progress("harvest", keeper.outcomes.total(), 0)
                    keeper.flush_if_due()
        finally:
            keeper.flush()
        return _reported(keeper, name, source.at_least, " ".join(asked))


def _read(found: Found, keeper: Keeper, fetch_anyway: str | None) -> tuple[Candidate, bytes | None]:
    """A local file's candidate with its outcome, and its bytes if they are to be stored."""
    candidate, file = found.candidate, found.file
    if file is None:
        return candidate, None
    if fetch_anyway:
        candidate = excused(candidate, fetch_anyway)
    try:
        size_bytes = file.stat().st_size
        if size_bytes > folder_source.Source.max_size_bytes:
            return replace(candidate, outcome="too_large", outcome_detail=f"{size_bytes} bytes"), None
        if held := keeper.holds(candidate, sha256_of_file(file)):
            return held, None
        if is_refused(candidate.rights) and not fetch_anyway:
            detail = why_refused(candidate.rights)
            return replace(candidate, outcome="not_fetched_rights", outcome_detail=detail), None
        body = file.read_bytes()
    except OSError as error:
        if full := from_os_error(error, "reading a picture"):
            raise full from error
        detail = f"the file cannot be read: {error.strerror or type(error).__name__}"
        keeper.problem(Problem(where=candidate.source_id, what=detail))
        return replace(candidate, outcome="failed_unreadable_file", outcome_detail=detail), None
    if header(body) is None:
        return replace(candidate, outcome="not_an_image", outcome_detail=why_no_image(body)), None
    return candidate, body


def _held(keeper: Keeper) -> frozenset[str]:
    """Keys of the items whose bytes are in the store: they are not asked for again while their address stays."""
    return frozenset(
        held_key(candidate_id, one.image_url)
        for candidate_id, one in keeper.known.items()
        if one.sha256 and one.image_url and keeper.store.has(one.sha256)
    )


def _reported(keeper: Keeper, name: str, at_least: int, what: str) -> HarvestReport:
    """The report; too few candidates fail the run, which is poured all the same."""
    report = keeper.finish(name)
    log.info("harvested run_id=%s source=%s candidates=%d", report.run_id, name, report.candidates)
    if message := too_few(report, at_least, what):
        raise SourceError(message)
    return report
