"""A person's word on subjects: keep or exclude, same or different. Rows like any other, and the ones that outrank them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.errors import SourceError, UsageError
from catalog import excerpt
from catalog.records import Decision, Link
from catalog.whole_run import write_whole
from curate.decisions_file import read_sheet
from curate.wishes import VERDICTS, Checked, Wish, check

UNDECIDED = ("", "undecided")
FAULTS_SHOWN = 40

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What was written (or, on a dry run, would be), and what needed no row: said already, or left undecided.

    `notices` name words that change less than they seem to. `run_id` is None when nothing was written.
    """

    run_id: str | None
    dry_run: bool
    kept: int
    excluded: int
    same: int
    different: int
    unchanged: int
    undecided: int
    notices: tuple[str, ...]


def decide(workspace: Path, subject: str, verdict: str, *, reason: str, who: str, evidence: str | None = None) -> Decision:
    """Write that `who` wants this subject kept or excluded, and say which criteria that overrules.

    Args:
        workspace: where the catalogue is.
        subject: candidate id, beginning of a sha256, URL, source id or file name.
        verdict: keep or exclude.
        reason: a sentence; it is shown wherever the verdict is.
        who: the person's name.
        evidence: where the ground of the decision can be seen; needed to keep against rights or an opt-out.

    Raises:
        UsageError: the subject is unknown or ambiguous, words are missing, or evidence is needed and not given.
    """
    if verdict not in VERDICTS:
        raise UsageError(f"verdict {verdict!r}: a person decides keep or exclude.")
    wish = Wish(subject=subject, verdict=verdict, reason=reason, who=who, evidence=evidence or "")
    checked = _check_one(workspace, wish)
    if checked.decisions:
        settings = {"subject": checked.decisions[0].subject, "verdict": verdict, "who": who.strip()}
        write_whole(workspace, "decide", settings, {"decisions": checked.decisions}, {"decisions": 1})
        return checked.decisions[0]
    return checked.unchanged[0]


def link(workspace: Path, subject: str, other: str, word: str, *, reason: str, who: str) -> Link:
    """Write that two pictures are the `same` or `different`; it outranks every measure from the next curation on.

    Raises:
        UsageError: a subject is unknown, withdrawn or not held, words are missing, or others' words contradict it.
    """
    wish = Wish(subject=subject, verdict=word, other=other, reason=reason, who=who)
    checked = _check_one(workspace, wish)
    if checked.links:
        one = checked.links[0]
        settings = {"a": one.a, "b": one.b, "kind": one.kind, "who": one.who}
        write_whole(workspace, "link", settings, {"links": checked.links}, {"links": 1})
        return one
    return checked.unchanged_links[0]


def decide_from(workspace: Path, sheets: Sequence[Path], *, who: str = "", reason: str = "", dry_run: bool = False) -> Decided:
    """Write what sheets of decisions say: every row in one run, or none when any is wrong.

    Args:
        workspace: where the catalogue is.
        sheets: files as `fototeca review --html` gives them, filled in.
        who: decides the rows that name nobody in the column `by`.
        reason: stands for rows without a `note`.
        dry_run: check all, write nothing.

    Raises:
        SourceError: rows are wrong; the message has all of them, with their lines.
        BusyError: the catalogue is held; then all rows wait in the spool.
    """
    wishes: list[Wish] = []
    faults: list[str] = []
    undecided = 0
    for path in sheets:
        rows, unreadable = read_sheet(path)
        faults += unreadable
        for row in rows:
            cells = row.cells
            word = cells["decision"].lower()
            if word in UNDECIDED:
                undecided += 1
                continue
            wishes.append(
                Wish(
                    subject=cells["subject"], verdict=word, reason=cells["note"] or reason, who=cells["by"] or who,
                    evidence=cells["evidence"], other=cells["other"], where=row.where,
                )
            )  # fmt: skip
    checked = check(workspace, wishes)
    faults += checked.faults
    if faults:
        raise SourceError(_all_faults(faults))
    run_id = None
    if (checked.decisions or checked.links) and not dry_run:
        settings = {"from": [path.name for path in sheets], "who": who.strip(), "reason": reason.strip()}
        rows_by_table: dict[str, Sequence[Any]] = {"decisions": checked.decisions, "links": checked.links}
        counts = {"decisions": len(checked.decisions), "links": len(checked.links)}
        run_id = write_whole(workspace, "decide", settings, rows_by_table, counts)
    kinds = [one.verdict for one in checked.decisions] + [one.kind for one in checked.links]
    return Decided(
        run_id=run_id,
        dry_run=dry_run,
        kept=kinds.count("keep"),
        excluded=kinds.count("exclude"),
        same=kinds.count("must"),
        different=kinds.count("cannot"),
        unchanged=len(checked.unchanged) + len(checked.unchanged_links),
        undecided=undecided,
        notices=() if dry_run else tuple(notices(workspace, checked.decisions)),
    )


def notices(workspace: Path, decisions: Iterable[Decision]) -> list[str]:
    """For each decision that changes less than it seems to, a sentence: asked after it was written."""
    asked = [one.subject for one in decisions]
    if not asked:
        return []
    rows = excerpt.fetch(workspace, asked, (HERE / "decide_notices.sql").read_text(encoding="utf-8"), {"subjects": asked})
    return [row["notice"] for row in rows]


def _check_one(workspace: Path, wish: Wish) -> Checked:
    checked = check(workspace, [wish])
    if checked.faults:
        raise UsageError(checked.faults[0])
    return checked


def _all_faults(faults: Sequence[str]) -> str:
    more = f"\n  and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
    lines = "\n".join(f"  {fault}" for fault in faults[:FAULTS_SHOWN])
    rows = "1 row is" if len(faults) == 1 else f"{len(faults)} rows are"
    return f"nothing was written: {rows} wrong.\n{lines}{more}"
