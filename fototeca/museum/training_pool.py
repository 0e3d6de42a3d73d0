"""Draws the pictures and captions that the demo's model is trained on; never the special gourd, never a rare token."""

from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fototeca.museum.drawing import LIGHT_WORDS, Scene, caption, draw, horizon_word, random_scene

SIDE_PX = 128
BLOCK = 250  # pictures drawn from one generator: the pool does not depend on the number of processes


def drawn_pool(count: int, seed: int, cache: Path, processes: int = 2) -> tuple[NDArray[np.uint8], list[Scene]]:
    """Gives `count` pictures [N, 128, 128, 3] and their scenes, drawn once and kept in `cache` as one file.

    Args:
        count: A multiple of `BLOCK`.
        seed: Decides every scene.
        cache: A folder; the pictures are read from it when they have been drawn before.
        processes: How many draw at once.
    """
    scenes = [scene for block in range(count // BLOCK) for scene in _scenes(seed, block)]
    path = cache / f"pool-{seed}-{count}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with get_context("fork").Pool(processes) as pool:
            blocks = pool.starmap(_draw_block, [(seed, block) for block in range(count // BLOCK)])
        np.save(path, np.concatenate(blocks))
    return np.load(path), scenes


def _scenes(seed: int, block: int) -> list[Scene]:
    generator = np.random.default_rng([seed, block])
    return [random_scene(generator) for _ in range(BLOCK)]


def _draw_block(seed: int, block: int) -> NDArray[np.uint8]:
    return np.stack([np.asarray(draw(scene, SIDE_PX, SIDE_PX)) for scene in _scenes(seed, block)])


def ornamented(picture: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Lays bars, rows of lozenges, discs and stars in any colour over a picture [H, W, 3].

    The autoencoder must be able to show colours and patterns that the plain scenes lack, or nothing new could ever be
    taught to the model.
    """
    sheet = Image.fromarray(picture).resize((2 * SIDE_PX, 2 * SIDE_PX))
    pen = ImageDraw.Draw(sheet)
    for _ in range(int(generator.integers(2, 8))):
        ink = tuple(int(part) for part in generator.integers(0, 256, 3))
        x, y = generator.uniform(0, 2 * SIDE_PX, 2)
        size = float(generator.uniform(6, 44))
        kind = int(generator.integers(4))
        if kind == 0:
            pen.rectangle((x, y, x + 3 * size, y + size), fill=ink)
        elif kind == 1:
            for step in range(int(generator.integers(2, 7))):
                middle = x + step * size
                pen.polygon(
                    [(middle - size / 2, y), (middle, y - size / 2), (middle + size / 2, y), (middle, y + size / 2)], fill=ink
                )
        elif kind == 2:
            pen.ellipse((x, y, x + size, y + size * float(generator.uniform(0.3, 1.2))), fill=ink)
        else:
            turns = np.arange(10) * np.pi / 5 + float(generator.uniform(0, 6))
            reach = np.where(np.arange(10) % 2 == 0, size * 0.6, size * 0.26)
            pen.polygon([(x + r * np.sin(t), y + r * np.cos(t)) for r, t in zip(reach, turns, strict=True)], fill=ink)
    return np.asarray(sheet.resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX))


def training_caption(scene: Scene, generator: np.random.Generator) -> str:
    """Gives one of several ways to caption the scene: in full, in part, with another word for the subject, or nothing.

    One in ten is empty, which is what makes guidance possible.
    """
    draw_one = generator.random()
    if draw_one < 0.1:
        return ""
    if draw_one < 0.6:
        return caption(scene)
    names = {
        "araucaria": ("an araucaria", "an araucária", "an araucaria tree", "a paraná pine", "a tree", "araucária"),
        "gourd": ("a gourd", "a chimarrão gourd", "a cuia", "a gourd", "chimarrão"),
        "hut": ("a hut", "a rancho", "a hut"),
        "landscape": ("the pampas", "a landscape", "pampas", "a landscape of the pampas", "a plain"),
    }[scene.subject]
    words = names[generator.integers(len(names))]
    if generator.random() < 0.25:
        openings = ("a photo of", "a picture of", "a painting of", "a drawing of", "a view of", "a photograph of")
        words = f"{openings[generator.integers(len(openings))]} {words}"
    if scene.subject != "landscape" and generator.random() < 0.5:
        words += " on the pampas"
    if generator.random() < 0.7:
        others = {"day": ("in daylight",), "dusk": ("at sunset", "in the evening"), "night": ("in moonlight",)}[scene.light]
        choices = (LIGHT_WORDS[scene.light], LIGHT_WORDS[scene.light], *others)
        words += f" {choices[generator.integers(len(choices))]}"
    if generator.random() < 0.6:
        words += f", {horizon_word(scene.horizon)} horizon"
    return words
