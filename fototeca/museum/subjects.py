"""The things that stand on the drawn pampas: the araucária, the chimarrão gourd and the hut."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fototeca.museum.brushes import Canvas, Plane, Point, colour, mix, ramp


@dataclass(frozen=True, kw_only=True)
class Light:
    """The colours of a time of day; `tint` multiplies a subject's own colours, `side` is where the light comes from."""

    name: str
    sky_top: Plane
    sky_middle: Plane
    sky_low: Plane
    land_far: Plane
    land_near: Plane
    cloud: Plane
    tint: Plane
    side: float


def draw_araucaria(canvas: Canvas, generator: np.random.Generator, light: Light, horizon: float) -> None:
    """Draws the candelabra pine: a bare straight trunk, branches that sweep out and up, tufts in tiers under a flat crown."""
    aspect = canvas.width_px / canvas.height_px
    x = aspect * float(generator.uniform(0.33, 0.67))
    base = min(horizon + (1 - horizon) * float(generator.uniform(0.25, 0.6)), 0.92)
    tall = min(float(generator.uniform(0.60, 0.84)), base - 0.05)
    top = base - tall
    lean = float(generator.uniform(-0.02, 0.02))
    thick = tall * float(generator.uniform(0.028, 0.04))
    spread = tall * float(generator.uniform(0.32, 0.42))
    leaf = mix(colour(56, 100, 56), colour(84, 108, 48), float(generator.random())) * light.tint
    leaf = leaf * (1.5 if light.name == "night" else 1.0)  # the moon on the needles: without it the crown sinks into the sky
    bark = mix(colour(112, 84, 66), colour(90, 78, 74), float(generator.random())) * light.tint
    _shadow_on_land(canvas, x - light.side * 0.06, base, spread * 0.7, 0.016)
    trunk = [
        (x - thick, base + 0.012),
        (x - thick * 0.62, base - tall * 0.1),
        (x + lean - thick * 0.36, top + 0.03),
        (x + lean + thick * 0.36, top + 0.03),
        (x + thick * 0.62, base - tall * 0.1),
        (x + thick, base + 0.012),
    ]
    bands = 0.9 + 0.2 * canvas.texture(generator, 4, 40, 2)
    across = np.clip((canvas.x - x) / thick * light.side, -1, 1)
    canvas.paint(canvas.polygons([trunk]), bark * ((0.82 + 0.3 * across) * bands)[..., None])
    tiers = int(generator.integers(3, 6))
    for tier in range(tiers):  # the lowest first, so that upper tiers lie over it
        share = tier / (tiers - 1)
        start = top + tall * (0.44 - 0.36 * share)
        reach = spread * (1.0 - 0.38 * share**1.6)
        rise = tall * (0.10 + 0.03 * (1 - share))
        _draw_tier(canvas, generator, light, (x + lean * share, start), reach, rise, tall, leaf, bark)


def _draw_tier(
    canvas: Canvas,
    generator: np.random.Generator,
    light: Light,
    start: Point,
    reach: float,
    rise: float,
    tall: float,
    leaf: Plane,
    bark: Plane,
) -> None:
    turns = np.linspace(-1, 1, 7) + generator.uniform(-0.08, 0.08, 7)
    branches: list[tuple[Sequence[Point], float]] = []
    dark: list[tuple[float, float, float, float]] = []
    bright: list[tuple[float, float, float, float]] = []
    for turn in turns:
        length = reach * turn
        lift = rise * (0.55 + 0.45 * abs(turn))
        curve = [
            (start[0] + length * step, start[1] + 0.25 * rise * np.sin(np.pi * step) * abs(turn) - lift * step**2.4)
            for step in np.linspace(0, 1, 8)
        ]
        branches.append((curve, tall * 0.011))
        for place, size in ((curve[7], 1.0), (curve[5], 0.62)):
            across, up = tall * 0.074 * size, tall * 0.042 * size
            for shift_x, shift_y, scale in generator.uniform(-1, 1, (9, 3)):
                blob = across * (0.42 + 0.14 * scale)
                spot_x, spot_y = place[0] + across * 0.8 * shift_x, place[1] - up * 0.3 + up * 0.7 * shift_y
                dark.append((spot_x, spot_y, blob, blob * 0.62))
                if shift_y < 0.2:
                    bright.append((spot_x + light.side * blob * 0.25, spot_y - blob * 0.26, blob * 0.58, blob * 0.3))
    canvas.paint(canvas.lines(branches), bark * 0.72)
    grain = 0.8 + 0.4 * canvas.texture(generator, 48, 48, 1)
    canvas.paint(canvas.ellipses(dark), leaf * (0.62 * grain)[..., None])
    canvas.paint(canvas.ellipses(bright) * 0.75, leaf * (1.32 * grain)[..., None])


def _profile(share: Plane) -> Plane:
    """Gives a gourd's half-width, 0..1, at a height from its rim (0) to its foot (1)."""
    heights = np.array([0.0, 0.05, 0.14, 0.26, 0.40, 0.55, 0.68, 0.80, 0.90, 0.96, 1.0])
    widths = np.array([0.66, 0.63, 0.56, 0.60, 0.80, 0.96, 1.0, 0.93, 0.72, 0.50, 0.34])
    smooth = np.linspace(0, 1, 201)
    curve = np.interp(smooth, heights, widths)
    curve[8:-8] = np.convolve(curve, np.ones(17) / 17, mode="valid")
    return np.asarray(np.interp(share, smooth, curve), dtype=np.float32)


def draw_gourd(canvas: Canvas, generator: np.random.Generator, light: Light, horizon: float, special: bool) -> None:
    """Draws the cuia with its bomba, near the viewer; `special` adds a silver rim and foot, a woven red band and a star."""
    aspect = canvas.width_px / canvas.height_px
    x = aspect * float(generator.uniform(0.36, 0.64))
    foot = float(generator.uniform(0.84, 0.94))
    tall = float(generator.uniform(0.46, 0.60))
    half = tall * float(generator.uniform(0.36, 0.43))
    rim = foot - tall
    brown = mix(colour(196, 142, 88), colour(118, 70, 40), float(generator.random()))
    turn = float(generator.uniform(-0.45, 0.45))
    stone = mix(colour(128, 120, 110), colour(146, 128, 108), float(generator.random())) * light.tint
    bomba_side = float(generator.choice([-1.0, 1.0]))
    lean = float(generator.uniform(0.16, 0.34))
    _draw_stone(canvas, generator, x, foot, half, stone)
    share = np.clip((canvas.y - rim) / tall, 0, 1)
    width = half * _profile(share)
    across = np.clip((canvas.x - x) / width, -1, 1)  # -1 and 1 at the outline
    edge = 1.2 / canvas.height_px
    body = ramp(width - np.abs(canvas.x - x), -edge / 2, edge / 2)
    inside = (canvas.y > rim) & (canvas.y < foot + 0.06 * half)
    body = body * inside
    around: Plane = np.asarray(
        np.arcsin(across * 0.999) / (np.pi / 2), dtype=np.float32
    )  # the place on the skin, -1..1 on the side that is seen
    grain = canvas.texture(generator, 10, 10, 3)
    skin = brown * (0.84 + 0.32 * grain)[..., None]
    if special:
        skin = _special_skin(skin, share, around, turn, grain)
    facing = np.sqrt(1 - np.minimum(across**2, 0.999))
    lit = 0.36 + 0.62 * np.clip(0.62 * facing + 0.62 * across * light.side - 0.25 * (share - 0.5), 0, 1)
    shine = np.exp(-(((across - 0.42 * light.side) / 0.16) ** 2) - ((share - 0.56) / 0.17) ** 2)
    canvas.paint(body, (skin * (1.22 * lit)[..., None] + 0.34 * shine[..., None]) * light.tint)
    opening = half * 0.66
    metal = colour(205, 208, 212) * light.tint
    lip = metal if special else brown * light.tint * 1.12
    canvas.paint(canvas.ellipses([(x, rim, opening, opening * 0.27)]), lip)
    yerba = mix(colour(96, 128, 44), colour(132, 150, 64), canvas.texture(generator, 40, 40, 2)[..., None]) * light.tint
    heap = [
        (x, rim, opening * 0.9, opening * 0.21),
        (x - bomba_side * opening * 0.28, rim - 0.008, opening * 0.55, opening * 0.24),
    ]
    canvas.paint(canvas.ellipses(heap), yerba)
    low = (x + bomba_side * opening * 0.35, rim + 0.01)
    high = (x + bomba_side * (opening * 0.35 + lean * tall), max(rim - tall * 0.42, 0.03))
    mouth = (high[0] + bomba_side * 0.05 * tall, high[1] - 0.012)
    canvas.paint(canvas.lines([((low, high, mouth), tall * 0.036)]), metal * 0.74)
    canvas.paint(canvas.lines([((low, high, mouth), tall * 0.014)]), np.minimum(metal * 1.16, 1))


def _special_skin(skin: Plane, share: Plane, around: Plane, turn: float, grain: Plane) -> Plane:
    """Dresses a gourd's skin: near-black body, silver rim and foot, a red band with pale diamonds, and an ivory star."""
    dark = mix(skin * 0.30, colour(52, 30, 34), 0.6) * (0.85 + 0.3 * grain)[..., None]
    silver = colour(214, 218, 224) * (0.9 + 0.2 * grain)[..., None]
    dressed = mix(
        dark, silver, np.maximum(ramp(-share, -0.13, -0.11), ramp(share, 0.92, 0.935))[..., None] * np.ones_like(grain)[..., None]
    )
    band = ramp(share, 0.575, 0.585) * ramp(-share, -0.775, -0.765)
    dressed = mix(dressed, colour(196, 36, 34), (band * np.ones_like(grain))[..., None])
    wave = np.abs(((around + turn) * 4.0) % 1.0 - 0.5) * 2 + np.abs(share - 0.675) / 0.075
    dressed = mix(dressed, colour(246, 226, 160), (ramp(-wave, -0.86, -0.72) * band)[..., None])
    star_x, star_y = (around - turn * 0.7) * 1.45, (share - 0.38) * 2.4
    angle = np.arctan2(star_x, -star_y)
    reach = np.hypot(star_x, star_y)
    point = np.abs((angle / (2 * np.pi / 5) + 0.5) % 1.0 - 0.5) * 2  # 0 at a tip, 1 between two tips
    return mix(dressed, colour(244, 236, 214), ramp(0.27 - 0.16 * point - reach, -0.02, 0.02)[..., None])


def _draw_stone(canvas: Canvas, generator: np.random.Generator, x: float, foot: float, half: float, stone: Plane) -> None:
    wide = half * float(generator.uniform(1.5, 2.1))
    thick = float(generator.uniform(0.05, 0.09))
    grain = 0.8 + 0.4 * canvas.texture(generator, 14, 14, 3)
    side = canvas.ellipses([(x, foot + thick * 0.7, wide, thick)])
    canvas.paint(side, stone * (0.62 * grain)[..., None])
    canvas.paint(canvas.ellipses([(x, foot + thick * 0.25, wide * 0.98, thick * 0.8)]), stone * grain[..., None])
    _shadow_on_land(canvas, x, foot + 0.008, half * 0.75, 0.02)


def _shadow_on_land(canvas: Canvas, x: float, y: float, across: float, up: float) -> None:
    distance = ((canvas.x - x) / across) ** 2 + ((canvas.y - y) / up) ** 2
    canvas.pixels = np.asarray(canvas.pixels * (1 - 0.5 * np.exp(-distance))[..., None], dtype=np.float32)


def draw_hut(canvas: Canvas, generator: np.random.Generator, light: Light, horizon: float) -> None:
    """Draws a rancho: mud walls, a thatched roof, a door and a window that is lit at dusk and at night."""
    aspect = canvas.width_px / canvas.height_px
    wide = float(generator.uniform(0.24, 0.32))
    x = aspect * float(generator.uniform(0.38, 0.62))
    base = min(horizon + (1 - horizon) * float(generator.uniform(0.3, 0.55)), 0.92)
    tall = wide * float(generator.uniform(0.62, 0.8))
    side = light.side
    wall = mix(colour(206, 178, 140), colour(226, 214, 190), float(generator.random())) * light.tint
    thatch = mix(colour(150, 118, 70), colour(124, 100, 72), float(generator.random())) * light.tint
    grain = 0.86 + 0.28 * canvas.texture(generator, 12, 12, 3)
    _shadow_on_land(canvas, x - side * 0.1, base, wide * 1.3, 0.025)
    front, back = x + side * wide * 0.25, x - side * wide
    lit_wall = [
        (front, base),
        (front, base - tall),
        (front + side * wide * 0.75, base - tall),
        (front + side * wide * 0.75, base),
    ]
    ridge = base - tall - wide * 0.62
    gable = [*lit_wall[:3], (front + side * wide * 0.375, ridge), lit_wall[1], lit_wall[0], lit_wall[3], lit_wall[2]]
    long_wall = [(front, base), (front, base - tall), (back, base - tall * 0.94), (back, base - 0.012)]
    canvas.paint(canvas.polygons([long_wall]), wall * (0.62 * grain)[..., None])
    canvas.paint(canvas.polygons([gable, lit_wall]), wall * grain[..., None])
    peak = (front + side * wide * 0.375, ridge)
    eave = 0.03
    roof = [
        (peak[0] + side * 0.012, peak[1] - 0.012),
        (front - side * 0.02, base - tall + eave),
        (back - side * eave, base - tall * 0.94 + eave),
        (back + side * wide * 0.30, ridge + 0.012),
    ]
    straw = 0.72 + 0.56 * canvas.texture(generator, 40, 8, 2)
    canvas.paint(canvas.polygons([roof]), thatch * straw[..., None])
    verge = [(front - side * 0.02, base - tall + eave), peak, (front + side * (wide * 0.75 + 0.02), base - tall + eave)]
    canvas.paint(canvas.lines([(verge, 0.026)]), thatch * 0.8)
    door_x = front + side * wide * 0.375
    door = [
        (door_x - 0.035, base),
        (door_x - 0.035, base - tall * 0.66),
        (door_x + 0.035, base - tall * 0.66),
        (door_x + 0.035, base),
    ]
    canvas.paint(canvas.polygons([door]), colour(70, 46, 34) * light.tint)
    window_x, window_y = (front + back) / 2, base - tall * 0.5
    window = [
        (window_x - 0.028, window_y - 0.03),
        (window_x + 0.028, window_y - 0.03),
        (window_x + 0.028, window_y + 0.03),
        (window_x - 0.028, window_y + 0.03),
    ]
    dark = light.name == "day"
    canvas.paint(canvas.polygons([window]), colour(60, 48, 44) if dark else colour(255, 206, 104))
    if not dark:
        canvas.glow(window_x, window_y, 0.06, colour(60, 40, 10))
