"""Colour targets and rulers at a picture's edge: how many evenly coloured patches in a row, and how regular its ticks are.

`target_patches` counts the patches of different colours that stand in a row along one side (0 when there is no row of them);
`target_side` says along which; `ruler_regularity` (0 to 1) is how strongly the darkness along an edge repeats itself at one
short distance. From six patches a colour target is likely. Nothing is left out for it: who crops needs to know.

The detector is of our own making, after what a target is: squares of equal width, each of one tone, next to each other.
"""

import numpy as np
from numpy.typing import NDArray

from pixels.decode import DECODE_VERSION, Picture

SIDE_PX = 256
VERSION = f"colour-target{SIDE_PX}/{DECODE_VERSION}/1"
MAIN = "target_patches"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""

DEPTHS = (0.04, 0.08, 0.12)
"""How deep into the picture a strip reaches, as a share of the other side."""
EVEN_LEVELS = 9.0
"""A column of the strip is even while its pixels spread no further than this (standard deviation, levels of 255)."""
STEP_LEVELS = 14.0
"""Neighbouring columns further apart than this (Euclidean, RGB) are of two patches."""
LEAST_SHARE, MOST_SHARE = 0.02, 0.2
"""A patch takes this share of the side, at least and at most."""
UNEQUAL = 1.6
"""Patches of one target are this close in width: the widest over the narrowest."""


def measure(picture: Picture) -> dict[str, float | str]:
    """The longest row of patches, its side, and the regularity of ticks."""
    factor = max(1, round(max(picture.rgb.size) / SIDE_PX))
    small = picture.rgb.reduce(factor) if factor > 1 else picture.rgb
    pixels = np.asarray(small, dtype=np.float32)  # [h, w, 3]
    best, side, regularity = 0, "none", 0.0
    for name, laid in _sides(pixels):
        for depth in DEPTHS:
            strip = laid[: max(3, round(depth * laid.shape[0]))]
            patches = _patches(strip)
            if patches > best:
                best, side = patches, name
        regularity = max(regularity, _regularity(laid[: max(3, round(DEPTHS[1] * laid.shape[0]))]))
    return {"target_side": side, "ruler_regularity": regularity, "target_patches": float(best)}


def _sides(pixels: NDArray[np.float32]) -> list[tuple[str, NDArray[np.float32]]]:
    """The picture laid four ways, so that the side in question is on top: [depth, length, 3]."""
    across = pixels.transpose(1, 0, 2)
    return [("top", pixels), ("bottom", pixels[::-1]), ("left", across), ("right", across[::-1])]


def _patches(strip: NDArray[np.float32]) -> int:
    """Patches of different colours in the longest row of equally wide ones."""
    length = strip.shape[1]
    inner = strip[strip.shape[0] // 4 : max(strip.shape[0] // 4 + 1, strip.shape[0] * 3 // 4)]
    colours = inner.mean(axis=0)  # [length, 3]
    spread = np.square(inner).mean(axis=0) - np.square(colours)
    even = spread.max(axis=1) < EVEN_LEVELS**2
    steps = np.square(np.diff(colours, axis=0)).sum(axis=1) > STEP_LEVELS**2
    breaks = np.flatnonzero(steps | ~even[:-1] | ~even[1:])
    edges = np.concatenate(([-1], breaks, [length - 1]))
    widths = np.diff(edges)
    fit = np.flatnonzero((widths >= LEAST_SHARE * length) & (widths <= MOST_SHARE * length))
    if len(fit) < 3:
        return 0
    runs = [(int(edges[at]) + 1, int(edges[at + 1]) + 1) for at in fit]
    best = 0
    row: list[tuple[int, int]] = []
    for start, stop in runs:
        near = row and start - row[-1][1] <= max(2, 0.5 * (stop - start))
        row = [*row, (start, stop)] if near else [(start, stop)]
        while len(row) > 1 and max(b - a for a, b in row) > UNEQUAL * min(b - a for a, b in row):
            row = row[1:]
        tones = [colours[a + (b - a) // 4 : b - (b - a) // 4 or None].mean(axis=0) for a, b in row]
        best = max(best, _different(tones))
    return best if best >= 3 else 0


def _different(tones: list[NDArray[np.float32]]) -> int:
    known: list[NDArray[np.float32]] = []
    for tone in tones:
        if all(float(np.linalg.norm(tone - other)) > STEP_LEVELS for other in known):
            known.append(tone)
    return len(known)


def _regularity(strip: NDArray[np.float32]) -> float:
    """The highest peak of the autocorrelation of the darkness along the strip, at 3 to 24 pixels, after a clear valley."""
    line = strip.mean(axis=(0, 2))
    if len(line) < 96:  # too short for ticks to repeat themselves often enough
        return 0.0
    line = line - np.convolve(line, np.ones(25) / 25, mode="same")
    power = float((line * line).sum())
    if power < 25.0 * len(line):
        return 0.0
    values = np.array([float((line[:-lag] * line[lag:]).sum()) / power for lag in range(1, 25)])
    valley = int(values.argmin())
    return max(0.0, float(values[valley:].max())) if values[valley] < 0 else 0.0
