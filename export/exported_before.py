"""What the last export into a folder knew: with the same catalogue, settings and code it would write the same bytes again.

The note lies beside the spool, one for each folder, with numbers, digests and names of shards and nothing of what pictures
say. Tables only ever grow, so that as many rows of the same newest run mean an equal table; a withdrawal, which blanks rows,
is itself a row. It is believed of a folder only while the folder's list of sums is the one that was written then. Without the
note, or when anything does not fit, everything is made anew: it saves time and decides nothing.
"""

import hashlib
import importlib.metadata
import json
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from base.files import canonical_json, write_json
from catalog import db
from catalog.runs import SPOOL_NAME
from pixels.lettering import font
from shardset import names
from shardset.target import Target

SUMS = "SHA256SUMS"
NO_INPUTS = ("upgrades", "answers", "proposals", "fixity", "measures", "exports", "samples", "trained_on")
"""Tables that no export reads."""
ROOMS = ("base", "catalog", "pixels", "shardset", "export")
MAKERS = ("duckdb", "numpy", "pillow", "matplotlib", "c2pa-python", "fonttools")
"""Packages that write bytes of an export."""
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Note:
    """What was read, and what was written: digests of the inputs and of the code, of the manifest and of the list of sums.

    `sizes_bytes` are those of the shards, `buckets` the shard's name by the digest of all that decides its texts
    (`shardset.write.Written`), `told` the report of that export.
    """

    inputs: str
    code: str
    manifest_digest: str
    sums: str
    sizes_bytes: Mapping[str, int]
    buckets: Mapping[str, str]
    told: Mapping[str, Any]


def recall(workspace: Path, place: Target) -> Note | None:
    """The note of the last export into this place, where there is one and this code wrote it."""
    try:
        note = Note(**json.loads(_path(workspace, place).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return note if note.code == code() else None


def remember(workspace: Path, place: Target, note: Note) -> None:
    """Note it, when all files stand."""
    write_json(_path(workspace, place), asdict(note))


def inputs(workspace: Path, settings: Mapping[str, Any]) -> str:
    """A digest of all that decides an export: `settings`, the views, and the rows of every table that is read.

    To be asked for before the tables are read: what is poured in between then makes the note one of an older state.
    """
    with db.reading(workspace) as connection:
        tables = "SELECT DISTINCT table_name FROM duckdb_columns() WHERE column_name = 'run_id' AND NOT internal"
        stored = "SELECT table_name FROM duckdb_tables() WHERE NOT internal"
        found = sorted(str(row[0]) for row in connection.execute(f"{tables} INTERSECT {stored}").fetchall())
        rows = {name: _rows(connection, name) for name in found if name not in (*NO_INPUTS, "runs")}
        rows["runs"] = _rows(connection, "runs WHERE command <> 'export'")
    return hashlib.sha256(canonical_json({"rows": rows, "views": db.version(), "settings": settings}).encode()).hexdigest()


def stands(note: Note, workspace: Path, place: Target, ours: frozenset[str], folder: str) -> bool:
    """Whether the folder holds what was written then and nothing else of ours, and the catalogue knows of it.

    What stands beside the shards is read and compared with its sum; of a shard only the size is looked at.

    Args:
        note: of the last export into it.
        workspace: with the catalogue.
        place: the folder.
        ours: names of all files that an export may write beside its shards.
        folder: its name in the catalogue.
    """
    present = {name for name in place.listed() if name in ours or name == names.MANIFEST or names.parse(name)}
    if SUMS not in present or hashlib.sha256(data := place.read(SUMS)).hexdigest() != note.sums:
        return False
    stated = dict(_stated(data))
    return (
        present == {*stated, SUMS}
        and all(place.size(name) == size for name, size in note.sizes_bytes.items())
        and all(
            hashlib.sha256(place.read(name)).hexdigest() == sha256
            for name, sha256 in stated.items()
            if name not in note.sizes_bytes
        )
        and _is_known(workspace, folder, note)
    )


def files(note: Note, place: Target, wanted: Collection[str]) -> dict[str, bytes]:
    """These files as they were written then; none of them where one is missing or altered."""
    sums = place.read(SUMS) if place.size(SUMS) is not None else b""
    if hashlib.sha256(sums).hexdigest() != note.sums:
        return {}
    stated = dict(_stated(sums))
    found = {name: place.read(name) for name in wanted if name in stated and place.size(name) is not None}
    whole = all(hashlib.sha256(data).hexdigest() == stated[name] for name, data in found.items())
    return found if whole and len(found) == len(wanted) else {}


def stated_manifest(sums: bytes | None) -> str | None:
    """The SHA-256 that the folder's list of sums gives its manifest."""
    return dict(_stated(sums or b"")).get(names.MANIFEST)


@cache
def code() -> str:
    """A digest of the code, the packages and the font that make an export: others may write other bytes."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(path for room in ROOMS for path in (HERE.parent / room).rglob("*") if path.suffix in (".py", ".sql")):
        digest.update(str(path.relative_to(HERE.parent)).encode() + b"\0" + path.read_bytes() + b"\0")
    for package in MAKERS:
        digest.update(f"{package} {_version(package)}\0".encode())
    letters = Path(str(getattr(font(10), "path", "")))
    digest.update(letters.read_bytes() if letters.is_file() else b"Pillow's own")
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _is_known(workspace: Path, folder: str, note: Note) -> bool:
    """Whether the catalogue has this export with its samples; one put back from a backup may not."""
    sql = (HERE / "known_export.sql").read_text(encoding="utf-8")
    found = db.rows(workspace, sql, {"digest": note.manifest_digest, "folder": folder})
    return bool(found) and found[0]["stated"] == found[0]["held"]


def _stated(sums: bytes) -> Iterator[tuple[str, str]]:
    """Each file's name and sum, of a list of sums."""
    for line in sums.decode(errors="replace").splitlines():
        sha256, _, name = line.partition("  ")
        yield name, sha256


def _rows(connection: duckdb.DuckDBPyConnection, what: str) -> tuple[int, str]:
    """How many rows, and the newest run among them: a catalogue put back from a backup may have as many."""
    row = connection.execute(f"SELECT count(*), coalesce(max(run_id), '') FROM {what}").fetchone()
    return (0, "") if row is None else (int(row[0]), str(row[1]))


def _path(workspace: Path, place: Target) -> Path:
    return workspace / SPOOL_NAME / f"exported-{hashlib.sha256(place.where.encode()).hexdigest()[:12]}.json"
