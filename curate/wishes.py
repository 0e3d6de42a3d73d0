"""What persons want of subjects, checked against the catalogue as it stands: rows to write, and every fault by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.errors import UsageError
from catalog import db, excerpt, subjects
from catalog.records import Decision, Link
from curate import links

VERSION = "1"
NEEDS_EVIDENCE = ("rights_not_cleared", "opted_out", "restricted_subject")
"""What a person overrules only by showing why: a letter, a page, an agreement."""
VERDICTS = ("keep", "exclude")

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person wants of one subject, as they wrote it; `where` is the line of a sheet, or empty.

    `verdict` is keep or exclude, or, with the subject that is compared in `other`, same or different.
    """

    subject: str
    verdict: str
    reason: str
    who: str
    evidence: str = ""
    other: str = ""
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Rows to write, rows that stand already, and what is wrong."""

    decisions: list[Decision]
    links: list[Link]
    unchanged: list[Decision]
    unchanged_links: list[Link]
    faults: list[str]


def check(workspace: Path, wishes: Sequence[Wish]) -> Checked:
    """Every wish against the catalogue as it is now; nothing is written."""
    checked = Checked(decisions=[], links=[], unchanged=[], unchanged_links=[], faults=[])
    with db.reading(workspace):
        pass  # no catalogue: named before a thousand rows are
    known = _Known(workspace, [name for wish in wishes for name in (wish.subject, wish.other) if name])
    said: dict[tuple[str, ...], Wish] = {}
    standing_links = links.present(workspace) if any(wish.verdict in links.KINDS for wish in wishes) else {}
    for wish in wishes:
        trouble, about = known.trouble(wish)
        earlier = said.setdefault(about, wish) if about else wish
        if not trouble and earlier.verdict != wish.verdict:
            trouble = f"{wish.subject} is listed twice: {wish.verdict} here, {earlier.verdict} in {earlier.where}."
        if trouble:
            checked.faults.append(f"{wish.where}: {trouble}" if wish.where else trouble)
        elif earlier is not wish:
            continue  # the same word twice
        elif wish.verdict in links.KINDS:
            one = links.link_row(about[0], about[1], wish.verdict, wish.reason.strip(), wish.who.strip())
            (checked.unchanged_links if standing_links.get((one.a, one.b)) == one else checked.links).append(one)
        else:
            decision, is_new = known.decision(wish)
            (checked.decisions if is_new else checked.unchanged).append(decision)
    if not checked.faults:
        for words in links.contradictions(standing_links, checked.links):
            checked.faults.append(f"these words contradict each other: {words}. Take one back with `fototeca link`.")
    return checked


class _Known:
    """What the catalogue says of the subjects that are named, asked once for all."""

    def __init__(self, workspace: Path, names: Sequence[str]) -> None:
        """Find every subject and what stands about it."""
        self.subjects, self.unknown = _find_all(workspace, sorted({name.strip() for name in names}))
        found = sorted(set(self.subjects.values()))
        self.standing: dict[str, list[dict[str, Any]]] = {}
        self.pictures: dict[str, str | None] = {}
        self.words: dict[str, dict[str, Any]] = {}
        self.withdrawn: set[str] = set()
        if not found:
            return
        asked = {"subjects": found}
        with excerpt.excerpt(workspace, found) as connection:
            for row in db.fetch(connection, (HERE / "decide_standing.sql").read_text(encoding="utf-8"), asked):
                self.standing.setdefault(row["subject"], []).append(row)
            for row in db.fetch(connection, f"SELECT subject, sha256 FROM records WHERE subject {AMONG}", asked):
                self.pictures[row["subject"]] = row["sha256"]
            for row in db.fetch(connection, PERSON, asked):
                self.words[row["subject"]] = row
            rows = db.fetch(connection, f"SELECT subject FROM withdrawals WHERE subject {AMONG}", asked)
            self.withdrawn = {row["subject"] for row in rows}

    def trouble(self, wish: Wish) -> tuple[str, tuple[str, ...]]:
        """What is wrong with it, or nothing; and what it is about: a subject, or two pictures."""
        if wish.verdict not in (*VERDICTS, *links.KINDS):
            return f"{wish.verdict!r} is no decision: write keep, exclude, same, different or undecided.", ()
        for name, value, column in (("reason", wish.reason, "note"), ("by", wish.who, "by")):
            if not value.strip():
                return f"--{name} is empty: say it in a few words{f', there or in the column {column}' * bool(wish.where)}.", ()
        subject, trouble = self._find(wish.subject)
        if trouble:
            return trouble, ()
        if wish.verdict in links.KINDS:
            return self._trouble_of_link(wish, subject)
        if wish.verdict == "keep" and not wish.evidence.strip():
            for row in self.standing.get(subject, ()):
                if row["criterion"] in NEEDS_EVIDENCE:
                    return (
                        f"{row['criterion']} says of {subject}: {row['reason']} A person overrules that only with evidence:"
                        " add --evidence (in a sheet, the column evidence) and where it can be seen (a letter, a page, an"
                        " agreement)."
                    ), (subject,)
        return "", (subject,)

    def decision(self, wish: Wish) -> tuple[Decision, bool]:
        """The row for a wish without trouble, and whether it says something new."""
        subject = self.subjects[wish.subject.strip()]
        evidence = wish.evidence.strip() or None
        overruled = [row["criterion"] for row in self.standing.get(subject, ())] if wish.verdict == "keep" else []
        last = self.words.get(subject)
        own = (wish.verdict, wish.reason.strip(), wish.who.strip(), evidence)
        decision = Decision(
            subject=subject,
            criterion="person",
            version=VERSION,
            verdict=wish.verdict,
            reason=wish.reason.strip(),
            evidence={"evidence": evidence, "overrules": overruled},
            who=wish.who.strip(),
        )
        return decision, last is None or own != (last["verdict"], last["reason"], last["who"], last["evidence"])

    def _find(self, name: str) -> tuple[str, str]:
        """(subject, what is wrong)."""
        if not name.strip():
            return "", "no subject is named."
        subject = self.subjects.get(name.strip())
        if subject is None:
            return "", self.unknown[name.strip()]
        if subject in self.withdrawn:
            return subject, f"{subject} was withdrawn: nothing can be decided about it any more."
        return subject, ""

    def _trouble_of_link(self, wish: Wish, subject: str) -> tuple[str, tuple[str, ...]]:
        if not wish.other.strip():
            return f"{wish.verdict} needs a second picture: name it (in a sheet, in the column other).", ()
        other, trouble = self._find(wish.other)
        if trouble:
            return trouble, ()
        pictures = [self.pictures.get(one) for one in (subject, other)]
        for one, picture in zip((subject, other), pictures, strict=True):
            if picture is None:
                return f"the picture of {one} is not held: there is nothing to compare.", ()
        if pictures[0] == pictures[1]:
            return f"{subject} and {other} hold the same file, byte for byte: there is nothing to say about two pictures.", ()
        return "", tuple(sorted(str(one) for one in pictures))


AMONG = "IN (SELECT unnest($subjects::VARCHAR[]))"
PERSON = f"""
SELECT subject, verdict, reason, who, evidence ->> '$.evidence' AS evidence
FROM current_decisions
WHERE criterion = 'person' AND subject {AMONG}
"""
EXACT = """
WITH asked AS (SELECT unnest($names::VARCHAR[]) AS name)
SELECT candidate_id AS subject FROM candidates WHERE candidate_id IN (SELECT name FROM asked)
UNION
SELECT sha256 FROM held_variations WHERE sha256 IN (SELECT name FROM asked)
UNION
SELECT subject FROM withdrawals WHERE subject IN (SELECT name FROM asked)
"""


def _find_all(workspace: Path, names: Sequence[str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Subject by name, and what is wrong with each other name; whole ids are looked up all at once."""
    whole = [name for name in names if len(name) in (32, 64)]
    exact = {row["subject"] for row in db.rows(workspace, EXACT, {"names": whole})} if whole else set()
    found: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for name in names:
        if name in exact:
            found[name] = name
            continue
        try:
            found[name] = subjects.find(workspace, name)
        except UsageError as error:
            unknown[name] = str(error)
    return found, unknown
