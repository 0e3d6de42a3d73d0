"""SQL, kernel and brute force find the same pairs of near hashes, and the threshold follows the collection's size."""

import itertools
import random
import resource

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from curate import kernel
from curate.near import Engine, close_hashes, false_pairs, masks, reach, threshold_for
from pixels.hashes import hash_distance

Hashes = NDArray[np.uint64]
ENGINES: tuple[Engine, ...] = ("sql", "kernel")
TOP = (1 << 64) - 1

needs_numba = pytest.mark.skipif(not kernel.available(), reason="numba is not installed (fototeca[fast])")


def _random(chance: np.random.Generator, count: int) -> Hashes:
    return chance.integers(0, TOP, count, dtype=np.uint64, endpoint=True)


def _near(chance: np.random.Generator, hashes: Hashes, bits: int) -> Hashes:
    for _ in range(bits):
        hashes = hashes ^ (np.uint64(1) << chance.integers(0, 64, len(hashes), dtype=np.uint64))
    return hashes


@pytest.fixture(scope="module")
def skewed() -> Hashes:
    """Some 20,000 hashes: random ones, near copies, and a drawer of cards: some 650 of which 52 bits are equal."""
    chance = np.random.default_rng(11)
    random_ones = _random(chance, 13_400)
    cards = np.uint64(0x0123456789ABCDEF) ^ (chance.integers(0, 1 << 12, 700, dtype=np.uint64) << np.uint64(20))
    copies = [_near(chance, random_ones[at : at + 1500], bits) for at, bits in ((0, 2), (1500, 4), (3000, 6), (4500, 8))]
    hashes = np.unique(np.concatenate([random_ones, cards, *copies]))
    return chance.permutation(hashes)


def _brute(plain: Hashes, fresh: NDArray[np.bool_], distance_bits: int) -> set[tuple[int, int, int]]:
    """By numpy alone: every hash with every other."""
    found = set()
    signed = plain.view(np.int64)
    for at in range(len(plain) - 1):
        bits = np.bitwise_count(plain[at + 1 :] ^ plain[at])
        hit = np.flatnonzero((bits <= distance_bits) & (fresh[at + 1 :] | fresh[at])) + at + 1
        for other in hit.tolist():
            a, b = sorted((int(signed[at]), int(signed[other])))
            found.add((a, b, int(bits[other - at - 1])))
    return found


def _tables(connection: duckdb.DuckDBPyConnection, **tables: tuple[Hashes, NDArray[np.bool_]]) -> None:
    for name, (hashes, fresh) in tables.items():
        connection.register("given", {"bits": hashes.view(np.int64), "fresh": fresh})
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
        connection.unregister("given")


def _found(
    engine: Engine, distance_bits: int, plain: Hashes, fresh: NDArray[np.bool_], turned: Hashes | None = None
) -> list[tuple[int, ...]]:
    """Rows of `close`: plain pairs, or with `turned` the pairs of turned hashes."""
    nothing = np.empty(0, np.uint64), np.empty(0, np.bool_)
    with duckdb.connect() as connection:
        _tables(connection, plain=(plain, fresh), turned=nothing if turned is None else (turned, np.zeros(len(turned), np.bool_)))
        close_hashes(connection, distance_bits, engine)
        sql = "SELECT laid, plain, distance FROM close WHERE turned = ?"
        return connection.execute(sql, [turned is not None]).fetchall()


@pytest.fixture(scope="module")
def truth(skewed: Hashes) -> set[tuple[int, int, int]]:
    return _brute(skewed, np.ones(len(skewed), np.bool_), 8)


@needs_numba
@pytest.mark.parametrize("distance_bits", [4, 6, 8])
def test_sql_and_kernel_find_what_brute_force_finds_among_twenty_thousand_skewed_hashes(
    skewed: Hashes, truth: set[tuple[int, int, int]], distance_bits: int
) -> None:
    expected = {pair for pair in truth if pair[2] <= distance_bits}
    assert len(expected) > 2000
    for engine in ENGINES:
        found = _found(engine, distance_bits, skewed, np.ones(len(skewed), np.bool_))
        assert len(found) == len(set(found))
        assert set(found) == expected, engine


@needs_numba
def test_pairs_of_two_old_hashes_are_left_out_by_every_engine() -> None:
    distance_bits = 6
    chance = np.random.default_rng(3)
    hashes = _random(chance, 400)
    hashes = np.unique(np.concatenate([hashes, *(_near(chance, hashes, bits) for bits in (2, 5, 8))]))
    fresh = chance.random(len(hashes)) < 0.3
    expected = _brute(hashes, fresh, distance_bits)
    assert expected < _brute(hashes, np.ones(len(hashes), np.bool_), distance_bits)
    for engine in (*ENGINES, "brute"):
        assert set(_found(engine, distance_bits, hashes, fresh)) == expected, engine


@needs_numba
def test_pairs_of_turned_hashes_with_plain_ones_are_the_same_by_every_engine() -> None:
    chance = np.random.default_rng(4)
    plain = _random(chance, 1500)
    turned = np.unique(np.concatenate([plain[:5], _near(chance, plain[:700], 4), _random(chance, 1000)]))
    fresh = np.arange(len(plain)) < 400  # of which old turned hashes are compared with these only
    truth = {
        (a, b, hash_distance(a & TOP, b & TOP))
        for a, b in itertools.product(turned.view(np.int64).tolist(), plain[:400].view(np.int64).tolist())
        if hash_distance(a & TOP, b & TOP) <= 6
    }
    assert sum(distance == 0 for _, _, distance in truth) == 5
    for engine in (*ENGINES, "brute"):
        assert set(_found(engine, 6, plain, fresh, turned)) == truth, engine


@needs_numba
@settings(max_examples=5, deadline=None)
@given(
    st.lists(st.integers(0, TOP), min_size=1, max_size=12, unique=True),
    st.lists(st.tuples(st.integers(0, 11), st.sets(st.integers(0, 63), max_size=9)), max_size=25),
    st.sampled_from([0, 2, 4, 6, 7, 8]),
)
def test_engines_agree_on_whatever_hashes_there_are(
    seeds: list[int], changes: list[tuple[int, set[int]]], distance_bits: int
) -> None:
    near = {seeds[at % len(seeds)] ^ sum(1 << bit for bit in bits) for at, bits in changes}
    hashes = np.array(sorted({*seeds, *near}), dtype=np.uint64)
    fresh = np.ones(len(hashes), np.bool_)
    truth = _brute(hashes, fresh, distance_bits)
    for engine in (*ENGINES, "brute"):
        assert set(_found(engine, distance_bits, hashes, fresh)) == truth, engine


@pytest.mark.parametrize("distance_bits", [2, 4, 6, 8])
def test_some_key_leaves_any_so_many_flipped_bits_out(distance_bits: int) -> None:
    chance = random.Random(5)
    keys = [mask & TOP for mask in masks(distance_bits)]
    for _ in range(3000):
        flipped = sum(1 << bit for bit in chance.sample(range(64), distance_bits))
        assert any(not flipped & key for key in keys)


def test_one_key_that_all_hashes_share_takes_no_more_memory_than_a_part_of_them() -> None:
    hashes = np.uint64(0xAAAA_0000_0000_AAAA) ^ (np.arange(9000, dtype=np.uint64) << np.uint64(20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = _found("sql", 2, hashes, np.ones(len(hashes), np.bool_))
    assert len(found) == len({(a, b) for a, b, _ in found}) > 9000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB; whole lists would be 9000 x 9000 x 8 B


def test_distances_beyond_what_the_keys_find_are_refused() -> None:
    with duckdb.connect() as connection, pytest.raises(ValueError, match="exact up to 8 bits, not 10"):
        close_hashes(connection, 10)
    with pytest.raises(ValueError, match="up to 10 bits, not 11"):
        kernel.close(np.empty(0, np.uint64), None, 11)


def test_the_threshold_narrows_as_the_collection_grows() -> None:
    assert [threshold_for(images, 0).distance_bits for images in (0, 51, 400_000, 1_000_000, 10_000_000)] == [8, 8, 8, 6, 4]
    assert threshold_for(300_000, 0).distance_bits == 8
    assert threshold_for(300_000, 300_000).distance_bits == 6  # with boxes each pair is compared in four times as many ways


def test_chance_gives_the_pairs_that_the_reference_counts() -> None:
    # ../shared/reference/curation.md, 4.1: 12 at 6 bits and 630 at 8 among a million, in one orientation of eight.
    assert false_pairs(1_000_000, 0, 6) == pytest.approx(8 * 12.3, rel=0.03)
    assert false_pairs(1_000_000, 0, 8) == pytest.approx(8 * 630, rel=0.03)


def test_pairs_are_kept_further_out_than_the_threshold_and_as_far_as_is_asked() -> None:
    assert reach(100, 0, "auto") == reach(1_000_000, 0, "auto") == 8
    assert reach(20_000_000, 0, "auto") == reach(20_000_000, 0, 2) == 6
    assert reach(20_000_000, 0, 7) == 8
