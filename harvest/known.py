"""What the catalogue says of one item: its current statement, as far as a harvest needs it, or as a whole candidate."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from catalog.records import Candidate, OptOut, Rights
from harvest.page_consent import PAGE_CHANNELS
from harvest.wire import candidate_from


@dataclass(frozen=True, slots=True)
class Known:
    """The current statement of one item: so that nothing is taken twice, and changes are seen as such."""

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


def candidate_of(row: Mapping[str, Any]) -> Candidate:
    """The candidate that a row of table `candidates` is: its digest is the row's."""
    values = {one.name: row[one.name] for one in fields(Candidate) if one.name in row}
    rights = {one.name: row.get(f"rights_{one.name}") for one in fields(Rights)}
    rights["credit_line"] = row["credit_line"]
    rights["raw"] = json.loads(row["rights_raw"])
    rights["alternatives"] = json.loads(row["rights_alternatives"])
    values["rights"] = rights
    values["opt_outs"] = json.loads(row["opt_outs"])
    values["other"] = json.loads(row["other"])
    values["consulted"] = row["consulted"] or ()
    return candidate_from(values)


def rows_of(workspace: Path, candidate_ids: Sequence[str]) -> list[Candidate]:
    """The current statements of these items, in this order, as their sources made them; the catalogue is closed again."""
    from catalog import db  # not above: the crawling process knows items without it, and starts a tenth sooner

    sql = "SELECT * FROM current_statements WHERE candidate_id IN (SELECT unnest(?::VARCHAR[]))"
    found = {row["candidate_id"]: candidate_of(row) for row in db.rows(workspace, sql, [list(candidate_ids)])}
    return [found[one] for one in candidate_ids if one in found]


def unasked(candidate: Candidate) -> Candidate:
    """What the source said of it, as if nobody had asked for its bytes yet."""
    return replace(candidate, outcome="metadata_only", outcome_detail=None, sha256=None)


def unread(candidate: Candidate) -> Candidate:
    """The same without the statements against use that were read on the way to its bytes; those of its page stay."""
    of_page = tuple(one for one in candidate.opt_outs if one.channel in PAGE_CHANNELS and one.where == candidate.page_url)
    consulted = tuple(name for name in candidate.consulted if name in PAGE_CHANNELS)
    return replace(unasked(candidate), opt_outs=of_page, consulted=consulted)
