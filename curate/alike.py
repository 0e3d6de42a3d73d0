"""Pictures that models hold to be alike: every new vector against all of the same version, exactly, block by block.

`semantic` pairs show the same subject, `copy` pairs are the same picture to a model for copies. Each picture keeps its
nearest `NEIGHBOURS` within the widest distance; how many had more is said. Nothing is decided here, and nothing is
verified: criteria choose a distance of their own.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from catalog import db
from catalog.records import Measure, Pair
from catalog.runs import Run
from curate.embed import KINDS, Loaded
from curate.vectors import Rows, copy_out, mapped

WIDEST = {"semantic": 0.15, "copy": 0.5}
"""1 - cosine up to which pairs are kept. Copies: SSCD's authors count from 0.75 on, reports of copied training pictures from
0.5. Semantic: beyond any duplicate (others remove from 0.96 or 0.9 on). Assumptions, not measured on archival material."""
NEIGHBOURS = 50
"""A drawer of index cards is alike card by card: 10,000 of them would be 50 million pairs."""
SPARE = 8
"""So many more are ranked anew in double precision: in single precision two of them may stand the wrong way round."""
ROWS, COLUMNS = 1024, 8192
"""A block of cosines: 32 MB."""
SLACK = 1e-5
"""How far a product in single precision may lie from the truth."""
DIGITS = 6

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Pictures compared for the first time; pairs by kind; pictures with more neighbours than are kept."""

    images: int = 0
    pairs: dict[str, int] = field(default_factory=dict)
    crowded: int = 0


def mark(kind: str, version: str) -> tuple[str, str]:
    """Measure and version by which an image is known to have been compared with all that were there."""
    return f"paired_{kind}", f"cosine{1 - WIDEST[kind]:g}-{NEIGHBOURS}/{version}/1"


def alike(workspace: Path, run: Run, models: Loaded, *, progress: Progress | None = None) -> Alike:
    """Compare what is new with everything, for each model that is set; spool pairs, then the marks of their block."""
    images = crowded = 0
    pairs: dict[str, int] = {}
    for kind in KINDS:
        version = models.versions[kind]
        if version is not None:
            more_images, pairs[kind], more_crowded = _alike(workspace, run, kind, version, progress)
            images, crowded = images + more_images, crowded + more_crowded
    return Alike(images=images, pairs=pairs, crowded=crowded)


VECTORS = """
SELECT
  seen.sha256,
  seen.vector,
  seen.sha256 NOT IN (SELECT sha256 FROM measures WHERE measure = $measure AND version = $mark) AS fresh
FROM embeddings AS seen
WHERE seen.kind = $kind AND seen.version = $version
"""
FRESH = f"SELECT count(*) FROM ({VECTORS.replace('seen.vector,', '')}) WHERE fresh"
FAMILIES = """
SELECT parent, list(DISTINCT sha256) AS made
FROM variations
GROUP BY parent
"""
"""A picture and its variations are meant to be alike and are not compared."""


def _alike(workspace: Path, run: Run, kind: str, version: str, progress: Progress | None) -> tuple[int, int, int]:
    measure, mark_version = mark(kind, version)
    values = {"kind": kind, "version": version, "measure": measure, "mark": mark_version}
    with tempfile.TemporaryDirectory(prefix="fototeca-alike-") as place:
        path = Path(place) / "vectors.parquet"
        with db.reading(workspace) as catalogue:
            if not catalogue.execute(FRESH, values).fetchall()[0][0]:
                return 0, 0, 0
            copy_out(catalogue, VECTORS, values, path)
            families = [[parent, *made] for parent, made in catalogue.execute(FAMILIES).fetchall()]
        with duckdb.connect() as connection:
            rows = mapped(connection, path)
        return _compared(run, kind, version, rows, families_of(rows, families), progress)


def _compared(
    run: Run, kind: str, version: str, rows: Rows, families: Mapping[int, NDArray[np.int64]], progress: Progress | None
) -> tuple[int, int, int]:
    measure, mark_version = mark(kind, version)
    total, found, crowded, done = int(rows.fresh.sum()), 0, 0, 0
    for near in near_pairs(rows, families, 1 - WIDEST[kind]):
        run.add_all("pairs", _as_pairs(near, rows, kind, version), durable=True)
        marks = [Measure(sha256=rows.names[one].decode(), measure=measure, version=mark_version, value=1.0) for one in near.block]
        run.add_all("measures", marks, durable=True)
        found, crowded, done = found + len(near.left), crowded + near.crowded, done + len(near.block)
        if progress is not None:
            progress(f"compare ({kind})", done, total)
    return total, found, crowded


@dataclass(frozen=True, kw_only=True)
class Near:
    """What one block of fresh pictures is near to: `left[i]` (of the block) and `right[i]` with their cosine, each pair once."""

    block: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    cosines: NDArray[np.float64]
    crowded: int


def near_pairs(rows: Rows, families: Mapping[int, NDArray[np.int64]], least: float) -> Iterator[Near]:
    """Every pair of a fresh picture with any other whose cosine reaches `least` and who is among the nearest of either.

    A picture's nearest are those of all that are there, in whichever order and blocks it is compared; those it was compared
    with earlier keep what they had. `families` names for a place the places it is not compared with.
    """
    fresh = np.flatnonzero(rows.fresh)
    by_name = np.empty(len(rows), np.int64)
    by_name[rows.order] = np.arange(len(rows))
    # Of a picture that is done, the last neighbour that it kept: up to that one it has named the pair already.
    farthest, farthest_name = np.full(len(rows), np.inf), np.full(len(rows), -1)
    for at in range(0, len(fresh), ROWS):
        block = fresh[at : at + ROWS]
        left, right = _within_reach(rows.vectors, block, families, least - SLACK)
        cosines = np.concatenate(
            [np.empty(0)]
            + [
                np.einsum("nd,nd->n", rows.vectors[left[part]], rows.vectors[right[part]], dtype=np.float64)
                for part in (slice(start, start + COLUMNS) for start in range(0, len(left), COLUMNS))
            ]
        ).round(DIGITS)
        order = np.lexsort((by_name[right], -cosines, left))
        order = order[cosines[order] >= round(least, DIGITS)]
        left, right, cosines = left[order], right[order], cosines[order]
        place = _place_in_group(left)
        farthest[block] = -np.inf
        full = left[place == NEIGHBOURS]
        last = (place == NEIGHBOURS - 1) & np.isin(left, full)
        farthest[left[last]], farthest_name[left[last]] = cosines[last], by_name[right[last]]
        nearer = (cosines > farthest[right]) | ((cosines == farthest[right]) & (by_name[left] <= farthest_name[right]))
        kept = (place < NEIGHBOURS) & ~((right < left) & nearer)
        yield Near(block=block, left=left[kept], right=right[kept], cosines=cosines[kept], crowded=len(full))


def _as_pairs(near: Near, rows: Rows, kind: str, version: str) -> Iterator[Pair]:
    for one, other, cosine in zip(near.left, near.right, near.cosines, strict=True):
        a, b = sorted((rows.names[one].decode(), rows.names[other].decode()))
        yield Pair(
            a=a,
            b=b,
            kind=kind,
            version=version,
            distance=round(max(0.0, 1 - float(cosine)), DIGITS),
            orientation="upright",
            verified=None,
            verified_by=None,
        )


def families_of(rows: Rows, families: Sequence[Sequence[str]]) -> dict[int, NDArray[np.int64]]:
    """For the place of each picture that has relatives the places of all of them, its own among them."""
    found: dict[int, NDArray[np.int64]] = {}
    for names in families:
        places = rows.places(names)
        places = places[places >= 0]
        for place in places.tolist():
            found[place] = np.union1d(found[place], places) if place in found else places
    return found


def _within_reach(
    vectors: NDArray[np.float32], block: NDArray[np.int64], families: Mapping[int, NDArray[np.int64]], least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the block and of what is near them, by products in single precision; of a crowd the nearest only."""
    ours = np.ascontiguousarray(vectors[block])
    relatives = [families.get(int(one), np.array([one])) for one in block]
    whose, relative = np.repeat(np.arange(len(block)), [len(one) for one in relatives]), np.concatenate(relatives)
    most = NEIGHBOURS + SPARE
    rows, columns, values = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    for start in range(0, len(vectors), COLUMNS):
        cosines = ours @ vectors[start : start + COLUMNS].T
        width = cosines.shape[1]
        here = (relative >= start) & (relative < start + width)
        cosines[whose[here], relative[here] - start] = -2  # itself and its relatives: below any cosine
        near = np.flatnonzero(cosines.ravel() >= least)
        if not len(near):
            continue
        rows = np.concatenate([rows, near // width])
        columns = np.concatenate([columns, start + near % width])
        values = np.concatenate([values, cosines.ravel()[near]])
        if len(rows) > 2 * most * len(block) or start + COLUMNS >= len(vectors):
            order = np.lexsort((-values, rows))
            order = order[_place_in_group(rows[order]) < most]
            rows, columns, values = rows[order], columns[order], values[order]
    return block[rows], columns


def _place_in_group(sorted_groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2 … within each run of equal numbers."""
    numbers = np.arange(len(sorted_groups))
    begins = np.r_[True, sorted_groups[1:] != sorted_groups[:-1]] if len(sorted_groups) else np.empty(0, np.bool_)
    return numbers - np.maximum.accumulate(np.where(begins, numbers, 0)) if len(numbers) else numbers
