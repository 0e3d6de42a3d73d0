"""What do we hold, what did we leave out, what is scarce, what waits: the page that a bare `fototeca` shows."""

import hashlib
import json
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from base.files import write_text
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
        FROM open_proposals
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
    "corrections": """
        SELECT field, count(*) AS items
        FROM current_corrections
        WHERE value IS NOT NULL AND subject NOT IN (SELECT subject FROM withdrawals)
        GROUP BY field
        ORDER BY items DESC, field""",
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


MANY = 100_000
"""From so many candidates up the answer is kept beside the spool until the catalogue changes: a million take seconds."""
NOTE_NAME = "status.json"
HEADERS_BYTES = 3 * 4096
"""A DuckDB file begins with three headers; each checkpoint counts one of them up."""


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
        state = _state(workspace)
        found = _noted(workspace, state)
        if found is None:
            found = _counted(connection)
            if found["totals"]["candidates"] >= MANY and state is not None:
                _note(workspace, state, found)
    answer |= found
    answer["disk"] = {
        "store_bytes": answer["totals"]["size_bytes"],
        "catalogue_bytes": db.catalogue_path(workspace).stat().st_size,
        "free_bytes": shutil.disk_usage(workspace).free,
    }
    return answer


def _counted(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """All that the catalogue itself answers."""
    connection.execute((HERE / "status_stands.sql").read_text(encoding="utf-8"))
    found: dict[str, Any] = {"totals": db.fetch(connection, TOTALS)[0]}
    for name, sql in QUESTIONS.items():
        found[name] = db.fetch(connection, sql)
    found["fixity"] = db.fetch(connection, FIXITY)[0]
    found["backup"] = next(iter(db.fetch(connection, BACKUP)), None)
    found["abstained"] = _abstained(connection)
    return found


def _state(workspace: Path) -> str | None:
    """What is another after every change of the catalogue, by whatever program; None while a log waits to be worked in.

    The catalogue must be open for reading: then nobody writes.
    """
    path = db.catalogue_path(workspace)
    if path.with_name(f"{path.name}.wal").exists():
        return None
    known = path.stat()
    with path.open("rb") as stream:
        headers = stream.read(HEADERS_BYTES)
    marks = f"{known.st_ino} {known.st_size} {known.st_mtime_ns} {db.version()} {QUESTIONS} {TOTALS}"
    return hashlib.sha256(headers + marks.encode()).hexdigest()


def _noted(workspace: Path, state: str | None) -> dict[str, Any] | None:
    """The answer of an earlier time, when nothing has changed since."""
    try:
        note = json.loads((workspace / runs.SPOOL_NAME / NOTE_NAME).read_text(encoding="utf-8"), object_hook=_with_times)
    except (OSError, ValueError):
        return None
    return note["found"] if isinstance(note, dict) and state is not None and note.get("state") == state else None


def _note(workspace: Path, state: str, found: dict[str, Any]) -> None:
    text = json.dumps({"state": state, "found": found}, ensure_ascii=False, default=lambda time: {"time": time.isoformat()})
    with suppress(OSError):  # a folder that may only be read: the next answer takes as long as this one
        write_text(workspace / runs.SPOOL_NAME / NOTE_NAME, text)


def _with_times(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value["time"]) if value.keys() == {"time"} else value


def _abstained(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """For how many pictures each criterion lacked its measure in the last complete curation."""
    found = db.fetch(
        connection, "SELECT counts FROM runs WHERE command = 'curate' AND outcome = 'done' ORDER BY run_id DESC LIMIT 1"
    )
    counts = json.loads(found[0]["counts"]) if found else {}
    return {name.removeprefix("abstained_"): number for name, number in counts.items() if name.startswith("abstained_")}
