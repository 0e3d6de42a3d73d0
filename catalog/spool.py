"""What a stage found, as JSON lines on disk, and how it is poured into the catalogue: any number of times, once each."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import IO, Any

import duckdb

from base.errors import SourceError, from_os_error
from base.faults import die, wanted
from base.files import canonical_json
from catalog import db


@dataclass(frozen=True, kw_only=True)
class TableRule:
    """How rows of one table are poured: what they are about, and when a row says nothing new.

    `about` names the thing a row speaks of. `same` are the columns which, equal to those of the newest row about the same
    thing, make the row superfluous; empty: one row about a thing is enough for ever. `time` is filled in when spooled.
    `in_parts`: a harvest of any length pours it in parts, so that its memory stays flat.
    """

    about: tuple[str, ...]
    same: tuple[str, ...] = ()
    time: str | None = None
    in_parts: bool = False


RULES: Mapping[str, TableRule] = {
    "sources": TableRule(about=("name",), same=("institution", "home_url", "terms_url", "checked_on"), time="stated_at"),
    "candidates": TableRule(about=("candidate_id",), same=("digest",), time="stated_at", in_parts=True),
    "images": TableRule(about=("sha256",), time="stored_at", in_parts=True),
    "concepts": TableRule(
        about=("name",), same=("words", "class_noun", "rare_token", "target", "uri", "notes"), time="stated_at"
    ),
    "depictions": TableRule(about=("subject", "concept", "source"), same=("score",), time="stated_at"),
    "captions": TableRule(about=("subject", "origin", "language"), same=("text",), time="stated_at"),
    "measures": TableRule(about=("sha256", "measure", "version"), time="measured_at"),
    "embeddings": TableRule(about=("sha256", "kind", "version"), time="measured_at", in_parts=True),
    "likeness": TableRule(about=("subject", "kind", "other", "version"), time="measured_at", in_parts=True),
    "pairs": TableRule(about=("a", "b", "kind", "version", "orientation"), time="found_at"),
    "links": TableRule(about=("a", "b"), same=("kind", "reason", "who"), time="stated_at"),
    "groups": TableRule(about=("member",), same=("anchor",), time="stated_at"),
    "splits": TableRule(about=("anchor",), time="drawn_at"),
    "decisions": TableRule(
        about=("subject", "criterion"), same=("version", "verdict", "reason", "evidence", "who"), time="decided_at"
    ),
    "requests": TableRule(about=("digest",), time="asked_at"),
    "variations": TableRule(about=("request",), time="made_at"),
    "exports": TableRule(about=("folder",), same=("manifest_digest",), time="exported_at"),
    "samples": TableRule(about=("export", "sha256")),
    "answers": TableRule(about=("candidate_id", "asked_at"), time="asked_at", in_parts=True),
    "corrections": TableRule(about=("subject", "field"), same=("value", "who", "reason"), time="stated_at"),
    "proposals": TableRule(about=("subject", "kind"), same=("state", "detail"), time="stated_at"),
    "withdrawals": TableRule(about=("subject",), time="withdrawn_at"),
    "fixity": TableRule(about=("sha256", "checked_at"), time="checked_at"),
    "trained_on": TableRule(about=("trained_run", "sha256")),
}


PART_BYTES = 4 << 20
"""A longer file is poured in parts of about this size: 40,000 candidates at once take 100 MB more (2026-11-21)."""
LARGE_BYTES, LARGE_PART_BYTES = 128 << 20, 256 << 20
"""From so many bytes on, parts are so large that DuckDB writes their row groups straight into the file, not into its log first:
200,000 candidates take 2.1 s in place of 2.9, and 600 MB in place of 390 (2026-11-21)."""
LOG_BYTES = 64 << 20
"""While parts are poured, what is committed is worked into the file when its log has this size; DuckDB's 16 MB costs more."""
MOST_LINE_BYTES = 64 << 20
"""A longer line cannot be poured."""


class Spool:
    """The open spool of one run: `spool/<run_id>/<table>.jsonl`."""

    def __init__(self, folder: Path, run_id: str) -> None:
        """Make the folder."""
        self.folder = folder
        self.run_id = run_id
        self.lines: dict[str, int] = {}
        self._streams: dict[str, IO[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, table: str, row: Any, *, durable: bool = False) -> None:
        """Write one line and hand it to the system; with `durable`, wait until it is on the disk.

        Raises:
            KeyError: no such table, or a column that it does not have.
            NoSpaceError: the disk is full; the lines before are whole.
        """
        self.add_all(table, (row,), durable=durable)

    def add_all(self, table: str, rows: Iterable[Any], *, durable: bool = False) -> None:
        """Write a line for each row, in their order and with one time, and hand all of them to the system at once.

        Raises:
            KeyError: no such table, or a column that it does not have; then none of the rows is written.
            NoSpaceError: the disk is full; the lines before are whole.
        """
        lines = self._lines(table, rows)
        if not lines:
            return
        stream = self._streams.get(table)
        try:
            if stream is None:
                stream = self._streams[table] = (self.folder / f"{table}.jsonl").open("ab")
            for at, line in enumerate(lines):
                if wanted("spool.mid_line"):
                    _die_having_written(stream, [*lines[:at], line[: len(line) // 2]])
                if wanted("spool.after_line"):
                    _die_having_written(stream, lines[: at + 1])
            stream.write(b"".join(lines))
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        except OSError as error:
            if known_error := from_os_error(error, f"spooling a row of {table}"):
                raise known_error from error
            raise

    def _lines(self, table: str, rows: Iterable[Any]) -> list[bytes]:
        known, time = db.columns(table), RULES[table].time
        now = db.utc_now().isoformat(sep=" ")
        number = self.lines.get(table, 0)
        lines = []
        for row in rows:
            values = _as_values(row)
            if not values.keys() <= known.keys():
                raise KeyError(f"table {table} has no column {', '.join(sorted(values.keys() - known.keys()))}")
            if time and values.get(time) is None:
                values[time] = now
            if "run_id" in known:
                values["run_id"] = values.get("run_id") or self.run_id
            number += 1
            values["line"] = number
            lines.append((canonical_json(values) + "\n").encode())
        self.lines[table] = number
        return lines

    def close(self) -> None:
        """Make every line durable and close the files."""
        for stream in self._streams.values():
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
        self._streams.clear()


def _die_having_written(stream: IO[bytes], lines: Sequence[bytes]) -> None:
    stream.write(b"".join(lines))
    stream.flush()
    die()


def pour(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, int]:
    """Insert what the spool folder holds and the catalogue does not know yet, inside the caller's transaction.

    A long file goes in by parts, and with each the caller's transaction is committed and begun anew, so that memory stays
    flat; a pour that ends between two parts is simply repeated.

    Returns:
        Rows inserted, by table; tables of which nothing was new are absent.

    Raises:
        SourceError: a line is no JSON or breaks a rule of its table; the message names file and reason.
    """
    inserted: dict[str, int] = {}
    for table, rule in RULES.items():
        path = folder / f"{table}.jsonl"
        if path.exists() and path.stat().st_size:
            try:
                count = 0
                in_small_parts = path.stat().st_size < LARGE_BYTES
                for number, part in enumerate(_parts(path) if rule.in_parts else (path,)):
                    if number:
                        connection.execute("COMMIT")
                        if in_small_parts:
                            connection.execute("SET threads = 1")  # each thread holds buffers of its own
                        connection.execute(f"SET wal_autocheckpoint = '{LOG_BYTES}b'")
                        connection.execute("BEGIN")
                    count += _pour_table(connection, table, rule, part)
                connection.execute("RESET threads")
                connection.execute("RESET wal_autocheckpoint")
            except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.ConstraintException) as error:
                raise SourceError(
                    f"{path} cannot be poured into {table}: {str(error).splitlines()[0]} Mend the line, or go on without this"
                    f" run by moving {folder} out of the spool."
                ) from error
            if count:
                inserted[table] = count
    return inserted


def mend(folder: Path) -> int:
    """Cut the torn last line, if any, off each file of an abandoned spool; returns how many were torn.

    DuckDB would take half a line for a row of NULLs (with `ignore_errors`) or refuse the whole file (without).
    """
    torn = 0
    for path in sorted(folder.glob("*.jsonl")):
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            torn += 1
            with path.open("rb+") as stream:
                stream.truncate(data.rfind(b"\n") + 1)
                os.fsync(stream.fileno())
    return torn


def line_counts(folder: Path) -> dict[str, int]:
    """Whole lines in each file of the spool folder, by table."""
    return {path.stem: path.read_bytes().count(b"\n") for path in sorted(folder.glob("*.jsonl"))}


def read_json(path: Path) -> dict[str, Any]:
    """One small JSON document of the spool: `run.json`, or `end.json`.

    Raises:
        SourceError: it is none; the message says how to go on without it.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        value = None
    needed = {"run.json": "command", "end.json": "outcome"}.get(path.name)
    if not isinstance(value, dict) or (needed and needed not in value):
        raise SourceError(f"{path} is damaged: mend it, or go on without this run by moving {path.parent} out of the spool.")
    return value


def _parts(path: Path) -> Iterator[Path]:
    """The file itself, or parts of it, its end first: of two lines about one thing the later must be poured first."""
    size_bytes = path.stat().st_size
    part, part_bytes = path.with_name(f".{path.name}.part"), PART_BYTES if size_bytes < LARGE_BYTES else LARGE_PART_BYTES
    if size_bytes <= 2 * part_bytes:
        yield path
        return
    try:
        with path.open("rb") as stream:
            starts = [0]
            while stream.seek(starts[-1] + part_bytes) < size_bytes and stream.readline() and stream.tell() < size_bytes:
                starts.append(stream.tell())
            for start, end in reversed(list(zip(starts, [*starts[1:], size_bytes], strict=True))):
                stream.seek(start)
                part.write_bytes(stream.read(end - start))
                yield part
    finally:
        part.unlink(missing_ok=True)


def _pour_table(connection: duckdb.DuckDBPyConnection, table: str, rule: TableRule, path: Path) -> int:
    types = db.columns(table)
    names = ", ".join(types)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE incoming AS
        SELECT {names}, line
        FROM read_json(?, format = 'newline_delimited', columns = ?, maximum_object_size = ?)
        """,
        # A buffer of twice the longest line that is taken is set aside for each thread: no more than the file can need.
        [str(path), {**types, "line": "BIGINT"}, min(max(path.stat().st_size, 1 << 20), MOST_LINE_BYTES)],
    )
    statement = (*rule.about, *(["run_id"] if "run_id" in types and rule.same else []))
    _keep_the_later(connection, statement)
    compared = dict.fromkeys((*rule.about, *rule.same, *(["run_id"] if "run_id" in types else [])))
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE present AS
        SELECT {", ".join(compared)} FROM {table} SEMI JOIN incoming USING ({", ".join(rule.about)})
        """
    )
    sql = f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming"
    if _one(connection, "SELECT count(*) FROM present"):
        sql += f"""
        WHERE NOT EXISTS (SELECT 1 FROM present WHERE {_equal("present", statement)})
        """
        if rule.same:
            about, order = ", ".join(rule.about), "run_id DESC" if "run_id" in types else "1"
            sql += f"""
            AND NOT EXISTS (
              SELECT 1
              FROM (
                SELECT * FROM present
                QUALIFY row_number() OVER (PARTITION BY {about} ORDER BY {order}) = 1
              ) AS newest
              WHERE {_equal("newest", (*rule.about, *rule.same))}
            )"""
    count = _one(connection, sql)
    connection.execute("DROP TABLE incoming")
    connection.execute("DROP TABLE present")
    return count


def _keep_the_later(connection: duckdb.DuckDBPyConnection, statement: Sequence[str]) -> None:
    """Of two lines about one thing only the later counts; few files hold such lines, so they are looked for by hash first."""
    about = ", ".join(statement)
    twice = f"SELECT count(*) FROM (SELECT 1 FROM incoming GROUP BY hash({about}) HAVING count(*) > 1)"
    if _one(connection, twice):
        connection.execute(
            f"""
            DELETE FROM incoming
            WHERE rowid IN (
              SELECT rowid FROM incoming
              QUALIFY row_number() OVER (PARTITION BY {about} ORDER BY line DESC) > 1
            )"""
        )


def _equal(other: str, names: Sequence[str]) -> str:
    return " AND ".join(f"{other}.{name} IS NOT DISTINCT FROM incoming.{name}" for name in names)


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """The one number that a query or an insertion gives."""
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _as_values(row: Any) -> dict[str, Any]:
    if isinstance(row, dict):
        return dict(row)
    if hasattr(row, "as_row"):
        return dict(row.as_row())
    return dict(vars(row) if is_dataclass(row) else row)
