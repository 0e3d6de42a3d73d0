"""One PNG that shows pictures in rows with their prompts below, and before and after side by side."""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from base.files import written_whole
from pixels.lettering import Font, drawable, font

TILE_PX = 192  # least side of a picture on the grid; smaller ones are enlarged by a whole factor
GAP_PX = 8
MARGIN_PX = 28
BETWEEN_PX = 36  # between before and after
CAPTION_PX = 19
HEADING_PX = 24
PAPER, INK, SOFT, LINE = "#fbfaf7", "#22211f", "#77736b", "#ddd8cd"


@dataclass(frozen=True)
class Row:
    """One prompt with its pictures; `right` stands on the other side of the line."""

    prompt: str
    left: tuple[Path, ...]
    right: tuple[Path, ...] = ()


def draw(rows: Sequence[Row], out: Path, *, headings: tuple[str, str] | None = None, title: str = "") -> Path:
    """Write the grid and return its path.

    Args:
        rows: from top to bottom; every row has as many pictures as the first.
        out: a `.png`.
        headings: words above the left and the right pictures.
        title: a line above everything.
    """
    tile = _tile_px(rows[0].left[0])
    left, right = len(rows[0].left), len(rows[0].right)
    right_x = MARGIN_PX + left * (tile + GAP_PX) - GAP_PX + BETWEEN_PX
    width = max((right_x + right * (tile + GAP_PX) - GAP_PX if right else right_x - BETWEEN_PX) + MARGIN_PX, 2 * tile)
    letters, large = font(CAPTION_PX), font(HEADING_PX)
    captions = [_wrapped(drawable(row.prompt, CAPTION_PX), letters, width - 2 * MARGIN_PX) for row in rows]
    line_px = round(CAPTION_PX * 1.35)
    top = MARGIN_PX + (line_px + 12 if title else 0) + (HEADING_PX + 16 if headings else 0)
    height = top + sum(tile + 12 + len(lines) * line_px + 26 for lines in captions)

    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    if title:
        pen.text((MARGIN_PX, MARGIN_PX - 8), drawable(title, CAPTION_PX), fill=SOFT, font=letters)
    if headings:
        at = top - HEADING_PX - 16
        pen.text((MARGIN_PX, at), headings[0], fill=INK, font=large)
        pen.text((right_x, at), headings[1], fill=INK, font=large)
    y = top
    for row, lines in zip(rows, captions, strict=True):
        for start, paths in ((MARGIN_PX, row.left), (right_x, row.right)):
            for number, path in enumerate(paths):
                sheet.paste(_tile(path, tile), (start + number * (tile + GAP_PX), y))
        if right:
            pen.line([(right_x - BETWEEN_PX // 2, y), (right_x - BETWEEN_PX // 2, y + tile)], fill=LINE, width=2)
        y += tile + 12
        for line in lines:
            pen.text((MARGIN_PX, y), line, fill=INK, font=letters)
            y += line_px
        y += 26

    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", optimize=True)
    with written_whole(out, sync=False) as stream:
        stream.write(buffer.getvalue())
    return out


def _tile_px(path: Path) -> int:
    with Image.open(path) as image:
        side = max(image.size)
    return min(2 * TILE_PX, side * -(-TILE_PX // side))


def _tile(path: Path, side: int) -> Image.Image:
    with Image.open(path) as image:
        picture = image.convert("RGB")
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    how = Image.Resampling.LANCZOS
    tile = Image.new("RGB", (side, side), PAPER)
    small = picture.resize(size, how)
    tile.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
    return tile


def _wrapped(text: str, letters: Font, width: int) -> list[str]:
    """The text in lines that fit; measured by the letters' own mean letter."""
    letter = letters.getlength("abcdefghij klmnopqrstuvwxyz") / 27
    return textwrap.wrap(text, max(8, int(width / letter))) or [""]
