"""What the catalogue holds of a source before a harvest: so that nothing is taken twice and changes are seen as such."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from catalog import db
from catalog.records import OptOut

NEWEST = """
SELECT candidate_id, digest, sha256, image_url, outcome, outcome_detail, rights_evidence, opt_outs
FROM candidates
WHERE starts_with(source, ?)
QUALIFY row_number() OVER (PARTITION BY candidate_id ORDER BY run_id DESC) = 1
"""


@dataclass(frozen=True, slots=True)
class Known:
    """The current statement of one item, as far as a harvest needs it."""

    digest: str
    sha256: str | None
    image_url: str | None
    outcome: str
    outcome_detail: str | None
    rights_evidence: str | None
    opt_outs: str

    def statements(self) -> tuple[OptOut, ...]:
        """The statements against use that were read when the bytes were fetched."""
        return tuple(OptOut(**one) for one in json.loads(self.opt_outs))


def known_items(workspace: Path, source: str) -> Mapping[str, Known]:
    """Current statements by candidate_id of every source whose name starts with `source`; the catalogue is closed again."""
    if not db.exists(workspace):
        return {}
    columns = [one.name for one in fields(Known)]
    found = db.rows(workspace, NEWEST, [source])
    return {row["candidate_id"]: Known(*(row[name] for name in columns)) for row in found}
