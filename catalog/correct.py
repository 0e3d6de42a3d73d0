"""`correct`: an archivist's statement about one item; it outranks the source's, now and at every later harvest."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from base.errors import UsageError, nearest
from catalog import runs, subjects
from catalog.db import fetch
from catalog.excerpt import excerpt
from catalog.records import Rights
from catalog.rights import openness, permissions, read_rights

FIELDS = ("title", "creator", "creation_date", "caption", "credit", "licence")
ALSO_CALLED = {"date": "creation_date", "license": "licence", "credit_line": "credit", "author": "creator"}
READ_FROM = "correction"
"""The field that a corrected licence names as its source."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One field of one item as `who` states it; `value` None takes the earlier correction back, "" says that there is none."""

    subject: str
    field: str
    value: str | None
    said_by_source: str | None
    who: str
    reason: str
    evidence: str | None = None

    def sentence(self) -> str:
        """What changes, in words."""
        said = f"the source says {_quoted(self.said_by_source)}"
        if self.value is None:
            return f"the correction is taken back; {said}."
        return f"{_quoted(self.value)}, states {self.who}; {said}."


def correct(
    workspace: Path,
    subject: str,
    *,
    title: str | None = None,
    creator: str | None = None,
    creation_date: str | None = None,
    caption: str | None = None,
    credit: str | None = None,
    licence: str | None = None,
    evidence: str | None = None,
    take_back: tuple[str, ...] = (),
    who: str,
    reason: str,
) -> list[Correction]:
    """State what is right about one harvested item; what the source says stays in the history and does not win.

    An empty text says that there is none (no title, no credit). The item waits for the next curation, as after a harvest.

    Args:
        workspace: where the catalogue is.
        subject: candidate id, beginning of a sha256, URL, source id or file name.
        title: the right title.
        creator: the right author.
        creation_date: the right date of the work, in any words.
        caption: the right description; it stands as the archivist's.
        credit: the right credit line. Without it, a line that fototeca composed is composed again from what is corrected.
        licence: a name or an address; its whole reading takes the place of the source's.
        evidence: where the ground can be seen; needed for a licence that permits more than the source's.
        take_back: fields whose earlier correction no longer holds.
        who: the person's name.
        reason: a sentence; it is kept and shown.

    Raises:
        UsageError: the subject is unknown, generated or withdrawn, nothing is stated, words are missing, the licence is
            not recognised, or evidence is needed and not given.
    """
    given = {
        "title": title,
        "creator": creator,
        "creation_date": creation_date,
        "caption": caption,
        "credit": credit,
        "licence": licence,
    }
    stated = {name: _clean(value) for name, value in given.items() if value is not None}
    who, reason = _clean(who), _clean(reason)
    for name, value in (("by", who), ("reason", reason)):
        if not value:
            raise UsageError(f"--{name} is empty: say it in a few words.")
    taken_back = _fields(take_back)
    if both := sorted(set(stated) & set(taken_back)):
        raise UsageError(f"{both[0]} is stated and taken back at once: choose one.")
    if not stated and not taken_back:
        raise UsageError(f"nothing is corrected: state one of {', '.join(FIELDS)}, or take one back.")
    found = subjects.find(workspace, subject)
    said, standing = _said(workspace, found)
    if missing := [name for name in taken_back if name not in standing]:
        raise UsageError(f"{missing[0]} of {found} is not corrected: there is nothing to take back.")
    rights = _rights(stated["licence"], said, found, evidence) if "licence" in stated else None
    corrections = [
        Correction(
            subject=found,
            field=name,
            value=stated.get(name),
            said_by_source=said[name],
            who=who,
            reason=reason,
            evidence=_clean(evidence) if evidence and name in stated else None,
        )
        for name in FIELDS
        if name in stated or name in taken_back
    ]
    settings = {"subject": found, "fields": [one.field for one in corrections], "who": who}
    with runs.begin(workspace, "correct", settings) as run:
        for one in corrections:
            run.add("corrections", _row(one, rights), durable=True)
        run.count("corrections", len(corrections))
    return corrections


def permits_more(ours: Rights, source: Rights) -> bool:
    """True when something may be done under `ours` that no licence offered by the source allows, or with fewer conditions."""
    mine = permissions(ours)
    if "refuse" in ours.flags or mine.redistribute is False:
        return False
    offered = (source, *source.alternatives)
    allowed = [permissions(one) for one in offered]
    gained = any(
        getattr(mine, name) is True and not any(getattr(one, name) is True for one in allowed)
        for name in ("derivatives", "commercial", "redistribute")
    )
    return gained or openness(ours) < min(map(openness, offered))


def _rights(text: str, said: Mapping[str, Any], subject: str, evidence: str | None) -> Rights:
    """The whole reading of the licence that a person states."""
    rights = read_rights(text, field=READ_FROM)
    if rights.family == "unknown" and text.casefold() != "unknown":
        raise UsageError(
            f"--licence {text!r} is no licence that is recognised: give its name with the version, or its address"
            " (`fototeca rights TEXT` tells how one is read)."
        )
    evidence = _clean(evidence or "")
    if not evidence and permits_more(rights, said["rights"]):
        raise UsageError(
            f"{text!r} permits more than the source's {_quoted(said['licence'])} does for {subject}. A person overrules rights"
            " only with evidence: add --evidence and where it can be seen (a letter, a page, an agreement)."
        )
    return replace(rights, evidence=evidence or None)


def _row(one: Correction, rights: Rights | None) -> dict[str, Any]:
    reason = one.reason if one.evidence is None or one.field == "licence" else f"{one.reason} (seen: {one.evidence})"
    value: Any = one.value
    if one.field == "licence" and one.value is not None and rights is not None:
        value = rights.as_row()
    return {"subject": one.subject, "field": one.field, "value": value, "who": one.who, "reason": reason}


SAID = """
SELECT
  said.*,
  licence_name(said.rights_family, said.rights_version, said.rights_jurisdiction) AS licence,
  said.credit_line AS credit,
  gone.reason AS withdrawn
FROM current_statements AS said
LEFT JOIN withdrawals AS gone ON gone.subject = said.candidate_id
WHERE said.candidate_id = $subject
"""
STANDING = "SELECT field FROM corrected WHERE subject = $subject"


def _said(workspace: Path, subject: str) -> tuple[dict[str, Any], set[str]]:
    """What the source says of the item, its rights read together again, and which fields are corrected already."""
    with excerpt(workspace, [subject]) as connection:
        found = fetch(connection, SAID, {"subject": subject})
        standing = {str(row["field"]) for row in fetch(connection, STANDING, {"subject": subject})}
    if not found:
        raise UsageError(f"{subject} is a generated picture (or a withdrawn one): its words are its parent's, so correct that.")
    row = found[0]
    if row["withdrawn"] is not None:
        raise UsageError(f"{subject} was withdrawn ({row['withdrawn']}): there is nothing left to correct.")
    offered = [Rights(family=one["family"], flags=tuple(one["flags"])) for one in json.loads(row["rights_alternatives"])]
    rights = Rights(family=row["rights_family"], flags=tuple(row["rights_flags"]), alternatives=tuple(offered))
    return {**row, "rights": rights}, standing


def _fields(names: tuple[str, ...]) -> list[str]:
    fields = []
    for name in names:
        field = ALSO_CALLED.get(name, name)
        if field not in FIELDS:
            raise UsageError(f"--take-back {name!r}: {nearest(name, FIELDS)}")
        fields.append(field)
    return fields


def _clean(text: str) -> str:
    """One line, without control characters and without those that turn the direction of writing."""
    unturned = (" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text if one not in _TURNING)
    return " ".join(unicodedata.normalize("NFC", "".join(unturned)).split())


_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c\ufeff")


def _quoted(text: str | None) -> str:
    return f"“{text}”" if text else "nothing"
