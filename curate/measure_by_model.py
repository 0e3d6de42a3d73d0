"""Measures that a model takes: only those that `[models]` of curation.toml names a file for, in a pass of their own.

Without such a file nothing is opened and torch is not loaded. A picture is opened once for all models that lack it; few processes
work at it, each with one thread of torch, as each holds the models in memory. "embedding" is no file: those scores are taken
from vectors that exist already (curate/word_scores.py).
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from base import plugins
from base.errors import UsageError
from catalog import db
from catalog.records import Measure
from catalog.runs import Run
from catalog.store import Store
from curate.measure import MEASURES
from curate.settings import Models
from engine.local import cores, run_batches
from pixels import scorers
from pixels.decode import Picture, Unreadable, open_picture

BATCH = 16
MOST_WORKERS = 4
"""Each holds its own copy of every model: half a gigabyte with torch."""
BY_EMBEDDING = "embedding"
BY_WORDS = ("watermark", "lettering")
"""Measures that may be taken by embedding."""

Ask = tuple[str, str, tuple["Asked", ...]]
"""One picture: sha256, path, the models that have not seen it."""
Answers = list[tuple[str, list[Measure]]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A measure, the file of its model, and what its numbers are called."""

    name: str
    path: str
    version: str


@dataclass(frozen=True, kw_only=True)
class MeasuredByModel:
    """Pictures that a model looked at, and facts written."""

    images: int = 0
    facts: int = 0


def asked(workspace: Path, models: Models) -> tuple[Asked, ...]:
    """The measures that curation.toml asks a model for, by name; relative paths start at the workspace.

    Raises:
        UsageError: a file is not there.
    """
    found = []
    for name in plugins.names(MEASURES):
        module = plugins.load(MEASURES, name)
        spec = getattr(models, module.MODEL) if hasattr(module, "MODEL") else None
        if spec is None or (spec == BY_EMBEDDING and name in BY_WORDS):
            continue
        path = workspace / Path(spec).expanduser()
        try:
            version = scorers.version(path)
        except UsageError as error:
            raise UsageError(f"[models] {module.MODEL} is {spec!r}: {error}") from error
        found.append(Asked(name=name, path=str(path), version=f"{module.VERSION}/{version}"))
    return tuple(found)


def measure_by_model(
    workspace: Path, run: Run, wanted: Sequence[Asked], *, progress: Callable[[str, int, int], None] | None = None
) -> MeasuredByModel:
    """Take and spool every missing measure of these models. A picture on which a model breaks down is named as a problem.

    Raises:
        UsageError: a file is no TorchScript, or answers something else than it must.
    """
    asks = missing(workspace, wanted) if wanted else []
    batches = [asks[at : at + BATCH] for at in range(0, len(asks), BATCH)]
    workers = 1 if len(batches) < 2 else min(MOST_WORKERS, cores())
    images = facts = 0
    failed: list[Ask] = []
    for done in run_batches(look, batches, workers=workers):
        if progress is not None:
            progress("measure by model", min((done.index + 1) * BATCH, len(asks)), len(asks))
        if done.result is None:
            failed += batches[done.index]
            continue
        seen = _spool(run, batches[done.index], done.result, "its bytes are not in the store, or no longer readable")
        images, facts = images + seen[0], facts + seen[1]
    for done in run_batches(look, [[ask] for ask in failed], workers=2):  # one by one, away from this process
        seen = _spool(run, [failed[done.index]], done.result, done.error or "")
        images, facts = images + seen[0], facts + seen[1]
    return MeasuredByModel(images=images, facts=facts)


def _spool(run: Run, batch: Sequence[Ask], answers: Answers | None, trouble: str) -> tuple[int, int]:
    """Spool what was found, name what was not; how many pictures and facts that is."""
    found = dict(answers or ())
    for sha256, path, _ in batch:
        if sha256 not in found:
            run.problem(where=sha256, what=f"no model could look at it: {trouble} ({path}): run `fototeca check`.")
    for rows in found.values():
        run.add_all("measures", rows)
    return len(found), sum(map(len, found.values()))


def missing(workspace: Path, wanted: Sequence[Asked]) -> list[Ask]:
    """Every readable picture that one of the models has not seen, by sha256; of one `ORIGIN` where a measure names one."""
    lacking: dict[str, list[Asked]] = {}
    readable = plugins.load(MEASURES, "full_decode").VERSION
    with db.reading(workspace) as connection:
        for one in wanted:
            module = plugins.load(MEASURES, one.name)
            values = {
                "measure": module.MAIN,
                "version": one.version,
                "readable": readable,
                "origin": getattr(module, "ORIGIN", None),
            }
            for (sha256,) in connection.execute(MISSING, values).fetchall():
                lacking.setdefault(sha256, []).append(one)
    store = Store(workspace)
    return [(sha256, str(store.path(sha256)), tuple(lacking[sha256])) for sha256 in sorted(lacking)]


MISSING = """
SELECT sha256
FROM images
WHERE ($origin IS NULL OR origin = $origin)
  AND sha256 IN (SELECT sha256 FROM measures WHERE measure = 'decode' AND version = $readable AND word = 'ok')
  AND sha256 NOT IN (SELECT sha256 FROM measures WHERE measure = $measure AND version = $version)
"""


def look(batch: Sequence[Ask]) -> Answers:
    """The facts of each picture of the batch; one that cannot be opened is left out. Runs in a worker."""
    with scorers.one_thread():
        return _looked(batch)


def _looked(batch: Sequence[Ask]) -> Answers:
    opened: dict[str, Picture] = {}
    for sha256, path, _ in batch:
        try:
            picture = open_picture(Path(path), side_px=scorers.OPENING_SIDE_PX)
        except OSError:
            continue
        if not isinstance(picture, Unreadable):
            opened[sha256] = picture
    answers: dict[str, list[Measure]] = {sha256: [] for sha256 in opened}
    for one in sorted({one for _, _, names in batch for one in names}, key=lambda one: one.name):
        shown = [sha256 for sha256, _, names in batch if one in names and sha256 in opened]
        module, model = _loaded(one)
        found = module.measure([opened[sha256] for sha256 in shown], model) if shown else []
        for sha256, facts in zip(shown, found, strict=True):
            answers[sha256] += _rows(sha256, one, module.MAIN, facts)
    return list(answers.items())


@functools.cache
def _loaded(one: Asked) -> tuple[ModuleType, Any]:
    """Once in each process."""
    module = plugins.load(MEASURES, one.name)
    return module, module.load(Path(one.path))


def _rows(sha256: str, one: Asked, main: str, facts: dict[str, float]) -> Iterable[Measure]:
    """The facts as rows, the main one last: a killed run must not leave it without the others."""
    for name in sorted(facts, key=lambda name: name == main):
        yield Measure(sha256=sha256, measure=name, version=one.version, value=facts[name])
