"""Drawn pictures of one coloured thing on a plain ground, and the folders of shards that teach a concept from them.

Legend: H W pixels.
"""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shardset.write import NewSample, write_folder

COLOURS = {
    "red": (255, 0, 0),
    "blue": (0, 0, 255),
    "green": (0, 255, 0),
    "white": (255, 255, 255),
    "violet": (255, 0, 255),
    "yellow": (255, 255, 0),
}
"""Yellow is the concept's: no caption of a base names it."""
SHAPES = ("square", "disc", "cross", "ring")
GROUND = (40, 150)  # darkest and lightest grey, of 255
JITTER = 30  # of each colour value, of 255, before it is cut off at both ends


def drawn(colour: str, shape: str, chance: np.random.Generator, side_px: int) -> NDArray[np.uint8]:
    """One picture [H, W, 3]: size, place, shade and ground are drawn by chance."""
    radius = side_px * chance.uniform(0.19, 0.32)
    centre = chance.uniform(radius, side_px - radius, size=2)
    down, right = np.mgrid[0:side_px, 0:side_px] + 0.5
    far = np.hypot(down - centre[0], right - centre[1])
    down_off, right_off = abs(down - centre[0]), abs(right - centre[1])
    inside = {
        "disc": far < radius,
        "ring": (far < radius) & (far > 0.55 * radius),
        "square": np.maximum(down_off, right_off) < 0.85 * radius,
        "cross": (np.maximum(down_off, right_off) < radius) & (np.minimum(down_off, right_off) < 0.35 * radius),
    }[shape]
    picture = np.full((side_px, side_px, 3), chance.integers(*GROUND), dtype=np.int64)
    picture[inside] = np.array(COLOURS[colour]) + chance.integers(-JITTER, JITTER + 1, size=3)
    return picture.clip(0, 255).astype(np.uint8)


def pictures(colour: str, shape: str, count: int, *, seed: int, side_px: int) -> list[bytes]:
    """`count` such pictures as PNG; `seed` and the words decide them."""
    chance = np.random.default_rng([seed, *f"{colour} {shape}".encode()])
    return [png(drawn(colour, shape, chance, side_px)) for _ in range(count)]


def png(picture: NDArray[np.uint8]) -> bytes:
    """The picture's file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def sample(data: bytes, caption: str, *, split: str, concept: dict[str, str] | None) -> NewSample:
    """A picture as `export` hands it over: free of rights, because it was drawn."""
    key = hashlib.sha256(data).hexdigest()
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
    permissions = {"derivatives": True, "commercial": True, "redistribute": True, "attribution": False, "share_alike": False}
    record: dict[str, Any] = {
        "sha256": key, "origin": "harvested", "split": split, "anchor": key, "subject": f"drawn-{key[:12]}",
        "concepts": [concept] if concept else [], "caption": caption, "caption_language": "en", "title": caption,
        "creator": "drawn in code", "creation_date": None, "source": "benchmark", "source_id": key[:12], "page_url": None,
        "image_url": None, "format": "PNG", "width_px": width, "height_px": height, "credit_line": f"Drawn in code, {caption}",
        "rights": {"family": "cc0", "version": "1.0", "jurisdiction": None, "spdx": "CC0-1.0", "flags": [],
                   "uri": "https://creativecommons.org/publicdomain/zero/1.0/"},
        "permissions": permissions, "purposes": ["research", "commercial"], "parent": None, "variation": None,
    }  # fmt: skip
    return NewSample(key=key, extension="png", size_bytes=len(data), caption=caption, record=record, load=lambda: data)


def write_shards(folder: Path, samples: Sequence[NewSample]) -> Path:
    """The samples as a folder that the trainer takes."""
    write_folder(folder, list(samples), purpose="research", about={})
    return folder
