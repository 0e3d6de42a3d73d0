"""The contact sheet of an export: one PNG with some pictures of each concept, variations beside their parent, and credits."""

import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PIL import Image, ImageDraw

from export.card import licence_name
from export.contact_sheet import HEADING_PX, INK, LINE, MARGIN_PX, PAPER, SOFT, TITLE_PX
from export.gallery import NO_CONCEPT
from pixels.decode import Unreadable, open_picture
from pixels.lettering import cut, drawable, font
from shardset.write import NewSample

MOST_TILES, MOST_CONCEPTS = 64, 12
"""A sheet to look at, not a catalogue: drawn in a fraction of a second at every export, however large."""
BESIDE = 3
"""Variations shown beside one picture; more are counted."""
COLUMNS = 8
TILE_PX = 150
GAP_PX = 14
LETTERS_PX = 11
LINES = 6
"""Below a tile: one of title, three of credit, one of licence and split, one empty."""
CREDIT_LINES = 3
MADE = "#2f5d8a"

Group = tuple[NewSample, ...]
"""A picture and those of its variations that are shown beside it."""


def sample_sheet(samples: Sequence[NewSample], held: Callable[[str], bytes]) -> bytes:
    """The sheet as PNG; equal samples give equal bytes where Pillow and the system's fonts are the same.

    Args:
        samples: of the export.
        held: the bytes in the store, by SHA-256; a sample's own `load` would scale and sign it a second time.
    """
    chosen, sizes = _chosen(samples)
    shown = [sample for groups in chosen.values() for group in groups for sample in group]

    def thumbnail(sample: NewSample) -> Image.Image | None:
        picture = open_picture(held(sample.key), side_px=2 * TILE_PX)
        if isinstance(picture, Unreadable):
            return None
        small = picture.rgb.copy()
        small.thumbnail((TILE_PX, TILE_PX), Image.Resampling.LANCZOS)
        return small

    with ThreadPoolExecutor(4, thread_name_prefix="sheet") as threads:
        thumbnails = dict(zip((one.key for one in shown), threads.map(thumbnail, shown), strict=True))
    rows = {name: _rows(groups) for name, groups in chosen.items()}
    sheet = Image.new("RGB", (_width(), _height(rows)), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN_PX, MARGIN_PX - 6), "Contact sheet", fill=INK, font=font(TITLE_PX))
    words = f"{len(shown)} of {len(samples)} pictures, {len(chosen)} of {len(sizes)} concepts; all credits: credits.html"
    pen.text((_width() - MARGIN_PX, MARGIN_PX + 10), words, fill=SOFT, font=font(LETTERS_PX + 4), anchor="ra")
    top = MARGIN_PX + TITLE_PX + 16
    for name, lines in rows.items():
        pen.text((MARGIN_PX, top), drawable(f"{name} ({sizes[name]})", HEADING_PX), fill=INK, font=font(HEADING_PX))
        pen.line((MARGIN_PX, top + HEADING_PX + 10, _width() - MARGIN_PX, top + HEADING_PX + 10), fill=LINE)
        top += HEADING_PX + 22
        for line in lines:
            for column, sample in enumerate(line):
                _place(sheet, sample, thumbnails[sample.key], MARGIN_PX + column * (TILE_PX + GAP_PX), top)
            top += _row_px()
    stream = io.BytesIO()
    sheet.save(stream, "PNG", compress_level=4)
    return stream.getvalue()


def _chosen(samples: Sequence[NewSample]) -> tuple[dict[str, list[Group]], dict[str, int]]:
    """By concept, in order of its name, groups in the order of their keys, those with variations first; and how many there are.

    Those with most variations are shown, then the largest. They take turns until the sheet is full, so that a large one does
    not crowd out a small one.
    """
    made: dict[str, list[NewSample]] = defaultdict(list)
    for sample in sorted(samples, key=lambda one: one.key):
        if sample.kind == "synthetic":
            made[str(sample.record["parent"])].append(sample)
    sections: dict[str, list[Group]] = defaultdict(list)
    for sample in sorted(samples, key=lambda one: (one.key not in made, one.key)):
        if sample.kind == "real":
            concepts = sample.record["concepts"]
            name = concepts[0]["name"] if concepts else NO_CONCEPT
            sections[name].append((sample, *made[sample.key][:BESIDE]))
    sizes = {name: sum(1 + len(made[one[0].key]) for one in groups) for name, groups in sections.items()}
    varied = {name: sum(len(made[one[0].key]) for one in groups) for name, groups in sections.items()}
    most = sorted(sections, key=lambda name: (name == NO_CONCEPT, -varied[name], -sizes[name], name))[:MOST_CONCEPTS]
    order = sorted(most, key=lambda name: (name == NO_CONCEPT, name))
    chosen: dict[str, list[Group]] = {name: [] for name in order}
    room = MOST_TILES
    for turn in range(max(map(len, sections.values()), default=0)):
        for name in order:
            if turn < len(sections[name]) and len(sections[name][turn]) <= room:
                chosen[name].append(sections[name][turn])
                room -= len(sections[name][turn])
    return {name: groups for name, groups in chosen.items() if groups}, sizes


def _rows(groups: Sequence[Group]) -> list[list[NewSample]]:
    """Lines of tiles; a picture and its variations stand on one line."""
    lines: list[list[NewSample]] = [[]]
    for group in groups:
        if len(lines[-1]) + len(group) > COLUMNS:
            lines.append([])
        lines[-1] += group
    return lines


def _place(sheet: Image.Image, sample: NewSample, small: Image.Image | None, left: int, top: int) -> None:
    pen, letters, record = ImageDraw.Draw(sheet), font(LETTERS_PX), sample.record
    variation = sample.kind == "synthetic"
    if small is None:
        pen.rectangle((left, top, left + TILE_PX - 1, top + TILE_PX - 1), outline=LINE)
        pen.text((left + TILE_PX // 2, top + TILE_PX // 2), "unreadable", fill=SOFT, font=letters, anchor="mm")
    else:
        sheet.paste(small, (left + (TILE_PX - small.width) // 2, top + TILE_PX - small.height))
    if variation:
        pen.rectangle((left - GAP_PX, top + TILE_PX, left + TILE_PX - 1, top + TILE_PX + 2), fill=MADE)  # joins it to its parent
    title = f"variation: {record['variation']['prompt']}" if variation else record["title"] or record["source_id"] or ""
    credit = _wrapped(record["credit_line"] or record["creator"] or "")
    below = f"{licence_name(record['rights'])}, {sample.split}"
    lines = [(title, MADE if variation else INK), *((line, SOFT) for line in credit), (below, INK)]
    for number, (line, colour) in enumerate(lines):
        place = (left, top + TILE_PX + 5 + number * (LETTERS_PX + 3))
        pen.text(place, cut(line, LETTERS_PX, TILE_PX), fill=colour, font=letters)


def _wrapped(text: str) -> list[str]:
    """The text on at most `CREDIT_LINES` lines as wide as a tile, broken between words."""
    lines: list[str] = []
    letters = font(LETTERS_PX)
    for word in drawable(text, LETTERS_PX).split():
        if lines and (len(lines) == CREDIT_LINES or letters.getlength(f"{lines[-1]} {word}") <= TILE_PX):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _width() -> int:
    return 2 * MARGIN_PX + COLUMNS * (TILE_PX + GAP_PX) - GAP_PX


def _row_px() -> int:
    return TILE_PX + 5 + LINES * (LETTERS_PX + 3)


def _height(rows: Mapping[str, Sequence[Any]]) -> int:
    lines = sum(len(one) for one in rows.values())
    return MARGIN_PX + TITLE_PX + 16 + len(rows) * (HEADING_PX + 22) + lines * _row_px() + MARGIN_PX
