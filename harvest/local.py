"""Harvests a folder of pictures with its sheet; one call is one run and returns its report."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from base.errors import UsageError, from_os_error
from base.files import sha256_of_file
from catalog import db, runs
from catalog.records import Candidate
from catalog.runs import Progress
from harvest import room
from harvest.consent import file_channels, said_in_file
from harvest.deliveries import reported, withdrawn_from
from harvest.gate import excused, is_refused, why_refused
from harvest.keep import HarvestReport, Keeper, workspace_parts
from harvest.sheet import Sheet
from harvest.shelf import on_shelf
from harvest.sniff import sniffed
from harvest.source import Found, Problem
from harvest.sources import folder as folder_source


def harvest_folder(
    workspace: Path,
    path: Path,
    sheet: Path | None = None,
    *,
    collection: str | None = None,
    concept: str | None = None,
    fetch_anyway: str | None = None,
    progress: Progress | None = None,
) -> HarvestReport:
    """Take a folder of pictures into the workspace, as its sheet, or what is written in the files, describes them.

    Args:
        workspace: Where catalogue and store stand.
        path: The folder.
        sheet: CSV in UTF-8 with at least a column for the file and one for the licence; None: only the files speak.
        collection: Names the collection in the catalogue; the folder's own name when None.
        concept: Claimed for every picture, besides what the sheet claims.
        fetch_anyway: A person's reason to take bytes whose rights are refused, or whose owner opts out; kept as evidence.
        progress: Told (what, done, total); total is the number of lines of the sheet, 0 without one.

    Raises:
        UsageError: the folder does not exist.
        SourceError: the sheet cannot be read at all, or nothing could be taken (what was noted is kept).
        BusyError: another harvest runs in this workspace, or the catalogue is held by another program.
        NoSpaceError: the folder does not fit on the disk, or the disk's reserve was reached; what came is kept.
    """
    if not path.is_dir():
        raise UsageError(f"{path} is no folder: name the folder that holds the pictures.")
    read = Sheet(sheet) if sheet is not None else None
    lines = read.lines if read else 0
    name = collection or path.resolve().name
    not_in = workspace_parts(workspace.resolve())
    source = folder_source.Source(path, read, name, not_in=not_in)
    settings: dict[str, Any] = {"source": "folder", "path": str(path), "sheet": str(sheet) if sheet else None, "collection": name}
    settings |= {"concept": concept, "fetch_anyway": fetch_anyway}
    room.refuse_without_room(workspace, _new_bytes(workspace, path, source.name, not_in), f"the folder {path}")
    with runs.begin(workspace, "harvest", settings) as run, on_shelf(workspace, "harvest") as shelf:
        keeper = Keeper(run, shelf.known, stated=source.stated, withdrawn=withdrawn_from(workspace), concept=concept)
        try:
            for done, found in enumerate(source.start(), 1):
                if isinstance(found, Problem):
                    keeper.problem(found)
                    continue
                keeper.take(*_read(found, keeper, fetch_anyway))
                if progress:
                    progress("harvest", min(done, lines), lines)
        finally:
            keeper.flush()
        return reported(keeper, source.name, source.at_least, f"{path} with {sheet}" if sheet else str(path))


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
    seen = sniffed(body)
    if seen.outcome is not None:
        return replace(candidate, outcome=seen.outcome, outcome_detail=seen.detail), None
    candidate = replace(candidate, outcome_detail=seen.detail)
    return _asked_for_consent(candidate, body, fetch_anyway)


def _asked_for_consent(candidate: Candidate, body: bytes, fetch_anyway: str | None) -> tuple[Candidate, bytes | None]:
    """What the file itself says against its use stays as evidence; its bytes are left unless a person gave a reason."""
    said = tuple(dict.fromkeys((*candidate.opt_outs, *said_in_file(body, candidate.source_id))))
    consulted = tuple(dict.fromkeys((*candidate.consulted, *file_channels())))
    candidate = replace(candidate, opt_outs=said, consulted=consulted)
    if not said:
        return candidate, body
    if not fetch_anyway:
        detail = f"the owner opts out: {said[0].value}"
        return replace(candidate, outcome="not_fetched_opt_out", outcome_detail=detail), None
    return excused(candidate, fetch_anyway), body


def _new_bytes(workspace: Path, folder: Path, source: str, not_in: tuple[Path, ...]) -> int:
    """What the folder's pictures weigh, less what the catalogue holds of this collection."""
    here = sum(_sizes(folder.resolve(), {path.resolve() for path in not_in}))
    if not db.exists(workspace):
        return here
    sql = "SELECT coalesce(sum(size_bytes), 0) AS held FROM current_candidates JOIN images USING (sha256) WHERE source = ?"
    return max(0, here - int(db.rows(workspace, sql, [source])[0]["held"]))


def _sizes(folder: Path, not_in: set[Path]) -> Iterator[int]:
    for path in folder.iterdir():
        if path in not_in or path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _sizes(path, not_in)
        elif path.suffix.lower() in folder_source.PICTURE_SUFFIXES and path.is_file():
            yield path.stat().st_size
