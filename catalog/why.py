"""Everything that the catalogue knows of one subject, for `fototeca why`: what was said, thought, made and handed over."""

import json
from pathlib import Path
from typing import Any

import duckdb

from catalog import db, subjects

QUESTIONS = {
    "record": "SELECT * FROM records WHERE subject = $subject",
    "tombstone": "SELECT source, source_id, sha256, reason, who, withdrawn_at, run_id FROM withdrawals WHERE subject = $subject",
    "verdict": "SELECT verdict, criterion, reason, evidence, who, judged FROM verdicts WHERE subject = $subject",
    "decisions": """
        SELECT criterion, version, verdict, reason, evidence, who, decided_at, run_id
        FROM decisions
        WHERE subject = $subject
        ORDER BY run_id DESC, criterion""",
    "corrections": """
        SELECT
          word.field,
          stands.said_by_source,
          CASE WHEN word.field = 'licence' THEN word.value ->> '$.raw[0][1]' ELSE word.value ->> '$' END AS corrected_to,
          word.who,
          word.reason,
          CASE WHEN word.field = 'licence' THEN word.value ->> '$.evidence' END AS evidence,
          stands.run_id IS NOT NULL AS stands,
          word.stated_at,
          word.run_id
        FROM corrections AS word
        LEFT JOIN corrected AS stands USING (subject, field, run_id)
        WHERE word.subject = $subject
        ORDER BY word.run_id DESC, word.field""",
    "proposals": """
        SELECT kind, state, detail, stated_at, run_id
        FROM proposals
        WHERE subject = $subject
        ORDER BY run_id DESC, kind""",
    "statements": """
        SELECT run_id, stated_at, outcome, rights_family, rights_version, rights_raw, creator, title, digest
        FROM candidates
        WHERE candidate_id = $subject
        ORDER BY run_id DESC""",
    "rights_history": """
        SELECT stated_at, licence, previous_licence, direction, run_id
        FROM rights_history
        WHERE subject = $subject AND direction <> 'same'
        ORDER BY run_id DESC""",
    "answers": "SELECT url, status, asked_at FROM answers WHERE candidate_id = $subject ORDER BY asked_at DESC LIMIT 10",
    "concepts": "SELECT concept, source, score FROM current_depictions WHERE subject = $subject ORDER BY concept, source",
    "same_bytes": """
        SELECT subject, source, source_id, title
        FROM records
        WHERE sha256 = $sha256 AND subject <> $subject
        ORDER BY subject""",
    "measures": "SELECT measure, value, bits, word, version FROM current_measures WHERE sha256 = $sha256 ORDER BY measure",
    "fixity": "SELECT outcome, checked_at FROM fixity WHERE sha256 = $sha256 ORDER BY checked_at DESC LIMIT 10",
    "pairs": """
        SELECT CASE WHEN a = $sha256 THEN b ELSE a END AS other, kind, distance, orientation, verified, verified_by
        FROM pairs
        WHERE a = $sha256 OR b = $sha256
        ORDER BY distance, other""",
    "variations": "SELECT sha256, prompt, model, seed, strength FROM lineage WHERE parent = $sha256 ORDER BY sha256",
    "lineage": "SELECT * FROM lineage WHERE sha256 = $sha256",
    "whereabouts": """
        SELECT DISTINCT kind, name, detail
        FROM whereabouts
        WHERE sha256 = $sha256 OR sha256 IN (SELECT sha256 FROM candidates WHERE candidate_id = $subject)
        ORDER BY kind, name, detail""",
}
ONE_ROW = ("record", "tombstone", "verdict")
JSON_COLUMNS = ("evidence", "rights_raw", "rights_alternatives", "opt_outs", "other")


def why(workspace: Path, text: str) -> dict[str, Any]:
    """All that is known of the subject that `text` names; JSON columns come as values.

    `tombstone` is None unless it was withdrawn. Of a generated picture that was withdrawn nothing else is left, so that
    its record says only what it was.

    Raises:
        UsageError: `text` names nothing, or several things.
    """
    with subjects.located(workspace, text) as (connection, subject):
        story: dict[str, Any] = {"subject": subject}
        sha256 = None
        for name, sql in QUESTIONS.items():
            values = {"subject": subject, "sha256": sha256}
            wanted = {key: value for key, value in values.items() if f"${key}" in sql}
            found = [_with_values(name, row) for row in db.fetch(connection, sql, wanted)]
            story[name] = (found[0] if found else None) if name in ONE_ROW else found
            if name == "tombstone":
                sha256 = (story["record"] or {}).get("sha256") or (story["tombstone"] or {}).get("sha256")
        if story["record"] is None and story["tombstone"] is not None:
            _fill_from_tombstone(connection, story)
    return story


def _fill_from_tombstone(connection: duckdb.DuckDBPyConnection, story: dict[str, Any]) -> None:
    """A record and a verdict for a withdrawn variation, in the form of the others."""
    stone = story["tombstone"]
    empty = {str(row["column_name"]): None for row in db.fetch(connection, "DESCRIBE records")}
    said = f"Withdrawn: {stone['reason']}"
    known = {"subject": story["subject"], "kind": "generated", "source_id": story["subject"][:12], "outcome": "withdrawn"}
    story["record"] = {**empty, **known, "outcome_detail": said, "concepts": [], "corrected": []}
    story["verdict"] = {
        "verdict": "exclude",
        "criterion": "withdrawn",
        "reason": said,
        "evidence": None,
        "who": stone["who"],
        "judged": True,
    }


def _with_values(question: str, row: dict[str, Any]) -> dict[str, Any]:
    for name in JSON_COLUMNS if question in ("record", "decisions", "verdict") else ("evidence",):
        if isinstance(row.get(name), str) and question != "corrections":
            row[name] = json.loads(row[name])
    return row
