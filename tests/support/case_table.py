"""A catalogue in memory for the criteria's decision tables: subjects stated by their facts alone, no pictures, no files."""

import functools
import json
from collections.abc import Mapping
from typing import Any

import duckdb

from base.files import canonical_json
from catalog import db
from curate import judge
from curate.settings import CurationSettings, parameters

RUN = "20261121T000000000000-test-000001"
FIELDS: Mapping[str, Any] = {
    "source": "folder:test",
    "concepts": [],
    "other": "{}",
    "rights_family": "by",
    "rights_version": "4.0",
    "rights_raw": '[["licence", "CC BY 4.0"]]',
    "rights_source_field": "licence",
    "rights_scope": "media",
    "rights_alternatives": "[]",
    "rights_flags": [],
    "rights_confidence": "code",
    "opt_outs": "[]",
    "digest": "d",
    "stated_at": "2026-11-21",
}
Answer = tuple[str | None, str | None, Mapping[str, Any] | None]
"""Verdict, reason, evidence."""


@functools.cache
def _catalogue() -> duckdb.DuckDBPyConnection:
    """One for all tables of a process, emptied each time."""
    connection = duckdb.connect(":memory:")
    db.upgrade(connection)
    return connection


class CaseTable:
    """Subjects by a short name, and what a criterion says of each."""

    def __init__(self) -> None:
        self.connection = _catalogue()
        for table in ("candidates", "measures", "decisions"):
            self.connection.execute(f"DELETE FROM {table}")
        self.added = 0

    def add(self, name: str, facts: Mapping[str, float | str] | None = None, **fields: Any) -> str:
        """State a harvested item; its picture has these facts (None: it is not held). Returns the picture's sha256."""
        self.added += 1
        held = None if facts is None else f"{self.added:064x}"
        row = {
            **FIELDS,
            "candidate_id": name,
            "source_id": name,
            "title": name,
            "outcome": "stored" if held else "metadata_only",
            "sha256": held,
            "run_id": RUN,
            **fields,
        }
        marks = ", ".join("?" * len(row))
        self.connection.execute(f"INSERT INTO candidates ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        for measure, fact in (facts or {}).items():
            value, word = (None, fact) if isinstance(fact, str) else (fact, None)
            self.connection.execute(
                "INSERT INTO measures VALUES (?, ?, 'v', ?, NULL, ?, ?, '2026-11-21')", [held, measure, value, word, RUN]
            )
        return held or ""

    def answers(self, criterion: str, settings: CurationSettings | None = None, **values: Any) -> dict[str, Answer]:
        """What the criterion says of every subject of which it says anything; with these values of its parameters."""
        chosen = settings or CurationSettings(criteria={criterion: values})
        parameters(criterion, judge.loaded()[criterion], chosen)
        judge.begin(self.connection, [criterion])
        judge.ask(self.connection, chosen, [criterion])
        found = self.connection.execute("SELECT subject, verdict, reason, evidence FROM given").fetchall()
        for _, verdict, _, evidence in found:
            if verdict is not None:
                keys = list(json.loads(evidence))
                assert keys == sorted(keys), f"the evidence of {criterion} is not in alphabetical order: {keys}"
                assert canonical_json(json.loads(evidence))
        return {
            subject: (verdict, reason if verdict else None, json.loads(evidence) if verdict else None)
            for subject, verdict, reason, evidence in found
        }
