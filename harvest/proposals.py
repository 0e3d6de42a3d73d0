"""Withdrawals that a recheck proposes, and those that it finds to be settled; a person decides on each."""

from collections.abc import Sequence
from pathlib import Path

from catalog import db
from catalog.runs import Run
from harvest.news import Finding

OPEN = """
SELECT subject, kind, detail
FROM (SELECT * FROM proposals QUALIFY row_number() OVER (PARTITION BY subject, kind ORDER BY run_id DESC) = 1)
WHERE state = 'open' AND subject IN (SELECT unnest(?::VARCHAR[]))
"""

SETTLED = {
    "gone": "it is there again",
    "deletion": "its source no longer gives a reason for deleting it",
    "flag": "its source no longer marks it as not free",
    "opt_out": "nobody opts out any more",
}


class Proposals:
    """Rows of table `proposals` for one run; `proposed` and `cleared` count what is new."""

    def __init__(self, workspace: Path, run: Run) -> None:
        """Nothing is looked up yet."""
        self.proposed = 0
        self.cleared = 0
        self._workspace = workspace
        self._run = run
        self._open: dict[str, dict[str, str]] = {}

    def look_up(self, subjects: Sequence[str]) -> None:
        """What is open for these items; for others nothing is known then."""
        self._open = {}
        for row in db.rows(self._workspace, OPEN, [list(subjects)]):
            self._open.setdefault(row["subject"], {})[row["kind"]] = row["detail"]

    def weigh(self, subject: str, finding: Finding) -> None:
        """Propose what the finding gives cause for, once; settle what it shows to be over."""
        standing = self._open.get(subject, {})
        for kind, detail in finding.causes.items():
            if standing.get(kind) != detail:
                self._state(subject, kind, "open", detail)
                self.proposed += kind not in standing
        for kind, detail in standing.items():
            if finding.clears(kind, detail):
                self._state(subject, kind, "cleared", SETTLED[kind])
                self.cleared += 1

    def _state(self, subject: str, kind: str, state: str, detail: str) -> None:
        self._run.add("proposals", {"subject": subject, "kind": kind, "state": state, "detail": detail})
