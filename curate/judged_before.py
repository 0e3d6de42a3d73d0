"""What the last judging knew: with the same settings and the same catalogue a criterion answers the same and is not asked.

The note is a file beside the spool, with numbers of rows and digests and nothing of their content. Tables only ever grow, so
that equal numbers of rows mean equal tables; a withdrawal, which blanks rows, is itself a row. Without the note, or when
anything in it does not fit, everything is judged anew: it saves time and decides nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import duckdb

from base import plugins
from base.files import canonical_json, write_json
from catalog import db
from catalog.runs import SPOOL_NAME
from curate.settings import CRITERIA

FILE_NAME = "judged.json"
NO_INPUTS = ("runs", "upgrades", "answers", "proposals", "fixity", "exports", "samples", "trained_on")
"""Tables that no criterion reads."""
LATER_INPUTS = ("groups", "splits")
"""Tables that only criteria of later rounds read: curation itself writes them after judging."""
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was read and answered: digests of the inputs, rows of decisions afterwards, and by criterion version and counts.

    `later_differ` says that what only later rounds read is no longer the same.
    """

    versions: Mapping[str, str]
    inputs: str = ""
    later_inputs: str = ""
    decisions: int = 0
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    later_differ: bool = False


def recall(workspace: Path, connection: duckdb.DuckDBPyConnection) -> Known | None:
    """The note of the last judging, when what it says of the catalogue and the code still holds; else None."""
    try:
        told = Known(**json.loads((workspace / SPOOL_NAME / FILE_NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    if told.inputs != inputs(connection) or told.decisions != decisions(connection):
        return None
    return replace(told, later_differ=told.later_inputs != later_inputs(connection))


def remember(workspace: Path, known: Known) -> None:
    """Note what this judging knew; the note holds from the moment its answers are poured."""
    told = asdict(known)
    del told["later_differ"]
    write_json(workspace / SPOOL_NAME / FILE_NAME, told)


def inputs(connection: duckdb.DuckDBPyConnection) -> str:
    """A digest of all that criteria read but their settings: rows by table, a person's decisions, views, code."""
    known = [name for name in _tables(connection) if name not in (*NO_INPUTS, *LATER_INPUTS, "decisions")]
    rows = {name: _rows(connection, name) for name in known}
    rows["decisions by persons"] = _rows(connection, "decisions WHERE criterion = 'person'")
    return _digest({"rows": rows, "catalogue": db.version(), "code": _code()})


def later_inputs(connection: duckdb.DuckDBPyConnection) -> str:
    """A digest of what only criteria of later rounds read."""
    rows = {name: _rows(connection, name) for name in LATER_INPUTS}
    return _digest({**rows, "evictions": _rows(connection, "decisions WHERE criterion = 'split'")})


def decisions(connection: duckdb.DuckDBPyConnection) -> int:
    """How many answers of criteria there are, old ones included."""
    return int(_rows(connection, "decisions WHERE criterion NOT IN ('person', 'split')")[0])


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    sql = "SELECT table_name FROM duckdb_columns() WHERE column_name = 'run_id' AND NOT internal AND database_name <> 'temp'"
    tables = "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary"
    return [name for (name,) in connection.execute(f"{sql} INTERSECT {tables} ORDER BY table_name").fetchall()]


def _rows(connection: duckdb.DuckDBPyConnection, what: str) -> tuple[int, str]:
    """How many rows, and the newest run among them: a catalogue put back from a backup may have as many."""
    row = connection.execute(f"SELECT count(*), coalesce(max(run_id), '') FROM {what}").fetchone()
    return (0, "") if row is None else (int(row[0]), str(row[1]))


def _code() -> str:
    """A digest of the criteria and of this room's own code and SQL: an edited query is asked again."""
    digest = hashlib.sha256()
    for path in sorted([*HERE.glob("*.py"), *HERE.glob("*.sql"), *(HERE / "criteria").glob("*.py")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _digest(what: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical_json({**what, "criteria": plugins.names(CRITERIA)}).encode()).hexdigest()
