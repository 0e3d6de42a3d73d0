"""Judging: every criterion asks the catalogue its question, and only answers that differ from the last ones become rows.

No picture is opened. Criteria that choose among copies come in later rounds and see how each subject stands so far.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb

from base import plugins
from base.errors import FototecaError
from base.files import canonical_json
from catalog import db
from catalog.records import Decision
from catalog.runs import Run
from curate.settings import CRITERIA, CurationSettings, parameters, version

WHO = "criteria"
FIRST_ROUND = 1
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Verdicts that each criterion gives now, how many of its rows are new, and for how many its measure is missing."""

    excluded: Mapping[str, int] = field(default_factory=dict)
    review: Mapping[str, int] = field(default_factory=dict)
    abstained: Mapping[str, int] = field(default_factory=dict)
    new: Mapping[str, int] = field(default_factory=dict)


def judge(
    workspace: Path, run: Run, settings: CurationSettings, *, progress: Callable[[str, int, int], None] | None = None
) -> Judged:
    """Ask every criterion about every subject, and spool what changed.

    Raises:
        FototecaError: a criterion's query gives something else than subject, verdict, reason and evidence.
    """
    order = plugins.names(CRITERIA)
    changed: list[Decision] = []
    excluded, review, abstained, new = {}, {}, {}, {}
    with db.reading(workspace) as connection:
        ask_all(connection, settings)
        for at, name in enumerate(order):
            differing = _differing(connection, name)
            changed += differing
            counts = dict(connection.execute(COUNTS, {"criterion": name}).fetchall())
            excluded[name], review[name] = counts.get("exclude", 0), counts.get("review", 0)
            abstained[name], new[name] = counts.get("abstain", 0), len(differing)
            if progress is not None:
                progress("judge", at + 1, len(order))
    for decision in changed:
        run.add("decisions", decision)
    return Judged(excluded=excluded, review=review, abstained=abstained, new=new)


def ask_all(connection: duckdb.DuckDBPyConnection, settings: CurationSettings) -> None:
    """Fill the temporary table `given` with every criterion's answers under these settings; nothing is written."""
    for statement in statements("judge_before"):
        connection.execute(statement)
    modules = {name: plugins.load(CRITERIA, name) for name in plugins.names(CRITERIA)}
    for name in sorted(modules, key=lambda name: (getattr(modules[name], "ROUND", FIRST_ROUND), name)):
        _ask(connection, name, modules[name], settings)


COUNTS = "SELECT coalesce(verdict, 'abstain'), count(*) FROM given WHERE criterion = $criterion GROUP BY ALL"


def _ask(connection: duckdb.DuckDBPyConnection, name: str, module: ModuleType, settings: CurationSettings) -> None:
    """Put one criterion's answers into the table `given`."""
    kinds = ", ".join(f"'{kind}'" for kind in module.APPLIES_TO)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW subjects AS SELECT * FROM everything WHERE kind IN ({kinds})")
    values = parameters(name, module, settings)
    if getattr(module, "ROUND", FIRST_ROUND) > FIRST_ROUND:
        for statement in statements("standing"):
            connection.execute(statement)
    if hasattr(module, "prepare"):
        module.prepare(connection, values)
    query = module.QUERY
    bound = {key: values[key] for key in connection.extract_statements(query)[0].named_parameters}
    own = {key: value for key, value in values.items() if key in bound or key not in ("purpose", "accept_soft")}
    insert = f"INSERT INTO given SELECT subject, '{name}', '{version(module, own)}', verdict, reason, evidence FROM ({query})"
    try:
        connection.execute(insert, bound or None)
    except (duckdb.BinderException, duckdb.ConversionException, duckdb.ConstraintException) as error:
        raise FototecaError(f"criterion {name} gives no verdicts: {str(error).splitlines()[0]}") from error


def _differing(connection: duckdb.DuckDBPyConnection, name: str) -> list[Decision]:
    """The answers that say something new, and a `keep` for each earlier verdict that is no longer given."""
    decisions = []
    for row in db.fetch(connection, (HERE / "judge_changes.sql").read_text(encoding="utf-8"), {"criterion": name}):
        evidence = json.loads(row["evidence"])
        same_words = row["verdict"] == row["old_verdict"] and row["reason"] == row["old_reason"]
        same_version = row["version"] == row["old_version"] or row["verdict"] == "keep"
        if same_words and same_version and canonical_json(evidence) == canonical_json(json.loads(row["old_evidence"])):
            continue  # equal but for the spelling of its JSON
        decisions.append(
            Decision(
                subject=row["subject"],
                criterion=name,
                version=row["version"],
                verdict=row["verdict"],
                reason=row["reason"],
                evidence=evidence,
                who=WHO,
            )
        )
    return decisions


def statements(name: str) -> list[Any]:
    """The statements of one of this room's SQL files, by its name without the ending."""
    text = (HERE / f"{name}.sql").read_text(encoding="utf-8")
    with duckdb.connect(":memory:") as parser:
        return list(parser.extract_statements(text))
