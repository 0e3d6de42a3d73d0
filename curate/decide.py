"""A person's verdict on one subject: a row like any other, and the one that outranks them."""

from pathlib import Path

from base.errors import UsageError
from catalog import db, runs, subjects
from catalog.records import Decision

VERSION = "1"
NEEDS_EVIDENCE = ("rights_not_cleared", "opted_out")
"""What a person overrules only by showing why: a letter, a page, an agreement."""


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
    if verdict not in ("keep", "exclude"):
        raise UsageError(f"verdict {verdict!r}: a person decides keep or exclude.")
    for name, value in (("reason", reason), ("by", who)):
        if not value.strip():
            raise UsageError(f"--{name} is empty: say it in a few words.")
    found = subjects.find(workspace, subject)
    if db.rows(workspace, "SELECT 1 AS one FROM withdrawals WHERE subject = $subject", {"subject": found}):
        raise UsageError(f"{found} was withdrawn: nothing can be decided about it any more.")
    standing = db.rows(workspace, STANDING, {"subject": found})
    overruled = [row["criterion"] for row in standing] if verdict == "keep" else []
    if not (evidence or "").strip():
        for row in standing:
            if verdict == "keep" and row["criterion"] in NEEDS_EVIDENCE:
                raise UsageError(
                    f"{row['criterion']} says of {found}: {row['reason']} A person overrules that only with evidence: "
                    "add --evidence and where it can be seen (a letter, a page, an agreement)."
                )
    decision = Decision(
        subject=found,
        criterion="person",
        version=VERSION,
        verdict=verdict,
        reason=reason.strip(),
        evidence={"evidence": evidence.strip() if evidence else None, "overrules": overruled},
        who=who.strip(),
    )
    settings = {"subject": found, "verdict": verdict, "who": who.strip()}
    with runs.begin(workspace, "decide", settings) as run:
        run.add("decisions", decision, durable=True)
    return decision


STANDING = """
SELECT criterion, reason
FROM current_decisions
WHERE subject = $subject AND verdict <> 'keep' AND criterion <> 'person'
UNION
SELECT 'opted_out', 'The source asks that models do not use it (not judged yet).'
FROM current_candidates
WHERE candidate_id = $subject
  AND (json_array_length(opt_outs) > 0 OR outcome IN ('robots', 'not_fetched_opt_out'))
  AND NOT EXISTS (SELECT 1 FROM current_decisions WHERE subject = $subject AND criterion = 'opted_out')
UNION
SELECT 'rights_not_cleared', 'No licence is offered that clears anything (not judged yet).'
FROM current_candidates
WHERE candidate_id = $subject
  AND NOT EXISTS (SELECT 1 FROM licences_offered WHERE subject = $subject AND NOT refused)
  AND NOT EXISTS (SELECT 1 FROM current_decisions WHERE subject = $subject AND criterion = 'rights_not_cleared')
ORDER BY criterion
"""
"""What speaks against the subject: verdicts, and refusals that no curation has seen yet."""
