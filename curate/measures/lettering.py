"""Lettering: how surely a model takes the picture for one that is mostly text. Only where `[models] lettering` is set.

`lettering` is a score from 0 to 1. With a TorchScript file it is the answer of that model (pixels/scorers.py says what it is
handed); with the word "embedding" it says how much rather words for it fit the picture's embedding than words for its absence
(curate/word_scores.py). Scores of different models are not comparable, which is why each has its own version.
"""

from collections.abc import Sequence
from pathlib import Path

from pixels.decode import Picture
from pixels.scorers import Scorer, load_scorer

VERSION = "lettering/1"
"""The whole version has the digest of the model's file after it."""
MAIN = "lettering"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""
MODEL = "lettering"
"""Which of `[models]` it needs; without one it is not taken."""


def load(path: Path) -> Scorer:
    """The model of a file."""
    return load_scorer(path)


def measure(pictures: Sequence[Picture], model: Scorer) -> list[dict[str, float]]:
    """One score for each picture."""
    return [{"lettering": score} for score in model.scores([picture.rgb for picture in pictures])]
