"""A small catalogue in memory that holds only what concerns some subjects, so that its views answer at once."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from catalog import db

SMALL = 20_000
"""Up to so many statements the whole catalogue answers as fast as an excerpt is made."""

WHOLE = ("licence_families", "runs", "sources", "concepts")
"""Small tables that every view may need."""

LISTS = ("passing", "kept", "waiting", "unjudged", "excluded", "scarce", "credits")
"""Views that list the collection, not needed here: to make them takes a quarter of a second."""

SUBJECTS = "SELECT subject FROM wanted"
PICTURES = "SELECT sha256 FROM pictures"
CONCERNS = {
    "candidates": f"candidate_id IN ({SUBJECTS})",
    "answers": f"candidate_id IN ({SUBJECTS})",
    "images": f"sha256 IN ({PICTURES})",
    "measures": f"sha256 IN ({PICTURES})",
    "fixity": f"sha256 IN ({PICTURES})",
    "embeddings": f"sha256 IN ({PICTURES})",
    "likeness": f"subject IN ({SUBJECTS}) OR subject IN ({PICTURES})",
    "pairs": f"a IN ({PICTURES}) OR b IN ({PICTURES})",
    "links": f"a IN ({PICTURES}) OR b IN ({PICTURES})",
    "groups": f"member IN ({PICTURES})",
    "splits": "anchor IN (SELECT anchor FROM groups)",
    "decisions": f"subject IN ({SUBJECTS}) OR subject IN ({PICTURES})",
    "captions": f"subject IN ({SUBJECTS}) OR subject IN ({PICTURES})",
    "depictions": f"subject IN ({SUBJECTS}) OR subject IN ({PICTURES})",
    "corrections": f"subject IN ({SUBJECTS})",
    "proposals": f"subject IN ({SUBJECTS})",
    "withdrawals": f"subject IN ({SUBJECTS}) OR subject IN ({PICTURES})",
    "variations": f"sha256 IN ({PICTURES})",
    "requests": "digest IN (SELECT request FROM variations)",
    "samples": f"sha256 IN ({PICTURES})",
    "exports": "manifest_digest IN (SELECT export FROM samples)",
    "trained_on": f"sha256 IN ({PICTURES})",
}
"""Which rows of each table concern the subjects in `wanted` and the images in `pictures`; earlier tables are filled already."""


@contextmanager
def excerpt(workspace: Path, subjects: Iterable[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose tables hold the rows about these subjects, their images, and whoever shares or varies them.

    All views but `LISTS` stand in it and say of these subjects what they say in the whole catalogue; `wanted` names the
    subjects. The catalogue is open as long. A small catalogue is its own excerpt: there the views speak of others as well.
    """
    with db.reading(workspace) as connection:
        whole = _current(connection)
        size = connection.execute("SELECT count(*) FROM candidates").fetchone()
        if size is not None and size[0] <= SMALL:
            connection.execute("CREATE TEMP TABLE wanted AS SELECT DISTINCT unnest(?::VARCHAR[]) AS subject", [list(subjects)])
            yield connection
            return
        connection.execute("ATTACH ':memory:' AS excerpt (READ_WRITE)")
        connection.execute("USE excerpt")
        connection.execute(_tables())
        connection.execute("CREATE TEMP TABLE wanted (subject VARCHAR)")
        connection.execute("CREATE TEMP TABLE pictures (sha256 VARCHAR)")
        connection.execute("INSERT INTO wanted SELECT DISTINCT unnest(?::VARCHAR[])", [list(subjects)])
        for statement in GATHERING:
            connection.execute(statement.format(whole=whole))
        for table in WHOLE:
            _copy(connection, whole, table, "TRUE")
        for table, condition in CONCERNS.items():
            _copy(connection, whole, table, condition)
        connection.execute(_views())
        yield connection


GATHERING = (
    """
    INSERT INTO pictures
    SELECT sha256 FROM {whole}.candidates WHERE candidate_id IN (SELECT subject FROM wanted) AND sha256 IS NOT NULL
    UNION
    SELECT subject FROM wanted WHERE length(subject) = 64""",
    """
    INSERT INTO pictures
    SELECT unnest([sha256, parent])
    FROM {whole}.variations
    WHERE sha256 IN (SELECT sha256 FROM pictures) OR parent IN (SELECT sha256 FROM pictures)""",
    """
    INSERT INTO wanted
    SELECT DISTINCT candidate_id
    FROM {whole}.candidates
    WHERE sha256 IN (SELECT sha256 FROM pictures) AND candidate_id NOT IN (SELECT subject FROM wanted)""",
)
"""Subjects → their images → parents and variations of these → every item with the same bytes."""


def fetch(workspace: Path, subjects: Sequence[str], sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of one question, asked of an excerpt about these subjects."""
    with excerpt(workspace, subjects) as connection:
        return db.fetch(connection, sql, parameters)


def _copy(connection: duckdb.DuckDBPyConnection, whole: str, table: str, condition: str) -> None:
    connection.execute(f"INSERT INTO excerpt.{table} BY NAME SELECT * FROM {whole}.{table} WHERE {condition}")


def _current(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    return f'"{row[0]}".main'


@cache
def _tables() -> str:
    return "\n".join(_without_comments(text) for _, _, text in db.table_files())


@cache
def _views() -> str:
    made = re.split(r"^(?=CREATE OR REPLACE (?:VIEW|MACRO) )", _without_comments(db.views()), flags=re.MULTILINE)
    return "".join(one for one in made if not one.startswith(tuple(f"CREATE OR REPLACE VIEW {name} " for name in LISTS)))


def _without_comments(text: str) -> str:
    """What explains the catalogue to people takes as long to write down as the tables themselves."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("COMMENT ON"))
