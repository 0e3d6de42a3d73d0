"""Credits as text, CSV and HTML: title, author, source and licence of every picture, and what was changed."""

import csv
import html
import io
from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = (
    "sha256", "title", "creator", "licence", "licence_uri", "credit_line", "source", "page_url", "modified", "parent",
)  # fmt: skip

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .4rem .6rem; vertical-align: top; }
tr + tr { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); } code { font-size: .8em; opacity: .7; }
"""


def as_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """One line a picture, as one would print under it."""
    return "".join(f"{line(row)}\n" for row in rows)


def line(row: Mapping[str, Any]) -> str:
    """Title, creator, licence, where it is, and whether it was changed: what a CC licence asks for."""
    name = f"“{row['title']}”" if row["title"] else row["sha256"][:12]
    parts = [name, row["creator"] or "creator unknown", " ".join(filter(None, [row["licence"], row["licence_uri"]]))]
    changed = " (modified: varied by a model)" if row["modified"] else ""
    credit = f". Credit: {row['credit_line']}" if row["credit_line"] else ""
    where = f". {row['page_url']}" if row["page_url"] else ""
    return f"{', '.join(parts)}{changed}{credit}{where}"


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """A CSV file with a header, one row a picture; a value that a spreadsheet would run as a formula gets an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in COLUMNS])
    return stream.getvalue()


def as_html(rows: Iterable[Mapping[str, Any]]) -> str:
    """A page for people, whole in itself."""
    body = []
    for row in rows:
        licence = html.escape(str(row["licence"] or ""))
        if _is_web(row["licence_uri"]):
            licence = f'<a href="{html.escape(row["licence_uri"], quote=True)}" rel="license">{licence}</a>'
        title = html.escape(str(row["title"] or row["sha256"][:12]))
        if _is_web(row["page_url"]):
            title = f'<a href="{html.escape(row["page_url"], quote=True)}">{title}</a>'
        changed = "<br><em>modified: varied by a model</em>" if row["modified"] else ""
        body.append(
            f"<tr><td>{title}{changed}<br><code>{row['sha256'][:16]}</code></td><td>{html.escape(str(row['creator'] or ''))}</td>"
            f"<td>{licence}</td><td>{html.escape(str(row['credit_line'] or ''))}</td></tr>"
        )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Credits</title><style>{STYLE}</style></head><body>\n<h1>Credits</h1>\n<table><thead><tr><th>Title</th>"
        "<th>Creator</th><th>Licence</th><th>Credit line</th></tr></thead><tbody>\n" + "\n".join(body) + "\n</tbody></table>\n"
        "</body></html>\n"
    )


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _is_web(url: str | None) -> bool:
    return bool(url) and str(url).lower().startswith(("http://", "https://"))
