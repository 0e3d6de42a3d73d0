"""`review`: what waits for a person, counted, and as a folder of pages to look at and decide on."""

import hashlib
import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from base import plugins
from base.errors import UsageError, nearest
from base.files import write_text, written_whole
from catalog import db
from catalog.runs import Progress
from curate import review_pages
from curate.decisions_file import is_filled, sheet_text
from curate.review_items import Item, Star, limited, pages, stars
from curate.review_pages import THUMBS, Sheet
from curate.settings import CRITERIA
from curate.thumbnails import make_thumbnails

INDEX = "index.html"
TO_FILL = "decisions-to-fill.csv"
INDEX_COLUMNS = ("page", "what", "pictures", "why")
OWN_FILES = ("page-*.html", "near-duplicates-*.html", "decisions-*.csv", ".*.tmp")


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Pictures that wait, in all, by criterion and concept (`(none)`: of no concept); a picture with two counts in both.

    `near_duplicates` are pictures that were left out as copies without anybody looking.
    """

    waiting: int
    rows: tuple[Mapping[str, str | int], ...]
    near_duplicates: int


@dataclass(frozen=True, kw_only=True)
class ReviewReport:
    """The folder that was written. `items` are to be decided, `not_shown` waited beyond the limit.

    `set_aside` is the new name of a sheet that somebody had filled in, or None; `without_thumbnail` could not be decoded.
    """

    index: str
    sheet: str
    pages: int
    items: int
    near_duplicates: int
    not_shown: int
    thumbnails: int
    without_thumbnail: int
    set_aside: str | None


def what_waits(workspace: Path) -> Waiting:
    """Count what waits; nothing is written."""
    with db.reading(workspace) as connection:
        rows = db.fetch(connection, WAITING)
        total = db.fetch(connection, "SELECT count(*) AS number FROM waiting")[0]["number"]
        copies = db.fetch(connection, LEFT_OUT)[0]["number"]
    return Waiting(waiting=total, rows=tuple(rows), near_duplicates=copies)


WAITING = """
SELECT criterion, concept, count(*) AS pictures
FROM (
  SELECT said.criterion, unnest(CASE WHEN len(record.concepts) > 0 THEN record.concepts ELSE ['(none)'] END) AS concept
  FROM waiting AS record
  JOIN current_decisions AS said ON said.subject = record.subject AND said.verdict = 'review'
)
GROUP BY ALL
ORDER BY criterion, concept
"""
LEFT_OUT = "SELECT count(*) AS number FROM excluded WHERE criterion = 'near_duplicate' AND sha256 IS NOT NULL"


def write_review(
    workspace: Path,
    folder: Path,
    *,
    criterion: str | None = None,
    concept: str | None = None,
    limit: int | None = None,
    near_duplicates: bool = False,
    progress: Progress | None = None,
) -> ReviewReport:
    """Write the pages, their thumbnails and a sheet to fill in; equal contents give equal files.

    Args:
        workspace: with a catalogue.
        folder: empty, or an earlier review; a sheet in it that was filled in is set aside, never written over.
        criterion: only what this criterion objects to.
        concept: only pictures of this concept.
        limit: at most so many items.
        near_duplicates: also those that were left out as copies without anybody looking, on pages of their own.

    Raises:
        UsageError: no catalogue, an unknown criterion or concept, or a folder that holds something else.
    """
    folder = folder.expanduser().resolve()
    _check_folder(folder)
    with db.reading(workspace) as connection:
        concepts = [row["name"] for row in db.fetch(connection, CONCEPTS)]
        _check_names(criterion, concept, concepts)
        waiting = stars(connection, criterion=criterion, concept=concept)
        copies = stars(connection, left_out=True, criterion=criterion, concept=concept) if near_duplicates else []
    found = _items(waiting) + _items(copies)
    if limit is not None:
        waiting = limited(waiting, limit)
        copies = limited(copies, limit - len(_items(waiting)))
    items = _items(waiting) + _items(copies)
    pictures = {item.sha256 for item in items} | {star.centre.sha256 for star in (*waiting, *copies) if star.centre}
    shown = make_thumbnails(workspace, pictures, folder / THUMBS, progress=progress)
    sheet = Sheet(collection=_digest(str(workspace.resolve())), digest=_digest(*(one.stamp for one in items)), shown=shown)
    numbered = [("page", "Waiting for a person", one) for one in pages(waiting)]
    numbered += [("near-duplicates", "Left out as copies", one) for one in pages(copies)]
    names = _names(numbered)
    for at, (_, title, content) in enumerate(numbered):
        turn = _turn(names, at)
        text = review_pages.page(sheet, content, name=f"page {at + 1} of {len(names)}", title=title, turn=turn)
        write_text(folder / names[at], text)
    for pattern in OWN_FILES[:2]:
        for path in folder.glob(pattern):
            if path.name not in names:
                path.unlink()
    set_aside = _write_sheet(folder / TO_FILL, items)
    # Last: a folder with this page in it is whole.
    write_text(folder / INDEX, _index(sheet, list(zip(names, numbered, strict=True)), len(found) - len(items)))
    return ReviewReport(
        index=str(folder / INDEX),
        sheet=str(folder / TO_FILL),
        pages=len(names),
        items=len(items),
        near_duplicates=len(_items(copies)),
        not_shown=len(found) - len(items),
        thumbnails=len(shown),
        without_thumbnail=len(pictures - shown),
        set_aside=set_aside,
    )


CONCEPTS = """
SELECT name FROM current_concepts
UNION
SELECT DISTINCT unnest(concepts) FROM waiting
ORDER BY name
"""


def _check_names(criterion: str | None, concept: str | None, concepts: Sequence[str]) -> None:
    judged = [*plugins.names(CRITERIA), "split", "withdrawn_copy"]
    if criterion is not None and criterion not in judged:
        raise UsageError(f"criterion {criterion!r} is unknown: {nearest(criterion, judged)}")
    if concept is not None and concept not in concepts:
        raise UsageError(f"concept {concept!r} is unknown: {nearest(concept, concepts)}")


def _check_folder(folder: Path) -> None:
    """Only an empty folder, our own pages, or pages whose index was not yet written."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder.")
    index = folder / INDEX
    if index.exists():
        ours = review_pages.MARK in index.read_text(encoding="utf-8", errors="replace")[:1000]
    else:
        entries = folder.iterdir() if folder.exists() else ()
        ours = all(path.name == THUMBS or any(path.match(pattern) for pattern in OWN_FILES) for path in entries)
    if not ours:
        raise UsageError(f"{folder} holds something that is no review: name an empty folder.")


def _items(found: Sequence[Star]) -> list[Item]:
    return [item for star in found for item in star.items]


def _names(numbered: Sequence[tuple[str, str, Sequence[Star]]]) -> list[str]:
    seen: Counter[str] = Counter()
    names = []
    for kind, _, _ in numbered:
        seen[kind] += 1
        names.append(f"{kind}-{seen[kind]:03d}.html")
    return names


def _turn(names: Sequence[str], at: int) -> str:
    """Links to the pages before and after."""
    links = []
    if at > 0:
        links.append(f'<a href="{names[at - 1]}" rel="prev">Previous page</a>')
    links.append(f'<span class="soft">page {at + 1} of {len(names)}</span>')
    if at + 1 < len(names):
        links.append(f'<a href="{names[at + 1]}" rel="next">Next page</a>')
    return f'<nav class="turn" aria-label="Pages">{" ".join(links)}</nav>'


def _index(sheet: Sheet, written: Sequence[tuple[str, tuple[str, str, Sequence[Star]]]], not_shown: int) -> str:
    rows, total = [], 0
    for name, (_, title, content) in written:
        counts = Counter(item.criterion for item in _items(content))
        total += sum(counts.values())
        listed = ", ".join(f"{criterion.replace('_', ' ')} {number}" for criterion, number in sorted(counts.items()))
        rows.append(
            f'<tr><td><a href="{name}">{name.removesuffix(".html")}</a></td><td>{html.escape(title)}</td>'
            f'<td class="number">{sum(counts.values())}</td><td>{html.escape(listed)}</td></tr>'
        )
    head = "".join(f'<th scope="col"{" class=number" * (name == "pictures")}>{name}</th>' for name in INDEX_COLUMNS)
    pictures = "1 picture waits" if total == 1 else f"{total} pictures wait"
    body = [
        "<header><h1>Review</h1>",
        f'<p class="lead">{pictures} here for somebody to look at.</p>' if total else '<p class="lead">Nothing waits.</p>',
        f'<p class="soft">{not_shown} more wait beyond the limit of this sheet.</p>' if not_shown else "",
        "</header><main>",
    ]
    if total:
        body.append(f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>")
        body.append(HOW)
    body.append("</main>")
    return review_pages.document(sheet, "Review", "\n".join(body))


HOW = f"""<section><h2>How to decide</h2>
<p>Write your name above. On each page go from picture to picture with <kbd>j</kbd> and <kbd>k</kbd>, and say
<kbd>1</kbd> keep, <kbd>2</kbd> exclude or <kbd>3</kbd> undecided; beside another picture also <kbd>4</kbd> same picture or
<kbd>5</kbd> different pictures. Every decision needs a reason in a few words; <kbd>n</kbd> leads to its field.</p>
<p>This browser remembers what you decided, here only. <em>Save decisions.csv</em> gives it back as a sheet, with every
decision of the pages that you have opened. Some browsers remember each page apart: then save on each page. Then:</p>
<p><code>fototeca decide --from decisions.csv --by "your name" --dry-run</code></p>
<p>tells what would be written, and without <code>--dry-run</code> it is. Who prefers a spreadsheet fills the column
<code>decision</code> of <a href="{TO_FILL}">{TO_FILL}</a> with keep, exclude, same or different, and <code>note</code> with the
reason. A word on two pictures takes effect with the next <code>fototeca curate</code>.</p></section>"""


def _write_sheet(path: Path, items: Sequence[Item]) -> str | None:
    """Write the sheet to fill in; one that was filled in is renamed, and its new name returned."""
    rows = [
        {
            "subject": item.subject,
            "title": review_pages.title_of(item.row),
            "file": review_pages.file_of(item.row),
            "criterion": item.criterion,
            "reason": review_pages.words_of(item),
            "other": item.other_subject,
        }
        for item in items
    ]
    aside = None
    if path.exists() and is_filled(path):
        number = next(number for number in range(1, 1_000_000) if not _aside(path, number).exists())
        aside = str(path.rename(_aside(path, number)))
    with written_whole(path) as stream:
        stream.write(sheet_text(rows).encode("utf-8-sig"))
    return aside


def _aside(path: Path, number: int) -> Path:
    return path.with_name(f"decisions-filled-{number}.csv")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
