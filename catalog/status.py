"""What do we hold, what did we leave out, what is scarce, what waits: the page that a bare `fototeca` shows."""

import json
from pathlib import Path
from typing import Any

from catalog import db, runs

QUESTIONS = {
    "outcomes": "SELECT outcome, count(*) AS items FROM current_candidates GROUP BY outcome ORDER BY items DESC, outcome",
    "sources": """
        SELECT source, count(*) AS items, count(sha256) AS held
        FROM current_candidates
        GROUP BY source
        ORDER BY source""",
    "licences": """
        SELECT licence_name(rights_family, rights_version, rights_jurisdiction) AS licence, count(*) AS pictures
        FROM kept
        WHERE kind = 'harvested'
        GROUP BY licence
        ORDER BY pictures DESC, licence""",
    "excluded": "SELECT criterion, count(*) AS items FROM excluded GROUP BY criterion ORDER BY items DESC, criterion",
    "waiting": "SELECT criterion, count(*) AS items FROM waiting GROUP BY criterion ORDER BY items DESC, criterion",
    "concepts": """
        SELECT
          concept.name AS concept,
          concept.target,
          count(record.subject) FILTER (record.kind = 'harvested') AS kept,
          count(record.subject) FILTER (record.kind = 'generated') AS generated,
          greatest(concept.target - count(record.subject), 0) AS missing
        FROM current_concepts AS concept
        LEFT JOIN kept AS record ON list_contains(record.concepts, concept.name)
        GROUP BY concept.name, concept.target
        ORDER BY missing DESC, concept""",
    "splits": """
        SELECT
          split,
          count(*) FILTER (kind = 'harvested') AS harvested,
          count(*) FILTER (kind = 'generated') AS generated
        FROM kept
        WHERE split IS NOT NULL
        GROUP BY split
        ORDER BY split""",
    "exports": "SELECT folder, purpose, samples, shards, exported_at FROM exports ORDER BY exported_at DESC, folder LIMIT 5",
    "runs": """
        SELECT run_id, command, outcome, counts, started_at
        FROM runs
        ORDER BY run_id DESC
        LIMIT 5""",
}

TOTALS = """
    SELECT
      (SELECT count(*) FROM current_candidates) AS candidates,
      (SELECT count(*) FROM generated_records) AS generated,
      (SELECT count(*) FROM kept WHERE kind = 'harvested') AS kept_harvested,
      (SELECT count(*) FROM kept WHERE kind = 'generated') AS kept_generated,
      (SELECT count(*) FROM waiting) AS waiting,
      (SELECT count(*) FROM excluded) AS excluded,
      (SELECT count(*) FROM unjudged) AS unjudged,
      (SELECT count(*) FROM images) AS images,
      (SELECT coalesce(sum(size_bytes), 0) FROM images)::BIGINT AS size_bytes,
      (SELECT started_at FROM last_curation) AS curated_at"""


def status(workspace: Path) -> dict[str, Any]:
    """Totals that add up (candidates + generated = kept + waiting + excluded + unjudged) and tables by kind.

    A workspace without a catalogue is no error: `exists` is False then.
    """
    answer: dict[str, Any] = {"workspace": str(workspace), "exists": db.exists(workspace), "waiting_spools": []}
    if (workspace / runs.SPOOL_NAME).exists():
        answer["waiting_spools"] = [folder.name for folder in runs.waiting_spools(workspace)]
    if not answer["exists"]:
        return answer
    with db.reading(workspace) as connection:
        answer["totals"] = db.fetch(connection, TOTALS)[0]
        for name, sql in QUESTIONS.items():
            answer[name] = db.fetch(connection, sql)
        abstained = db.fetch(
            connection,
            "SELECT counts FROM runs WHERE command = 'curate' AND outcome = 'done' ORDER BY run_id DESC LIMIT 1",
        )
    counts = json.loads(abstained[0]["counts"]) if abstained else {}
    answer["abstained"] = {
        name.removeprefix("abstained_"): number for name, number in counts.items() if name.startswith("abstained_")
    }
    return answer
