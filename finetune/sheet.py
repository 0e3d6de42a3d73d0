"""One PNG that shows pictures: in rows with their prompts, before and after side by side, or in pairs with their likeness."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from base.files import written_whole
from pixels.lettering import Font, cut, drawable, font
from pixels.marks import write_xmp

TILE_PX = 192  # least side of a picture on the grid; smaller ones are enlarged by a whole factor
GAP_PX = 8
MARGIN_PX = 28
BETWEEN_PX = 36  # between before and after
CAPTION_PX = 19
HEADING_PX = 24
CREDIT_PX = 13
CREDIT_LINES = 3
PAIRS_ABREAST = 2
FRAME_PX = 4
PAPER, INK, SOFT, LINE, ALARM = "#fbfaf7", "#22211f", "#77736b", "#ddd8cd", "#b3392f"

Shown = Path | Image.Image
"""A picture, or where it lies."""


@dataclass(frozen=True)
class Row:
    """One prompt with its pictures; `right` stands on the other side of the line."""

    prompt: str
    left: tuple[Shown, ...]
    right: tuple[Shown, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A drawn picture and the one it is held against; `right` None: that one may not be shown, and `credit` says why."""

    left: Image.Image
    right: Image.Image | None
    words: str
    """How like they are; under the left one."""
    credit: str
    """Whose the right one is, in small letters under it."""
    alarm: bool = False
    """Framed in red."""


def draw(
    rows: Sequence[Row],
    out: Path,
    *,
    headings: tuple[str, str] | None = None,
    title: str = "",
    marks: Mapping[str, str] | None = None,
) -> Path:
    """Write the grid and return its path.

    Args:
        rows: from top to bottom; every row has as many pictures as the first.
        out: a `.png`.
        headings: words above the left and the right pictures.
        title: a line above everything.
        marks: properties of the file's XMP, by prefixed name.
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
        pen.text((MARGIN_PX, MARGIN_PX - 8), cut(title, CAPTION_PX, width - 2 * MARGIN_PX), fill=SOFT, font=letters)
    if headings:
        at = top - HEADING_PX - 16
        pen.text((MARGIN_PX, at), headings[0], fill=INK, font=large)
        pen.text((right_x, at), headings[1], fill=INK, font=large)
    y = top
    for row, lines in zip(rows, captions, strict=True):
        for start, pictures in ((MARGIN_PX, row.left), (right_x, row.right)):
            for number, picture in enumerate(pictures):
                sheet.paste(_tile(picture, tile), (start + number * (tile + GAP_PX), y))
        if right:
            pen.line([(right_x - BETWEEN_PX // 2, y), (right_x - BETWEEN_PX // 2, y + tile)], fill=LINE, width=2)
        y += tile + 12
        for line in lines:
            pen.text((MARGIN_PX, y), line, fill=INK, font=letters)
            y += line_px
        y += 26
    return _written(sheet, out, marks)


def draw_pairs(pairs: Sequence[Pair], out: Path, *, title: str, marks: Mapping[str, str] | None = None) -> Path:
    """Write pairs side by side, `PAIRS_ABREAST` to a row, and return the path.

    Args:
        pairs: one or more, in the order in which they are shown.
        out: a `.png`.
        title: a line above everything; it is wrapped.
        marks: properties of the file's XMP, by prefixed name.
    """
    tile = _tile_px(pairs[0].left)
    columns = min(PAIRS_ABREAST, len(pairs))
    pair_px = 2 * tile + GAP_PX
    width = 2 * MARGIN_PX + columns * pair_px + (columns - 1) * BETWEEN_PX
    letters, small = font(CAPTION_PX), font(CREDIT_PX)
    line_px, credit_px = round(CAPTION_PX * 1.35), round(CREDIT_PX * 1.35)
    heading = _wrapped(drawable(title, CAPTION_PX), letters, width - 2 * MARGIN_PX)
    top = MARGIN_PX - 8 + len(heading) * line_px + 14
    row_px = tile + 12 + max(2 * line_px, CREDIT_LINES * credit_px) + 26
    sheet = Image.new("RGB", (width, top + -(-len(pairs) // columns) * row_px), PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(heading):
        pen.text((MARGIN_PX, MARGIN_PX - 8 + number * line_px), line, fill=SOFT, font=letters)
    for number, pair in enumerate(pairs):
        x = MARGIN_PX + number % columns * (pair_px + BETWEEN_PX)
        y = top + number // columns * row_px
        right_x = x + tile + GAP_PX
        sheet.paste(_tile(pair.left, tile), (x, y))
        if pair.right is None:
            pen.rectangle([right_x, y, right_x + tile - 1, y + tile - 1], outline=LINE, width=2)
        else:
            sheet.paste(_tile(pair.right, tile), (right_x, y))
        if pair.alarm:
            outer = [x - FRAME_PX, y - FRAME_PX, x + pair_px + FRAME_PX - 1, y + tile + FRAME_PX - 1]
            pen.rectangle(outer, outline=ALARM, width=FRAME_PX)
        for line_number, line in enumerate(_wrapped(drawable(pair.words, CAPTION_PX), letters, tile)[:2]):
            pen.text((x, y + tile + 12 + line_number * line_px), line, fill=ALARM if pair.alarm else INK, font=letters)
        lines = _wrapped(drawable(pair.credit, CREDIT_PX), small, tile)
        lines = [*lines[: CREDIT_LINES - 1], cut(" ".join(lines[CREDIT_LINES - 1 :]), CREDIT_PX, tile)]
        for line_number, line in enumerate(lines):
            pen.text((right_x, y + tile + 14 + line_number * credit_px), line, fill=SOFT, font=small)
    return _written(sheet, out, marks)


def _written(sheet: Image.Image, out: Path, marks: Mapping[str, str] | None) -> Path:
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", optimize=True)
    with written_whole(out, sync=False) as stream:
        stream.write(write_xmp(buffer.getvalue(), marks) if marks else buffer.getvalue())
    return out


def _opened(picture: Shown) -> Image.Image:
    if isinstance(picture, Image.Image):
        return picture.convert("RGB")
    with Image.open(picture) as image:
        return image.convert("RGB")


def _tile_px(picture: Shown) -> int:
    side = max(picture.size) if isinstance(picture, Image.Image) else max(_opened(picture).size)
    return min(2 * TILE_PX, side * -(-TILE_PX // side))


def _tile(picture: Shown, side: int) -> Image.Image:
    opened = _opened(picture)
    scale = side / max(opened.size)
    size = (max(1, round(opened.width * scale)), max(1, round(opened.height * scale)))
    how = Image.Resampling.LANCZOS
    tile = Image.new("RGB", (side, side), PAPER)
    small = opened.resize(size, how)
    tile.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
    return tile


def _wrapped(text: str, letters: Font, width: int) -> list[str]:
    """The text in lines that fit; measured by the letters' own mean letter."""
    letter = letters.getlength("abcdefghij klmnopqrstuvwxyz") / 27
    return textwrap.wrap(text, max(8, int(width / letter))) or [""]
