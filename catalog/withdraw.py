"""`withdraw`: an item leaves for good. A tombstone stays, so that it is never harvested again, and says who must be told."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from base import locks
from base.errors import BusyError, UsageError
from base.faults import kill_point
from base.files import canonical_json, sync_folder
from catalog import db, runs, spool, subjects
from catalog.blank import Gone, blank_catalogue, blank_spools, words_of
from catalog.store import Store
from catalog.withdrawal import Reach, Withdrawal, reach

COMMAND = "withdraw"
TOMBSTONES_NAME = "withdrawn.jsonl"
"""Beside the bytes in store/, apart from the catalogue: one restored from a backup learns here what was withdrawn since."""
STAGES = ("harvest", "retry", "recheck", "curate", "decide", "link", "correct", "augment", "export", "record", "check", "backup")


@dataclass(frozen=True, kw_only=True)
class Tombstones:
    """What must never be taken again: items, bytes, and SHA-1s by which providers name these bytes before a download."""

    candidate_ids: frozenset[str] = frozenset()
    sha256s: frozenset[str] = frozenset()
    sha1s: frozenset[str] = frozenset()


def tombstones(workspace: Path) -> Tombstones:
    """Everything that was withdrawn. Bytes that another item still holds are not among them."""
    if not db.exists(workspace):
        return Tombstones()
    with db.reading(workspace) as connection:
        stones = db.fetch(connection, "SELECT subject, source, sha256, sha1 FROM withdrawals")
        earlier = [row[0] for row in connection.execute(EARLIER_BYTES).fetchall()]
    return Tombstones(
        candidate_ids=frozenset(row["subject"] for row in stones if row["source"] is not None),
        sha256s=frozenset(row["sha256"] for row in stones if row["sha256"]) | frozenset(earlier),
        sha1s=frozenset(row["sha1"] for row in stones if row["sha1"]),
    )


EARLIER_BYTES = """
SELECT DISTINCT sha256
FROM candidates
WHERE sha256 IS NOT NULL
  AND candidate_id IN (SELECT subject FROM withdrawals)
  AND sha256 NOT IN (SELECT sha256 FROM current_candidates WHERE sha256 IS NOT NULL)
"""


def plan_withdrawal(workspace: Path, subject: str, *, all_copies: bool = False) -> Withdrawal:
    """What would happen; nothing is changed.

    Raises:
        UsageError: nothing or several things are called `subject`.
    """
    found = subjects.find(workspace, subject)
    with db.reading(workspace) as connection:
        return reach(workspace, connection, found, all_copies=all_copies).report


def withdraw(workspace: Path, subject: str, *, reason: str, who: str, all_copies: bool = False) -> Withdrawal:
    """Take the item out: tombstone, then bytes, then words. Killed at any moment, the same command completes it.

    Another item that holds the same bytes keeps them, and waits for a person, unless `all_copies`.

    Raises:
        UsageError: the subject is unknown or ambiguous, or words are missing.
        BusyError: a stage is at work, or another program holds the catalogue; nothing was withdrawn, or the message says how
            to go on.
    """
    for name, value in (("by", who), ("reason", reason)):
        if not value.strip():
            raise UsageError(f"--{name} is empty: say it in a few words; it stays on the tombstone.")
    found = subjects.find(workspace, subject)
    settings = {"subject": found, "who": who.strip(), "all_copies": all_copies}
    with undisturbed(workspace), runs.begin(workspace, COMMAND, settings) as run:
        with db.reading(workspace) as connection:
            reached = reach(workspace, connection, found, all_copies=all_copies)
            known = {row[0] for row in connection.execute("SELECT subject FROM withdrawals").fetchall()}
            gone = Gone(
                subjects=frozenset(reached.report.items),
                pictures=reached.pictures,
                words=words_of(connection, reached.report.items),
            )
        new = [one for one in reached.stones if one["subject"] not in known]
        for one in new:
            run.add("withdrawals", {**one, **_signed(one, reached, reason.strip(), who.strip())}, durable=True)
        for copy in reached.copies if new else ():
            run.add("decisions", _to_be_looked_at(copy, reached, who.strip()), durable=True)
        run.pour()
        kill_point("withdraw.after_tombstone")
        _carry_out(workspace, (*reached.report.thumbnails, *reached.report.snapshots), gone)
        run.count("items", len(reached.report.items))
        run.count("pictures", len(reached.report.bytes_removed))
        run.count("variations", len(reached.report.variations))
    return replace(reached.report, done=True)


def withdraw_again(workspace: Path) -> tuple[str, ...]:
    """Carry out every withdrawal that stands beside the bytes and is not in the catalogue; returns the subjects.

    A catalogue restored from a backup knows nothing of what was withdrawn since.
    """
    known = {row["subject"] for row in db.rows(workspace, "SELECT subject FROM withdrawals")}
    stones = {row["subject"]: row for row in engraved(workspace) if row["subject"] not in known}
    if not stones:
        return ()
    with undisturbed(workspace), runs.begin(workspace, COMMAND, {"again": sorted(stones)}) as run:
        for stone in stones.values():
            run.add("withdrawals", {name: stone[name] for name in db.columns("withdrawals") if name != "run_id"}, durable=True)
        run.pour()
        harvested = [subject for subject, stone in stones.items() if stone["source"] is not None]
        pictures = {str(stone["sha256"]) for stone in stones.values() if stone["sha256"]}
        with db.reading(workspace) as connection:
            words = words_of(connection, harvested)
            pictures |= {row[0] for row in connection.execute(EARLIER_BYTES).fetchall()}
        _carry_out(workspace, (), Gone(subjects=frozenset(harvested), pictures=frozenset(pictures), words=words))
        run.count("items", len(stones))
    return tuple(sorted(stones))


def _carry_out(workspace: Path, files: Iterable[str], gone: Gone) -> None:
    """Everything after the tombstone: bytes, thumbnails, snapshots, spools, rows. Doing it again changes nothing."""
    engrave(workspace)
    _remove_bytes(workspace, gone.pictures)
    for name in files:
        path = workspace / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    kill_point("withdraw.after_bytes")
    blank_spools(workspace, gone)
    blank_catalogue(workspace, gone)


@contextmanager
def undisturbed(workspace: Path) -> Iterator[None]:
    """Hold the lock of every stage but this one, and pour what killed runs left: nothing of the item can come in meanwhile.

    Raises:
        BusyError: a stage is at work.
    """
    folder = workspace / runs.SPOOL_NAME
    commands = {*STAGES, *(path.stem for path in folder.glob("*.lock"))} - {COMMAND}
    commands |= {spool.read_json(marker)["command"] for marker in folder.glob("*/run.json")} - {COMMAND}
    with ExitStack() as held:
        for command in sorted(commands):
            try:
                held.enter_context(locks.held(runs.lock_path(workspace, command), f"`fototeca {command}` in this workspace"))
            except BusyError as error:
                raise BusyError(f"nothing was changed: {error}") from None
        for marker in sorted(folder.glob("*/run.json")):
            if spool.read_json(marker)["command"] != COMMAND:
                runs.pour_folder(workspace, marker.parent)
        yield


def engrave(workspace: Path) -> None:
    """Write every tombstone of the catalogue that is not yet beside the bytes into `store/withdrawn.jsonl`, durably."""
    path = Store(workspace).folder / TOMBSTONES_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {row["subject"] for row in engraved(workspace)}
    stones = [
        row for row in db.rows(workspace, "SELECT * FROM withdrawals ORDER BY run_id, subject") if row["subject"] not in known
    ]
    if stones:
        torn = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
        with path.open("ab") as stream:
            stream.write(b"\n" if torn else b"")
            for row in stones:
                stream.write((canonical_json({**row, "withdrawn_at": row["withdrawn_at"].isoformat(sep=" ")}) + "\n").encode())
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(path.parent)


def engraved(workspace: Path) -> list[dict[str, Any]]:
    """The tombstones that stand beside the bytes; a line that a killed process left half written is none."""
    path = Store(workspace).folder / TOMBSTONES_NAME
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and "subject" in row:
            found.append(row)
    return found


def _remove_bytes(workspace: Path, pictures: Iterable[str]) -> None:
    store = Store(workspace)
    touched = set()
    for sha256 in pictures:
        path = store.path(sha256)
        if path.exists():
            path.unlink()
            touched.add(path.parent)
    for folder in sorted(touched):
        sync_folder(folder)


def _signed(stone: Mapping[str, Any], reached: Reach, reason: str, who: str) -> dict[str, str]:
    """Who withdrew it and why; of a variation, what it was made from."""
    made = stone["source"] is None and reached.report.kind == "harvested"
    return {"reason": f"It was made from {reached.report.subject}: {reason}" if made else reason, "who": who}


def _to_be_looked_at(copy: Mapping[str, Any], reached: Reach, who: str) -> dict[str, Any]:
    """An item whose bytes were withdrawn under another name is handed over again only when a person says so."""
    withdrawn = reached.report
    return {
        "subject": copy["subject"],
        "criterion": "withdrawn_copy",
        "version": "1",
        "verdict": "review",
        "reason": f"The same file was withdrawn as {withdrawn.source}: {withdrawn.source_id}. A person must look.",
        "evidence": {"sha256": copy["sha256"]},
        "who": who,
    }
