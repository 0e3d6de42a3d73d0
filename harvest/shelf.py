"""What the catalogue holds, in a file for the time of one run: looked up key by key, so that memory stays flat.

The command fills it from the catalogue, which is then closed again; the crawling process reads it. One file a stage,
`spool/<stage>.held`, made anew by each run.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.store import Store
from harvest.known import Known
from harvest.plan import CrawlPlan, held_key, url_key

if TYPE_CHECKING:
    import duckdb

BATCH_ROWS = 10_000

ITEMS = """
SELECT candidate_id, digest, sha256, image_url, outcome, outcome_detail, rights_evidence, opt_outs
FROM candidates
JOIN (SELECT candidate_id, max(run_id) AS run_id FROM candidates GROUP BY candidate_id) AS newest USING (candidate_id, run_id)
"""
"""As the view current_candidates has it, but without sorting whole rows, which would take memory."""

CHECKSUMS = "SELECT sha1, sha256 FROM images WHERE sha1 IS NOT NULL AND origin = 'harvested'"

_COLUMNS = [one.name for one in fields(Known)]
_SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE items (candidate_id TEXT, {", ".join(_COLUMNS)});
CREATE TABLE lost (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE held (key TEXT, sha256 TEXT);
CREATE TABLE urls (key TEXT, sha256 TEXT);
CREATE TABLE checksums (key TEXT, sha256 TEXT);
"""
_INDEXES = """
CREATE UNIQUE INDEX items_key ON items (candidate_id);
CREATE INDEX held_key ON held (key, sha256);
CREATE INDEX urls_key ON urls (key, sha256);
CREATE INDEX checksums_key ON checksums (key, sha256);
"""


class Lookup(Mapping[str, str]):
    """One table of the shelf as a mapping of keys to SHA-256s."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        """Nothing is read yet."""
        self._connection = connection
        self._table = table
        # A first harvest holds nothing, and each question to the file costs 0.07 ms (2026-11-21).
        self._is_empty = connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None

    def __getitem__(self, key: str) -> str:
        """The SHA-256 of the bytes that are held for this key."""
        if self._is_empty:
            raise KeyError(key)
        found = self._connection.execute(f"SELECT sha256 FROM {self._table} WHERE key = ? LIMIT 1", [key]).fetchone()
        if found is None:
            raise KeyError(key)
        return str(found[0])

    def __iter__(self) -> Iterator[str]:
        """Every key once."""
        return (key for (key,) in self._connection.execute(f"SELECT DISTINCT key FROM {self._table}"))

    def __len__(self) -> int:
        """How many keys."""
        return int(self._connection.execute(f"SELECT count(DISTINCT key) FROM {self._table}").fetchone()[0])


class KnownItems(Mapping[str, Known]):
    """The current statement of each item of the catalogue, by candidate_id."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Nothing is read yet."""
        self._connection = connection

    def __getitem__(self, candidate_id: str) -> Known:
        """One item."""
        sql = f"SELECT {', '.join(_COLUMNS)} FROM items WHERE candidate_id = ?"
        found = self._connection.execute(sql, [candidate_id]).fetchone()
        if found is None:
            raise KeyError(candidate_id)
        return Known(*found)

    def __iter__(self) -> Iterator[str]:
        """In the order of the ids."""
        return (key for (key,) in self._connection.execute("SELECT candidate_id FROM items ORDER BY candidate_id"))

    def __len__(self) -> int:
        """How many items."""
        return int(self._connection.execute("SELECT count(*) FROM items").fetchone()[0])


class Shelf:
    """The file, open."""

    def __init__(self, path: Path) -> None:
        """Open what `filled` made."""
        self.path = path
        # Nobody writes to it any more: no lock is taken for a question.
        self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        self.known = KnownItems(self._connection)
        self.held = Lookup(self._connection, "held")
        self.urls = Lookup(self._connection, "urls")
        self.checksums = Lookup(self._connection, "checksums")

    def close(self) -> None:
        """Close it and let the file go."""
        self._connection.close()
        self.path.unlink(missing_ok=True)


def filled(workspace: Path, stage: str) -> Shelf:
    """A new shelf for a run of `stage`, whose lock the caller holds; the catalogue is read and closed again."""
    from catalog import db  # not above: the crawling process reads a shelf without it, and starts a tenth sooner
    from catalog.runs import SPOOL_NAME

    path = workspace / SPOOL_NAME / f"{stage}.held"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.executescript(_SCHEMA)
        if db.exists(workspace):
            with db.reading(workspace) as catalogue:
                _copy(catalogue, connection)
            _note_held(connection, Store(workspace))
        connection.executescript(_INDEXES)
        connection.commit()
    finally:
        connection.close()
    return Shelf(path)


@contextmanager
def on_shelf(workspace: Path, stage: str) -> Iterator[Shelf]:
    """A filled shelf for the time of a run."""
    shelf = filled(workspace, stage)
    try:
        yield shelf
    finally:
        shelf.close()


def with_shelf(plan: CrawlPlan) -> CrawlPlan:
    """The plan as the crawling process uses it: what is held is looked up on the shelf."""
    if plan.shelf is None:
        return plan
    shelf = Shelf(Path(plan.shelf))
    return replace(plan, held=shelf.held, held_urls=shelf.urls, held_checksums=shelf.checksums)


def _copy(catalogue: "duckdb.DuckDBPyConnection", connection: sqlite3.Connection) -> None:
    marks = ", ".join("?" * (1 + len(_COLUMNS)))
    cursor = catalogue.execute(ITEMS)
    while rows := cursor.fetchmany(BATCH_ROWS):
        connection.executemany(f"INSERT INTO items VALUES ({marks})", rows)
    cursor = catalogue.execute(CHECKSUMS)
    while rows := cursor.fetchmany(BATCH_ROWS):
        connection.executemany("INSERT INTO checksums VALUES (?, ?)", [(f"sha1:{sha1}", sha256) for sha1, sha256 in rows])


def _note_held(connection: sqlite3.Connection, store: Store) -> None:
    """Keys of what the store really has; bytes that are lost are asked for again."""
    cursor = connection.execute(
        "SELECT candidate_id, image_url, sha256, opt_outs FROM items WHERE sha256 IS NOT NULL AND image_url IS NOT NULL"
    )
    while rows := cursor.fetchmany(BATCH_ROWS):
        rows = [row for row in rows if store.has(row[2])]
        own = [(held_key(candidate_id, url), sha256) for candidate_id, url, sha256, _ in rows]
        connection.executemany("INSERT INTO held VALUES (?, ?)", own)
        # What is held in spite of an opt-out serves no other item: that one must hear of it itself.
        open_to_all = [(url_key(url), sha256) for _, url, sha256, opt_outs in rows if opt_outs == "[]"]
        connection.executemany("INSERT INTO urls VALUES (?, ?)", open_to_all)
    cursor = connection.execute("SELECT DISTINCT sha256 FROM checksums")
    while rows := cursor.fetchmany(BATCH_ROWS):
        connection.executemany("INSERT INTO lost VALUES (?)", [row for row in rows if not store.has(row[0])])
    connection.execute("DELETE FROM checksums WHERE sha256 IN (SELECT sha256 FROM lost)")
    connection.execute("DELETE FROM checksums WHERE sha256 IN (SELECT sha256 FROM items WHERE opt_outs <> '[]')")
