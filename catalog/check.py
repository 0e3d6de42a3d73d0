"""Does the catalogue keep its own rules, and does the store hold what it says? One query a rule: there are no foreign keys."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalog import db, fixity, runs
from catalog.store import Store
from catalog.withdraw import tombstones

RULES = {
    "every stored candidate has its image": """
        SELECT candidate_id FROM current_candidates WHERE sha256 IS NOT NULL AND sha256 NOT IN (SELECT sha256 FROM images)""",
    "every measure is of an image": "SELECT DISTINCT sha256 FROM measures WHERE sha256 NOT IN (SELECT sha256 FROM images)",
    "a measure is stored once an image and version": """
        SELECT sha256 || ' ' || measure FROM measures GROUP BY sha256, measure, version HAVING count(*) > 1""",
    "every embedding is of an image": "SELECT DISTINCT sha256 FROM embeddings WHERE sha256 NOT IN (SELECT sha256 FROM images)",
    "every pair is of two images, in order": """
        SELECT a || ' ' || b
        FROM pairs
        WHERE a >= b OR a NOT IN (SELECT sha256 FROM images) OR b NOT IN (SELECT sha256 FROM images)""",
    "every decision is on a subject": """
        SELECT DISTINCT subject
        FROM decisions
        WHERE subject NOT IN (SELECT candidate_id FROM candidates)
          AND subject NOT IN (SELECT sha256 FROM images)
          AND subject NOT IN (SELECT subject FROM withdrawals)""",
    "every group member is an image": "SELECT member FROM groups WHERE member NOT IN (SELECT sha256 FROM images)",
    "every current group has a split": """
        SELECT anchor FROM current_groups WHERE anchor NOT IN (SELECT anchor FROM splits)""",
    "every variation has its request, its image and its parent": """
        SELECT request
        FROM variations
        WHERE request NOT IN (SELECT digest FROM requests)
          OR sha256 NOT IN (SELECT sha256 FROM images WHERE origin = 'generated')
          OR parent NOT IN (SELECT sha256 FROM images WHERE origin = 'harvested')
        EXCEPT
        SELECT request FROM variations WHERE sha256 IN (SELECT subject FROM withdrawals)""",
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
    "every correction is of an item": """
        SELECT DISTINCT subject FROM corrections WHERE subject NOT IN (SELECT candidate_id FROM candidates)""",
    "every corrected licence is of a known family": """
        SELECT subject
        FROM corrected_items
        WHERE licence IS NOT NULL AND coalesce(licence ->> '$.family', '') NOT IN (SELECT family FROM licence_families)""",
    "every proposed withdrawal is of an item": """
        SELECT DISTINCT subject FROM proposals WHERE subject NOT IN (SELECT candidate_id FROM candidates)""",
    "every answer of a server is about an item": """
        SELECT DISTINCT candidate_id FROM answers WHERE candidate_id NOT IN (SELECT candidate_id FROM candidates)""",
    "nothing withdrawn is kept": "SELECT subject FROM kept WHERE subject IN (SELECT subject FROM withdrawals)",
    "nothing is left of the words of a withdrawn item": """
        SELECT DISTINCT candidate_id
        FROM candidates
        WHERE candidate_id IN (SELECT subject FROM withdrawals)
          AND (
            coalesce(title, creator, creation_date, caption, credit_line) IS NOT NULL
            OR rights_raw::VARCHAR <> '[]'
            OR other::VARCHAR <> '{}'
          )
        UNION
        SELECT subject FROM captions WHERE subject IN (SELECT subject FROM withdrawals)
        UNION
        SELECT subject FROM corrections WHERE value IS NOT NULL AND subject IN (SELECT subject FROM withdrawals)""",
}


WITHDRAWN_BYTES = "no bytes of a withdrawn picture are held"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was looked at and what was found wrong: (rule, what breaks it). `orphans` are files that no row names."""

    rules: int
    images: int
    bytes_read: bool
    faults: tuple[tuple[str, str], ...]
    unknown_files: int
    waiting_spools: int
    orphans: tuple[str, ...] = ()
    not_read: int = 0


def check(
    workspace: Path,
    *,
    read_bytes: bool = False,
    limit: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Checked:
    """Ask every rule and compare store and catalogue; with `read_bytes` hash stored files again, oldest first, up to `limit`.

    Only hashing writes anything: what it found, into `fixity`.
    """
    faults: list[tuple[str, str]] = []
    with db.reading(workspace) as connection:
        for rule, sql in RULES.items():
            faults += [(rule, str(row[0])) for row in connection.execute(sql).fetchall()]
        held = [row[0] for row in connection.execute("SELECT sha256 FROM images ORDER BY stored_at, sha256").fetchall()]
    names = Store(workspace).names()
    faults += [("every image is in the store", sha256) for sha256 in held if sha256 not in names]
    gone = tombstones(workspace).sha256s
    faults += [(WITHDRAWN_BYTES, sha256) for sha256 in sorted(gone & (names | set(held)))]
    read = fixity.check_bytes(workspace, limit=limit, progress=progress) if read_bytes else None
    if read is not None:
        faults += [("every stored file is what it was: the bytes have changed", sha256) for sha256 in read.damaged]
    orphans = fixity.orphaned(workspace, names, set(held))
    return Checked(
        rules=len(RULES) + 2 + read_bytes,
        images=len(held),
        bytes_read=read_bytes,
        faults=tuple(faults),
        unknown_files=len(orphans),
        waiting_spools=len(runs.waiting_spools(workspace)),
        orphans=orphans,
        not_read=read.left if read is not None else 0,
    )
