"""The pages of a review: HTML that asks no network, runs nothing but its own script, and escapes every word of a source."""

import base64
import hashlib
import html
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.decisions_file import COLUMNS
from curate.review_items import Item, Reason, Star

HERE = Path(__file__).parent
MARK = '<meta name="generator" content="fototeca review">'
THUMBS = "thumbs"
TITLE_LETTERS = 160
REASON_LETTERS = 400
RISKY = "=+\\-@＝＋－＠"

CHOICES = (("keep", "keep"), ("exclude", "exclude"), ("undecided", "undecided"))
CHOICES_BESIDE = (*CHOICES, ("same", "same picture"), ("different", "different pictures"))
LIES = {
    "mirrored": "mirrored",
    "flipped": "upside down and mirrored",
    "turned_180": "upside down",
    "transposed": "turned and mirrored",
    "turned_90": "turned",
    "turned_270": "turned",
    "transversed": "turned and mirrored",
}
SETTLED = ("same_as", "same_as_sha256", "orientation")  # shown as pictures, not as numbers


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What all pages of one review share.

    `collection` names the workspace in the browser's memory, `digest` this review; `shown` are pictures with a thumbnail.
    """

    collection: str
    digest: str
    shown: frozenset[str]


def page(sheet: Sheet, stars: Sequence[Star], *, name: str, title: str, turn: str) -> str:
    """One page of items; `turn` are links to its neighbours, as HTML."""
    parts = [f'<header><p><a href="index.html">Review</a></p><h1>{html.escape(title)}</h1>{_keys(stars)}{turn}</header><main>']
    criterion, wall = "", False
    number = 0
    for star in stars:
        if star.criterion != criterion:
            parts.append("</div>" * wall + ("</section>" * bool(criterion)))
            criterion, wall = star.criterion, False
            count = sum(len(one.items) for one in stars if one.criterion == criterion)
            parts.append(f"<section><h2>{html.escape(_named(criterion))} <small>{count}</small></h2>")
        if star.centre is None:
            parts.append('<div class="wall">' * (not wall))
            wall = True
            number += 1
            parts.append(_item(sheet, star.items[0], number))
            continue
        parts.append("</div>" * wall)
        wall = False
        parts.append('<div class="star"><div class="wall">')
        if all(item.subject != star.centre.subject for item in star.items):
            parts.append(_centre(sheet, star.centre))
        for item in star.items:
            number += 1
            parts.append(_item(sheet, item, number, is_centre=item.subject == star.centre.subject))
        parts.append("</div></div>")
    parts.append("</div>" * wall + "</section>" * bool(criterion))
    parts.append(f"</main><footer>{turn}</footer>")
    return document(sheet, f"{title} · {name}", "\n".join(parts))


def document(sheet: Sheet, title: str, body: str) -> str:
    """The whole page: policy, style and script around the body. The policy knows both by their digest and lets in no others."""
    style = (HERE / "review.css").read_text(encoding="utf-8")
    script = (HERE / "review.js").read_text(encoding="utf-8")
    policy = (
        "default-src 'none'; img-src 'self' file:; base-uri 'none'; form-action 'none'; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    )
    attributes = _attributes(
        {"columns": " ".join(COLUMNS), "risky": RISKY, "collection": sheet.collection, "sheet": sheet.digest}
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{MARK}\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy, quote=True)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body {attributes}>\n{DESK}\n{body}\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


DESK = """<div class="desk"><div>
<label>Your name <input type="text" id="by" autocomplete="name" maxlength="200"></label>
<button type="button" id="save" disabled>Save decisions.csv</button>
<span class="warn" id="warning" role="alert"></span>
<span class="told" id="told" role="status"></span>
</div></div>
<noscript><p class="warn">This browser runs no scripts: look here, and write into decisions-to-fill.csv.</p></noscript>"""


def clean(text: Any, letters: int) -> str:
    """One line of a source's words: nothing that steers the page or its reading order, not longer than so many letters."""
    plain = str(text or "").encode("utf-8", "replace").decode()
    plain = "".join(letter for letter in plain if letter.isspace() or not _is_unseen(letter))
    line = " ".join(plain.split())
    return line if len(line) <= letters else f"{line[: letters - 1].rstrip()}…"


def _is_unseen(letter: str) -> bool:
    """Control characters, letters that are none, and the marks that turn the order in which all that follows is read."""
    return unicodedata.category(letter) in ("Cc", "Cn", "Co") or "\u202a" <= letter <= "\u202e" or "\u2066" <= letter <= "\u2069"


def title_of(row: Mapping[str, Any]) -> str:
    """What an item is called."""
    return clean(row["title"] or row["source_id"] or row["subject"], TITLE_LETTERS)


def file_of(row: Mapping[str, Any]) -> str:
    """What its source calls it."""
    return clean(row["source_id"] or row["sha256"], TITLE_LETTERS)


def words_of(item: Item) -> str:
    """All reasons, as one text."""
    return clean(" ".join(one.reason for one in item.reasons), REASON_LETTERS)


def _item(sheet: Sheet, item: Item, number: int, *, is_centre: bool = False) -> str:
    row = item.row
    data = {
        "subject": item.subject,
        "title": title_of(row),
        "file": file_of(row),
        "criterion": item.criterion,
        "reason": words_of(item),
        "other": item.other_subject,
        "stamp": item.stamp,
        "decision": "undecided",
    }
    choices = CHOICES_BESIDE if item.other_subject else CHOICES
    radios = "".join(
        f'<label><input type="radio" name="d{number}" value="{value}" data-key="{key}"{" checked" * (value == "undecided")}>'
        f"{words}</label>"
        for key, (value, words) in enumerate(choices, start=1)
    )
    role = '<p class="role">taken for both, and waits too</p>' if is_centre else ""
    asked = ' <input type="text" class="evidence" maxlength="2000"></label>'
    evidence = f'<label class="note">Evidence, to keep it: where it can be seen{asked}' if item.evidence_needed else ""
    return (
        f'<article tabindex="-1" aria-labelledby="t{number}" {_attributes(data)}>\n{_pictures(sheet, item)}'
        f'<div class="words"><h3 id="t{number}"><bdi>{html.escape(title_of(row))}</bdi></h3>{role}'
        f"{''.join(_why(one) for one in item.reasons)}{_facts(row)}"
        f"<fieldset><legend>Your decision</legend>{radios}</fieldset>"
        '<label class="note">Why, in a few words <input type="text" class="reason" maxlength="2000"></label>'
        f"{evidence}</div></article>"
    )


def _centre(sheet: Sheet, item: Item) -> str:
    return (
        f'<article class="centre">{_pictures(sheet, item)}<div class="words"><p class="role">for comparison</p>'
        f"<h3><bdi>{html.escape(title_of(item.row))}</bdi></h3>{_facts(item.row)}</div></article>"
    )


def _pictures(sheet: Sheet, item: Item) -> str:
    as_is = _frame(sheet, item, "upright")
    if item.laid not in LIES or item.sha256 not in sheet.shown:
        return f'<div class="pictures"><figure>{as_is}</figure></div>'
    return (
        f'<div class="pictures two"><figure>{as_is}<figcaption>as it is ({LIES[item.laid]})</figcaption></figure>'
        f"<figure>{_frame(sheet, item, item.laid)}<figcaption>laid like the other</figcaption></figure></div>"
    )


def _frame(sheet: Sheet, item: Item, laid: str) -> str:
    if item.sha256 not in sheet.shown:
        return '<div class="frame empty">no picture can be shown</div>'
    words = html.escape(title_of(item.row), quote=True)
    turned = f' class="lay-{laid}"' if laid in LIES else ""
    return f'<div class="frame"><img src="{THUMBS}/{item.sha256}.jpg" alt="{words}" loading="lazy"{turned}></div>'


def _why(one: Reason) -> str:
    numbers = "".join(
        f"<div><dt>{html.escape(clean(name.replace('_', ' '), 60))}</dt><dd>{html.escape(clean(_plain(value), 120))}</dd></div>"
        for name, value in sorted(one.evidence.items())
        if name not in SETTLED and value not in (None, "", [], {})
    )
    words = html.escape(clean(one.reason, REASON_LETTERS))
    return (
        f'<p class="why"><b>{html.escape(_named(one.criterion))}</b> <bdi>{words}</bdi></p>'
        + f'<dl class="numbers">{numbers}</dl>' * bool(numbers)
    )


def _facts(row: Mapping[str, Any]) -> str:
    size = f"{row['width_px']} × {row['height_px']}" if row["width_px"] else ""
    bytes_held = _size(row["size_bytes"]) if row["size_bytes"] else ""
    made = "made by a model" if row["kind"] == "generated" else ""
    facts = [part for part in (size, row["format"], bytes_held, made, row["source"]) if part]
    credit = clean(row["credit_line"] or row["creator"] or "no credit stated", 300)
    link = ""
    address = str(row["page_url"] or "")
    if address.startswith(("https://", "http://")):
        link = f' · <a href="{html.escape(address, quote=True)}" rel="noreferrer noopener" target="_blank">at its source</a>'
    return (
        f'<p class="credit"><bdi>{html.escape(credit)}</bdi><br>{html.escape(clean(row["licence"], 120))}</p>'
        f'<p class="facts">{html.escape(clean(" · ".join(facts), 300))} · <bdi>{html.escape(file_of(row))}</bdi>{link}</p>'
    )


def _keys(stars: Sequence[Star]) -> str:
    keys = [("j", "next"), ("k", "back"), ("1", "keep"), ("2", "exclude"), ("3", "undecided")]
    if any(item.other_subject for star in stars for item in star.items):
        keys += [("4", "same picture"), ("5", "different pictures")]
    keys.append(("n", "note"))
    listed = "".join(f"<li><kbd>{key}</kbd> {words}</li>" for key, words in keys)
    return f'<ul class="keys soft" aria-label="Keys">{listed}</ul>'


def _named(criterion: str) -> str:
    return criterion.replace("_", " ")


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{max(1, round(size_bytes / 1e3))} kB"


def _attributes(values: Mapping[str, str]) -> str:
    return " ".join(f'data-{name}="{html.escape(value, quote=True)}"' for name, value in values.items())


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
