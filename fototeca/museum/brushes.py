"""Masks, textures and shading on a canvas of floating-point colour: what the drawn pictures are painted with.

Places are fractions of the canvas's height, from the top left corner; so a scene looks the same at every size. Colours are
RGB in 0..1. H W are the canvas's pixels.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Plane = NDArray[np.float32]  # [H, W], or [H, W, 3] for colours
Point = tuple[float, float]
Colour = Sequence[float]


def colour(red: int, green: int, blue: int) -> Plane:
    """Turns 0..255 components into the 0..1 that the canvas mixes, [3]."""
    return np.array([red / 255, green / 255, blue / 255], dtype=np.float32)


def mix(first: Plane, second: Plane, share: float | Plane) -> Plane:
    """Gives `first` where `share` is 0 and `second` where it is 1."""
    return np.asarray(first * (1 - np.asarray(share)) + second * np.asarray(share), dtype=np.float32)


def ramp(values: Plane, low: float, high: float) -> Plane:
    """Rises smoothly from 0 at `low` to 1 at `high`, flat at both ends."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


class Canvas:
    """A picture in the making: `pixels` [H, W, 3], and `x` [1, W], `y` [H, 1] in fractions of the height."""

    def __init__(self, width_px: int, height_px: int) -> None:
        """Begins with black. Shapes are drawn 3 times as fine up to 256 px, twice as fine above, then averaged."""
        self.width_px, self.height_px = width_px, height_px
        self.fineness = 3 if height_px <= 256 else 2
        self.pixels: Plane = np.zeros((height_px, width_px, 3), dtype=np.float32)
        self.x: Plane = np.asarray((np.arange(width_px) + 0.5) / height_px, dtype=np.float32)[None, :]
        self.y: Plane = np.asarray((np.arange(height_px) + 0.5) / height_px, dtype=np.float32)[:, None]

    def _sheet(self) -> tuple[Image.Image, ImageDraw.ImageDraw, float]:
        sheet = Image.new("L", (self.width_px * self.fineness, self.height_px * self.fineness))
        return sheet, ImageDraw.Draw(sheet), float(self.height_px * self.fineness)

    def _averaged(self, sheet: Image.Image) -> Plane:
        return np.asarray(np.asarray(sheet.reduce(self.fineness)) / 255, dtype=np.float32)

    def polygons(self, shapes: Iterable[Sequence[Point]]) -> Plane:
        """Covers the insides of closed outlines, [H, W] in 0..1 with soft edges."""
        sheet, pen, scale = self._sheet()
        for shape in shapes:
            pen.polygon([(x * scale, y * scale) for x, y in shape], fill=255)
        return self._averaged(sheet)

    def ellipses(self, shapes: Iterable[tuple[float, float, float, float]]) -> Plane:
        """Covers ellipses given as (x, y, radius across, radius up), [H, W] in 0..1."""
        sheet, pen, scale = self._sheet()
        for x, y, across, up in shapes:
            box = ((x - across) * scale, (y - up) * scale, (x + across) * scale, (y + up) * scale)
            pen.ellipse(box, fill=255)
        return self._averaged(sheet)

    def lines(self, shapes: Iterable[tuple[Sequence[Point], float]]) -> Plane:
        """Covers lines given as (points, thickness), [H, W] in 0..1; never thinner than one fine pixel."""
        sheet, pen, scale = self._sheet()
        for points, thickness in shapes:
            width = max(1, round(thickness * scale))
            pen.line([(x * scale, y * scale) for x, y in points], fill=255, width=width, joint="curve")
        return self._averaged(sheet)

    def texture(self, generator: np.random.Generator, across: int, down: int, octaves: int = 3) -> Plane:
        """Gives soft noise with `across` x `down` knots in its coarsest layer, [H, W] in about 0..1 with mean 0.5."""
        total = np.zeros((self.height_px, self.width_px), dtype=np.float32)
        weight = 0.0
        for octave in range(octaves):
            knots = generator.random((down * 2**octave + 1, across * 2**octave + 1), dtype=np.float32)
            layer = Image.fromarray(knots).resize((self.width_px, self.height_px), Image.Resampling.BICUBIC)
            total += np.asarray(layer, dtype=np.float32) * 0.5**octave
            weight += 0.5**octave
        return np.asarray(np.clip((total / weight - 0.5) * 1.6 + 0.5, 0, 1), dtype=np.float32)

    def paint(self, mask: Plane, paint: Plane) -> None:
        """Lays a colour [3] or a plane of colours [H, W, 3] over the picture where the mask [H, W] is 1."""
        self.pixels = mix(self.pixels, paint, mask[..., None])

    def glow(self, x: float, y: float, radius: float, paint: Plane) -> None:
        """Adds light that fades with the distance from a point; `radius` is where a third of it is left."""
        distance = (self.x - x) ** 2 + (self.y - y) ** 2
        self.pixels = np.asarray(self.pixels + np.exp(-distance / radius**2)[..., None] * paint, dtype=np.float32)

    def finished(self) -> Image.Image:
        """Gives the picture as 8-bit RGB."""
        return Image.fromarray(np.asarray(np.clip(self.pixels, 0, 1) * 255 + 0.5, dtype=np.uint8))
