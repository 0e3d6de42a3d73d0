"""The second look at a pair of near hashes: both pictures laid over each other as the hashes say, and correlated.

Each picture is opened once, in a worker, however many pairs it is in: what is correlated are 8 kB of it, its whole frame and
its content box as 64 x 64 grey.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catalog.records import Pair
from catalog.store import Store
from engine.local import run_batches
from pixels.decode import DECODE_VERSION, Unreadable, open_picture
from pixels.hashes import HASH_SIDE_PX, ORIENTATIONS, PHASH_VERSION, aligned_grey, correlation

SIDE_PX = 64
BATCH = 32
VERIFIED_BY = f"correlation{SIDE_PX}/{DECODE_VERSION}-{HASH_SIDE_PX}/1"
FRAMES = ("full", "box")

Way = tuple[str, str, str, int]
"""How two images match: orientation of b against a, frame of a, frame of b (full or box), distance in bits."""
Ask = tuple[str, str, tuple[Way, ...]]
"""One pair to verify: a, b, the ways they match."""
Greys = NDArray[np.uint8]
"""[2, 64, 64]: whole frame and content box; the same where there is no border to trim."""


class Confirmer:
    """Verifies pairs; pictures that it has opened are kept small in a file of `folder` and not opened again."""

    def __init__(self, store: Store, folder: Path) -> None:
        """With nothing opened yet."""
        self._store = store
        self._path = folder / "greys.raw"
        self._path.touch()
        self._places: dict[str, int | None] = {}
        self._held = 0

    def confirm(self, asks: Sequence[Ask]) -> list[Pair]:
        """Each pair with the correlation of its best way; `verified` is None where a picture cannot be opened any more."""
        self._open(sorted({sha256 for a, b, _ in asks for sha256 in (a, b)} - self._places.keys()))
        if not self._held:
            return [_unverified(ask) for ask in asks]
        greys = np.memmap(self._path, np.uint8, mode="r", shape=(self._held, len(FRAMES), SIDE_PX, SIDE_PX))
        pairs = []
        for ask in asks:
            one, other = self._places[ask[0]], self._places[ask[1]]
            pairs.append(_unverified(ask) if one is None or other is None else _best(ask, greys[one], greys[other]))
        return pairs

    def _open(self, names: Sequence[str]) -> None:
        asks = [(sha256, str(self._store.path(sha256))) for sha256 in names]
        with self._path.open("ab") as stream:
            for sha256, greys in _opened(asks):
                self._places[sha256] = None if greys is None else self._held
                if greys is not None:
                    stream.write(greys.tobytes())
                    self._held += 1
        for sha256 in names:
            self._places.setdefault(sha256, None)


def open_batch(batch: Sequence[tuple[str, str]]) -> list[tuple[str, Greys | None]]:
    """The greys of each picture (sha256, path); None where it cannot be opened. Runs in a worker."""
    return [(sha256, _greys(Path(path))) for sha256, path in batch]


def _greys(path: Path) -> Greys | None:
    try:
        picture = open_picture(path, side_px=HASH_SIDE_PX)
    except OSError:
        return None
    if isinstance(picture, Unreadable):
        return None
    return np.stack([aligned_grey(picture.grey, frame, "upright", SIDE_PX) for frame in FRAMES]).astype(np.uint8)


def _opened(asks: Sequence[tuple[str, str]]) -> Iterable[tuple[str, Greys | None]]:
    """What came of each picture; a batch that fails as a whole is tried again one by one, away from this process."""
    batches = [asks[at : at + BATCH] for at in range(0, len(asks), BATCH)]
    failed: list[tuple[str, str]] = []
    for done in run_batches(open_batch, batches, workers=1 if len(batches) < 2 else None):
        if done.result is None:
            failed += batches[done.index]
        else:
            yield from done.result
    for alone in run_batches(open_batch, [[ask] for ask in failed], workers=2):
        yield from alone.result or ()


def _best(ask: Ask, a: Greys, b: Greys) -> Pair:
    """Of the ways that two pictures match: upright wins unless another lays them clearly better."""
    scored = []
    for way in ask[2]:
        orientation, a_frame, b_frame, _ = way
        laid = _TURNS[orientation](a[FRAMES.index(a_frame)])
        value = round(correlation(laid.astype(np.float64), b[FRAMES.index(b_frame)].astype(np.float64)), 4)
        scored.append((value, way))
    value, way = min(scored, key=lambda one: (-round(one[0], 1), *_plainness(one[1]), -one[0]))
    return _pair(ask, way, value)


def _plainness(way: Way) -> tuple[int, int, int]:
    orientation, a_frame, b_frame, distance = way
    return ORIENTATIONS.index(orientation), (a_frame, b_frame).count("box"), distance


def _unverified(ask: Ask) -> Pair:
    return _pair(ask, min(ask[2], key=_plainness), None)


def _pair(ask: Ask, way: Way, value: float | None) -> Pair:
    orientation, a_frame, b_frame, distance = way
    frames = "" if (a_frame, b_frame) == ("full", "full") else f" {a_frame}:{b_frame}"
    return Pair(
        a=ask[0],
        b=ask[1],
        kind="phash",
        version=PHASH_VERSION,
        distance=float(distance),
        orientation=orientation + frames,
        verified=value,
        verified_by=None if value is None else VERIFIED_BY,
    )


_TURNS: Mapping[str, Callable[[Greys], Greys]] = {
    "upright": lambda grey: grey,
    "mirrored": lambda grey: grey[:, ::-1],
    "flipped": lambda grey: grey[::-1],
    "turned_180": lambda grey: grey[::-1, ::-1],
    "transposed": lambda grey: grey.T,
    "turned_90": lambda grey: np.rot90(grey),
    "turned_270": lambda grey: np.rot90(grey, 3),
    "transversed": lambda grey: grey[::-1, ::-1].T,
}
