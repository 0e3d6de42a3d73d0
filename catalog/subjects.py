"""Finding the one subject that a person means: by candidate id, sha256 prefix, URL, source id or file name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from base.errors import UsageError
from catalog import db
from catalog.excerpt import excerpt

SHOWN_CHOICES = 8
MOST_CHOICES = 1000  # more need not be told apart: nobody reads them
HEX = re.compile(r"[0-9a-f]{4,64}")


def find(workspace: Path, text: str) -> str:
    """The subject (candidate_id, or sha256 of a generated picture) that `text` names.

    A sha256 that several items share gives the one that is kept, else the first by candidate id.

    Raises:
        UsageError: nothing or several things answer to it; the message lists what it could be.
    """
    with located(workspace, text) as (_, subject):
        return subject


@contextmanager
def located(workspace: Path, text: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """The same, and the excerpt of the catalogue that speaks of the subject, while it is open.

    Raises:
        UsageError: see `find`.
    """
    with ExitStack() as opened:
        for connection, found in _tries(workspace, text, opened):
            if found:
                yield connection, _only(text, found)
                return
    raise UsageError(
        f"nothing here is called {text!r}: give a candidate id, the beginning of a sha256, a URL or a file name"
        " (`fototeca sql 'SELECT subject, source_id, title FROM records'` lists them)."
    )


def matches(workspace: Path, text: str) -> list[dict[str, Any]]:
    """Every subject that `text` may mean (up to `MOST_CHOICES`), exact names before partial ones; kept ones first."""
    with ExitStack() as opened:
        return next((found for _, found in _tries(workspace, text, opened) if found), [])


def _tries(workspace: Path, text: str, opened: ExitStack) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[dict[str, Any]]]]:
    """Each way of reading `text`, the likeliest first, with what answers to it in an excerpt that is open until the next."""
    wanted = text.strip()
    for tables, records, sought in _questions(wanted, wanted.lower()):
        near = db.rows(workspace, f"SELECT DISTINCT subject FROM ({tables}) LIMIT {MOST_CHOICES}", {"text": sought})
        if near:
            connection = opened.enter_context(excerpt(workspace, [row["subject"] for row in near]))
            yield connection, db.fetch(connection, RECORDS.format(condition=records), {"text": sought})
            opened.close()


def _only(text: str, found: Sequence[Mapping[str, Any]]) -> str:
    if len({row["sha256"] or row["subject"] for row in found}) > 1:
        lines = "\n".join(f"  {row['subject']}  {row['source_id']}  {row['title'] or ''}" for row in found[:SHOWN_CHOICES])
        more = "" if len(found) <= SHOWN_CHOICES else f"\n  and {len(found) - SHOWN_CHOICES} more"
        raise UsageError(f"{text!r} may be any of these; give the id:\n{lines}{more}")
    return str(found[0]["subject"])


RECORDS = """
SELECT record.subject, record.sha256, record.source, record.source_id, record.title, record.kind, verdict.verdict
FROM records AS record
JOIN verdicts AS verdict USING (subject)
WHERE {condition}
UNION ALL
SELECT subject, NULL, NULL, NULL, NULL, 'generated', 'exclude'
FROM withdrawals
WHERE source IS NULL AND subject IN (SELECT subject FROM wanted) AND starts_with(subject, $text)
ORDER BY verdict <> 'keep', kind DESC, subject
"""

HASHED = """
SELECT candidate_id AS subject FROM candidates WHERE {0}(candidate_id, $text) OR {0}(sha256, $text)
UNION
SELECT sha256 FROM variations WHERE {0}(sha256, $text)
UNION
SELECT subject FROM withdrawals WHERE {0}(subject, $text) OR {0}(sha256, $text)"""

HASHED_NOW = """
{0}(record.subject, $text) OR {0}(record.sha256, $text)
OR record.subject IN (SELECT subject FROM withdrawals WHERE {0}(sha256, $text))"""

SAID = "SELECT candidate_id AS subject FROM candidates WHERE {0}"
TITLED = "UNION SELECT subject FROM corrections WHERE field = 'title' AND value ->> '$' = $text"


def _questions(wanted: str, lowered: str) -> list[tuple[str, str, str]]:
    """(where to look in the tables, the same asked of what stands now, what is sought)."""
    questions = []
    if HEX.fullmatch(lowered):
        for test in ("starts_with",) if len(lowered) not in (32, 64) else ("equals", "starts_with"):
            near, now = HASHED, HASHED_NOW
            questions.append((_tested(near, test), _tested(now, test), lowered))
    for columns, test, more in (
        (("page_url", "image_url"), "{0} = $text", ""),
        (("source_id", "title"), "{0} = $text", TITLED),
        (("source_id",), "ends_with({0}, '/' || $text)", ""),
        (("image_url",), "ends_with({0}, '/' || $text)", ""),
    ):
        near = " OR ".join(test.format(name) for name in columns)
        now = " OR ".join(test.format(f"record.{name}") for name in columns)
        questions.append((f"{SAID.format(near)} {more}", f"record.kind = 'harvested' AND ({now})", wanted))
    return questions


def _tested(sql: str, test: str) -> str:
    """The question with one of two tests in it; equality is a comparison, so that an index may answer."""
    if test == "equals":
        return re.sub(r"\{0\}\(([^,]+), (\$text)\)", r"\1 = \2", sql)
    return sql.replace("{0}", test)
