"""Judging: criteria ask the catalogue their questions, and only answers that differ from the last ones become rows.

No picture is opened. Criteria that choose among copies come in later rounds and see how each subject stands so far. A
criterion whose settings are as they were, in a catalogue that is as it was, is not asked again (`curate/judged_before.py`).
"""

import json
import re
import time
from collections.abc import Callable, Collection, Mapping
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
from curate import judged_before
from curate.settings import CRITERIA, CurationSettings, own_version, parameters

WHO = "criteria"
FIRST_ROUND = 1
KINDS_OF_FACT = ("value", "word")
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Verdicts that each criterion gives now, how many of its rows are new, and for how many its measure is missing.

    `asked` are the criteria that were asked, each with its seconds; of the others nothing could have changed.
    """

    excluded: Mapping[str, int] = field(default_factory=dict)
    review: Mapping[str, int] = field(default_factory=dict)
    abstained: Mapping[str, int] = field(default_factory=dict)
    new: Mapping[str, int] = field(default_factory=dict)
    asked: Mapping[str, float] = field(default_factory=dict)


def judge(
    workspace: Path, run: Run, settings: CurationSettings, *, progress: Callable[[str, int, int], None] | None = None
) -> Judged:
    """Ask every criterion whose answers may have changed about every subject, and spool what changed.

    Raises:
        FototecaError: a criterion's query gives something else than subject, verdict, reason and evidence.
    """
    modules = loaded()
    versions = {name: own_version(name, module, settings) for name, module in modules.items()}
    changed: list[Decision] = []
    counts, new, seconds = {}, dict.fromkeys(modules, 0), {}
    with db.reading(workspace) as connection:
        known = judged_before.recall(workspace, connection)
        to_ask = due(modules, versions, known)
        if to_ask:
            begin(connection, to_ask)
            seconds = ask(connection, settings, to_ask, progress=progress)
        for name in modules:
            if name in to_ask:
                differing = _differing(connection, name)
                changed += differing
                new[name] = len(differing)
                counts[name] = dict(connection.execute(COUNTS, {"criterion": name}).fetchall())
            elif known is not None:
                counts[name] = dict(known.counts[name])
        told = judged_before.Known(
            inputs=judged_before.inputs(connection),
            later_inputs=judged_before.later_inputs(connection),
            decisions=judged_before.decisions(connection) + len(changed),
            versions=versions,
            counts=counts,
        )
    run.add_all("decisions", changed)
    judged_before.remember(workspace, told)
    by_verdict = {verdict: {name: found.get(verdict, 0) for name, found in counts.items()} for verdict in VERDICTS}
    return Judged(
        excluded=by_verdict["exclude"],
        review=by_verdict["review"],
        abstained=by_verdict["abstain"],
        new=new,
        asked=seconds,
    )


VERDICTS = ("exclude", "review", "abstain")
COUNTS = "SELECT coalesce(verdict, 'abstain'), count(*) FROM given WHERE criterion = $criterion GROUP BY ALL"


def loaded() -> dict[str, ModuleType]:
    """Every criterion by name."""
    return {name: plugins.load(CRITERIA, name) for name in plugins.names(CRITERIA)}


def round_of(module: ModuleType) -> int:
    """In which round a criterion is asked; 1 unless it says otherwise."""
    return int(getattr(module, "ROUND", FIRST_ROUND))


def due(modules: Mapping[str, ModuleType], versions: Mapping[str, str], known: judged_before.Known | None) -> set[str]:
    """The criteria whose answers may differ from their last: changed ones, and those that look at how others have judged."""
    if known is None:
        return set(modules)
    changed = {name for name in modules if known.versions.get(name) != versions[name]}
    rounds = [round_of(modules[name]) for name in changed]
    if known.later_differ:
        rounds.append(FIRST_ROUND)
    return changed | {name for name in modules if rounds and round_of(modules[name]) > min(rounds)}


def begin(
    connection: duckdb.DuckDBPyConnection,
    names: Collection[str],
    *,
    answered: Collection[str] = (),
    besides: Collection[str] = (),
) -> None:
    """Lay out what these criteria read: the tables `everything`, `facts` and `last_words`, and `given` with the others' words.

    Args:
        connection: to the catalogue; only temporary tables are made.
        names: criteria that will be asked.
        answered: those of them whose last words are laid out all the same.
        besides: columns of `everything` that the caller reads itself.
    """
    for statement in statements("judge_before"):
        connection.execute(statement)
    modules = [plugins.load(CRITERIA, name) for name in sorted(names)]
    columns = ", ".join(_columns(connection, modules, besides))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE everything AS SELECT {columns} FROM records WHERE {NOT_WITHDRAWN}")
    _lay_out_facts(connection, modules)
    others = [name for name in plugins.names(CRITERIA) if name not in names or name in answered]
    connection.execute(NOT_ASKED, {"others": others})


NOT_WITHDRAWN = "outcome IS DISTINCT FROM 'withdrawn'"
ALWAYS = {"subject", "kind", "sha256"}
WHOLE_ROWS = re.compile(r"\b(?:subjects?|everything|made|member)\.\*")


def _columns(connection: duckdb.DuckDBPyConnection, modules: Collection[ModuleType], besides: Collection[str]) -> list[str]:
    """The columns of `records` that these criteria read: a million rows with their captions and rights take seconds to lay out.

    A column counts when its name stands in a text of the criterion's file, its own or imported; one too many does no harm.
    """
    known = [column for column, *_ in connection.execute("DESCRIBE SELECT * FROM records").fetchall()]
    named = [item for module in modules for item in vars(module).items()]
    texts = " ".join(text for name, text in named if isinstance(text, str) and not name.startswith("__"))
    if WHOLE_ROWS.search(texts):
        return known
    words = {*re.findall(r"\w+", texts), *ALWAYS, *besides}
    return [column for column in known if column in words]


def _lay_out_facts(connection: duckdb.DuckDBPyConnection, modules: Collection[ModuleType]) -> None:
    """Fill the temporary table `facts`: one row a picture, one column for each fact that one of these criteria declares.

    Raises:
        FototecaError: two criteria disagree on what a fact is, or one says something else than value or word.
    """
    kinds: dict[str, str] = {}
    for module in modules:
        for measure, kind in getattr(module, "FACTS", {}).items():
            if kind not in KINDS_OF_FACT or kinds.setdefault(measure, kind) != kind:
                raise FototecaError(
                    f"{module.__name__}: FACTS says that {measure} is a {kind}: write value or word, as others do."
                )
    if not kinds:
        connection.execute("CREATE OR REPLACE TEMP TABLE facts (sha256 VARCHAR)")
        return
    text = (HERE / "judge_facts.sql").read_text(encoding="utf-8")
    columns = [f",\n  arg_max({kind}, place) FILTER (measure = '{measure}') AS {measure}" for measure, kind in kinds.items()]
    connection.execute(text.format(columns="".join(columns), measures=", ".join(f"'{measure}'" for measure in kinds)))


NOT_ASKED = """
INSERT INTO given
SELECT subject, criterion, version, verdict, reason, evidence
FROM last_words
WHERE verdict <> 'keep'
  AND list_contains($others::VARCHAR[], criterion)
  AND subject IN (SELECT subject FROM everything)
"""


def ask(
    connection: duckdb.DuckDBPyConnection,
    settings: CurationSettings,
    names: Collection[str],
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, float]:
    """Put these criteria's answers into the table `given` in place of earlier ones; the seconds of each. Nothing is written."""
    modules = {name: plugins.load(CRITERIA, name) for name in names}
    connection.execute("DELETE FROM given WHERE list_contains($names::VARCHAR[], criterion)", {"names": sorted(names)})
    seconds = {}
    for at, name in enumerate(sorted(modules, key=lambda name: (round_of(modules[name]), name))):
        started = time.perf_counter()
        _ask(connection, name, modules[name], settings)
        seconds[name] = round(time.perf_counter() - started, 3)
        if progress is not None:
            progress("judge", at + 1, len(modules))
    return seconds


def _ask(connection: duckdb.DuckDBPyConnection, name: str, module: ModuleType, settings: CurationSettings) -> None:
    """Put one criterion's answers into the table `given`."""
    kinds = ", ".join(f"'{kind}'" for kind in module.APPLIES_TO)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW subjects AS SELECT * FROM everything WHERE kind IN ({kinds})")
    values = parameters(name, module, settings)
    if round_of(module) > FIRST_ROUND:
        stand(connection)
    if hasattr(module, "prepare"):
        module.prepare(connection, values)
    query = module.QUERY
    bound = {key: values[key] for key in connection.extract_statements(query)[0].named_parameters}
    version = own_version(name, module, settings)
    insert = f"INSERT INTO given SELECT subject, '{name}', '{version}', verdict, reason, evidence FROM ({query})"
    try:
        connection.execute(insert, bound or None)
    except (duckdb.BinderException, duckdb.ConversionException, duckdb.ConstraintException) as error:
        raise FototecaError(f"criterion {name} gives no verdicts: {str(error).splitlines()[0]}") from error


def stand(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the temporary table `standing` with how each subject stands by the answers so far."""
    for statement in statements("standing"):
        connection.execute(statement)


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
