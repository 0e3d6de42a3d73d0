"""Measuring: every image that lacks a measure is opened once, and all its missing measures are taken from that decode."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from base import plugins
from catalog import db
from catalog.records import Measure
from catalog.runs import Run
from catalog.store import Store
from engine.local import cores, run_batches
from pixels.decode import Unreadable, open_picture
from pixels.hashes import HASH_SIDE_PX, Bits

MEASURES = "curate.measures"
BATCH = 32
"""Images handed to a worker at a time: about a second of work on photographs."""

BATCH_PATIENCE_S = 600.0
PICTURE_PATIENCE_S = 60.0
"""No picture takes longer: the worst in the tests' corpus takes some seconds. Beyond it, a codec is taken for stuck."""

Ask = tuple[str, str, tuple[str, ...]]
"""One image to measure: sha256, path, names of the measures that it lacks."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Images opened and facts written; `unreadable` are among `images`."""

    images: int = 0
    facts: int = 0
    unreadable: int = 0


def measure(workspace: Path, run: Run, *, progress: Callable[[str, int, int], None] | None = None) -> Measured:
    """Take every missing measure and spool it; what cannot be decoded is spooled with the reason. One bad file stops nothing."""
    asks = missing(workspace)
    images = facts = unreadable = 0
    for batch, answers in _answers(asks, progress):
        answered = set()
        for sha256, found in answers:
            answered.add(sha256)
            images += 1
            facts += len(found)
            unreadable += any(one.measure == "decode" and one.word != "ok" for one in found)
            run.add_all("measures", found)
        for sha256, path, _ in batch:
            if sha256 not in answered:
                run.problem(where=sha256, what=f"its bytes are not in the store ({path}): run `fototeca check`.")
    return Measured(images=images, facts=facts, unreadable=unreadable)


def missing(workspace: Path) -> list[Ask]:
    """Every image with the measures it lacks in their present version, by sha256; unreadable ones lack nothing more."""
    store = Store(workspace)
    modules = {name: plugins.load(MEASURES, name) for name in without_model()}
    bit_of = {name: 1 << at for at, name in enumerate(modules)}
    wanted = {
        "mains": [module.MAIN for module in modules.values()],
        "versions": [module.VERSION for module in modules.values()],
        "bits": list(bit_of.values()),
        "all_bits": sum(bit_of.values()),
        "decode_version": modules["full_decode"].VERSION,
    }
    sql = (Path(__file__).parent / "missing_measures.sql").read_text(encoding="utf-8")
    lacking: dict[int, tuple[str, ...]] = {}  # few combinations, many images: each is held once
    asks = []
    with db.reading(workspace) as connection:
        for row in db.fetch(connection, sql, wanted):
            known = int(row["bits"])
            names = lacking.setdefault(known, tuple(name for name, bit in bit_of.items() if not known & bit))
            asks.append((row["sha256"], str(store.path(row["sha256"])), names))
    return asks


def without_model() -> list[str]:
    """The measures that every picture gets; those that a model takes have a pass of their own (curate/measure_by_model.py)."""
    return [name for name in plugins.names(MEASURES) if not hasattr(plugins.load(MEASURES, name), "MODEL")]


def measure_batch(batch: Sequence[Ask]) -> list[tuple[str, list[Measure]]]:
    """The facts of each image of the batch; an image whose file is gone is left out. Runs in a worker."""
    modules = {name: plugins.load(MEASURES, name) for name in {name for _, _, names in batch for name in names}}
    answers = []
    for sha256, path, names in batch:
        try:
            picture = open_picture(Path(path), side_px=HASH_SIDE_PX)
        except OSError:
            continue
        found: list[Measure] = []
        for name in names:
            module = modules[name]
            if not isinstance(picture, Unreadable):
                found += _as_measures(sha256, module, module.measure(picture))
            elif hasattr(module, "unreadable"):
                found += _as_measures(sha256, module, module.unreadable(picture))
        answers.append((sha256, found))
    return answers


Answers = list[tuple[str, list[Measure]]]


def _answers(asks: Sequence[Ask], progress: Callable[[str, int, int], None] | None) -> Iterable[tuple[Sequence[Ask], Answers]]:
    """Each batch with its answers; a batch that fails as a whole is tried again image by image, away from this process."""
    batches = [asks[at : at + BATCH] for at in range(0, len(asks), BATCH)]
    failed: list[Ask] = []
    workers = 1 if len(batches) < 2 else max(2, cores())  # one alone would be this process
    for done in run_batches(measure_batch, batches, workers=workers, patience_s=BATCH_PATIENCE_S):
        if progress is not None:
            progress("measure", min((done.index + 1) * BATCH, len(asks)), len(asks))
        if done.result is None:
            failed += batches[done.index]
        else:
            yield batches[done.index], done.result
    for done in run_batches(measure_batch, [[ask] for ask in failed], workers=2, patience_s=PICTURE_PATIENCE_S):
        ask = failed[done.index]
        yield [ask], done.result if done.result is not None else [(ask[0], _crashed(ask, done.error or "no answer"))]


def _crashed(ask: Ask, error: str) -> list[Measure]:
    """A picture on which the decoder or a measure breaks down is unreadable for us, with the error as the reason."""
    module = plugins.load(MEASURES, "full_decode")
    return _as_measures(ask[0], module, module.unreadable(Unreadable(kind="broken", detail=error[:200])))


def _as_measures(sha256: str, module: ModuleType, facts: dict[str, Any]) -> list[Measure]:
    """The facts as rows, the main one last: a killed run must not leave it without the others."""
    rows, version = [], module.VERSION
    for name, fact in sorted(facts.items(), key=lambda item: item[0] == module.MAIN):
        if isinstance(fact, Bits):
            rows.append(Measure(sha256=sha256, measure=name, version=version, bits=int(fact)))
        elif isinstance(fact, str):
            rows.append(Measure(sha256=sha256, measure=name, version=version, word=fact))
        else:
            rows.append(Measure(sha256=sha256, measure=name, version=version, value=float(fact)))
    return rows
