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
from curate import judge, judged_before, restricted
from curate.settings import CRITERIA, FILE_NAME, CurationSettings, own_version, parameters, read

HERE = Path(__file__).parent
EXAMPLES = 10
WHOLE = ("purpose", "accept_soft")
"""Settings of the whole workspace that judging depends on. Models change measures, which no question can foresee."""
SHOWN = ("title", "source_id", "concepts", "parent")
"""What is told of a picture that would move, and what is counted."""
OFF = "none"
"""Written for a parameter that may be off."""


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
        changes: Such as `too_small.min_side_px=300`, `near_duplicate.mirrored=keep`, `off_concept.min_likeness=none`,
            `purpose=commercial`, `restricted=FILE` for another list of what must not be used.

    Raises:
        UsageError: a change that names no criterion or parameter, or a value of another type; the nearest right one is named.
    """
    present = read(workspace)
    asked = changed(present, changes)
    modules = judge.loaded()
    now, then = ({name: own_version(name, module, settings) for name, module in modules.items()} for settings in (present, asked))
    other = judge.due(modules, then, judged_before.Known(versions=now))
    with db.reading(workspace) as connection:
        stale = judge.due(modules, now, judged_before.recall(workspace, connection))
        judge.begin(connection, stale | other, answered=other - stale, besides=SHOWN)
        for settings, names, table in ((present, stale, "before"), (asked, other, "after")):
            judge.ask(connection, settings, names)
            judge.stand(connection)
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
    table: dict[str, Any] = {name: getattr(settings, name) for name in WHOLE}
    criteria = {name: dict(values) for name, values in settings.criteria.items()}
    entries = settings.restricted
    for text in changes:
        name, value = _pair(text)
        criterion, point, parameter = name.partition(".")
        if name == "restricted":
            entries = restricted.read_file(Path(str(value)))
        elif not point and name in WHOLE:
            table[name] = value
        elif not point or criterion not in plugins.names(CRITERIA):
            known = [*WHOLE, "restricted", *plugins.names(CRITERIA)]
            raise UsageError(f"--what-if {text}: there is no setting {criterion!r}; {nearest(criterion, known)}")
        else:
            criteria[criterion] = _with(criteria.get(criterion, {}), parameter.split("."), value)
    asked = from_table(CurationSettings, {**table, "criteria": criteria}, where=f"--what-if over {FILE_NAME}")
    asked = dataclasses.replace(
        settings, purpose=asked.purpose, accept_soft=asked.accept_soft, criteria=asked.criteria, restricted=entries
    )
    for name in criteria:
        parameters(name, plugins.load(CRITERIA, name), asked)
    return asked


def _with(table: Mapping[str, Any], keys: Sequence[str], value: Any) -> dict[str, Any]:
    """The table with one value in it changed, however deep."""
    inner = table.get(keys[0])
    deeper = _with(inner if isinstance(inner, Mapping) else {}, keys[1:], value) if len(keys) > 1 else value
    return {**table, keys[0]: deeper}


def _text(name: str) -> str:
    return (HERE / f"what_if_{name}.sql").read_text(encoding="utf-8")


def _pair(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UsageError(f"--what-if {text!r}: write CRITERION.PARAMETER=VALUE, such as too_small.min_side_px=300.")
    try:
        return name.strip(), tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), None if value.strip() == OFF else value.strip()
