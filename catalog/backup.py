"""`backup` and `restore`: catalogue, spools, configuration and the list of the store in one file; pictures stay.

A restore never loses anything: it refuses a workspace that knows more than the backup does. And it never brings back what
was withdrawn: tombstones stand beside the bytes too, and are carried out again.
"""

import csv
import io
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from base import locks
from base.errors import BusyError, UsageError
from base.faults import kill_point
from base.files import sync_folder, write_json
from base.version import CODE_VERSION
from catalog import backup_file, db, query, runs, spool
from catalog.store import Store
from catalog.withdraw import withdraw_again

COMMAND = "backup"
STAGING = ".restore"
READY = "ready.json"
NAMED = 5  # runs or files that a message names


@dataclass(frozen=True, kw_only=True)
class BackupReport:
    """What one backup holds. `images` are listed, not contained; `missing` of them were not in the store."""

    run_id: str
    file: str
    size_bytes: int
    made_at: str
    candidates: int
    images: int
    runs: int
    spool_files: int
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RestoreReport:
    """What stands in the workspace now. `missing` and `other_size` pictures of the backup's list must be brought from elsewhere.

    `withdrawn_again` were withdrawn after the backup was made. `put_beside` are configuration files that differed.
    """

    file: str
    made_at: str
    candidates: int
    images: int
    runs: int
    missing: tuple[str, ...]
    other_size: tuple[str, ...]
    withdrawn_again: tuple[str, ...]
    put_beside: tuple[str, ...]

    def sentence(self) -> str:
        """What was restored and what to do next, in words."""
        lines = [f"restored from {self.file}, made {self.made_at} UTC: {self.candidates} candidates, {self.runs} runs."]
        if self.missing:
            shown = ", ".join(name[:12] for name in self.missing[:NAMED])
            lines.append(
                f"{len(self.missing)} of {self.images} pictures are not in the store ({shown} …): bring store/ back too."
            )
        else:
            lines.append(f"all {self.images} pictures of its list are in the store.")
        if self.other_size:
            lines.append(f"{len(self.other_size)} files in the store have another size: run `fototeca check --bytes`.")
        if self.withdrawn_again:
            lines.append(f"{len(self.withdrawn_again)} were withdrawn after the backup, and are withdrawn again.")
        else:
            lines.append(f"What was withdrawn after {self.made_at} elsewhere than here is not known: withdraw it again.")
        lines += [f"{name} differs from yours, which stays; the backup's is beside it." for name in self.put_beside]
        return "\n".join(lines)


def backup(workspace: Path, file: Path) -> BackupReport:
    """Write the backup, whole or not at all; other commands may be at work meanwhile.

    Raises:
        UsageError: there is no catalogue, or `file` exists.
        NoSpaceError: the disk is full; nothing is left behind.
    """
    file = file.expanduser().resolve()
    if file.exists():
        raise UsageError(f"{file} exists already: a backup overwrites nothing, name another file.")
    with db.reading(workspace):
        pass  # no catalogue: named before a run begins
    with runs.begin(workspace, COMMAND, {"file": str(file)}) as run:
        made_at = db.utc_now().isoformat(sep=" ", timespec="seconds")
        with backup_file.written(file) as writer:
            # Spools first: what is poured meanwhile is then in the catalogue too, and pouring twice changes nothing.
            spool_files = _add_spools(writer, workspace, besides=run.run_id)
            with tempfile.TemporaryDirectory(prefix="snapshot-", dir=workspace / runs.SPOOL_NAME) as folder:
                snapshot = Path(folder) / db.CATALOGUE_NAME
                query.snapshot(workspace, snapshot)
                facts, listed = _facts(snapshot)
                writer.add_file(db.CATALOGUE_NAME, snapshot)
            writer.add_bytes(backup_file.STORE_LIST, _store_list(listed))
            for name in backup_file.SETTINGS:
                if (workspace / name).is_file():
                    writer.add_file(name, workspace / name)
            about = {"made_at": made_at, "code_version": CODE_VERSION, **facts, "images": len(listed)}
            backup_file.finish(writer, about)
        names = Store(workspace).names()
        missing = tuple(sha256 for sha256, _ in listed if sha256 not in names)
        run.count("candidates", facts["candidates"])
        run.count("images", len(listed))
    return BackupReport(
        run_id=run.run_id,
        file=str(file),
        size_bytes=file.stat().st_size,
        made_at=made_at,
        candidates=facts["candidates"],
        images=len(listed),
        runs=len(facts["runs"]),
        spool_files=spool_files,
        missing=missing,
    )


def restore(file: Path, workspace: Path) -> RestoreReport:
    """Put the backup into the workspace, after all of it was verified; interrupted, the same command completes it.

    The workspace may hold a store, and a catalogue only if the backup knows all of its runs: then nothing is lost.

    Raises:
        SourceError: the file is no whole backup, or was made by a newer fototeca; nothing was written.
        UsageError: the workspace holds what the backup does not; nothing was written.
        BusyError: a stage is at work here.
        NoSpaceError: the disk is full; the workspace is as it was.
    """
    file = file.expanduser().resolve()
    manifest = backup_file.verified(file)
    workspace.mkdir(parents=True, exist_ok=True)
    staging = workspace / STAGING
    with locks.held(workspace / f"{STAGING}.lock", "`fototeca restore` in this workspace"):
        _refuse_while_working(workspace)
        if not (staging / READY).exists():
            _refuse_loss(workspace, manifest)
            shutil.rmtree(staging, ignore_errors=True)
            backup_file.unpack(file, staging / "new")
            with db.reading(staging / "new"):
                pass  # brings an older catalogue up to date, and refuses a newer one, while nothing is in its place yet
            write_json(staging / READY, {"backup": backup_file.digest(manifest), "file": str(file)})
        ready = spool.read_json(staging / READY)
        if ready["backup"] != backup_file.digest(manifest):
            raise UsageError(f"the restore of {ready['file']} was interrupted here: restore that first.")
        kill_point("restore.after_ready")
        put_beside = _put_in_place(workspace, staging)
        listed = _read_store_list(staging / "new" / backup_file.STORE_LIST)
        shutil.rmtree(staging)
        runs.pour_abandoned(workspace)
        again = withdraw_again(workspace)
    store = Store(workspace)
    names = store.names()
    gone = {row["sha256"] for row in db.rows(workspace, "SELECT sha256 FROM withdrawals WHERE sha256 IS NOT NULL")}
    listed = {sha256: size for sha256, size in listed.items() if sha256 not in gone}
    return RestoreReport(
        file=str(file),
        made_at=str(manifest["made_at"]),
        candidates=int(manifest["candidates"]),
        images=len(listed),
        runs=len(manifest["runs"]),
        missing=tuple(sorted(set(listed) - names)),
        other_size=tuple(sorted(one for one, size in listed.items() if one in names and store.path(one).stat().st_size != size)),
        withdrawn_again=again,
        put_beside=put_beside,
    )


def _add_spools(writer: backup_file.PartsWriter, workspace: Path, *, besides: str) -> int:
    """Every spool, poured or waiting, but the backup's own; returns how many files."""
    folder = workspace / runs.SPOOL_NAME
    markers = sorted([*folder.glob("*/run.json"), *folder.glob(f"{runs.POURED_NAME}/*/run.json")])
    before = len(writer.parts)
    for marker in markers:
        if marker.parent.name == besides:
            continue
        for path in sorted([*marker.parent.glob("*.json"), *marker.parent.glob("*.jsonl")]):
            name = str(path.relative_to(workspace))
            try:
                writer.add_file(name, path)
            except FileNotFoundError:  # poured and put away since it was listed
                writer.add_file(name, folder / runs.POURED_NAME / marker.parent.name / path.name)
    return len(writer.parts) - before


def _facts(snapshot: Path) -> tuple[dict[str, Any], list[tuple[str, int]]]:
    """What the manifest tells of the catalogue, and the list of the store."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        candidates = connection.execute("SELECT count(DISTINCT candidate_id) FROM candidates").fetchone()
        known = [row[0] for row in connection.execute("SELECT run_id FROM runs ORDER BY run_id").fetchall()]
        listed = connection.execute("SELECT sha256, size_bytes FROM images ORDER BY sha256").fetchall()
    return {"candidates": candidates[0] if candidates else 0, "runs": known}, listed


def _store_list(listed: list[tuple[str, int]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("sha256", "size_bytes"))
    writer.writerows(listed)
    return stream.getvalue().encode()


def _read_store_list(path: Path) -> dict[str, int]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["sha256"]: int(row["size_bytes"]) for row in csv.DictReader(stream)}


def _refuse_while_working(workspace: Path) -> None:
    for path in sorted((workspace / runs.SPOOL_NAME).glob("*.lock")):
        if locks.is_held(path):
            raise BusyError(f"`fototeca {path.stem}` is at work in {workspace}: wait for it, or stop it.")


def _refuse_loss(workspace: Path, manifest: dict[str, Any]) -> None:
    """Runs that only the workspace knows would be lost; a backup's own run states nothing."""
    folder = workspace / runs.SPOOL_NAME
    ours = {marker.parent.name for marker in [*folder.glob("*/run.json"), *folder.glob(f"{runs.POURED_NAME}/*/run.json")]}
    if db.exists(workspace):
        ours |= {row["run_id"] for row in db.rows(workspace, "SELECT run_id FROM runs")}
    theirs = set(manifest["runs"]) | {Path(name).parent.name for name in manifest["parts"] if name.startswith("spool/")}
    more = sorted(run_id for run_id in ours - theirs if f"-{COMMAND}-" not in run_id)
    if more:
        other = (
            "another catalogue" if not ours & theirs else f"{len(more)} runs that the backup of {manifest['made_at']} does not"
        )
        raise UsageError(
            f"{workspace} holds {other} ({', '.join(more[:NAMED])}): a restore would lose them. If that is meant, move"
            f" {db.CATALOGUE_NAME} and {runs.SPOOL_NAME}/ away first, or name an empty workspace."
        )


def _put_in_place(workspace: Path, staging: Path) -> tuple[str, ...]:
    """Move every part to its place, the catalogue last; what stood there waits in the staging folder until the end."""
    new, before = staging / "new", staging / "before"
    before.mkdir(exist_ok=True)
    beside = []
    with ExitStack() as done:
        done.callback(sync_folder, workspace)
        for name in (db.CATALOGUE_NAME, f"{db.CATALOGUE_NAME}.wal", runs.SPOOL_NAME):
            if (workspace / name).exists() and (new / name.removesuffix(".wal")).exists() and not (before / name).exists():
                (workspace / name).replace(before / name)
        for name in backup_file.SETTINGS:
            target = workspace / name
            if (new / name).exists() and target.exists() and target.read_bytes() != (new / name).read_bytes():
                (new / name).replace(target.with_name(f"{name}.restored"))
                beside.append(f"{name}.restored")
        for name in (runs.SPOOL_NAME, *backup_file.SETTINGS, db.CATALOGUE_NAME):
            if (new / name).exists():
                (new / name).replace(workspace / name)
                kill_point("restore.after_one")
    return tuple(beside)
