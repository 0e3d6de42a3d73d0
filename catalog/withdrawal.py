"""What a withdrawal touches: the items, their bytes, what was made of them, and who holds copies. Only asks, changes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from catalog import db, runs
from catalog.store import Store

THUMBS = "thumbs"  # the folder of a gallery's thumbnails, named by SHA-256


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """What goes and what stays, before (`done` False) or after.

    `items` are all candidates that go, the asked one first; `bytes_removed` and `variations` are SHA-256s of files that are
    here now. `exports` are folders here to be written again, `deliveries` exports that are no longer here: tell their
    recipients. `galleries` are folders whose page still shows the words until it is drawn again.
    """

    subject: str
    kind: str
    title: str | None
    source: str | None
    source_id: str | None
    items: tuple[str, ...]
    bytes_removed: tuple[str, ...]
    bytes_kept_because: str | None
    shares_bytes_with: tuple[str, ...]
    variations: tuple[str, ...]
    thumbnails: tuple[str, ...]
    galleries: tuple[str, ...]
    snapshots: tuple[str, ...]
    exports: tuple[str, ...]
    deliveries: tuple[str, ...]
    training_runs: tuple[str, ...]
    already: bool = False
    done: bool = False


@dataclass(frozen=True, kw_only=True)
class Reach:
    """All that a withdrawal must reach: for the report, for the tombstones and for the blanking.

    `pictures` are all SHA-256s that go, whether or not their file is here still; `copies` the rows of items that hold the
    same bytes and stay.
    """

    report: Withdrawal
    pictures: frozenset[str]
    stones: tuple[dict[str, Any], ...]
    copies: tuple[dict[str, Any], ...]


def reach(workspace: Path, connection: duckdb.DuckDBPyConnection, subject: str, *, all_copies: bool) -> Reach:
    """Follow the subject to its bytes, to other items with the same bytes, and to the variations of what goes."""
    said = {row["subject"]: row for row in _items(connection, [subject])}
    copies = _copies(connection, said)
    while all_copies and copies:
        said |= {row["subject"]: row for row in _items(connection, [row["subject"] for row in copies])}
        copies = _copies(connection, said)
    ever = {sha256 for row in said.values() for sha256 in row["ever_held"]} if said else {subject}
    own = ever - {row["sha256"] for row in copies}
    made = [row["sha256"] for row in _ask(connection, MADE_FROM, own)]
    everything = {*ever, *made}
    stones = [_stone(row, own) for row in said.values()]
    stones += [{"subject": one, "source": None, "source_id": None, "sha256": one, "sha1": None} for one in made]
    if not said:
        stones += [{"subject": subject, "source": None, "source_id": None, "sha256": subject, "sha1": None}]
    store = Store(workspace)
    exports, deliveries = _holders(workspace, connection, everything if not copies else own | set(made), list(said))
    thumbnails, galleries = _thumbnails(workspace, own | set(made))
    first = said.get(subject, {})
    report = Withdrawal(
        subject=subject,
        kind="harvested" if said else "generated",
        title=first.get("title"),
        source=first.get("source"),
        source_id=first.get("source_id"),
        items=tuple(said),
        bytes_removed=tuple(sorted(sha256 for sha256 in own if store.has(sha256))),
        bytes_kept_because=_why_kept(copies),
        shares_bytes_with=tuple(f"{row['source']}: {row['source_id']} ({row['subject']})" for row in copies),
        variations=tuple(sha256 for sha256 in made if store.has(sha256)),
        thumbnails=thumbnails,
        galleries=galleries,
        snapshots=tuple(sorted(f"{runs.SPOOL_NAME}/{one.name}" for one in (workspace / runs.SPOOL_NAME).glob("snapshot-*"))),
        exports=exports,
        deliveries=deliveries,
        training_runs=tuple(row["trained_run"] for row in _ask(connection, TRAINED, everything)),
        already=bool(_ask(connection, TOMBSTONE, [subject])),
    )
    return Reach(report=report, pictures=frozenset({*own, *made}), stones=tuple(stones), copies=tuple(copies))


ITEMS = """
SELECT
  said.candidate_id AS subject,
  arg_max(said.source, said.run_id) AS source,
  arg_max(said.source_id, said.run_id) AS source_id,
  arg_max(said.title, said.run_id) AS title,
  coalesce(list(DISTINCT said.sha256) FILTER (said.sha256 IS NOT NULL), []) AS ever_held,
  arg_max(said.sha256, said.run_id) AS sha256,
  arg_max(coalesce(image.sha1, CASE WHEN starts_with(said.checksum, 'sha1:') THEN said.checksum[6:] END), said.run_id) AS sha1
FROM candidates AS said
LEFT JOIN images AS image ON image.sha256 = said.sha256
WHERE list_contains(?, said.candidate_id)
GROUP BY said.candidate_id
ORDER BY said.candidate_id
"""

COPIES = """
SELECT candidate_id AS subject, source, source_id, title, sha256
FROM current_candidates
WHERE list_contains(?, sha256)
ORDER BY subject
"""

MADE_FROM = "SELECT DISTINCT sha256 FROM variations WHERE list_contains(?, parent) ORDER BY sha256"
TRAINED = "SELECT DISTINCT trained_run FROM trained_on WHERE list_contains(?, sha256) ORDER BY trained_run"
TOMBSTONE = "SELECT subject FROM withdrawals WHERE list_contains(?, subject)"

HOLDERS = """
SELECT
  folder,
  bool_or(place = 1 AND holds) AS now
FROM (
  SELECT
    folder,
    row_number() OVER (PARTITION BY folder ORDER BY exported_at DESC, run_id DESC) AS place,
    EXISTS (
      SELECT 1
      FROM samples AS sample
      WHERE sample.export = exports.manifest_digest
        AND (list_contains($pictures, sample.sha256) OR list_contains($subjects, sample.subject))
    ) AS holds
  FROM exports
)
GROUP BY folder
HAVING bool_or(holds)
ORDER BY folder
"""


def _ask(connection: duckdb.DuckDBPyConnection, sql: str, names: Iterable[str]) -> list[dict[str, Any]]:
    return db.fetch(connection, sql, [sorted(names)])


def _items(connection: duckdb.DuckDBPyConnection, subjects: Sequence[str]) -> list[dict[str, Any]]:
    return _ask(connection, ITEMS, subjects)


def _copies(connection: duckdb.DuckDBPyConnection, said: dict[str, Any]) -> list[dict[str, Any]]:
    """Other items that hold bytes of these now; withdrawn ones hold none."""
    ever = {sha256 for row in said.values() for sha256 in row["ever_held"]}
    return [row for row in _ask(connection, COPIES, ever) if row["subject"] not in said] if ever else []


def _stone(row: dict[str, Any], own: set[str]) -> dict[str, Any]:
    """The tombstone of one item; it names the bytes only when nobody else keeps them."""
    goes = row["sha256"] in own
    earlier = next(iter(sorted(set(row["ever_held"]) & own)), None)
    return {
        "subject": row["subject"],
        "source": row["source"],
        "source_id": row["source_id"],
        "sha256": row["sha256"] if goes else earlier,
        "sha1": row["sha1"] if goes else None,
    }


def _why_kept(copies: Sequence[dict[str, Any]]) -> str | None:
    if not copies:
        return None
    first, more = copies[0], len(copies) - 1
    others = f" and {more} more" if more else ""
    return (
        f"the same bytes are held as {first['source']}: {first['source_id']}{others}, which waits for a person then;"
        " --all-copies withdraws it too"
    )


def _holders(
    workspace: Path, connection: duckdb.DuckDBPyConnection, pictures: Iterable[str], subjects: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Export folders that hold any of it: those here, and those that are not (moved, sent, or an address)."""
    here, away = [], []
    for row in db.fetch(connection, HOLDERS, {"pictures": sorted(pictures), "subjects": sorted(subjects)}):
        if "://" not in row["folder"] and (workspace / row["folder"]).is_dir():
            if row["now"]:  # else it was written again without the picture since
                here.append(row["folder"])
        else:
            away.append(row["folder"])
    return tuple(here), tuple(away)


def _thumbnails(workspace: Path, pictures: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Thumbnails in galleries of this workspace, and the folders of these galleries."""
    found, folders = [], set()
    for folder in sorted(workspace.glob(f"*/{THUMBS}")):
        for sha256 in sorted(pictures):
            for path in folder.glob(f"{sha256}.*"):
                found.append(str(path.relative_to(workspace)))
                folders.add(str(folder.parent.relative_to(workspace)))
    return tuple(found), tuple(sorted(folders))
