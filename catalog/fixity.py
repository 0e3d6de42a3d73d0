"""Are the bytes still what they were? Every stored picture is read again, the one looked at longest ago first."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalog import db, runs
from catalog.store import Store

COMMAND = "check"


@dataclass(frozen=True, kw_only=True)
class FixityReport:
    """checked = whole + damaged + missing; `left` pictures were not reached because of the limit.

    `damaged` and `missing` are SHA-256s. `orphans` are files that no catalogue row names: bytes of killed runs, which the
    next harvest of the same item takes into use, or strangers.
    """

    run_id: str
    checked: int
    whole: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    orphans: tuple[str, ...]
    left: int
    size_bytes: int


def check_bytes(
    workspace: Path, *, limit: int | None = None, progress: Callable[[str, int, int], None] | None = None
) -> FixityReport:
    """Hash up to `limit` pictures again and write what was found into `fixity`.

    Killed in the middle, what was looked at is poured by the next command and not looked at first again.

    Raises:
        BusyError: another check is running, or the catalogue was held for 10 s.
    """
    with db.reading(workspace):
        pass  # no catalogue: named before a run begins
    with runs.begin(workspace, COMMAND, {"bytes": True, "limit": limit}) as run:
        held = [(str(row["sha256"]), int(row["size_bytes"])) for row in db.rows(workspace, OLDEST_FIRST)]
        store = Store(workspace)
        orphans = orphaned(workspace, store.names(), {sha256 for sha256, _ in held})
        found: dict[str, list[str]] = {"whole": [], "damaged": [], "missing": []}
        size_bytes = 0
        wanted = held if limit is None else held[:limit]
        for number, (sha256, size) in enumerate(wanted, start=1):
            outcome = "missing" if not store.has(sha256) else "damaged" if store.damaged(sha256) else "whole"
            found[outcome].append(sha256)
            size_bytes += size if outcome != "missing" else 0
            run.add("fixity", {"sha256": sha256, "outcome": outcome})
            if progress is not None:
                progress("hashing stored files", number, len(wanted))
        for outcome, pictures in found.items():
            run.count(outcome, len(pictures))
        run.count("orphans", len(orphans))
    return FixityReport(
        run_id=run.run_id,
        checked=len(wanted),
        whole=len(found["whole"]),
        damaged=tuple(sorted(found["damaged"])),
        missing=tuple(sorted(found["missing"])),
        orphans=orphans,
        left=len(held) - len(wanted),
        size_bytes=size_bytes,
    )


OLDEST_FIRST = """
SELECT looked.sha256, looked.size_bytes
FROM last_checked AS looked
JOIN images AS image ON image.sha256 = looked.sha256
ORDER BY looked.checked_at NULLS FIRST, image.stored_at, looked.sha256
"""


def orphaned(workspace: Path, in_store: set[str], in_catalogue: set[str]) -> tuple[str, ...]:
    """Files of the store that neither the catalogue nor a spool that waits to be poured names."""
    unknown = in_store - in_catalogue
    for path in (workspace / runs.SPOOL_NAME).glob("*/images.jsonl") if unknown else ():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                unknown.discard(json.loads(line)["sha256"])
            except (ValueError, KeyError):
                continue  # the torn last line of a run that is at work or was killed
    return tuple(sorted(unknown))
