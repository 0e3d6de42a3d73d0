"""Finding copies: every pair of images whose hashes lie within reach, each looked at again by a second measure.

A perceptual hash proposes and never decides: on drawn index cards 5 % of all pairs lie within eight bits. So both pictures
of a pair are opened again, laid over each other by their content boxes, and correlated; the criteria read that number.
Pairs are kept up to a reach that is wider than most thresholds: another threshold is then a question of SQL.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from base import plugins
from catalog import db
from catalog.records import Measure
from catalog.runs import Run
from catalog.store import Store
from curate.confirm import Ask, Confirmer
from curate.near import DISTANCES, close_hashes, counted, reach
from curate.settings import CRITERIA, CurationSettings, parameters
from pixels.hashes import BALANCED, PHASH_VERSION

HUBS = 10
"""Of pictures with one hash so many, the largest, are compared with all of them, and the rest with these only."""
CHUNK = 10_000
"""Pairs that are confirmed at a time; what a killed run had confirmed and spooled is not looked at again."""
VERSION = "2"
CRITERION = "near_duplicate"

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Images compared for the first time, pairs of near hashes found now, those of them that could be verified, the reach."""

    images: int = 0
    pairs: int = 0
    verified: int = 0
    reach_bits: int = 0


def pair(
    workspace: Path,
    run: Run,
    settings: CurationSettings | None = None,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> Paired:
    """Compare new images with all, verify each pair, and spool pairs, then the marks that say these images are compared."""
    wanted = parameters(CRITERION, plugins.load(CRITERIA, CRITERION), settings or CurationSettings())["max_distance_bits"]
    found = verified = 0
    with tempfile.TemporaryDirectory(prefix="fototeca-pairs-") as folder, near(workspace, Path(folder), wanted) as proposed:
        total = len(proposed)
        confirmer = Confirmer(Store(workspace), Path(folder))
        for asks in proposed.chunks():
            pairs = confirmer.confirm(asks)
            found += len(pairs)
            verified += sum(one.verified is not None for one in pairs)
            run.add_all("pairs", pairs, durable=True)
            if progress is not None:
                progress("compare", found, total)
        version = pairs_version(proposed.reach_bits)
        marks = (Measure(sha256=one, measure="paired", version=version, value=1.0) for one in proposed.fresh)
        run.add_all("measures", marks)
        return Paired(images=len(proposed.fresh), pairs=found, verified=verified, reach_bits=proposed.reach_bits)


def pairs_version(reach_bits: int) -> str:
    """The version of the mark `paired`: the image has been compared, so far out, with all that were there."""
    return f"pairs{reach_bits}/{PHASH_VERSION}/{VERSION}"


class Proposed:
    """Images never compared before (`fresh`), and every pair within reach of which one is such, with the ways they match."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, fresh: list[str], reach_bits: int) -> None:
        """Over a table `candidates` of `connection`, which is closed with it."""
        self._connection = connection
        self.fresh = fresh
        self.reach_bits = reach_bits

    def __enter__(self) -> "Proposed":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what it reads from."""
        self._connection.close()

    def __len__(self) -> int:
        """Pairs."""
        return int(self._connection.execute("SELECT count(*) FROM candidates").fetchall()[0][0])

    def chunks(self) -> Iterator[list[Ask]]:
        """The pairs in the order of their pictures."""
        rows = self._connection.cursor().execute("SELECT a, b, ways FROM candidates ORDER BY a, b")
        while chunk := rows.fetchmany(CHUNK):
            yield [(a, b, tuple(tuple(way) for way in ways)) for a, b, ways in chunk]


def near(workspace: Path, folder: Path, wanted: int | str = "auto") -> Proposed:
    """What is to be compared and what the hashes propose; neighbours in earlier runs are not named again.

    The catalogue is open only while the hashes are copied out of it; the search runs beside it, in `folder`.

    Args:
        workspace: with a catalogue.
        folder: where the search may put its files.
        wanted: the threshold in bits that the reach must cover, or auto.
    """
    with db.reading(workspace) as catalogue:
        reach_bits = reach(*counted(catalogue, PHASH_VERSION), wanted)
        versions = [pairs_version(bits) for bits in DISTANCES if bits >= reach_bits]
        hashes = {"hash_version": PHASH_VERSION, "pairs_versions": versions}
        for name, sql, values in (
            ("every", _text("hashes_to_pair"), hashes),
            ("siblings", SIBLINGS, {}),
            ("known", KNOWN, {"version": PHASH_VERSION}),
        ):
            _copy(catalogue, sql, folder / f"{name}.parquet", values)
    connection = duckdb.connect(str(folder / "pairs.duckdb"))
    for name in ("every", "siblings", "known"):
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{folder / name}.parquet')")
    for statement in TABLES:
        connection.execute(statement)
    fresh = [sha256 for (sha256,) in connection.execute("SELECT sha256 FROM pictures WHERE fresh ORDER BY number").fetchall()]
    close_hashes(connection, reach_bits)
    connection.execute(_text("near_hashes"), {"hubs": HUBS})
    return Proposed(connection, fresh, reach_bits)


SIBLINGS = "SELECT one.sha256 AS a, other.sha256 AS b FROM variations AS one JOIN variations AS other USING (parent) WHERE a < b"
"""Variations of one parent are meant to be alike and are not compared with each other."""
KNOWN = "SELECT DISTINCT a, b FROM pairs WHERE kind = 'phash' AND version = $version"
TABLES = (
    """
    CREATE TABLE pictures AS
    SELECT row_number() OVER (ORDER BY sha256) AS number, sha256, any_value(pixels) AS pixels, bool_or(fresh) AS fresh
    FROM every
    GROUP BY sha256
    """,
    f"""
    CREATE TABLE hashes AS
    SELECT pictures.number, every.frame, every.orientation, every.bits, every.fresh
    FROM every
    JOIN pictures USING (sha256)
    WHERE bit_count(every.bits) = {BALANCED}
    """,
    "CREATE TABLE plain AS SELECT bits, bool_or(fresh) AS fresh FROM hashes WHERE orientation = 'upright' GROUP BY bits",
    "CREATE TABLE turned AS SELECT bits, bool_or(fresh) AS fresh FROM hashes WHERE orientation <> 'upright' GROUP BY bits",
)


def _copy(connection: duckdb.DuckDBPyConnection, sql: str, path: Path, values: Mapping[str, Any]) -> None:
    connection.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)", values or None)


def _text(name: str) -> str:
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")
