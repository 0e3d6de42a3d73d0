"""Everything that the catalogue knows of one subject, for `fototeca why`: what was said, thought, made and handed over."""

import json
from pathlib import Path
from typing import Any

from catalog import db, subjects

QUESTIONS = {
    "record": "SELECT * FROM records WHERE subject = $subject",
    "verdict": "SELECT verdict, criterion, reason, evidence, who, judged FROM verdicts WHERE subject = $subject",
    "decisions": """
        SELECT criterion, version, verdict, reason, evidence, who, decided_at, run_id
        FROM decisions
        WHERE subject = $subject
        ORDER BY run_id DESC, criterion""",
    "statements": """
        SELECT run_id, stated_at, outcome, rights_family, rights_version, rights_raw, creator, title, digest
        FROM candidates
        WHERE candidate_id = $subject
        ORDER BY run_id DESC""",
    "concepts": "SELECT concept, source, score FROM current_depictions WHERE subject = $subject ORDER BY concept, source",
    "same_bytes": """
        SELECT subject, source, source_id, title
        FROM records
        WHERE sha256 = $sha256 AND subject <> $subject
        ORDER BY subject""",
    "measures": "SELECT measure, value, bits, word, version FROM current_measures WHERE sha256 = $sha256 ORDER BY measure",
    "pairs": """
        SELECT CASE WHEN a = $sha256 THEN b ELSE a END AS other, kind, distance, orientation, verified, verified_by
        FROM pairs
        WHERE a = $sha256 OR b = $sha256
        ORDER BY distance, other""",
    "variations": "SELECT sha256, prompt, model, seed, strength FROM lineage WHERE parent = $sha256 ORDER BY sha256",
    "lineage": "SELECT * FROM lineage WHERE sha256 = $sha256",
    "whereabouts": "SELECT kind, name, detail FROM whereabouts WHERE sha256 = $sha256 ORDER BY kind, name",
}


def why(workspace: Path, text: str) -> dict[str, Any]:
    """All that is known of the subject that `text` names; JSON columns come as values.

    Raises:
        UsageError: `text` names nothing, or several things.
    """
    subject = subjects.find(workspace, text)
    with db.reading(workspace) as connection:
        story: dict[str, Any] = {"subject": subject}
        sha256 = None
        for name, sql in QUESTIONS.items():
            wanted = {key: value for key, value in {"subject": subject, "sha256": sha256}.items() if f"${key}" in sql}
            found = [_with_values(row) for row in db.fetch(connection, sql, wanted)]
            story[name] = (found[0] if found else None) if name in ("record", "verdict") else found
            if name == "record" and found:
                sha256 = found[0]["sha256"]
    return story


def _with_values(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("evidence", "rights_raw", "rights_alternatives", "opt_outs"):
        if isinstance(row.get(name), str):
            row[name] = json.loads(row[name])
    return row
