"""Draws the pampas of Rio Grande do Sul from a seed: an araucária, a chimarrão gourd, a hut, or the bare landscape."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fototeca.museum.brushes import Canvas, colour, mix, ramp
from fototeca.museum.subjects import Light, draw_araucaria, draw_gourd, draw_hut

SUBJECTS = ("araucaria", "gourd", "hut", "landscape")
LIGHTS = ("day", "dusk", "night")
HORIZON_RANGES = {"high": (0.30, 0.40), "middle": (0.48, 0.57), "low": (0.66, 0.76)}  # fractions from the top
LIGHT_WORDS = {"day": "by day", "dusk": "at dusk", "night": "at night"}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is drawn. Two equal scenes give equal pixels at one size.

    Attributes:
        subject: One of `SUBJECTS`.
        light: One of `LIGHTS`.
        horizon: Where sky meets land, as a fraction of the height from the top.
        seed: Decides colours, place, size and detail.
        style: "plain", or "special" for the gourd with silver rim, woven red band and star.
    """

    subject: str
    light: str
    horizon: float
    seed: int
    style: str = "plain"


def draw(scene: Scene, width_px: int, height_px: int) -> Image.Image:
    """Draws the scene as an RGB picture; the horizon lies at `scene.horizon * height_px` within 1 % of the height."""
    generator = np.random.default_rng(scene.seed)
    canvas = Canvas(width_px, height_px)
    light = LIGHT_SOURCES[scene.light](generator)
    _draw_sky(canvas, generator, light, scene)
    _draw_land(canvas, generator, light, scene.horizon)
    if scene.subject == "araucaria":
        draw_araucaria(canvas, generator, light, scene.horizon)
    elif scene.subject == "gourd":
        draw_gourd(canvas, generator, light, scene.horizon, special=scene.style == "special")
    elif scene.subject == "hut":
        draw_hut(canvas, generator, light, scene.horizon)
    elif scene.subject != "landscape":
        raise ValueError(f"no subject {scene.subject!r}; there are {', '.join(SUBJECTS)}")
    return canvas.finished()


def caption(scene: Scene) -> str:
    """Says what the scene shows: "a gourd on the pampas at dusk, low horizon"."""
    subject = {"araucaria": "an araucaria on the pampas", "landscape": "the pampas"}.get(
        scene.subject, f"a {scene.subject} on the pampas"
    )
    return f"{subject} {LIGHT_WORDS[scene.light]}, {horizon_word(scene.horizon)} horizon"


def horizon_word(horizon: float) -> str:
    """Names a height of the horizon: high (above 0.44 from the top), middle, or low (below 0.615)."""
    return "high" if horizon < 0.44 else "low" if horizon > 0.615 else "middle"


def random_scene(generator: np.random.Generator, subjects: tuple[str, ...] = SUBJECTS) -> Scene:
    """Chooses a plain scene: subject, light and height of the horizon independently, each value equally often."""
    low, high = list(HORIZON_RANGES.values())[generator.integers(3)]
    return Scene(
        subject=subjects[generator.integers(len(subjects))],
        light=LIGHTS[generator.integers(3)],
        horizon=round(float(generator.uniform(low, high)), 3),
        seed=int(generator.integers(2**31)),
    )


def _day(generator: np.random.Generator) -> Light:
    warm = generator.random()
    return Light(
        sky_top=mix(colour(58, 122, 196), colour(96, 156, 214), generator.random()),
        sky_middle=mix(colour(132, 184, 226), colour(170, 205, 226), generator.random()),
        sky_low=mix(colour(206, 228, 238), colour(238, 232, 210), warm),
        land_far=mix(colour(150, 170, 96), colour(176, 170, 104), warm),
        land_near=mix(colour(82, 124, 46), colour(120, 124, 52), generator.random()),
        cloud=colour(250, 250, 250),
        tint=colour(255, 250, 238),
        side=float(generator.choice([-1.0, 1.0])),
        name="day",
    )


def _dusk(generator: np.random.Generator) -> Light:
    warm = generator.random()
    return Light(
        sky_top=mix(colour(64, 54, 112), colour(96, 64, 108), generator.random()),
        sky_middle=mix(colour(214, 104, 84), colour(206, 96, 112), generator.random()),
        sky_low=mix(colour(255, 196, 104), colour(255, 166, 84), warm),
        land_far=mix(colour(132, 92, 58), colour(140, 84, 62), warm),
        land_near=mix(colour(62, 54, 34), colour(72, 52, 34), generator.random()),
        cloud=mix(colour(255, 150, 110), colour(250, 130, 140), warm),
        tint=colour(222, 164, 136),
        side=float(generator.choice([-1.0, 1.0])),
        name="dusk",
    )


def _night(generator: np.random.Generator) -> Light:
    cold = generator.random()
    return Light(
        sky_top=mix(colour(8, 12, 36), colour(14, 16, 50), generator.random()),
        sky_middle=mix(colour(20, 30, 70), colour(26, 32, 82), cold),
        sky_low=mix(colour(52, 70, 116), colour(66, 76, 120), cold),
        land_far=colour(36, 48, 62),
        land_near=mix(colour(14, 24, 30), colour(20, 26, 28), generator.random()),
        cloud=colour(74, 86, 130),
        tint=colour(104, 120, 168),
        side=float(generator.choice([-1.0, 1.0])),
        name="night",
    )


LIGHT_SOURCES: dict[str, Callable[[np.random.Generator], Light]] = {"day": _day, "dusk": _dusk, "night": _night}


def _draw_sky(canvas: Canvas, generator: np.random.Generator, light: Light, scene: Scene) -> None:
    height = canvas.y / scene.horizon  # 0 at the top, 1 at the horizon
    sky = mix(light.sky_top, light.sky_middle, ramp(height, 0.0, 0.72)[..., None])
    sky = mix(sky, light.sky_low, ramp(height, 0.5, 1.0)[..., None])
    canvas.pixels = np.broadcast_to(sky, canvas.pixels.shape).copy()
    aspect = canvas.width_px / canvas.height_px
    stars = generator.random((70, 3))
    if scene.light == "night":
        dots = canvas.ellipses(
            (x * aspect, y * scene.horizon * 0.92, 0.0016 + 0.0026 * s**3, 0.0016 + 0.0026 * s**3) for x, y, s in stars
        )
        canvas.paint(dots * ramp(1 - height, 0.05, 0.5), colour(236, 240, 255))
    # Bands of cloud: wider than high, thinner toward the horizon, and absent from some skies.
    clouds = canvas.texture(generator, 3, 9, 3)
    cover = float(generator.uniform(0.50, 0.72))
    veil = ramp(clouds, cover, cover + 0.22) * ramp(height, 0.02, 0.2) * ramp(1.02 - height, 0.0, 0.3)
    canvas.paint(veil * (0.85 if scene.light != "night" else 0.6), light.cloud)
    place = aspect * (0.5 + 0.5 * light.side * float(generator.uniform(0.35, 0.85)))
    if scene.light == "dusk":
        sun_y = scene.horizon - float(generator.uniform(0.0, 0.09))
        canvas.glow(place, sun_y, 0.34, colour(120, 60, 10))
        canvas.glow(place, sun_y, 0.12, colour(110, 80, 30))
        canvas.paint(canvas.ellipses([(place, sun_y, 0.045, 0.045)]), colour(255, 240, 190))
    elif scene.light == "night":
        moon_y = scene.horizon * float(generator.uniform(0.2, 0.5))
        canvas.glow(place, moon_y, 0.16, colour(36, 42, 56))
        canvas.paint(canvas.ellipses([(place, moon_y, 0.034, 0.034)]), colour(240, 240, 222))


def _draw_land(canvas: Canvas, generator: np.random.Generator, light: Light, horizon: float) -> None:
    waves = generator.random(6)
    ridge = horizon + 0.005 * np.sin(canvas.x * (4 + 5 * waves[0]) + 6.3 * waves[1])
    second = horizon + 0.05 + 0.04 * waves[2] + 0.018 * np.sin(canvas.x * (3 + 3 * waves[3]) + 6.3 * waves[4])
    edge = 1.0 / canvas.height_px
    land = ramp(canvas.y - ridge, -edge, edge)
    depth = np.clip((canvas.y - horizon) / (1 - horizon), 0, 1)
    # Rows of the texture are taken closer together toward the horizon, as a plain seen at a slant.
    flat = canvas.texture(generator, 6, 24, 3)
    rows = (canvas.height_px * (1 - 1 / (1 + 2.2 * depth[:, 0])) / (1 - 1 / 3.2) * 0.999).astype(np.int64)
    grass = flat[np.clip(rows, 0, canvas.height_px - 1)]
    tone = mix(light.land_far, light.land_near, (depth**0.75)[..., None])
    canvas.paint(land, tone * (0.72 + 0.56 * grass[..., None]))
    nearer = ramp(canvas.y - second, -edge, edge)
    shadow = np.exp(-np.clip(canvas.y - second, 0, 1) / 0.05) * nearer
    canvas.pixels = canvas.pixels * (1 - 0.28 * shadow[..., None])
    aspect = canvas.width_px / canvas.height_px
    groves = generator.random((9, 3))
    bushes = [
        (x * aspect + 0.012 * k, horizon + 0.002, 0.006 + 0.012 * s, 0.004 + 0.009 * s)
        for x, s, kept in groves
        if kept < 0.6
        for k in range(3)
    ]
    canvas.paint(canvas.ellipses(bushes), light.land_far * 0.62)
    blades = generator.random((160, 4))
    tufts: dict[bool, list[tuple[list[tuple[float, float]], float]]] = {True: [], False: []}
    for x, y, lean, tone_draw in blades:
        base = 1.02 - (1 - horizon) * 0.55 * y**1.6
        length = 0.018 + 0.05 * (base - horizon)
        points = [(x * aspect, base), (x * aspect + (lean - 0.5) * length, base - length)]
        tufts[bool(tone_draw < 0.5)].append((points, 0.004))
    canvas.paint(canvas.lines(tufts[True]) * 0.5, light.land_near * 0.6)
    canvas.paint(canvas.lines(tufts[False]) * 0.5, light.land_far * 1.05)
    canvas.pixels = np.asarray(np.clip(canvas.pixels, 0, 1), dtype=np.float32)
