"""The gallery: one page with every picture held, by concept, with its credit, its verdict and the reason."""

import html
import io
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.errors import UsageError
from base.files import write_text, written_whole
from catalog import db, runs
from catalog.store import Store
from pixels import decode

log = logging.getLogger(__name__)

THUMBNAIL_PX = 320
QUALITY = 82
PAGE = "index.html"
THUMBS = "thumbs"
STYLE_FILE = Path(__file__).parent / "gallery.css"
MARK = '<meta name="generator" content="fototeca gallery">'
NO_CONCEPT = "without a concept"
SAID = {"keep": "kept", "review": "waiting", "exclude": "left out"}

QUESTION = """
SELECT
  record.*,
  verdict.verdict,
  verdict.criterion,
  verdict.reason,
  verdict.judged,
  licence_name(record.rights_family, record.rights_version, record.rights_jurisdiction) AS licence,
  asked.prompt,
  asked.strength
FROM records AS record
JOIN verdicts AS verdict USING (subject)
LEFT JOIN requests AS asked ON asked.digest = record.request
ORDER BY record.kind DESC, verdict.verdict = 'exclude', record.title, record.subject
"""


@dataclass(frozen=True, kw_only=True)
class GalleryReport:
    """The page, and how many subjects it shows: kept, waiting, left out (with bytes or without)."""

    page: str
    kept: int
    waiting: int
    left_out: int
    thumbnails: int


def write_gallery(workspace: Path, folder: Path, *, progress: runs.Progress | None = None) -> GalleryReport:
    """Write `index.html` and its thumbnails; equal contents give equal files, and thumbnails of gone pictures go.

    Raises:
        UsageError: no catalogue, or a folder that holds something else.
    """
    folder = folder.expanduser().resolve()
    _check_folder(folder)
    rows = db.rows(workspace, QUESTION)
    store = Store(workspace)
    held = sorted({row["sha256"] for row in rows if row["sha256"]})
    shown = set()
    for number, sha256 in enumerate(held, start=1):
        if _thumbnail(store, sha256, folder / THUMBS / f"{sha256}.jpg"):
            shown.add(sha256)
        if progress:
            progress("thumbnails", number, len(held))
    for path in (folder / THUMBS).glob("*.jpg"):
        if path.stem not in shown:
            path.unlink()
    write_text(folder / PAGE, _page(rows, shown))
    verdicts = [row["verdict"] if row["sha256"] else "exclude" for row in rows]
    return GalleryReport(
        page=str(folder / PAGE),
        kept=verdicts.count("keep"),
        waiting=verdicts.count("review"),
        left_out=verdicts.count("exclude"),
        thumbnails=len(shown),
    )


def _check_folder(folder: Path) -> None:
    """Only an empty folder, our own page, or thumbnails whose page was not yet written."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder.")
    page = folder / PAGE
    if page.exists():
        ours = MARK in page.read_text(encoding="utf-8", errors="replace")[:1000]
    else:
        ours = not folder.exists() or all(path.name == THUMBS for path in folder.iterdir())
    if not ours:
        raise UsageError(f"{folder} holds something that is no gallery: name an empty folder.")


def _thumbnail(store: Store, sha256: str, target: Path) -> bool:
    """Whether there is a thumbnail; a picture that cannot be decoded has none."""
    if target.exists():
        return True
    if not store.has(sha256):
        return False
    picture = decode.open_picture(store.path(sha256))
    if isinstance(picture, decode.Unreadable):
        return False
    small = picture.rgb.copy()
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=QUALITY, optimize=True)
    with written_whole(target, sync=False) as file:
        file.write(stream.getvalue())
    return True


def _page(rows: Sequence[Mapping[str, Any]], shown: set[str]) -> str:
    children: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    sections: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["kind"] == "generated":
            children[row["parent"]].append(row)
        else:
            sections[(row["concepts"] or [NO_CONCEPT])[0]].append(row)
    order = sorted(sections, key=lambda name: (name == NO_CONCEPT, name))
    counts = {word: sum(_said(row) == word for row in rows) for word in SAID.values()}
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        MARK,
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Gallery</title>',
        f"<style>\n{STYLE_FILE.read_text(encoding='utf-8')}</style>\n</head>\n<body>",
        "<header><h1>Gallery</h1>",
        f"<p>{len(rows)} pictures: {counts['kept']} kept, {counts['waiting']} waiting for a person,"
        f" {counts['left out']} left out. Variations, made by a model, stand under the picture that they vary.</p>",
        "<nav>" + " ".join(f'<a href="#{_anchor(name)}">{html.escape(name)}</a>' for name in order) + "</nav></header>",
        "<main>",
    ]
    for name in order:
        parts.append(f'<section id="{_anchor(name)}"><h2>{html.escape(name)} <small>{len(sections[name])}</small></h2>')
        parts.append('<div class="wall">')
        for row in sections[name]:
            parts.append(_card(row, shown, children.get(row["sha256"] or "", ())))
        parts.append("</div></section>")
    parts.append("</main>\n</body>\n</html>\n")
    return "\n".join(parts)


def _caption(row: Mapping[str, Any]) -> str:
    by_model = " <small>(words of a model)</small>" if str(row["caption_origin"]).startswith("model:") else ""
    return f'<p class="caption">{html.escape(row["caption"])}{by_model}</p>'


def _card(row: Mapping[str, Any], shown: set[str], variations: Sequence[Mapping[str, Any]]) -> str:
    said = _said(row)
    title = html.escape(row["title"] or row["source_id"] or "")
    reason = row["reason"] or (row["outcome_detail"] if row["sha256"] is None else "") or ""
    if row["sha256"] is None and not reason:
        reason = f"Its bytes are not held: {row['outcome']}."
    lines = [
        f'<article class="{said.replace(" ", "-")}">',
        _picture(row, shown, "picture"),
        f'<div class="words"><h3>{title}</h3>',
        f'<p class="said"><span>{said}</span>{f" {html.escape(reason)}" if reason else ""}</p>' if said != "kept" else "",
        f'<p class="credit">{html.escape(row["credit_line"] or row["creator"] or "no credit stated")}<br>{_licence(row)}</p>',
        _caption(row) if row["caption"] else "",
    ]
    if variations:
        lines.append('<div class="variations" aria-label="Variations made by a model">')
        for one in variations:
            hint = html.escape(f"{one['prompt']} (strength {one['strength']:g}, {_said(one)})", quote=True)
            mark = "" if _said(one) == "kept" else " dimmed"
            lines.append(f'<span class="variation{mark}" title="{hint}">{_picture(one, shown, "small")}</span>')
        lines.append("</div>")
    lines.append("</div></article>")
    return "\n".join(line for line in lines if line)


def _picture(row: Mapping[str, Any], shown: set[str], kind: str) -> str:
    if row["sha256"] not in shown:
        return f'<div class="{kind} empty" role="img" aria-label="no picture held"></div>'
    words = html.escape(row["caption"] or row["title"] or "", quote=True)
    return f'<img class="{kind}" src="{THUMBS}/{row["sha256"]}.jpg" alt="{words}" loading="lazy">'


def _licence(row: Mapping[str, Any]) -> str:
    name = html.escape(row["licence"] or "")
    uri = row["rights_uri"] or ""
    if not uri.startswith(("https://", "http://")):
        return name
    return f'<a href="{html.escape(uri, quote=True)}" rel="license">{name}</a>'


def _said(row: Mapping[str, Any]) -> str:
    return SAID[row["verdict"]] if row["sha256"] else "left out"


def _anchor(name: str) -> str:
    return html.escape("c-" + "".join(letter if letter.isalnum() else "-" for letter in name), quote=True)
