"""What a stage found, as JSON lines on disk, and how it is poured into the catalogue: any number of times, once each."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import IO, Any

import duckdb

from base.errors import SourceError, from_os_error
from base.faults import die, kill_point, wanted
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
    "embeddings": TableRule(about=("sha256", "kind", "version"), time="measured_at"),
    "likeness": TableRule(about=("subject", "kind", "other", "version"), time="measured_at"),
    "pairs": TableRule(about=("a", "b", "kind", "version", "orientation"), time="found_at"),
    "links": TableRule(about=("a", "b"), same=("kind", "reason", "who"), time="stated_at"),
    "groups": TableRule(about=("member",), same=("anchor",), time="stated_at"),
    "splits": TableRule(about=("anchor",), time="drawn_at"),
    "decisions": TableRule(
        about=("subject", "criterion"), same=("version", "verdict", "reason", "evidence", "who"), time="decided_at"
    ),
    "requests": TableRule(about=("digest",), time="asked_at"),
    "variations": TableRule(about=("request",), time="made_at"),
    "exports": TableRule(about=("manifest_digest", "folder"), time="exported_at"),
    "samples": TableRule(about=("export", "sha256")),
    "answers": TableRule(about=("candidate_id", "asked_at"), time="asked_at", in_parts=True),
    "corrections": TableRule(about=("subject", "field"), same=("value", "who", "reason"), time="stated_at"),
    "proposals": TableRule(about=("subject", "kind"), same=("state", "detail"), time="stated_at"),
    "withdrawals": TableRule(about=("subject",), time="withdrawn_at"),
    "fixity": TableRule(about=("sha256", "checked_at"), time="checked_at"),
    "trained_on": TableRule(about=("trained_run", "sha256")),
}


PART_BYTES = 2 << 20
"""A longer file is poured in parts of about this size: 20,000 candidates at once take 170 MB, in parts 60 (2026-11-21)."""


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
        known = db.columns(table)
        values = _as_values(row)
        if wrong := set(values) - set(known):
            raise KeyError(f"table {table} has no column {', '.join(sorted(wrong))}")
        time = RULES[table].time
        if time and values.get(time) is None:
            values[time] = db.utc_now().isoformat(sep=" ")
        if "run_id" in known:
            values["run_id"] = values.get("run_id") or self.run_id
        values["line"] = self.lines[table] = self.lines.get(table, 0) + 1
        data = (canonical_json(values) + "\n").encode()
        stream = self._streams.get(table)
        try:
            if stream is None:
                stream = self._streams[table] = (self.folder / f"{table}.jsonl").open("ab")
            if wanted("spool.mid_line"):
                stream.write(data[: len(data) // 2])
                stream.flush()
                die()
            stream.write(data)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        except OSError as error:
            if known_error := from_os_error(error, f"spooling a row of {table}"):
                raise known_error from error
            raise
        kill_point("spool.after_line")

    def close(self) -> None:
        """Make every line durable and close the files."""
        for stream in self._streams.values():
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
        self._streams.clear()


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
                for number, part in enumerate(_parts(path) if rule.in_parts else (path,)):
                    if number:
                        connection.execute("COMMIT")
                        connection.execute("SET threads = 1")  # each thread holds buffers of its own
                        connection.execute("BEGIN")
                    count += _pour_table(connection, table, rule, part)
                connection.execute("RESET threads")
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
    if size_bytes <= 2 * PART_BYTES:
        yield path
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with path.open("rb") as stream:
            starts = [0]
            while stream.seek(starts[-1] + PART_BYTES) < size_bytes and stream.readline() and stream.tell() < size_bytes:
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
    about = ", ".join(rule.about)
    once = "" if "run_id" not in types or not rule.same else ", run_id"
    same = " AND ".join(f"newest.{name} IS NOT DISTINCT FROM incoming.{name}" for name in (*rule.about, *rule.same))
    this_row = " AND ".join(f"present.{name} = incoming.{name}" for name in (*rule.about, *(["run_id"] if once else [])))
    order = "run_id DESC" if "run_id" in types else "1"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE incoming AS
        SELECT {names}
        FROM read_json(?, format = 'newline_delimited', columns = ?, maximum_object_size = 67108864)
        QUALIFY row_number() OVER (PARTITION BY {about}{once} ORDER BY line DESC) = 1
        """,
        [str(path), {**types, "line": "BIGINT"}],
    )
    sql = f"""
        INSERT INTO {table} ({names})
        SELECT {names} FROM incoming
        WHERE NOT EXISTS (SELECT 1 FROM {table} AS present WHERE {this_row})
        """
    if rule.same:
        sql += f"""
        AND NOT EXISTS (
          SELECT 1
          FROM (
            SELECT * FROM {table} SEMI JOIN incoming USING ({about})
            QUALIFY row_number() OVER (PARTITION BY {about} ORDER BY {order}) = 1
          ) AS newest
          WHERE {same}
        )"""
    count = connection.execute(sql).fetchone()
    connection.execute("DROP TABLE incoming")
    return int(count[0]) if count else 0


def _as_values(row: Any) -> dict[str, Any]:
    if hasattr(row, "as_row"):
        return dict(row.as_row())
    if is_dataclass(row) and not isinstance(row, type):
        return asdict(row)
    return dict(row)
