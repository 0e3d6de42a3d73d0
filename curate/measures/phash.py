"""The perceptual hash of the whole frame and of the content box, each in eight orientations.

`phash` is the frame as it lies, `phash_box` the content box; `phash_mirrored`, `phash_box_turned_90` and so on are the
hashes of the picture laid so. The box's hashes and its four sides (fractions of width and height) are there only where
uniform borders were found.
"""

from pixels.decode import Picture
from pixels.hashes import PHASH_VERSION, Bits, hashes

VERSION = PHASH_VERSION
MAIN = "phash"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""


def measure(picture: Picture) -> dict[str, Bits | float]:
    """Eight or sixteen hashes, and the box's sides in [0, 1]."""
    found = hashes(picture)
    facts: dict[str, Bits | float] = {_name("phash", laid): bits for laid, bits in found.frame.items()}
    if found.box is not None and found.box_fractions is not None:
        facts |= {_name("phash_box", laid): bits for laid, bits in found.box.items()}
        facts |= dict(zip(("box_left", "box_top", "box_right", "box_bottom"), found.box_fractions, strict=True))
    return facts


def _name(frame: str, orientation: str) -> str:
    return frame if orientation == "upright" else f"{frame}_{orientation}"
