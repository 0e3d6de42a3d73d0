"""Finding copies: every pair of images whose hashes differ in at most six bits, each looked at again by a second measure.

A perceptual hash proposes and never decides: on drawn index cards 2 % of all pairs lie within six bits. So both pictures of
a pair are opened again, laid over each other by their content boxes, and correlated; the criteria read that number.
"""

import itertools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import duckdb
from PIL import Image

from catalog import db
from catalog.records import Measure, Pair
from catalog.runs import Run
from catalog.store import Store
from engine.local import run_batches
from pixels.decode import DECODE_VERSION, Unreadable, open_picture
from pixels.hashes import BALANCED, HASH_SIDE_PX, ORIENTATIONS, PHASH_VERSION, aligned_grey, correlation

DISTANCE_BITS = 6
"""The widest distance that is kept. Two-byte keys are exact up to 6: of eight bytes, six bits spoil at most six."""
CROWD = 20
"""Equal hashes beyond this many are compared with the first of them only: blank pages and templates."""
BATCH = 64
VERIFIED_BY = f"correlation64/{DECODE_VERSION}-{HASH_SIDE_PX}/1"
PAIRS_VERSION = f"pairs{DISTANCE_BITS}/{PHASH_VERSION}/1"
"""An image with the mark `paired` of this version has been compared with all that were there."""

HERE = Path(__file__).parent
Way = tuple[str, str, str, int]
"""How two images match: orientation of b against a, frame of a, frame of b (full or box), distance in bits."""


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Images compared for the first time, pairs of near hashes found, and those of them that could be verified."""

    images: int = 0
    pairs: int = 0
    verified: int = 0


def pair(workspace: Path, run: Run, *, progress: Callable[[str, int, int], None] | None = None) -> Paired:
    """Compare new images with all, verify each pair, and spool pairs, then the marks that say these images are compared."""
    fresh, candidates = near(workspace)
    store = Store(workspace)
    asks = [(a, b, str(store.path(a)), str(store.path(b)), tuple(ways)) for (a, b), ways in candidates.items()]
    batches = [asks[at : at + BATCH] for at in range(0, len(asks), BATCH)]
    found = verified = 0
    for done in run_batches(verify_batch, batches, workers=1 if len(batches) < 2 else None):
        pairs = done.result if done.result is not None else [_unverified(ask) for ask in batches[done.index]]
        for one in pairs:
            run.add("pairs", one, durable=found + 1 == len(asks))
            found += 1
            verified += one.verified is not None
        if progress is not None:
            progress("compare", found, len(asks))
    for sha256 in fresh:
        run.add("measures", Measure(sha256=sha256, measure="paired", version=PAIRS_VERSION, value=1.0))
    return Paired(images=len(fresh), pairs=found, verified=verified)


def near(workspace: Path) -> tuple[list[str], dict[tuple[str, str], list[Way]]]:
    """Images never compared before, and every pair within reach of which one is such, with the ways they match.

    The catalogue is open only while the hashes are copied out of it; the join runs beside it.
    """
    with tempfile.TemporaryDirectory(prefix="fototeca-pairs-") as folder:
        hashes, siblings = Path(folder) / "hashes.parquet", Path(folder) / "siblings.parquet"
        with db.reading(workspace) as catalogue:
            _copy(catalogue, _text("hashes_to_pair"), hashes, {"hash_version": PHASH_VERSION, "pairs_version": PAIRS_VERSION})
            _copy(catalogue, SIBLINGS, siblings, {})
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE siblings AS SELECT * FROM read_parquet('{siblings}')")
            connection.execute(f"CREATE TABLE every AS SELECT * FROM read_parquet('{hashes}')")
            fresh = connection.execute("SELECT DISTINCT sha256 FROM every WHERE fresh ORDER BY sha256").fetchall()
            connection.execute(f"CREATE TABLE hashes AS SELECT * FROM every WHERE bit_count(bits) = {BALANCED}")
            connection.execute(LAID)
            connection.execute(PLAIN)
            close_hashes(connection, DISTANCE_BITS)
            found = connection.execute(_text("near_hashes"), {"crowd": CROWD}).fetchall()
    candidates: dict[tuple[str, str], list[Way]] = {}
    for a, b, orientation, a_frame, b_frame, distance in found:
        candidates.setdefault((a, b), []).append((orientation, a_frame, b_frame, distance))
    return [sha256 for (sha256,) in fresh], candidates


SIBLINGS = "SELECT one.sha256 AS a, other.sha256 AS b FROM variations AS one JOIN variations AS other USING (parent) WHERE a < b"
"""Variations of one parent are meant to be alike and are not compared with each other."""
LAID = "CREATE TABLE laid AS SELECT bits, bool_or(fresh) AS fresh FROM hashes GROUP BY bits"
PLAIN = "CREATE TABLE plain AS SELECT bits, bool_or(fresh) AS fresh FROM hashes WHERE orientation = 'upright' GROUP BY bits"


def close_hashes(connection: duckdb.DuckDBPyConnection, distance_bits: int) -> None:
    """Fill a new table close (laid, plain, distance) with all pairs of tables laid and plain (bits, fresh), one side fresh.

    Exact for `distance_bits` up to 6: of eight bytes, at least two are then equal, so an equi-join on every choice of two
    finds all pairs.

    Raises:
        ValueError: a greater distance.
    """
    if distance_bits > DISTANCE_BITS:
        raise ValueError(f"two-byte keys are exact up to {DISTANCE_BITS} bits, not {distance_bits}")
    connection.execute("CREATE TABLE found (laid UBIGINT, plain UBIGINT, distance UTINYINT)")
    for first, second in itertools.combinations(range(8), 2):
        mask = 0xFF << 8 * first | 0xFF << 8 * second
        connection.execute(JOIN, {"mask": mask, "distance": distance_bits})
    connection.execute("CREATE TABLE close AS SELECT DISTINCT * FROM found")
    connection.execute("DROP TABLE found")


JOIN = """
INSERT INTO found
SELECT laid.bits, plain.bits, bit_count(xor(laid.bits, plain.bits))
FROM laid
JOIN plain ON (laid.bits & $mask::UBIGINT) = (plain.bits & $mask::UBIGINT)
WHERE (laid.fresh OR plain.fresh) AND bit_count(xor(laid.bits, plain.bits)) <= $distance
"""

Ask = tuple[str, str, str, str, tuple[Way, ...]]
"""One pair to verify: a, b, path of a, path of b, the ways they match."""


def verify_batch(batch: Sequence[Ask]) -> list[Pair]:
    """Each pair with the correlation of its best way: upright wins unless another lays them clearly better. In a worker."""
    pairs = []
    for ask in batch:
        a, b, a_path, b_path, ways = ask
        a_grey, b_grey = _grey(a_path), _grey(b_path)
        if a_grey is None or b_grey is None:
            pairs.append(_unverified(ask))
            continue
        scored = []
        for way in ways:
            orientation, a_frame, b_frame, _ = way
            value = correlation(aligned_grey(a_grey, a_frame, orientation), aligned_grey(b_grey, b_frame, "upright"))
            scored.append((round(value, 4), way))
        value, way = min(scored, key=lambda one: (-round(one[0], 1), *_plainness(one[1]), -one[0]))
        pairs.append(_pair(a, b, way, value))
    return pairs


def _plainness(way: Way) -> tuple[int, int, int]:
    orientation, a_frame, b_frame, distance = way
    return ORIENTATIONS.index(orientation), (a_frame, b_frame).count("box"), distance


def _unverified(ask: Ask) -> Pair:
    return _pair(ask[0], ask[1], min(ask[4], key=_plainness), None)


def _pair(a: str, b: str, way: Way, value: float | None) -> Pair:
    orientation, a_frame, b_frame, distance = way
    frames = "" if (a_frame, b_frame) == ("full", "full") else f" {a_frame}:{b_frame}"
    return Pair(
        a=a,
        b=b,
        kind="phash",
        version=PHASH_VERSION,
        distance=float(distance),
        orientation=orientation + frames,
        verified=value,
        verified_by=None if value is None else VERIFIED_BY,
    )


@lru_cache(maxsize=64)
def _grey(path: str) -> Image.Image | None:
    """The picture as it was hashed; pairs come sorted, so one picture's neighbours follow each other."""
    try:
        picture = open_picture(Path(path), side_px=HASH_SIDE_PX)
    except OSError:
        return None
    return None if isinstance(picture, Unreadable) else picture.grey


def _copy(connection: duckdb.DuckDBPyConnection, sql: str, path: Path, values: dict[str, str]) -> None:
    connection.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)", values or None)


def _text(name: str) -> str:
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")
