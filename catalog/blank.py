"""Taking the words and derived facts of withdrawn items out of the catalogue and the spools: the one permitted update.

Rows of `candidates` stay, so that it can be told that there was an item, from where and under which licence; its words go.
What was computed from the bytes goes altogether. `samples` and `trained_on` stay: they say where a picture went.
"""

import json
import mmap
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from base.faults import kill_point
from base.files import canonical_json, sync_folder, written_whole
from catalog import db, runs

GONE = "The item was withdrawn."
NAMED = "This named an item that was withdrawn."
CLEARED: Mapping[str, Any] = {
    "title": None,
    "creator": None,
    "creation_date": None,
    "caption": None,
    "caption_language": None,
    "concepts": [],
    "other": {},
    "rights_raw": [],
    "rights_alternatives": [],
    "credit_line": None,
}
"""What becomes of the words in a row of `candidates`. Family, address of the licence and evidence of opt-outs stay as proof."""
SHORTEST_QUOTE = 6  # characters; shorter words are found in every text


@dataclass(frozen=True, kw_only=True)
class Gone:
    """What is withdrawn: items, images whose bytes went (variations too), and the words of the items, to find quotes by."""

    subjects: frozenset[str]
    pictures: frozenset[str]
    words: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """All that may stand in a column `subject`."""
        return self.subjects | self.pictures

    def quoted_in(self, text: str) -> bool:
        """Whether a text repeats one of the words."""
        return any(word in text for word in self.words)


def words_of(connection: duckdb.DuckDBPyConnection, subjects: Sequence[str]) -> frozenset[str]:
    """Titles, authors, captions, credit lines and raw words that were ever said of these items."""
    found: set[str] = set()
    sql = "SELECT title, creator, caption, credit_line, rights_raw FROM candidates WHERE list_contains(?, candidate_id)"
    for *texts, raw in connection.execute(sql, [list(subjects)]).fetchall():
        found.update(text for text in texts if text)
        found.update(text for _, text in json.loads(raw))
    return frozenset(word for word in found if len(word) >= SHORTEST_QUOTE)


def blank_catalogue(workspace: Path, gone: Gone) -> None:
    """Blank the rows in one transaction, then write the file anew: DuckDB keeps deleted words in its free blocks.

    Doing it again changes nothing. The caller holds the locks of every stage, so that nobody writes in between.
    """
    copy = db.catalogue_path(workspace).with_name(f".{db.CATALOGUE_NAME}.anew")
    copy.unlink(missing_ok=True)
    with db.writing(workspace) as connection:
        connection.execute("CREATE TEMP TABLE gone_subjects AS SELECT unnest(?::VARCHAR[]) AS subject", [sorted(gone.subjects)])
        connection.execute("CREATE TEMP TABLE gone_pictures AS SELECT unnest(?::VARCHAR[]) AS sha256", [sorted(gone.pictures)])
        connection.execute("BEGIN")
        for statement in STATEMENTS:
            connection.execute(statement)
        _blank_problems(connection, gone)
        kill_point("withdraw.inside")
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
        _write_anew(connection, copy)
        kill_point("withdraw.before_replace")
        copy.replace(db.catalogue_path(workspace))
        sync_folder(workspace)


SUBJECTS = "SELECT subject FROM gone_subjects"
PICTURES = "SELECT sha256 FROM gone_pictures"
NAMES = f"{SUBJECTS} UNION ALL {PICTURES}"
STATEMENTS = (
    f"""
    UPDATE candidates
    SET title = NULL, creator = NULL, creation_date = NULL, caption = NULL, caption_language = NULL, concepts = [],
      other = '{{}}', rights_raw = '[]', rights_alternatives = '[]', credit_line = NULL
    WHERE candidate_id IN ({SUBJECTS})""",
    f"UPDATE corrections SET value = NULL, reason = '{GONE}' WHERE subject IN ({SUBJECTS})",
    f"UPDATE proposals SET detail = '{GONE}' WHERE subject IN ({SUBJECTS})",
    f"UPDATE decisions SET reason = '{GONE}', evidence = '{{}}' WHERE subject IN ({NAMES})",
    f"""
    UPDATE decisions
    SET reason = '{NAMED}'
    WHERE reason <> '{GONE}'
      AND EXISTS (SELECT 1 FROM ({NAMES}) AS gone(name) WHERE contains(decisions.evidence::VARCHAR, gone.name))""",
    f"UPDATE requests SET prompt = '', negative_prompt = '' WHERE parent IN ({PICTURES})",
    f"""
    UPDATE requests
    SET prompt = '', negative_prompt = ''
    WHERE digest IN (SELECT request FROM variations WHERE sha256 IN ({PICTURES}))""",
    f"DELETE FROM captions WHERE subject IN ({NAMES})",
    f"DELETE FROM depictions WHERE subject IN ({NAMES})",
    f"DELETE FROM measures WHERE sha256 IN ({PICTURES})",
    f"DELETE FROM embeddings WHERE sha256 IN ({PICTURES})",
    f"DELETE FROM likeness WHERE subject IN ({NAMES}) OR other IN ({PICTURES})",
    f"DELETE FROM pairs WHERE a IN ({PICTURES}) OR b IN ({PICTURES})",
    f"DELETE FROM links WHERE a IN ({PICTURES}) OR b IN ({PICTURES})",
    f"DELETE FROM groups WHERE member IN ({PICTURES})",
    f"DELETE FROM images WHERE sha256 IN ({PICTURES})",
)


def blank_spools(workspace: Path, gone: Gone) -> int:
    """Do the same in every file of every poured spool; returns how many files were written anew, each whole or not at all."""
    needle = re.compile("|".join(map(re.escape, sorted(gone.names))).encode())
    changed = 0
    for path in sorted((workspace / runs.SPOOL_NAME / runs.POURED_NAME).glob("*/*.jsonl")):
        change = ROWS.get(path.stem)
        if change is not None and _mentions(path, needle):
            changed += _rewrite(path, needle, change, gone)
            kill_point("withdraw.after_spool")
    for path in sorted((workspace / runs.SPOOL_NAME / runs.POURED_NAME).glob("*/end.json")):
        text = path.read_text(encoding="utf-8")
        if gone.quoted_in(text) and (problems := _without_quotes(json.loads(text)["problems"], gone)):
            end = {**json.loads(text), "problems": problems}
            with written_whole(path) as stream:
                stream.write((json.dumps(end, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode())
            changed += 1
    return changed


Row = dict[str, Any]


def _candidate(row: Row, gone: Gone) -> Row | None:
    return {**row, **CLEARED} if row["candidate_id"] in gone.subjects else row


def _correction(row: Row, gone: Gone) -> Row | None:
    return {**row, "value": None, "reason": GONE} if row["subject"] in gone.subjects else row


def _proposal(row: Row, gone: Gone) -> Row | None:
    return {**row, "detail": GONE} if row["subject"] in gone.subjects else row


def _decision(row: Row, gone: Gone) -> Row | None:
    if row["subject"] in gone.names:
        return {**row, "reason": GONE, "evidence": {}}
    evidence = canonical_json(row["evidence"])
    return {**row, "reason": NAMED} if any(name in evidence for name in gone.names) else row


def _request(row: Row, gone: Gone) -> Row | None:
    return {**row, "prompt": "", "negative_prompt": ""} if row["parent"] in gone.pictures else row


def _dropped(*columns: str) -> Callable[[Row, Gone], Row | None]:
    def unless_named(row: Row, gone: Gone) -> Row | None:
        return None if any(row[name] in gone.names for name in columns) else row

    return unless_named


ROWS: Mapping[str, Callable[[Row, Gone], Row | None]] = {
    "candidates": _candidate,
    "corrections": _correction,
    "proposals": _proposal,
    "decisions": _decision,
    "requests": _request,
    "captions": _dropped("subject"),
    "depictions": _dropped("subject"),
    "measures": _dropped("sha256"),
    "embeddings": _dropped("sha256"),
    "likeness": _dropped("subject", "other"),
    "pairs": _dropped("a", "b"),
    "links": _dropped("a", "b"),
    "groups": _dropped("member"),
    "images": _dropped("sha256"),
}
"""What becomes of a spooled row; None: the line goes. The same as `STATEMENTS` does in the catalogue."""


def _mentions(path: Path, needle: re.Pattern[bytes]) -> bool:
    if not path.stat().st_size:
        return False
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return needle.search(content) is not None


def _rewrite(path: Path, needle: re.Pattern[bytes], change: Callable[[Row, Gone], Row | None], gone: Gone) -> int:
    """Write the file again with the lines changed that mention what is gone; 0 when none of them is another one then."""
    differs = False
    with path.open("rb") as before, written_whole(path) as after:
        for line in before:
            if needle.search(line):
                row = json.loads(line)
                changed = change(row, gone)
                if changed != row:
                    differs = True
                    line = b"" if changed is None else (canonical_json(changed) + "\n").encode()
            after.write(line)
    return int(differs)


def _blank_problems(connection: duckdb.DuckDBPyConnection, gone: Gone) -> None:
    """Problems in source data that a run names may quote the item."""
    for word in sorted(gone.words):
        sql = "SELECT run_id, problems FROM runs WHERE contains(problems::VARCHAR, ?)"
        for run_id, problems in connection.execute(sql, [json.dumps(word, ensure_ascii=False)[1:-1]]).fetchall():
            if cleaned := _without_quotes(json.loads(problems), gone):
                connection.execute("UPDATE runs SET problems = ? WHERE run_id = ?", [canonical_json(cleaned), run_id])


def _without_quotes(problems: list[dict[str, str]], gone: Gone) -> list[dict[str, str]] | None:
    """The list without what quotes the items; None when nothing does."""
    cleaned = [{**one, "what": NAMED} if gone.quoted_in(one["what"]) else one for one in problems]
    return cleaned if cleaned != problems else None


def _write_anew(connection: duckdb.DuckDBPyConnection, copy: Path) -> None:
    """All tables and views in a new file, durable; what was deleted is not in it."""
    quoted = str(copy).replace("'", "''")
    name = connection.execute("SELECT current_database()").fetchone()
    connection.execute(f"ATTACH '{quoted}' AS anew (STORAGE_VERSION '{db.STORAGE_VERSION}')")
    connection.execute(f'COPY FROM DATABASE "{name[0] if name else "catalog"}" TO anew')
    connection.execute("DETACH anew")
    handle = os.open(copy, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
