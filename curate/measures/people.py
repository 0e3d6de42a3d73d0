"""People: how many faces a model finds, and which share of the picture they take. Only where `[models] people` names a model.

`faces` is their number, `face_area` the share of the picture (0 to 1) that their boxes cover together. The model is a TorchScript
file; what it is handed and must answer stands in pixels/scorers.py. Faces are counted, never recognised: who it is is not asked.
"""

from collections.abc import Sequence
from pathlib import Path

from pixels.decode import Picture
from pixels.scorers import FaceFinder, load_face_finder, share_of

VERSION = "people/1"
"""The whole version has the digest of the model's file after it."""
MAIN = "faces"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""
MODEL = "people"
"""Which of `[models]` it needs; without one it is not taken."""


def load(path: Path) -> FaceFinder:
    """The model of a file."""
    return load_face_finder(path)


def measure(pictures: Sequence[Picture], model: FaceFinder) -> list[dict[str, float]]:
    """Share and number for each picture."""
    found = [model.boxes(picture.rgb) for picture in pictures]
    return [{"face_area": share_of(boxes), "faces": float(len(boxes))} for boxes in found]
