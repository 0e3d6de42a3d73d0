"""Whose pictures taught the model, and what their licences ask for: the table of credits, its file, and what binds the use."""

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from base.files import write_text
from finetune.data import Item
from finetune.markdown import link, plain, table

CREDITS_FILE = "credits.csv"
MOST_ROWS = 2000  # on the page; the file has them all
MOST_SIGNS = 400  # of a title, creator or credit on the page
MOST_NAMES = 20  # of each count that stands there instead
COLUMNS = (
    "sha256", "kind", "parent", "title", "creator", "creation_date", "source", "source_id", "page_url", "licence", "licence_url",
    "credit_line", "times_drawn",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet would run."""


def write(folder: Path, used: Sequence[Item], drawn: Counter[str]) -> Path:
    """Write credits.csv, a row a picture; a value that a spreadsheet would run as a formula gets an apostrophe.

    Args:
        folder: of the run.
        used: pictures and variations that were drawn in training.
        drawn: how often each was.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for item in used:
        record, rights = item.record, item.record.get("rights") or {}
        told = {
            **record,
            "sha256": item.key,
            "kind": "variation" if record.get("parent") else "real",
            "licence": licence_name(record),
            "licence_url": rights.get("uri"),
            "times_drawn": drawn[item.key],
        }
        writer.writerow([_cell(told.get(name)) for name in COLUMNS])
    write_text(folder / CREDITS_FILE, stream.getvalue())
    return folder / CREDITS_FILE


def shown(used: Sequence[Item], drawn: Counter[str]) -> list[str]:
    """Markdown: every picture with its credit, or, above `MOST_ROWS`, counts by licence, source and creator."""
    if len(used) > MOST_ROWS:
        lines = [f"Each of the {len(used)} pictures, with its credit: [{CREDITS_FILE}]({CREDITS_FILE}). In short:", ""]
        records = [item.record for item in used]
        for name, values in (
            ("licence", [licence_name(record) for record in records]),
            ("source", [str(record.get("source") or "not stated") for record in records]),
            ("creator", [str(record.get("creator") or "unknown") for record in records]),
        ):
            counts = Counter(values)
            ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
            rows = [[plain(value), str(times)] for value, times in ordered[:MOST_NAMES]]
            if len(ordered) > MOST_NAMES:
                rest = sum(times for _, times in ordered[MOST_NAMES:])
                rows.append([f"{len(ordered) - MOST_NAMES} more", str(rest)])
            lines += [*table([name, "pictures"], rows), ""]
        return lines
    names = ["picture", "title", "creator", "licence", "credit", "times drawn"]
    rows = [_row(item, drawn[item.key]) for item in used]
    return [*table(names, rows), "", f"The same as a file, with sources and dates: [{CREDITS_FILE}]({CREDITS_FILE})."]


def bindings(used: Sequence[Item]) -> list[str]:
    """Markdown: one line a licence with what it asks for, and what that comes to for whoever uses the weights."""
    of_licence: dict[str, list[Mapping[str, Any]]] = {}
    for item in used:
        of_licence.setdefault(_licence(item.record), []).append(item.record)
    lines = [
        f"- **{name}**: {len(some)} training picture{'' if len(some) == 1 else 's'}; {_asked(some)}."
        for name, some in sorted(of_licence.items())
    ]
    permissions = [item.record.get("permissions") or {} for item in used]
    attribution = sum(bool(one.get("attribution")) for one in permissions)
    share_alike = sum(bool(one.get("share_alike")) for one in permissions)
    bound = sum(one.get("commercial") is not True for one in permissions)
    kept_back = sum(one.get("redistribute") is False for one in permissions)
    lines.append("")
    if attribution:
        lines.append(
            f"- {attribution} of {len(used)} ask to be credited: hand [{CREDITS_FILE}]({CREDITS_FILE}) on with the weights."
        )
    if share_alike:
        lines.append(
            f"- {share_alike} of {len(used)} are under share-alike terms. Whether weights, or what they draw, are an adaptation "
            "in the sense of these licences is not settled; to be on the safe side, hand them on under the same terms."
        )
    if kept_back:
        lines.append(
            f"- {kept_back} of {len(used)} may not be passed on as copies: before you show what is drawn, look for near-copies."
        )
    lines.append(
        f"- {bound} of {len(used)} are not recorded as free for commercial use: do not use the weights for it."
        if bound
        else "- The records of all pictures permit commercial use."
    )
    return lines


def licence_name(record: Mapping[str, Any]) -> str:
    """What the record says of the licence, shortest first; "not stated" where it says nothing."""
    rights = record.get("rights") or {}
    family = " ".join(str(rights[key]) for key in ("family", "version") if rights.get(key))
    return str(rights.get("spdx") or family or "not stated")


def _licence(record: Mapping[str, Any]) -> str:
    return link(licence_name(record), (record.get("rights") or {}).get("uri"))


def _asked(records: Sequence[Mapping[str, Any]]) -> str:
    """What any of these records asks for: one licence may stand with narrower terms in one of them."""
    permissions = [record.get("permissions") or {} for record in records]
    asked = [
        words
        for key, words in (("attribution", "name the creators"), ("share_alike", "share under the same terms"))
        if any(one.get(key) for one in permissions)
    ]
    if any(one.get("commercial") is False for one in permissions):
        asked.append("no commercial use")
    if any(one.get("redistribute") is False for one in permissions):
        asked.append("no copies handed on")
    if any(one.get(key) is None for one in permissions for key in ("attribution", "commercial")):
        asked.append("what it permits is not recorded, or not in full" if any(permissions) else "what it permits is not recorded")
    return "; ".join(asked) or "asks for nothing"


def _row(item: Item, times: int) -> list[str]:
    record = item.record
    variation = f" (variation of {plain(str(record['parent'])[:12])})" if record.get("parent") else ""
    return [
        f"`{item.key[:12]}`{variation}",
        link(_short(record.get("title") or "untitled"), record.get("page_url")),
        plain(_short(record.get("creator") or "unknown")),
        _licence(record),
        plain(_short(record.get("credit_line") or "")),
        str(times),
    ]


def _short(words: object) -> str:
    """A text that is too long for a page is cut there; the file has all of it."""
    text = str(words)
    return text if len(text) <= MOST_SIGNS else f"{text[:MOST_SIGNS]} …"


def _cell(value: object) -> str:
    text = "" if value is None else str(value).replace("\0", "")
    flat = "".join(sign for sign in " ".join(text.splitlines()) if sign == "\t" or unicodedata.category(sign) != "Cc")
    return f"'{flat}" if text.lstrip().startswith(FORMULA) or text.startswith(("\t", "\r", "\n")) else flat
