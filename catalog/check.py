"""Does the catalogue keep its own rules, and does the store hold what it says? One query a rule: there are no foreign keys."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalog import db, runs
from catalog.store import Store

RULES = {
    "every stored candidate has its image": """
        SELECT candidate_id FROM current_candidates WHERE sha256 IS NOT NULL AND sha256 NOT IN (SELECT sha256 FROM images)""",
    "every measure is of an image": "SELECT DISTINCT sha256 FROM measures WHERE sha256 NOT IN (SELECT sha256 FROM images)",
    "a measure is stored once an image and version": """
        SELECT sha256 || ' ' || measure FROM measures GROUP BY sha256, measure, version HAVING count(*) > 1""",
    "every pair is of two images, in order": """
        SELECT a || ' ' || b
        FROM pairs
        WHERE a >= b OR a NOT IN (SELECT sha256 FROM images) OR b NOT IN (SELECT sha256 FROM images)""",
    "every decision is on a subject": """
        SELECT DISTINCT subject
        FROM decisions
        WHERE subject NOT IN (SELECT candidate_id FROM candidates) AND subject NOT IN (SELECT sha256 FROM images)""",
    "every group member is an image": "SELECT member FROM groups WHERE member NOT IN (SELECT sha256 FROM images)",
    "every current group has a split": """
        SELECT anchor FROM current_groups WHERE anchor NOT IN (SELECT anchor FROM splits)""",
    "every variation has its request, its image and its parent": """
        SELECT request
        FROM variations
        WHERE request NOT IN (SELECT digest FROM requests)
          OR sha256 NOT IN (SELECT sha256 FROM images WHERE origin = 'generated')
          OR parent NOT IN (SELECT sha256 FROM images WHERE origin = 'harvested')""",
    "every generated image has a variation": """
        SELECT sha256 FROM images WHERE origin = 'generated' AND sha256 NOT IN (SELECT sha256 FROM variations)""",
    "every sample belongs to an export": """
        SELECT DISTINCT export FROM samples WHERE export NOT IN (SELECT manifest_digest FROM exports)""",
    "nothing is kept without a cleared licence, but by a person": """
        SELECT kept.subject
        FROM kept
        JOIN verdicts USING (subject)
        WHERE kept.kind = 'harvested'
          AND verdicts.criterion IS DISTINCT FROM 'person'
          AND kept.subject NOT IN (SELECT subject FROM licences_offered WHERE NOT refused)""",
}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was looked at and what was found wrong: (rule, what breaks it)."""

    rules: int
    images: int
    bytes_read: bool
    faults: tuple[tuple[str, str], ...]
    unknown_files: int
    waiting_spools: int


def check(workspace: Path, *, read_bytes: bool = False, progress: Callable[[str, int, int], None] | None = None) -> Checked:
    """Ask every rule, compare store and catalogue, and with `read_bytes` hash every stored file again, oldest first."""
    faults: list[tuple[str, str]] = []
    with db.reading(workspace) as connection:
        for rule, sql in RULES.items():
            faults += [(rule, str(row[0])) for row in connection.execute(sql).fetchall()]
        held = [row[0] for row in connection.execute("SELECT sha256 FROM images ORDER BY stored_at, sha256").fetchall()]
    store = Store(workspace)
    names = store.names()
    faults += [("every image is in the store", sha256) for sha256 in held if sha256 not in names]
    if read_bytes:
        for number, sha256 in enumerate(held, start=1):
            if sha256 in names and (damage := store.damaged(sha256)):
                faults.append((f"every stored file is what it was: {damage}", sha256))
            if progress:
                progress("hashing stored files", number, len(held))
    return Checked(
        rules=len(RULES) + 1 + read_bytes,
        images=len(held),
        bytes_read=read_bytes,
        faults=tuple(faults),
        unknown_files=len(names - set(held)),
        waiting_spools=len(runs.waiting_spools(workspace)),
    )
