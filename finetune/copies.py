"""How near pictures are to a large set of others: by perceptual hashes, and by vectors of a model for copies or of thumbnails.

The pictures asked about stay in memory as what is measured of them; the set passes by once, a few pictures at a time.

Legend: Q pictures asked about, T turns of each, n pictures of the set, d numbers of a vector.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from base.errors import UsageError
from pixels import embed
from pixels.decode import Picture
from pixels.hashes import HASH_SIDE_PX, ORIENTATIONS, Hashes, aligned_grey, correlation, degenerate, hashes

MOST_BITS = 8
"""Two hashes so near are proposed, and in no more: what curate's near_duplicate takes up to 440,000 pictures."""
LEAST_CORRELATION = 0.9
"""From which a proposed pair is one picture, by curate's near_duplicate: copies reached 0.97, other photographs 0.62 at most."""
THUMBNAIL_PX = 16
SSCD = "sscd:"
DIGITS = 4
"""After the point, of every number that is handed out."""

_TURNED = (
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.ROTATE_180,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
)
Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A likeness: the cosine of two pictures' vectors, the largest over the turns of one of them."""

    name: str
    """What a reader is told; with the model's version where there is one."""
    by_model: bool
    turns: int
    """How many of the eight orientations are tried, upright and mirrored first."""
    vectors: Callable[[Sequence[Image.Image]], Vectors]
    """[n, d], of unit length, or zeros where a picture has no direction."""


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """What of the set is nearest to one picture."""

    key: str
    """By likeness."""
    likeness: float
    """-1 to 1."""
    hash_key: str | None
    """Of the pictures within `MOST_BITS` of it, the one that correlates most; None: there are none."""
    distance_bits: int | None
    correlation: float | None

    @property
    def verified(self) -> bool:
        """Whether the hash says that the two are one picture, and the pixels agree."""
        return self.correlation is not None and self.correlation >= LEAST_CORRELATION


def measure(spec: str | None, device: str = "auto") -> Measure:
    """The likeness that a recipe's audit.model asks for; None gives that of thumbnails.

    Args:
        spec: `sscd:<path>` of a TorchScript file, or None.
        device: where a model runs: auto, cpu, cuda.

    Raises:
        UsageError: another form, no such file, or no such model.
    """
    if spec is None:
        name = f"colour thumbnails of {THUMBNAIL_PX} x {THUMBNAIL_PX} pixels, centred (weak: composition and colours only)"
        return Measure(name=name, by_model=False, turns=len(_TURNED), vectors=thumbnails)
    if not spec.startswith(SSCD):
        raise UsageError(f"audit.model = {spec!r} has no form that is known: write sscd:<path of SSCD's TorchScript file>.")
    try:
        model = embed.load_copy(spec.removeprefix(SSCD), device=device)
    except UsageError as error:
        raise UsageError(f"audit.model = {spec!r}: {error}") from error

    def vectors(pictures: Sequence[Image.Image]) -> Vectors:
        return np.nan_to_num(model.images([one.convert("RGB") for one in pictures]), nan=0.0)

    return Measure(name=model.version, by_model=True, turns=2, vectors=vectors)


def thumbnails(pictures: Sequence[Image.Image]) -> Vectors:
    """[n, 768]: each picture squeezed to 16 x 16, the mean of each channel taken away, of unit length."""
    side = (THUMBNAIL_PX, THUMBNAIL_PX)
    small = [one.convert("RGB").resize(side, Image.Resampling.BOX) for one in pictures]
    values = np.stack([np.asarray(one, dtype=np.float32) for one in small])  # n 16 16 3
    values = (values - values.mean(axis=(1, 2), keepdims=True)).reshape(len(small), -1)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(np.where(lengths > 1, values / np.maximum(lengths, 1), 0), np.float32)  # 1: hardly a level in all


class Search:
    """The nearest of a set for each picture asked about."""

    def __init__(self, likeness: Measure, asked: Sequence[Image.Image]) -> None:
        """Measure the pictures asked about; `see` then shows it the set.

        Args:
            likeness: what `measure` returned.
            asked: RGB pictures, upright.
        """
        self._measure = likeness
        self._greys: list[Image.Image] = []
        self._ways: list[tuple[int, str, str]] = []  # number of the picture, frame, orientation
        bits: list[int] = []
        turned = []
        for number, one in enumerate(asked):
            found, grey = _hashed(one)
            self._greys.append(grey)
            for way_bits, frame, orientation in _ways(found):
                self._ways.append((number, frame, orientation))
                bits.append(way_bits)
            turned.append(likeness.vectors([one if how is None else one.transpose(how) for how in _TURNED[: likeness.turns]]))
        self._bits = np.array(bits, dtype=np.uint64)
        self._vectors = np.stack(turned) if turned else np.zeros((0, likeness.turns, 1), np.float32)  # Q T d
        self._keys = [""] * len(asked)
        self._likeness = np.full(len(asked), -2.0)
        self._hashed: list[tuple[float, int, str] | None] = [None] * len(asked)  # correlation, bits, key

    def see(self, keys: Sequence[str], pictures: Sequence[Image.Image]) -> None:
        """Compare with some pictures of the set; each is shown once, in any order."""
        cosines = (self._vectors @ self._measure.vectors(pictures).T).max(axis=1) if len(self._keys) else np.zeros((0, 1))  # Q n
        for number, row in enumerate(cosines):
            at = int(np.argmax(row))
            value = round(float(row[at]), 2 + DIGITS)
            if (value, keys[at]) > (self._likeness[number], self._keys[number]):
                self._likeness[number], self._keys[number] = value, keys[at]
        for key, picture in zip(keys, pictures, strict=True):
            self._see_hash(key, picture)

    def nearest(self) -> list[Nearest]:
        """For each picture asked about, in their order; call it when the whole set has been seen."""
        found = []
        for key, value, hashed in zip(self._keys, self._likeness, self._hashed, strict=True):
            near, bits, hash_key = hashed or (None, None, None)
            likeness = round(float(value), DIGITS)
            found.append(Nearest(key=key, likeness=likeness, hash_key=hash_key, distance_bits=bits, correlation=near))
        return found

    def _see_hash(self, key: str, picture: Image.Image) -> None:
        hashed, grey = _hashed(picture)
        for bits, frame, orientation in _ways(hashed):
            if orientation != ORIENTATIONS[0]:
                continue
            distances = np.bitwise_count(self._bits ^ np.uint64(bits))  # of all ways of all pictures asked about
            for at in np.flatnonzero(distances <= MOST_BITS):
                number, own_frame, own_orientation = self._ways[at]
                own = aligned_grey(self._greys[number], own_frame, own_orientation)
                alike = round(correlation(own, aligned_grey(grey, frame, orientation)), DIGITS)
                met = (alike, int(distances[at]), key)
                held = self._hashed[number]
                if held is None or (-met[0], *met[1:]) < (-held[0], *held[1:]):
                    self._hashed[number] = met


def _hashed(picture: Image.Image) -> tuple[Hashes, Image.Image]:
    """The hashes, and the grey that they were taken from, of a picture that is in memory already."""
    factor = -(-max(picture.size) // HASH_SIDE_PX)
    rgb = picture.convert("RGB").reduce(factor) if factor > 1 else picture.convert("RGB")
    width, height = picture.size
    opened = Picture(
        rgb=rgb, format="PNG", width_px=width, height_px=height, mode="RGB", bits=8, frames=1, orientation=1, icc=None,
        info={}, data=b"",
    )  # fmt: skip
    return hashes(opened), opened.grey


def _ways(found: Hashes) -> list[tuple[int, str, str]]:
    """Bits, frame and orientation of every hash that may be matched at all."""
    frames = {"full": found.frame, "box": found.box or {}}
    return [
        (int(bits), frame, orientation)
        for frame, by_orientation in frames.items()
        for orientation, bits in by_orientation.items()
        if not degenerate(bits)
    ]
