"""Safety: how surely a model that checks pictures would hold a variation back. Only where `[models] safety` names a model.

`unsafe` is its score from 0 to 1. The model is a TorchScript file (pixels/scorers.py says what it is handed). It only says a
number: the picture stays as it is, and no bytes are blackened or blurred, as pipelines with a checker built in do.
"""

from collections.abc import Sequence
from pathlib import Path

from pixels.decode import Picture
from pixels.scorers import Scorer, load_scorer

VERSION = "safety/1"
"""The whole version has the digest of the model's file after it."""
MAIN = "unsafe"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""
MODEL = "safety"
"""Which of `[models]` it needs; without one it is not taken."""
ORIGIN = "generated"
"""Only variations are shown to it: what a museum holds is not for such a model to question."""


def load(path: Path) -> Scorer:
    """The model of a file."""
    return load_scorer(path)


def measure(pictures: Sequence[Picture], model: Scorer) -> list[dict[str, float]]:
    """One score for each picture."""
    return [{"unsafe": score} for score in model.scores([picture.rgb for picture in pictures])]
