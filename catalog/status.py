"""What do we hold, what did we leave out, what is scarce, what waits: the page that a bare `fototeca` shows."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb

from catalog import db, runs

HERE = Path(__file__).parent

QUESTIONS = {
    "outcomes": """
        SELECT outcome, count(*) AS items
        FROM stands
        WHERE kind = 'harvested'
        GROUP BY outcome
        ORDER BY items DESC, outcome""",
    "sources": """
        SELECT source, count(*) AS items, count(sha256) AS held
        FROM stands
        WHERE kind = 'harvested'
        GROUP BY source
        ORDER BY source""",
    "licences": """
        SELECT licence_name(rights_family, rights_version, rights_jurisdiction) AS licence, sum(pictures)::BIGINT AS pictures
        FROM (
          SELECT rights_family, rights_version, rights_jurisdiction, count(*) AS pictures
          FROM stands
          WHERE kept AND kind = 'harvested'
          GROUP BY ALL
        )
        GROUP BY licence
        ORDER BY pictures DESC, licence""",
    "excluded": """
        SELECT coalesce(CASE WHEN verdict <> 'keep' THEN criterion END, 'not_held') AS criterion, count(*) AS items
        FROM stands
        WHERE excluded
        GROUP BY ALL
        ORDER BY items DESC, criterion""",
    "waiting": "SELECT criterion, count(*) AS items FROM stands WHERE waiting GROUP BY criterion ORDER BY items DESC, criterion",
    "concepts": """
        SELECT
          concept.name AS concept,
          concept.target,
          count(held.kind) FILTER (held.kind = 'harvested') AS kept,
          count(held.kind) FILTER (held.kind = 'generated') AS generated,
          greatest(concept.target - count(held.kind), 0) AS missing
        FROM current_concepts AS concept
        LEFT JOIN (
          SELECT subject, kind, name FROM (SELECT subject, kind, unnest(concepts) AS name FROM stands WHERE kept) AS said
          WHERE kind = 'generated'
            OR NOT EXISTS (
              SELECT 1
              FROM current_depictions AS denied
              WHERE denied.subject = said.subject AND denied.concept = said.name AND denied.score = 0
            )
          UNION
          SELECT claim.subject, 'harvested', claim.concept
          FROM current_depictions AS claim
          WHERE claim.score > 0 AND claim.subject IN (SELECT subject FROM stands WHERE kept AND kind = 'harvested')
        ) AS held ON held.name = concept.name
        GROUP BY concept.name, concept.target
        ORDER BY missing DESC, concept""",
    "splits": """
        SELECT
          drawn.split,
          count(*) FILTER (held.kind = 'harvested') AS harvested,
          count(*) FILTER (held.kind = 'generated') AS generated
        FROM (SELECT grouped_as, kind FROM stands WHERE kept) AS held
        JOIN current_groups AS grouped ON grouped.member = held.grouped_as
        JOIN splits AS drawn ON drawn.anchor = grouped.anchor
        GROUP BY drawn.split
        ORDER BY drawn.split""",
    "exports": "SELECT folder, purpose, samples, shards, exported_at FROM exports ORDER BY exported_at DESC, folder LIMIT 5",
    "runs": """
        SELECT run_id, command, outcome, counts, started_at
        FROM runs
        ORDER BY run_id DESC
        LIMIT 5""",
    "proposed_withdrawals": """
        SELECT kind, count(*) AS items, min(since) AS since
        FROM proposed_withdrawals
        GROUP BY kind
        ORDER BY items DESC, kind""",
    "exports_to_write_again": """
        SELECT folder, count(*) AS withdrawn
        FROM (
          SELECT folder, arg_max(manifest_digest, exported_at) AS manifest_digest
          FROM exports
          GROUP BY folder
        ) AS newest
        JOIN samples AS sample ON sample.export = newest.manifest_digest
        WHERE sample.subject IN (SELECT subject FROM withdrawals) OR sample.sha256 IN (SELECT sha256 FROM withdrawals)
        GROUP BY folder
        ORDER BY folder""",
    "corrections": "SELECT field, count(*) AS items FROM corrected GROUP BY field ORDER BY items DESC, field",
}

TOTALS = """
    SELECT
      count(*) FILTER (kind = 'harvested') AS candidates,
      count(*) FILTER (kind = 'generated') AS generated,
      count(*) FILTER (kept AND kind = 'harvested') AS kept_harvested,
      count(*) FILTER (kept AND kind = 'generated') AS kept_generated,
      count(*) FILTER (waiting) AS waiting,
      count(*) FILTER (excluded) AS excluded,
      count(*) FILTER (unjudged) AS unjudged,
      (SELECT count(*) FROM images) AS images,
      (SELECT coalesce(sum(size_bytes), 0) FROM images)::BIGINT AS size_bytes,
      (SELECT started_at FROM last_curation) AS curated_at,
      (SELECT count(*) FROM withdrawals) AS withdrawn
    FROM stands"""

FIXITY = """
    SELECT
      max(checked_at) AS checked_at,
      count(*) FILTER (checked_at IS NULL) AS never,
      count(*) FILTER (outcome <> 'whole') AS damaged
    FROM last_checked"""

BACKUP = """
    SELECT settings ->> '$.file' AS file, ended_at AS made_at
    FROM runs
    WHERE command = 'backup' AND outcome = 'done'
    ORDER BY run_id DESC
    LIMIT 1"""


def status(workspace: Path) -> dict[str, Any]:
    """Totals that add up (candidates + generated = kept + waiting + excluded + unjudged) and tables by kind.

    Pictures whose shared copies are counted under another item stand in none of the four; they are few. `backup` is None,
    and `fixity.checked_at` too, when there never was one. A workspace without a catalogue is no error: `exists` is False.
    """
    answer: dict[str, Any] = {"workspace": str(workspace), "exists": db.exists(workspace), "waiting_spools": []}
    if (workspace / runs.SPOOL_NAME).exists():
        answer["waiting_spools"] = [folder.name for folder in runs.waiting_spools(workspace)]
    if not answer["exists"]:
        return answer
    with db.reading(workspace) as connection:
        connection.execute((HERE / "status_stands.sql").read_text(encoding="utf-8"))
        answer["totals"] = db.fetch(connection, TOTALS)[0]
        for name, sql in QUESTIONS.items():
            answer[name] = db.fetch(connection, sql)
        answer["fixity"] = db.fetch(connection, FIXITY)[0]
        answer["backup"] = next(iter(db.fetch(connection, BACKUP)), None)
        answer["abstained"] = _abstained(connection)
    answer["disk"] = {
        "store_bytes": answer["totals"]["size_bytes"],
        "catalogue_bytes": db.catalogue_path(workspace).stat().st_size,
        "free_bytes": shutil.disk_usage(workspace).free,
    }
    return answer


def _abstained(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """For how many pictures each criterion lacked its measure in the last complete curation."""
    found = db.fetch(
        connection, "SELECT counts FROM runs WHERE command = 'curate' AND outcome = 'done' ORDER BY run_id DESC LIMIT 1"
    )
    counts = json.loads(found[0]["counts"]) if found else {}
    return {name.removeprefix("abstained_"): number for name, number in counts.items() if name.startswith("abstained_")}
