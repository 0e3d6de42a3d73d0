"""Letters on pictures: a font that has the accents of Portuguese and Spanish where the system has one, and plain letters else."""

import unicodedata
from functools import cache

from PIL import ImageFont

FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf", "Helvetica.ttc",
)  # fmt: skip
"""Tried in this order, wherever Pillow looks for the system's fonts."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def font(size_px: int) -> Font:
    """A font of this size: the first of `FONTS` that is there, else Pillow's own, which has no accented letters."""
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:
            continue
    return ImageFont.load_default(size_px)


def drawable(text: str, size_px: int) -> str:
    """The text on one line as `font(size_px)` can draw it: without accents where that font has none."""
    line = " ".join(text.split())
    chosen = font(size_px)
    if isinstance(chosen, ImageFont.FreeTypeFont) and chosen.getname()[0] != "Aileron":
        return line
    plain = "".join(letter for letter in unicodedata.normalize("NFD", line) if not unicodedata.combining(letter))
    return plain.encode("ascii", "replace").decode()


def cut(text: str, size_px: int, width_px: int) -> str:
    """The text on one line of at most this width, with dots where something is missing."""
    line, letters = drawable(text, size_px), font(size_px)
    if letters.getlength(line) <= width_px:
        return line
    while line and letters.getlength(f"{line}...") > width_px:
        line = line[:-1]
    return f"{line.rstrip()}..."
