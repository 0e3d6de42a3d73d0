"""What would change under other settings: every criterion is asked twice, nothing is written, no picture is opened."""

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base import plugins
from base.errors import UsageError, nearest
from base.settings import from_table
from catalog import db
from curate import judge
from curate.settings import CRITERIA, FILE_NAME, CurationSettings, parameters, read

HERE = Path(__file__).parent
EXAMPLES = 10


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """Counts of held pictures under the present settings and under others.

    `concepts` has a row a concept (a picture of two concepts counts in both; `(none)` are those without) and `(all)`, with
    keep, review and exclude before and after. `moved` counts subjects by (before, after); `examples` are some of them.
    """

    changes: Mapping[str, Any]
    concepts: tuple[Mapping[str, Any], ...]
    moved: tuple[Mapping[str, Any], ...]
    examples: tuple[Mapping[str, Any], ...]


def what_if(workspace: Path, changes: Sequence[str]) -> WhatIf:
    """Judge everything under the workspace's settings and under changed ones, and compare.

    Args:
        workspace: With a catalogue.
        changes: Such as `too_small.min_side_px=300`, `near_duplicate.mirrored=keep`, `purpose=commercial`.

    Raises:
        UsageError: a change that names no criterion or parameter, or a value of another type; the nearest right one is named.
    """
    present = read(workspace)
    asked = changed(present, changes)
    with db.reading(workspace) as connection:
        for settings, table in ((present, "before"), (asked, "after")):
            judge.ask_all(connection, settings)
            for statement in judge.statements("standing"):
                connection.execute(statement)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE standing_{table} AS {_text('standing')}")
        moved = db.fetch(connection, _text("moved"))
        counts = db.fetch(connection, _text("concepts"))
    totals: dict[tuple[str, str], int] = {}
    for row in moved:
        totals[row["before"], row["after"]] = totals.get((row["before"], row["after"]), 0) + 1
    return WhatIf(
        changes=dict(_pair(text) for text in changes),
        concepts=tuple(counts),
        moved=tuple({"before": before, "after": after, "pictures": number} for (before, after), number in sorted(totals.items())),
        examples=tuple(moved[:EXAMPLES]),
    )


def changed(settings: CurationSettings, changes: Sequence[str]) -> CurationSettings:
    """The settings with the changes laid over them, checked as `curation.toml` would be.

    Raises:
        UsageError: see `what_if`.
    """
    whole = [one.name for one in dataclasses.fields(CurationSettings) if one.name != "criteria"]
    table: dict[str, Any] = {name: getattr(settings, name) for name in whole}
    criteria = {name: dict(values) for name, values in settings.criteria.items()}
    for text in changes:
        name, value = _pair(text)
        criterion, point, parameter = name.partition(".")
        if not point and name in whole:
            table[name] = value
            continue
        if not point or criterion not in plugins.names(CRITERIA):
            known = [*whole, *plugins.names(CRITERIA)]
            raise UsageError(f"--what-if {text}: there is no setting {criterion!r}; {nearest(criterion, known)}")
        criteria.setdefault(criterion, {})[parameter] = value
    asked = from_table(CurationSettings, {**table, "criteria": criteria}, where=f"--what-if over {FILE_NAME}")
    for name in criteria:
        parameters(name, plugins.load(CRITERIA, name), asked)
    return asked


def _text(name: str) -> str:
    return (HERE / f"what_if_{name}.sql").read_text(encoding="utf-8")


def _pair(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UsageError(f"--what-if {text!r}: write CRITERION.PARAMETER=VALUE, such as too_small.min_side_px=300.")
    try:
        return name.strip(), tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()
