"""Batches of one size each, from samples of any size: every picture goes to the nearest of a few shapes, none is dropped.

Legend: B batch, H W pixels.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from base.errors import SourceError
from pixels.decode import Unreadable, header, open_picture
from pixels.shapes import bucket, filled

BESIDE = ("__key__", "__url__", "txt", "json")
LEAST_RATIO = 1.5
"""No picture that fills its shape is longer than the side times this, or times its own proportions where they are wider."""


@dataclass(frozen=True, kw_only=True)
class Batched:
    """A stage of a WebDataset pipeline: samples in, batches out, each of one shape.

    A batch leaves when its shape has `batch_size` pictures; at the end the unfinished ones leave as they are, so that the
    last batch of each shape may be smaller. Memory holds less than one batch for each shape.
    """

    batch_size: int
    side_px: int
    grid_px: int

    def __call__(self, samples: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """The batches; see `shardset.read.read` for what each holds.

        Raises:
            SourceError: a sample that is no picture.
        """
        waiting: dict[tuple[int, int], list[tuple[Mapping[str, Any], Any]]] = {}
        for sample in samples:
            pixels = self._pixels(sample)
            ready = waiting.setdefault(pixels.shape[:2], [])
            ready.append((sample, pixels))
            if len(ready) == self.batch_size:
                yield _batch(waiting.pop(pixels.shape[:2]))
        for _, ready in sorted(waiting.items()):
            yield _batch(ready)

    def _pixels(self, sample: Mapping[str, Any]) -> Any:
        """uint8 [H, W, 3], upright and in sRGB, in the shape of its bucket."""
        data = next(value for name, value in sample.items() if name not in BESIDE)
        told = header(data)
        sides = (told.width_px, told.height_px) if told else (1, 1)
        # The decoder reduces to no less than half of this, so that nothing is enlarged afterwards.
        longest_px = math.ceil(2 * self.side_px * max(LEAST_RATIO, max(sides) / min(sides)))
        picture = open_picture(data, side_px=longest_px)
        if isinstance(picture, Unreadable):
            raise SourceError(f"sample {sample['__key__']} in {sample['__url__']} is no picture: {picture.detail}")
        size_px = bucket(picture.width_px, picture.height_px, self.side_px, self.grid_px)
        return np.asarray(filled(picture.rgb, size_px))


def _batch(ready: list[tuple[Mapping[str, Any], Any]]) -> dict[str, Any]:
    return {
        "__key__": [sample["__key__"] for sample, _ in ready],
        "pixels": np.stack([pixels for _, pixels in ready]),
        "txt": [sample["txt"].decode() for sample, _ in ready],
        "json": [json.loads(sample["json"]) for sample, _ in ready],
    }
