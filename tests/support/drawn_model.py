"""A plug-in of `augment` without a network: parents grained by their seed, in no time and without torch."""

import random
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from PIL import Image

from augment.model import Asked, Facts


class Drawn:
    """What `load` gives."""

    device, precision = "cpu", "float32"

    def vary(self, batch: Sequence[Asked]) -> list[Image.Image]:
        """The same whatever else is in the batch."""
        return [self._grained(one) for one in batch]

    def _grained(self, one: Asked) -> Image.Image:
        width, height = one.picture.size
        grain = Image.frombytes("RGB", one.picture.size, random.Random(one.seed).randbytes(3 * width * height))
        return Image.blend(one.picture, grain, one.strength / 2)


def facts(model: str, revision: str | None) -> Facts:
    """Those of every name."""
    return Facts(name=model, revision=revision or "0" * 40, grid_px=2, parameters=1000)


def load(*_: Any, **__: Any) -> Drawn:
    """There is nothing to load."""
    return Drawn()


PLUG_IN = SimpleNamespace(CLASSES=(), facts=facts, load=load)
