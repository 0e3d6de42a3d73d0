"""Pairs by vectors: all that brute force finds, new against old, crowds cut to the nearest, and no relatives."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from curated_archive import Archive, drawn, encoded
from numpy.typing import NDArray

from catalog import runs
from catalog.records import Embedding
from curate import alike, embed, settings
from curate.vectors import NAME, Rows

VERSION = "tests/1"


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _rows(vectors: NDArray[np.float32], fresh: NDArray[np.bool_]) -> Rows:
    names = np.asarray([f"{number * 7919 % 10007:064d}" for number in range(len(vectors))], NAME)
    return Rows(names=names, vectors=vectors, fresh=fresh)


def _found(rows: Rows, least: float, families: dict[int, NDArray[np.int64]] | None = None) -> list[tuple[int, int]]:
    near = list(alike.near_pairs(rows, families or {}, least))
    return sorted((min(pair), max(pair)) for one in near for pair in zip(one.left.tolist(), one.right.tolist(), strict=True))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "ROWS", 37)
    monkeypatch.setattr(alike, "COLUMNS", 53)


@pytest.mark.usefixtures("small_blocks")
def test_every_pair_within_reach_is_found_once() -> None:
    chance = np.random.default_rng(1)
    vectors = _unit(np.repeat(chance.normal(size=(100, 16)), 4, axis=0) + 0.2 * chance.normal(size=(400, 16)))
    exact = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    expected = [(a, b) for a, b in itertools.combinations(range(400), 2) if exact[a, b] >= 0.9]
    assert len(expected) > 300
    assert _found(_rows(vectors, np.ones(400, bool)), 0.9) == expected
    fresh = chance.random(400) < 0.1
    assert _found(_rows(vectors, fresh), 0.9) == [(a, b) for a, b in expected if fresh[a] or fresh[b]]


@pytest.mark.usefixtures("small_blocks")
def test_in_a_crowd_each_picture_keeps_its_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "NEIGHBOURS", 5)
    chance = np.random.default_rng(2)
    vectors = _unit(chance.normal(size=(1, 16)) + 0.3 * chance.normal(size=(200, 16)))
    exact = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    np.fill_diagonal(exact, -2)
    nearest = np.argsort(-exact, axis=1)[:, :5]
    expected = sorted({(min(a, b), max(a, b)) for a in range(200) for b in nearest[a].tolist() if exact[a, b] >= 0.5})
    rows = _rows(vectors, np.ones(200, bool))
    assert _found(rows, 0.5) == expected
    assert sum(one.crowded for one in alike.near_pairs(rows, {}, 0.5)) > 150


def test_relatives_are_not_compared_and_take_no_place_among_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "NEIGHBOURS", 1)
    vectors = _unit(np.array([[1.0, 0.0], [1.0, 0.01], [1.0, 0.02], [1.0, 0.1]]))
    rows = _rows(vectors, np.ones(4, bool))
    families = alike.families_of(rows, [[name.decode() for name in rows.names[:3]], ["0" * 63 + "x"]])
    assert _found(rows, 0.9, families) == [(0, 3), (1, 3), (2, 3)]


def _stated(archive: Archive, vectors: dict[str, list[float]]) -> None:
    with runs.begin(archive.folder, "curate", {}) as run:
        for sha256, vector in vectors.items():
            row = np.asarray(vector) / np.linalg.norm(vector)
            run.add("embeddings", Embedding(sha256=sha256, kind="copy", version=VERSION, vector=tuple(row.tolist())))


def _compared(archive: Archive) -> alike.Alike:
    loaded = embed.Loaded(archive.folder, settings.Models())
    loaded.versions["copy"] = VERSION
    with runs.begin(archive.folder, "curate", {}) as run:
        return alike.alike(archive.folder, run, loaded)


def test_pairs_are_poured_with_their_distance_and_only_new_pictures_are_compared(archive: Archive, workspace: Path) -> None:
    a, b, c = (archive.add(f"{number}.png", encoded(drawn(number, 64))).sha256 or "" for number in range(3))
    made = archive.vary(a, encoded(drawn(4, 64)))
    _stated(archive, {a: [1, 0], b: [1, 1], made: [1, 0.1]})
    first = _compared(archive)
    assert (first.images, first.pairs) == (3, {"copy": 2})
    assert _compared(archive) == alike.Alike(pairs={"copy": 0})
    _stated(archive, {c: [0, 1]})
    assert (_compared(archive).pairs, _compared(archive).images) == ({"copy": 1}, 0)
    rows = archive.rows("SELECT a, b, kind, version, distance, orientation, verified FROM pairs ORDER BY distance")
    expected = {tuple(sorted((b, made))): 1 - 1.1 / math.sqrt(2 * 1.01), tuple(sorted((a, b))): 1 - math.sqrt(0.5)}
    expected[tuple(sorted((b, c)))] = 1 - math.sqrt(0.5)
    assert {(row["a"], row["b"]): row["distance"] for row in rows} == pytest.approx(expected, abs=1e-6)
    assert {(row["kind"], row["version"], row["orientation"], row["verified"]) for row in rows} == {
        ("copy", VERSION, "upright", None)
    }
