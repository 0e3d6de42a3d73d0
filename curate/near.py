"""Near hashes: how many bits may differ in a collection of this size, and every pair of hashes within so many, exactly.

Of m parts of a hash, two hashes within d bits have m - d equal: a join on every choice of so many parts finds all pairs.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

from curate import kernel
from pixels.hashes import ORIENTATIONS

DISTANCES = (8, 6, 4)
"""What the threshold may be, in bits, the widest first: two balanced hashes differ in an even number."""
MOST_FALSE_PAIRS = 1000
"""So many pairs by chance are looked at in vain without anybody noticing: at 10 ms each, ten seconds."""
MOST_LOOKED_AT = 100_000
"""So many pairs by chance may be looked at so that pairs are kept further out than the threshold: half an hour of a core, for
a million pictures or more, which took hours to measure."""
LEAST_REACH = 6
"""Pairs are kept up to this distance at any size, so that thresholds stay a question of SQL."""
WIDEST_REACH = 8
PARTS = {2: (4, 2), 4: (6, 2), 6: (8, 2), 8: (11, 3)}
"""By distance: parts that a hash is cut into, and how many of them must be equal."""
FEW_COMPARISONS = 20_000_000
"""Up to so many pairs of hashes, comparing them all costs less than one round of joins by keys (0.3 s on one core)."""

LONGEST_LIST = 1024
"""Hashes of one key that are compared at a time: 2,048 hashes side by side with so many others are 16 MB."""

ENOUGH_FOR_LISTS = 8
"""From so many hashes a key on, on the mean, lists are quicker than a join (8 against 13 s of processor at a million)."""

Engine = Literal["auto", "sql", "kernel", "brute"]


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The distance up to which a pair may count in a collection of so many pictures, and what chance alone gives there."""

    images: int
    distance_bits: int
    false_pairs: float


def threshold(connection: duckdb.DuckDBPyConnection, hash_version: str) -> Threshold:
    """The threshold for the pictures whose hashes of this version the catalogue holds."""
    return threshold_for(*counted(connection, hash_version))


def counted(connection: duckdb.DuckDBPyConnection, hash_version: str) -> tuple[int, int]:
    """How many pictures have hashes of this version, and how many of them a content box."""
    sql = "SELECT measure, count(*) FROM measures WHERE version = $version AND measure IN ('phash', 'phash_box') GROUP BY ALL"
    counts = dict(connection.execute(sql, {"version": hash_version}).fetchall())
    return counts.get("phash", 0), counts.get("phash_box", 0)


def reach(images: int, boxes: int, wanted: int | str) -> int:
    """Up to which distance pairs are kept: wider than the threshold that `threshold_for` gives, and no less than `wanted`."""
    affordable = next((bits for bits in DISTANCES if false_pairs(images, boxes, bits) <= MOST_LOOKED_AT), LEAST_REACH)
    return max(affordable, LEAST_REACH, 0 if isinstance(wanted, str) else wanted + wanted % 2)


def threshold_for(images: int, boxes: int) -> Threshold:
    """The widest distance in `DISTANCES` at which chance gives at most `MOST_FALSE_PAIRS` pairs, else the narrowest.

    Args:
        images: pictures that have hashes.
        boxes: how many of them have a content box, whose hash is compared as well.
    """
    for distance_bits in DISTANCES:
        expected = false_pairs(images, boxes, distance_bits)
        if expected <= MOST_FALSE_PAIRS:
            break
    return Threshold(images=images, distance_bits=distance_bits, false_pairs=expected)


def false_pairs(images: int, boxes: int, distance_bits: int) -> float:
    """Pairs that chance alone gives: of 63 bits that vary, both hashes have 31 set. A lower bound: pictures resemble each other.

    Each of N(N - 1)/2 pairs is compared in eight orientations, and frame and box of one with frame and box of the other.
    """
    ways = len(ORIENTATIONS) * (1 + boxes / images) ** 2 if images else 0
    chance = sum(math.comb(31, half) * math.comb(32, half) for half in range(distance_bits // 2 + 1)) / math.comb(63, 31)
    return chance * ways * images * (images - 1) / 2


def close_hashes(connection: duckdb.DuckDBPyConnection, distance_bits: int, engine: Engine = "auto") -> None:
    """Fill a new table close (laid, plain, distance, turned) with all pairs of hashes within `distance_bits`, one side fresh.

    Reads tables plain and turned (bits BIGINT, fresh BOOLEAN), no hash twice in a table. A pair within plain stands there
    once, the smaller number as laid; a pair of a turned hash with a plain one has `turned`. Hashes are signed here: DuckDB
    2.0 counts the bits of unsigned ones through 128-bit numbers, which takes twice the time.

    Args:
        connection: a database beside the catalogue.
        distance_bits: 0 to 8.
        engine: auto takes brute force for few hashes, else the kernel where numba is installed, else SQL. All find the same.

    Raises:
        ValueError: a greater distance.
        ImportError: the kernel is asked for and numba is not installed.
    """
    if not 0 <= distance_bits <= WIDEST_REACH:
        raise ValueError(f"keys are exact up to {WIDEST_REACH} bits, not {distance_bits}")
    for table in ("plain", "turned"):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}_new AS SELECT bits FROM {table} WHERE fresh")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}_old AS SELECT bits FROM {table} WHERE NOT fresh")
    connection.execute("CREATE TABLE found (laid BIGINT, plain BIGINT, distance UTINYINT, turned BOOLEAN)")
    for left, right, turned in STEPS:
        ours = connection.execute(f"SELECT count(*) FROM {left}").fetchall()[0][0]
        theirs = connection.execute(f"SELECT count(*) FROM {right}").fetchall()[0][0]
        if ours and theirs:
            chosen = engine if engine != "auto" else _fitting(ours * theirs)
            ENGINES[chosen](connection, left, right, turned, distance_bits)
    # Where hashes share more parts than are needed, they were met under several keys.
    connection.execute("CREATE TABLE close AS SELECT DISTINCT * FROM found")
    connection.execute("DROP TABLE found")


STEPS = (
    ("plain_new", "plain_new", False),
    ("plain_new", "plain_old", False),
    ("turned_new", "plain", True),
    ("turned_old", "plain_new", True),
)
"""New with old and new, never old with old; a table with itself means its pairs."""


def _fitting(comparisons: int) -> Engine:
    if comparisons <= FEW_COMPARISONS:
        return "brute"
    return "kernel" if kernel.available() else "sql"


def _by_keys(connection: duckdb.DuckDBPyConnection, left: str, right: str, turned: bool, distance_bits: int) -> None:
    for mask in masks(distance_bits):
        key = f"bits & {mask}::BIGINT"
        mean, longest = connection.execute(
            f"SELECT avg(number), max(number) FROM (SELECT count(*) AS number FROM {right} GROUP BY {key})"
        ).fetchall()[0]
        if mean < ENOUGH_FOR_LISTS:
            _join(connection, left, right, turned, distance_bits, f"(one.{key}) = (other.{key})")
            continue
        # Hashes that share a key gather in lists, and each hash goes through the lists of its key: half the time of joining
        # hash with hash. Long lists are cut, since each hash that meets one holds a copy of it for a moment.
        cut = f", hash(bits) % {-(-longest // LONGEST_LIST)}" if longest > LONGEST_LIST else ""
        once = "AND other > one.bits" if left == right else ""
        connection.execute(
            f"""
            INSERT INTO found
            SELECT {_ends(turned)}, bit_count(xor(laid, plain)), {turned}
            FROM (
              SELECT
                one.bits AS laid,
                unnest(list_filter(met.hashes, lambda other: bit_count(xor(other, one.bits)) <= {distance_bits} {once})) AS plain
              FROM {left} AS one
              JOIN (SELECT {key} AS key, list(bits) AS hashes FROM {right} GROUP BY key{cut}) AS met
                ON met.key = (one.{key})
            )
            """
        )


def _by_brute_force(connection: duckdb.DuckDBPyConnection, left: str, right: str, turned: bool, distance_bits: int) -> None:
    _join(connection, left, right, turned, distance_bits, "TRUE")


def _join(connection: duckdb.DuckDBPyConnection, left: str, right: str, turned: bool, distance_bits: int, condition: str) -> None:
    # Both orders of a pair pass the join's own condition, and one is dropped behind it: comparing the two hashes inside
    # the join, for each of the many that merely share a key, would take longer.
    least, once = (1, "WHERE laid < plain") if left == right else (0, "")
    connection.execute(
        f"""
        INSERT INTO found
        SELECT {_ends(turned)}, distance, {turned}
        FROM (
          SELECT one.bits AS laid, other.bits AS plain, bit_count(xor(one.bits, other.bits)) AS distance
          FROM {left} AS one
          JOIN {right} AS other ON {condition}
          WHERE bit_count(xor(one.bits, other.bits)) BETWEEN {least} AND {distance_bits}
        )
        {once}
        """
    )


def _ends(turned: bool) -> str:
    return "laid, plain" if turned else "least(laid, plain), greatest(laid, plain)"


def _by_kernel(connection: duckdb.DuckDBPyConnection, left: str, right: str, turned: bool, distance_bits: int) -> None:
    ours = _hashes(connection, left)
    a, b, distances = kernel.close(ours, None if left == right else _hashes(connection, right), distance_bits)
    columns = {"laid": a.view(np.int64), "plain": b.view(np.int64), "distance": distances}
    connection.register("met_by_kernel", columns)
    connection.execute(f"INSERT INTO found SELECT {_ends(turned)}, distance, {turned} FROM met_by_kernel")
    connection.unregister("met_by_kernel")


def _hashes(connection: duckdb.DuckDBPyConnection, table: str) -> NDArray[np.uint64]:
    bits = connection.execute(f"SELECT bits FROM {table}").fetchnumpy()["bits"]
    return np.ascontiguousarray(bits, dtype=np.int64).view(np.uint64)


ENGINES: dict[str, Callable[[duckdb.DuckDBPyConnection, str, str, bool, int], None]] = {
    "sql": _by_keys,
    "kernel": _by_kernel,
    "brute": _by_brute_force,
}


def masks(distance_bits: int) -> list[int]:
    """The keys under which all pairs within so many bits meet, as signed masks of a hash."""
    parts, equal = PARTS[max(2, distance_bits + distance_bits % 2)]
    borders = [64 * part // parts for part in range(parts + 1)]
    single = [(1 << end) - (1 << start) for start, end in itertools.pairwise(borders)]
    wholes = [sum(chosen) for chosen in itertools.combinations(single, equal)]
    return [mask - (1 << 64) if mask >= 1 << 63 else mask for mask in wholes]
