"""Finding the one subject that a person means: by candidate id, sha256 prefix, URL, source id or file name."""

import re
from pathlib import Path
from typing import Any

from base.errors import UsageError
from catalog import db

SHOWN_CHOICES = 8
HEX = re.compile(r"[0-9a-f]{4,64}")


def find(workspace: Path, text: str) -> str:
    """The subject (candidate_id, or sha256 of a generated picture) that `text` names.

    A sha256 that several items share gives the one that is kept, else the first by candidate id.

    Raises:
        UsageError: nothing or several things answer to it; the message lists what it could be.
    """
    found = matches(workspace, text)
    if not found:
        raise UsageError(
            f"nothing here is called {text!r}: give a candidate id, the beginning of a sha256, a URL or a file name"
            " (`fototeca sql 'SELECT subject, source_id, title FROM records'` lists them)."
        )
    if len({row["sha256"] or row["subject"] for row in found}) > 1:
        lines = "\n".join(f"  {row['subject']}  {row['source_id']}  {row['title'] or ''}" for row in found[:SHOWN_CHOICES])
        more = "" if len(found) <= SHOWN_CHOICES else f"\n  and {len(found) - SHOWN_CHOICES} more"
        raise UsageError(f"{text!r} may be any of these; give the id:\n{lines}{more}")
    return str(found[0]["subject"])


def matches(workspace: Path, text: str) -> list[dict[str, Any]]:
    """Every subject that `text` may mean, exact names before partial ones; kept ones first."""
    wanted = text.strip()
    lowered = wanted.lower()
    with db.reading(workspace) as connection:
        for condition, parameters in _questions(wanted, lowered):
            found = db.fetch(
                connection,
                f"""
                SELECT record.subject, record.sha256, record.source, record.source_id, record.title, record.kind
                FROM records AS record
                JOIN verdicts AS verdict USING (subject)
                WHERE {condition}
                ORDER BY verdict.verdict <> 'keep', record.kind DESC, record.subject
                """,
                parameters,
            )
            if found:
                return found
    return []


def _questions(wanted: str, lowered: str) -> list[tuple[str, list[str]]]:
    questions = []
    if HEX.fullmatch(lowered):
        questions.append(("record.subject = ? OR record.sha256 = ?", [lowered, lowered]))
        questions.append(("starts_with(record.subject, ?) OR starts_with(record.sha256, ?)", [lowered, lowered]))
    questions += [
        ("record.page_url = ? OR record.image_url = ?", [wanted, wanted]),
        ("record.kind = 'harvested' AND (record.source_id = ? OR record.title = ?)", [wanted, wanted]),
        ("record.kind = 'harvested' AND ends_with(record.source_id, '/' || ?)", [wanted]),
        ("record.kind = 'harvested' AND ends_with(record.image_url, '/' || ?)", [wanted]),
    ]
    return questions
