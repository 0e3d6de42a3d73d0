"""All pairs of 64-bit hashes within a few bits, compiled by numba where it is installed: the same pairs as SQL, sooner.

Multi-index hashing: of four bands of 16 bits, at least one differs in no more bits than its radius (Norouzi, Punjani, Fleet
2012, the sharp radii of section 3). Hashes sorted by a band lie in runs, and run k is compared with each run k ^ flip.
"""

import functools
import importlib.util
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.local import cores

Hashes = NDArray[np.uint64]
Found = tuple[Hashes, Hashes, NDArray[np.uint8]]
"""Left hash, right hash, distance in bits; one entry a pair."""

WIDEST_BITS = 10
BANDS, BAND_BITS = 4, 16
RUNS = 1 << BAND_BITS
CHUNKS = 64
"""Parts of a band's runs, for threads to take one after the other."""
ROOM = 4096
"""Pairs a chunk has room for at first; a chunk that finds more is gone through again with enough."""


@functools.cache
def available() -> bool:
    """Whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def close(left: Hashes, right: Hashes | None, distance_bits: int) -> Found:
    """All pairs within `distance_bits`, each once, in no order; with `right` None, pairs among `left`, smaller hash first.

    Args:
        left: different hashes; uint64.
        right: different hashes to compare them with; equal ones in both are pairs too.
        distance_bits: 0 to 10.

    Raises:
        ValueError: a greater distance.
        ImportError: numba is not installed.
    """
    if not 0 <= distance_bits <= WIDEST_BITS:
        raise ValueError(f"the kernel finds pairs up to {WIDEST_BITS} bits, not {distance_bits}")
    meet, radii = _compiled(), _radii(distance_bits)
    found: list[Found] = []
    with ThreadPoolExecutor(cores()) as threads:
        for band in range(BANDS):
            if radii[band] < 0:
                continue
            ours = _in_runs(left, band)
            theirs = ours if right is None else _in_runs(right, band)
            flips = _flips(int(radii[band]))
            given = (*ours, *theirs, right is None, band, radii, flips, distance_bits)
            found += threads.map(functools.partial(_chunk, meet, given), range(CHUNKS))
    a, b, distances = (np.concatenate([one[at] for one in found]) for at in range(3))
    return (np.minimum(a, b), np.maximum(a, b), distances) if right is None else (a, b, distances)


def _chunk(meet: Callable[..., int], given: tuple[Any, ...], chunk: int) -> Found:
    """The pairs of one part of a band's runs."""
    room = ROOM
    while True:
        a, b, distances = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.uint8)
        found = meet(*given, chunk * (RUNS // CHUNKS), (chunk + 1) * (RUNS // CHUNKS), a, b, distances)
        if found <= room:
            return a[:found], b[:found], distances[:found]
        room = found


def _radii(distance_bits: int) -> NDArray[np.int64]:
    """Of d = 4r + a differing bits, some band among the first a + 1 has at most r, or another at most r - 1."""
    radius, rest = divmod(distance_bits, BANDS)
    return np.array([radius if band <= rest else radius - 1 for band in range(BANDS)], dtype=np.int64)


def _flips(radius: int) -> NDArray[np.int64]:
    """Every change of at most `radius` bits of a band."""
    sets = itertools.chain.from_iterable(itertools.combinations(range(BAND_BITS), bits) for bits in range(radius + 1))
    return np.array([sum(1 << bit for bit in bits) for bits in sets], dtype=np.int64)


def _in_runs(hashes: Hashes, band: int) -> tuple[Hashes, NDArray[np.int64]]:
    """The hashes sorted by a band, and where the run of each of its values begins."""
    keys = (hashes >> np.uint64(BAND_BITS * band)).astype(np.uint16)  # 16 bits: numpy then sorts by radix
    starts = np.zeros(RUNS + 1, dtype=np.int64)
    np.cumsum(np.bincount(keys, minlength=RUNS), out=starts[1:])
    return hashes[np.argsort(keys, kind="stable")], starts


@functools.cache
def _compiled() -> Callable[..., int]:
    """Compiled anew in each process: two seconds, where a cache on disk would lie among the source files."""
    import numba

    compiled: Callable[..., int] = numba.njit(nogil=True)(_meet)
    return compiled


# Typed, so that numba does not make floats of signed and unsigned numbers; LLVM knows these steps as one instruction.
_ONE, _TWO, _FOUR, _TOP = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)
_FIVES, _THREES = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
_NIBBLES, _BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
_BAND = np.uint64(0xFFFF)


def _meet(
    ours: Any, ours_at: Any, theirs: Any, theirs_at: Any, same: bool, band: int, radii: Any, flips: Any, most: int,
    begin: int, end: int, a: Any, b: Any, distances: Any,
) -> int:  # fmt: skip
    """Compare runs of one band; a pair counts only in the first band where it is within the radius, and so comes once."""
    room, found = len(a), 0
    for run in range(begin, end):
        first, last = ours_at[run], ours_at[run + 1]
        if first == last:
            continue
        for flip in flips:
            other = run ^ flip
            if same and other < run:
                continue
            for i in range(first, last):
                one = ours[i]
                for j in range(i + 1 if same and flip == 0 else theirs_at[other], theirs_at[other + 1]):
                    changed = one ^ theirs[j]
                    bits = changed - ((changed >> _ONE) & _FIVES)
                    bits = (bits & _THREES) + ((bits >> _TWO) & _THREES)
                    bits = (((bits + (bits >> _FOUR)) & _NIBBLES) * _BYTES) >> _TOP
                    if bits > most:
                        continue
                    earlier = False
                    for before in range(band):
                        part = (changed >> np.uint64(16 * before)) & _BAND
                        differing = 0
                        while part != 0:
                            part &= part - _ONE
                            differing += 1
                        if differing <= radii[before]:
                            earlier = True
                    if earlier:
                        continue
                    if found < room:
                        a[found] = one
                        b[found] = theirs[j]
                        distances[found] = bits
                    found += 1
    return found
