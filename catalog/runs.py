"""One command, one run: it takes its stage's lock, pours what others left behind, spools, and pours itself at the end."""

import logging
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from base import locks
from base.errors import BusyError, NoSpaceError
from base.faults import kill_point
from base.files import canonical_json, sync_folder, write_json
from base.version import CODE_VERSION
from catalog import db, spool
from catalog.store import Store

log = logging.getLogger(__name__)

SPOOL_NAME = "spool"
POURED_NAME = "poured"
COUNTED_AFTER = ("curate", "decide", "correct", "ingest")
"""Commands after which a large collection is counted for `status`; not harvest, whose memory stays flat."""
LARGE_BYTES = 100 << 20
"""About 60,000 measured pictures: below, counting takes a moment."""


class Run:
    """A command at work. Made by `begin` only."""

    def __init__(self, workspace: Path, command: str, settings: Mapping[str, Any], seed: int | None) -> None:
        """Write down that the run has begun, so that its spool explains itself if it dies."""
        self.workspace = workspace
        self.command = command
        self.started_at = db.utc_now()
        self.run_id = new_run_id(command, self.started_at)
        self.counts: Counter[str] = Counter()
        self.problems: list[dict[str, str]] = []
        self.poured: Counter[str] = Counter()
        self.seen: int | None = None
        self.folder = workspace / SPOOL_NAME / self.run_id
        self.spool = spool.Spool(self.folder, self.run_id)
        write_json(
            self.folder / "run.json",
            {
                "run_id": self.run_id,
                "command": command,
                "settings": dict(settings),
                "seed": seed,
                "code_version": CODE_VERSION,
                "started_at": self.started_at.isoformat(sep=" "),
            },
        )

    def add(self, table: str, row: Any, *, durable: bool = False) -> None:
        """Spool one row (a dictionary, or a dataclass of `catalog.records`); run id and time are filled in."""
        self.spool.add(table, row, durable=durable)

    def add_all(self, table: str, rows: Iterable[Any], *, durable: bool = False) -> None:
        """Spool many rows at once: one time, one write."""
        self.spool.add_all(table, rows, durable=durable)

    def count(self, what: str, number: int = 1) -> None:
        """Add to one of the numbers that the run reports."""
        self.counts[what] += number

    def problem(self, where: str, what: str) -> None:
        """Name something in the source data that could not be taken as it stands; it is kept with the run."""
        self.problems.append({"where": where, "what": what})

    def pour(self) -> None:
        """Pour what is spooled so far, and go on; waits up to 10 s for the catalogue."""
        inserted, last = _pour_into_catalogue(self.workspace, self.folder, end=None)
        self.poured.update(inserted)
        self.seen = last if self.seen is None else self.seen

    def _finish(self, outcome: str, error: str | None) -> None:
        self.spool.close()
        end = {
            "outcome": outcome,
            "error": error,
            "counts": dict(self.counts),
            "problems": self.problems,
            "ended_at": db.utc_now().isoformat(sep=" "),
            "seen": self.seen,
        }
        write_json(self.folder / "end.json", end)
        kill_point("pour.before")
        self.poured.update(_pour_into_catalogue(self.workspace, self.folder, end=end)[0])
        kill_point("pour.after")
        _put_away(self.folder)


@contextmanager
def begin(workspace: Path, command: str, settings: Mapping[str, Any], seed: int | None = None) -> Iterator[Run]:
    """Run a stage: lock, pour abandoned spools, work, pour.

    An error inside the block is written to the run (outcome failed), what was spooled is poured, and the error goes on.

    Raises:
        BusyError: the same stage is running already, or the catalogue was held for 10 s; then all that was gathered is
            safe in the spool and the message says how to pour it.
    """
    with locks.held(lock_path(workspace, command), f"`fototeca {command}` in this workspace"):
        pour_abandoned(workspace, stage=command)
        run = Run(workspace, command, settings, seed)
        try:
            yield run
        except BaseException as error:
            outcome = "failed" if isinstance(error, Exception) else "interrupted"
            try:
                run._finish(outcome, str(error) or type(error).__name__)
            except (BusyError, NoSpaceError) as later:
                error.add_note(str(later))
            raise
        run._finish("done", None)
    if command in COUNTED_AFTER and db.catalogue_path(workspace).stat().st_size >= LARGE_BYTES:
        from catalog.status import status  # it asks for the spools that wait, here

        with suppress(BusyError):
            status(workspace)  # counted now, so that who asks next need not wait


def pour_abandoned(workspace: Path, *, stage: str | None = None) -> dict[str, dict[str, int]]:
    """Pour every spool that no living run owns, oldest first; `stage` is a stage whose lock the caller holds.

    Returns:
        Rows inserted by table, for each run poured.
    """
    poured: dict[str, dict[str, int]] = {}
    for folder in waiting_spools(workspace, stage=stage):
        poured[folder.name] = pour_folder(workspace, folder)
    if stage is not None:
        Store(workspace).sweep()
    return poured


def pour_folder(workspace: Path, folder: Path) -> dict[str, int]:
    """Mend and pour the spool of one ended or killed run, and put it away; returns the rows inserted, by table."""
    if torn := spool.mend(folder):
        log.warning("spool_mended run_id=%s torn_lines=%d", folder.name, torn)
    end_path = folder / "end.json"
    end = {**INTERRUPTED, **(spool.read_json(end_path) if end_path.exists() else {})}
    inserted, _ = _pour_into_catalogue(workspace, folder, end=end)
    _put_away(folder)
    log.info("spool_poured run_id=%s outcome=%s", folder.name, end["outcome"])
    return inserted


INTERRUPTED: Mapping[str, Any] = {
    "outcome": "interrupted",
    "error": None,
    "counts": {},
    "problems": [],
    "ended_at": None,
}


def waiting_spools(workspace: Path, *, stage: str | None = None) -> list[Path]:
    """Folders of ended or killed runs that are not in the catalogue yet, oldest first."""
    found = []
    for marker in sorted((workspace / SPOOL_NAME).glob("*/run.json")):
        command = spool.read_json(marker)["command"]
        if command == stage or not locks.is_held(lock_path(workspace, command)):
            found.append(marker.parent)
    return found


def new_run_id(command: str, at: datetime) -> str:
    """Time, command and six random digits: sorts by time, and says what it was."""
    return f"{at:%Y%m%dT%H%M%S%f}-{command}-{secrets.token_hex(3)}"


def lock_path(workspace: Path, command: str) -> Path:
    """The lock file of a stage."""
    return workspace / SPOOL_NAME / f"{command}.lock"


def _pour_into_catalogue(workspace: Path, folder: Path, *, end: Mapping[str, Any] | None) -> tuple[dict[str, int], int]:
    """Pour a spool folder, with its run's row when it has ended; returns rows by table and the number of the last pour before."""
    run = spool.read_json(folder / "run.json")
    try:
        with db.writing(workspace) as connection:
            connection.execute("BEGIN")
            inserted = spool.pour(connection, folder)
            last = int(db.fetch(connection, "SELECT coalesce(max(poured), 0) AS last FROM runs")[0]["last"])
            if end is not None:
                connection.execute(
                    "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    [
                        run["run_id"],
                        run["command"],
                        canonical_json(run["settings"]),
                        run["seed"],
                        run["code_version"],
                        end["outcome"],
                        end["error"],
                        canonical_json(end["counts"]),
                        canonical_json(end["problems"]),
                        run["started_at"],
                        end["ended_at"],
                        last if end.get("seen") is None else end["seen"],
                        last + 1,
                    ],
                )
            kill_point("pour.inside")
            connection.execute("COMMIT")
    except BusyError as error:
        waiting = sum(spool.line_counts(folder).values())
        raise BusyError(f"{error} Nothing is lost: {waiting} records wait in {folder}; then run `fototeca ingest`.") from None
    return inserted, last


def _put_away(folder: Path) -> None:
    """Poured spools stay on disk, apart: the catalogue can be made again from them."""
    archive = folder.parent / POURED_NAME
    archive.mkdir(exist_ok=True)
    if (archive / folder.name).exists():  # a run recorded again: its older copy says the same
        shutil.rmtree(archive / folder.name)
    folder.rename(archive / folder.name)
    sync_folder(folder.parent)


Progress = Callable[[str, int, int], None]
"""(what, done, total): how a stage tells a command how far it is."""
