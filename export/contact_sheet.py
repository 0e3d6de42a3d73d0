"""The contact sheet: one PNG with every picture held, by concept, to print or to look at without a browser."""

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from base.files import written_whole
from catalog import db
from export.gallery import NO_CONCEPT, QUESTION, SAID, THUMBS
from pixels.lettering import cut, drawable, font

COLUMNS = 8
TILE_PX = 132
GAP_PX = 12
MARGIN_PX = 32
LABEL_PX = 13
HEADING_PX = 22
TITLE_PX = 32
PAPER, INK, SOFT, LINE, OUT, WAIT = "#fbfaf7", "#22211f", "#77736b", "#ddd8cd", "#a03a20", "#8a6510"
LABEL_ROWS = 2


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One picture on the sheet: its thumbnail, if there is one, two lines below it, and whether it is left out."""

    thumbnail: Path
    title: str
    below: str
    said: str


def draw_contact_sheet(workspace: Path, gallery: Path, out: Path) -> Path:
    """Write the sheet from a gallery's thumbnails and return its path; equal contents give an equal file.

    Args:
        workspace: with a catalogue.
        gallery: folder that `write_gallery` wrote.
        out: a `.png`.
    """
    rows = [row for row in db.rows(workspace, QUESTION) if row["sha256"]]
    sections: dict[str, list[Tile]] = defaultdict(list)
    for row in rows:
        name = (row["concepts"] or [NO_CONCEPT])[0]
        made = row["kind"] == "generated"
        sections[f"{name}: variations, made by a model" if made else name].append(_tile(row, gallery))
    order = sorted(sections, key=lambda name: (name.startswith(NO_CONCEPT), name))
    sheet = Image.new("RGB", (_width(), _height([len(sections[name]) for name in order])), PAPER)
    pen = ImageDraw.Draw(sheet)
    counts = ", ".join(f"{sum(SAID[row['verdict']] == word for row in rows)} {word}" for word in SAID.values())
    pen.text((MARGIN_PX, MARGIN_PX - 6), "Contact sheet", fill=INK, font=font(TITLE_PX))
    where = (_width() - MARGIN_PX, MARGIN_PX + 10)
    pen.text(where, f"{len(rows)} pictures held: {counts}", fill=SOFT, font=font(LABEL_PX + 3), anchor="ra")
    top = MARGIN_PX + TITLE_PX + 16
    for name in order:
        pen.text((MARGIN_PX, top), drawable(f"{name} ({len(sections[name])})", HEADING_PX), fill=INK, font=font(HEADING_PX))
        pen.line((MARGIN_PX, top + HEADING_PX + 10, _width() - MARGIN_PX, top + HEADING_PX + 10), fill=LINE)
        top += HEADING_PX + 22
        for number, tile in enumerate(sections[name]):
            column, line = number % COLUMNS, number // COLUMNS
            _place(sheet, tile, MARGIN_PX + column * (TILE_PX + GAP_PX), top + line * _row_px())
        top += -(-len(sections[name]) // COLUMNS) * _row_px() + 8
    stream = io.BytesIO()
    sheet.save(stream, "PNG", optimize=True)
    with written_whole(out) as file:
        file.write(stream.getvalue())
    return out


def _tile(row: Mapping[str, Any], gallery: Path) -> Tile:
    said = SAID[row["verdict"]]
    return Tile(
        thumbnail=gallery / THUMBS / f"{row['sha256']}.jpg",
        title=row["prompt"] or row["title"] or row["source_id"] or "",
        below=row["licence"] if said == "kept" else f"{said}: {(row['criterion'] or '').replace('_', ' ')}",
        said=said,
    )


def _place(sheet: Image.Image, tile: Tile, left: int, top: int) -> None:
    pen = ImageDraw.Draw(sheet)
    letters = font(LABEL_PX)
    if tile.thumbnail.exists():
        with Image.open(tile.thumbnail) as stored:
            picture = ImageOps.fit(stored.convert("RGB"), (TILE_PX, TILE_PX), Image.Resampling.LANCZOS)
        if tile.said == "left out":
            picture = Image.blend(ImageEnhance.Color(picture).enhance(0.1), Image.new("RGB", picture.size, PAPER), 0.45)
        sheet.paste(picture, (left, top))
    else:
        pen.rectangle((left, top, left + TILE_PX - 1, top + TILE_PX - 1), outline=LINE)
        pen.text((left + TILE_PX // 2, top + TILE_PX // 2), "unreadable", fill=SOFT, font=letters, anchor="mm")
    colour = {"kept": SOFT, "waiting": WAIT, "left out": OUT}[tile.said]
    pen.text((left, top + TILE_PX + 4), cut(tile.title, LABEL_PX, TILE_PX), fill=INK, font=letters)
    pen.text((left, top + TILE_PX + 4 + LABEL_PX + 3), cut(tile.below, LABEL_PX, TILE_PX), fill=colour, font=letters)


def _width() -> int:
    return 2 * MARGIN_PX + COLUMNS * (TILE_PX + GAP_PX) - GAP_PX


def _row_px() -> int:
    return TILE_PX + 4 + LABEL_ROWS * (LABEL_PX + 3) + GAP_PX


def _height(sizes: Sequence[int]) -> int:
    rows = sum(-(-size // COLUMNS) for size in sizes)
    return MARGIN_PX + TITLE_PX + 16 + len(sizes) * (HEADING_PX + 30) + rows * _row_px() + MARGIN_PX
