"""Opening the catalogue: for seconds, with patience, always at the newest schema."""

import hashlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from base.errors import BusyError, NoSpaceError, SourceError, UsageError
from catalog.licences import FAMILIES

CATALOGUE_NAME = "catalog.duckdb"
PATIENCE_S = 10.0
RETRY_EVERY_S = 0.2
NO_SPACE = "No space left on device"  # the system's words for ENOSPC, which DuckDB passes on within its own errors
STORAGE_VERSION = "v1.4.0"  # so that the duckdb clients of archivists (DBeaver, 1.x command lines) open the file
TABLES_FOLDER = Path(__file__).parent / "tables"
VIEWS_FOLDER = Path(__file__).parent / "views"


def rows(workspace: Path, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
    """Ask one question and close again: one dictionary a row.

    Raises:
        UsageError: there is no catalogue in this workspace.
        BusyError: another process has held it for longer than `PATIENCE_S`.
    """
    with reading(workspace) as connection:
        return fetch(connection, sql, parameters)


def fetch(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> list[dict[str, Any]]:
    """The rows of one query on an open connection, as dictionaries."""
    cursor = connection.execute(sql, parameters or None)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@contextmanager
def reading(workspace: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection for a short while; a catalogue with an older schema is brought up to date first."""
    path = catalogue_path(workspace)
    if not path.exists():
        raise UsageError(
            f"there is no catalogue in {workspace}: `fototeca harvest` makes one, `--workspace` names another folder."
        )
    with _opened(path, read_only=True) as connection:
        current = _is_current(connection)
        if current:
            yield connection
    if not current:
        with writing(workspace):
            pass
        with _opened(path, read_only=True) as connection:
            yield connection


@contextmanager
def writing(workspace: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The one writing connection; the file is made when absent, upgraded when old, and checkpointed at the end."""
    workspace.mkdir(parents=True, exist_ok=True)
    with _opened(catalogue_path(workspace), read_only=False) as connection:
        if not _is_current(connection):
            upgrade(connection)
        yield connection
        connection.execute("CHECKPOINT")


def exists(workspace: Path) -> bool:
    """Whether this workspace has a catalogue."""
    return catalogue_path(workspace).exists()


def catalogue_path(workspace: Path) -> Path:
    """Where the catalogue of a workspace stands."""
    return workspace / CATALOGUE_NAME


def upgrade(connection: duckdb.DuckDBPyConnection) -> None:
    """Apply every numbered table file that is missing, each in its own transaction, then replace the views.

    Raises:
        SourceError: the file is another program's, was made by a newer fototeca, or an applied table file was edited since.
    """
    present = {row["table_name"] for row in fetch(connection, "SELECT table_name FROM duckdb_tables()")}
    if present and "upgrades" not in present:
        shown = ", ".join(sorted(present)[:5])
        raise SourceError(f"{CATALOGUE_NAME} is a DuckDB file, but no fototeca's (it holds {shown}): name another workspace.")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS upgrades"
        " (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"
    )
    for column, comment in UPGRADE_COMMENTS.items():
        connection.execute(f"COMMENT ON {column} IS '{comment}'")
    applied = {row["number"]: row for row in fetch(connection, "SELECT number, name, sha256 FROM upgrades")}
    known = {number: (name, text) for number, name, text in table_files()}
    if unknown := sorted(set(applied) - set(known)):
        raise SourceError(f"this catalogue holds upgrade {unknown[-1]}, which this fototeca does not know: use a newer one.")
    for number, (name, text) in sorted(known.items()):
        digest = hashlib.sha256(text.encode()).hexdigest()
        if number in applied:
            if applied[number]["sha256"] != digest:
                raise SourceError(f"catalog/tables/{name} was edited after it was applied: put it back and add a new file.")
            continue
        connection.execute("BEGIN")
        connection.execute(text)
        connection.execute("INSERT INTO upgrades VALUES (?, ?, ?, ?)", [number, name, digest, utc_now()])
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
    connection.execute("BEGIN")
    connection.execute("DELETE FROM licence_families")
    connection.executemany("INSERT INTO licence_families VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _family_rows())
    connection.execute(views())
    connection.execute(f"CREATE OR REPLACE VIEW catalogue_version AS SELECT '{version()}' AS version")
    connection.execute("COMMENT ON VIEW catalogue_version IS 'Digest of the tables, views and licence families in use.'")
    connection.execute("COMMIT")


UPGRADE_COMMENTS = {
    "TABLE upgrades": "Which numbered table files were applied to this catalogue.",
    "COLUMN upgrades.number": "Number of the file.",
    "COLUMN upgrades.name": "Name of the file in catalog/tables/.",
    "COLUMN upgrades.sha256": "SHA-256 of its text; an applied file is never edited.",
    "COLUMN upgrades.applied_at": "When, UTC.",
}


def table_files() -> list[tuple[int, str, str]]:
    """(number, file name, text) of every table file, in order."""
    paths = sorted(TABLES_FOLDER.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [(int(path.name[:4]), path.name, path.read_text(encoding="utf-8")) for path in paths]


def views() -> str:
    """The statements that make every view, in order."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(VIEWS_FOLDER.glob("*.sql")))


@cache
def version() -> str:
    """Digest of all that `upgrade` applies: an equal one means that there is nothing to do at an open."""
    text = "\n".join([*(text for _, _, text in table_files()), views(), repr(_family_rows())])
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def columns(table: str) -> dict[str, str]:
    """Column names and DuckDB types of a table, read from an empty catalogue in memory.

    Raises:
        KeyError: there is no such table.
    """
    found = _all_columns().get(table)
    if found is None:
        raise KeyError(f"the catalogue has no table {table!r}")
    return found


@cache
def _all_columns() -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    with duckdb.connect(":memory:") as connection:
        for _, _, text in table_files():  # without the views, which take longer than all else when a command starts
            connection.execute(text)
        sql = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY column_index"
        for row in fetch(connection, sql):
            tables.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    return tables


def utc_now() -> datetime:
    """The present, UTC, without a zone: how every `*_at` column holds it."""
    return datetime.now(UTC).replace(tzinfo=None)


def _family_rows() -> list[tuple[Any, ...]]:
    return [
        (
            one.family,
            one.derivatives,
            one.commercial,
            one.redistribute,
            one.attribution,
            one.share_alike,
            one.soft,
            one.refused,
            one.openness,
            one.remark,
        )
        for one in sorted(FAMILIES.values(), key=lambda family: family.family)
    ]


def _is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    try:
        row = connection.execute("SELECT version FROM catalogue_version").fetchone()
    except duckdb.CatalogException:
        return False
    return row is not None and row[0] == version()


@contextmanager
def _opened(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        connection = _connect(path, read_only=read_only)
        try:
            yield connection
        finally:
            connection.close()
    except duckdb.Error as error:
        if NO_SPACE in str(error):
            raise NoSpaceError(f"no space left for {path}: free some, then run `fototeca ingest`. Nothing is lost.") from error
        raise


def _connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config={"storage_compatibility_version": STORAGE_VERSION})
        except duckdb.IOException as error:
            text = str(error)
            if NO_SPACE in text:
                raise
            if "lock" not in text.lower():
                raise SourceError(f"{path} is no catalogue, or is damaged: {text.splitlines()[0]}") from error
            if time.monotonic() >= deadline:
                found = re.search(r"PID (\d+)", text)
                holder = f"PID {found.group(1)}" if found else "another process"
                raise BusyError(
                    f"{path} is held by {holder}: close it there (DBeaver, a duckdb shell, another command)."
                ) from None
        time.sleep(RETRY_EVERY_S)
