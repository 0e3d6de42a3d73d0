"""Everything that could stop a run, looked at before a GPU is rented for it; all faults at once.

`before` is the quick part, which every run begins with: no model is loaded, no picture read. `check` goes on: every byte of the
shards is hashed again, memory is estimated without a GPU, and three real steps say how long the run will take.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from base.errors import FototecaError, SourceError, UsageError, together
from base.files import sha256_of_file
from finetune import check_machine, check_samples, copies, data, model_place, objective
from finetune.loader import Loader
from finetune.recipe import Recipe, examined
from finetune.remarks import remarks
from shardset.read import read_manifest
from shardset.verify import verify

if TYPE_CHECKING:
    from finetune.asks import Listening
    from finetune.estimate import Memory
    from finetune.rehearsal import Time

Verdict = Literal["in order", "mind", "stops", "not known"]
GOOD: Verdict = "in order"
MIND: Verdict = "mind"
STOPS: Verdict = "stops"
UNKNOWN: Verdict = "not known"
Tell = Callable[[str, int, int], None]

QUICK_SAMPLES = 2000  # whose texts `before` reads in about a second; what lies above is checked when the run has its model
ANY_GRID_PX = 64  # of shapes, as long as the model is not known
UNHEARD = (RuntimeError, TypeError, AttributeError, NotImplementedError, ValueError, IndexError, KeyError)
"""What an objective's loss raises when it wants more than shapes: then there is no estimate, and the report says why."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the report."""

    what: str
    value: str
    verdict: Verdict = GOOD


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that stops the run."""

    said: str
    exit_code: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the check found."""

    recipe: str
    shards: Path
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    """They stop the run."""
    warnings: tuple[str, ...]
    """They do not."""
    memory: "Memory | None"
    """None where it could not be said."""
    time: "Time | None"
    """None where no steps were tried."""
    exit_code: int
    """Of the worst fault, 0 without any."""


@dataclass
class _Findings:
    """What has been found so far."""

    rows: list[Row] = field(default_factory=list)
    errors: list[FototecaError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, what: str, value: str, *, warns: list[str] | None = None, verdict: Verdict = GOOD) -> None:
        """A row; warnings that belong to it make it one to mind."""
        self.warnings += warns or []
        self.rows.append(Row(what=what, value=value, verdict=MIND if warns else verdict))

    def stops(self, what: str, errors: list[FototecaError]) -> None:
        """A row for what is wrong, if anything is."""
        self.errors += [each for one in errors for each in (one.each or (one,))]
        if errors:
            count = len(errors)
            self.rows.append(Row(what=what, value=f"{count} fault{'' if count == 1 else 's'}, below", verdict=STOPS))

    @contextmanager
    def hearing(self, what: str) -> Iterator[None]:
        """Errors of our own tree become findings."""
        try:
            yield
        except FototecaError as error:
            self.stops(what, [error])


def before(recipe: Recipe, shards: Path) -> None:
    """Stop with all that is wrong and can be seen without the model: settings, packages, device, shards, purpose, concepts.

    Raises:
        UsageError, SourceError: one for all faults, of the class with the highest exit code.
    """
    found = _Findings()
    with found.hearing("objective"):
        objective.load(recipe.objective.name, recipe.objective.settings)
    found.stops("machine", check_machine.faults(recipe))
    with found.hearing("shards"):
        data.manifest(shards)
        if sum(len(shard["samples"]) for shard in read_manifest(shards)["shards"]) <= QUICK_SAMPLES:
            found.stops("samples", data.examined(shards, recipe, ANY_GRID_PX)[1])
    if found.errors:
        raise together(found.errors, what=f"recipe {recipe.name} with {shards}")


def check(
    name: str | Path,
    shards: Path,
    run: Path,
    *,
    overrides: Mapping[str, Any] | None = None,
    steps: bool = True,
    tell: Tell = lambda what, done, total: None,
) -> Report:
    """Look at everything; nothing is written but the cache beside the shards, and that only with `steps`.

    Args:
        name: of the recipe, or its file.
        shards: their folder.
        run: the folder that the run would have; it need not be there.
        overrides: dotted keys over the recipe's.
        steps: also train three steps on this machine, where nothing else stops the run.
        tell: progress.

    Raises:
        UsageError: there is no such recipe.
    """
    found = _Findings()
    recipe, wrong = examined(name, overrides)
    found.stops("recipe", wrong)
    teaching = None
    with found.hearing("objective"):
        teaching = objective.load(recipe.objective.name, recipe.objective.settings)
    if not wrong and teaching is not None:
        weights = f"LoRA of rank {recipe.weights.rank}" if recipe.weights.kind == "lora" else "all weights"
        found.add("recipe", f"{recipe.name}: {recipe.steps} steps, {weights}, objective {recipe.objective.name}")
    parts, base = _model(found, recipe, teaching)
    samples = _shards(found, recipe, shards, parts.grid_px if parts else ANY_GRID_PX, tell)
    if samples is not None and teaching is not None:
        _samples(found, recipe, samples, teaching, parts)
    found.stops("machine", machine := check_machine.faults(recipe, device_must_be_here=steps))
    if recipe.audit.pictures and recipe.audit.model and not machine:
        with found.hearing("audit"):
            found.add("audit", f"likeness by {copies.measure(recipe.audit.model, 'cpu').name}")
    if base:
        _run(found, recipe, teaching, shards, samples, run, base)
    memory = time = None
    if parts is not None and teaching is not None and samples is not None:
        _room(found, recipe, parts, samples, teaching, shards, run)
        memory = _memory(found, recipe, parts, samples, teaching)
        if steps and not found.errors:
            time = _time(found, recipe, shards, samples, teaching, memory, tell)
    faults = tuple(Fault(said=str(one), exit_code=one.exit_code) for one in found.errors)
    return Report(
        recipe=recipe.name,
        shards=shards,
        rows=tuple(found.rows),
        faults=faults,
        warnings=tuple(dict.fromkeys(found.warnings)),
        memory=memory,
        time=time,
        exit_code=max((one.exit_code for one in faults), default=0),
    )


def _model(found: _Findings, recipe: Recipe, teaching: Any) -> tuple["Listening | None", dict[str, str] | None]:
    """The parts without weights, and what exactly the model is."""
    from finetune import estimate

    if not recipe.model.id:
        if not any("model" in str(one) for one in found.errors):
            found.stops("model", [UsageError("model.id is empty: name a model of the hub, or a folder in diffusers' layout.")])
        return None, None
    with found.hearing("model"):
        where, revision = model_place.resolved(recipe.model)
        family = model_place.family_of(recipe.model, where, revision)
        named = family.__name__.rpartition(".")[2]
        exact = revision or model_place.folder_digest(Path(where))
        base = {"id": recipe.model.id, "revision": exact, "licence": recipe.model.licence, "family": named}
        with found.hearing("model"):
            family.check(recipe)
        parts = None
        if teaching is not None:
            parts = estimate.listening(recipe, teaching)
        found.add("model", f"{model_place.shown_name(recipe.model.id)} at {exact[:12]}, family {named}")
        return parts, base
    return None, None


def _shards(found: _Findings, recipe: Recipe, shards: Path, grid_px: int, tell: Tell) -> data.Samples | None:
    """The samples, as far as they can be read; every byte of the shards is hashed."""
    with found.hearing("shards"):
        data.manifest(shards)
        listed = read_manifest(shards)["shards"]
        altered = verify(shards, progress=tell)
        samples, wrong = data.examined(shards, recipe, grid_px)
        bad = {shard["name"] for shard in listed if any(shard["name"] in fault for fault in altered)}
        # what lies in a shard that is altered is said once
        wrong = [one for one in wrong if not (isinstance(one, SourceError) and any(shard in str(one) for shard in bad))]
        advice = "have the shards sent again, or export again"
        errors: list[FototecaError] = [SourceError(f"{shards}: {fault}: {advice}.") for fault in altered]
        found.stops("shards", [*errors, *wrong])
        if not altered:
            count, size = sum(len(shard["samples"]) for shard in listed), sum(shard["size_bytes"] for shard in listed)
            found.add("shards", f"{len(listed)} shards, {count} samples, {size / 1e6:.1f} MB, every byte as the manifest says")
        return samples if not altered else None
    return None


def _samples(found: _Findings, recipe: Recipe, samples: data.Samples, teaching: Any, parts: "Listening | None") -> None:
    """Pictures, captions, tokens, turns."""
    names = {name: one for name, one in (parts.modules if parts else {}).items() if name.startswith("tokenizer")}
    tokens = check_samples.token_remarks(samples.concepts, names) + check_samples.noun_remarks(samples)
    loader = Loader(samples, teaching.texts, recipe.data, recipe.seed)
    pictures = f"{len(samples.train)} for training, {len(samples.variations)} variations of them"
    found.add("pictures", pictures, warns=remarks(samples, recipe.data))
    epochs = recipe.steps * recipe.data.accumulation / loader.batches_per_epoch
    per_epoch = loader.batches_per_epoch / recipe.data.accumulation
    found.add("epochs", f"{epochs:.1f} in {recipe.steps} steps, {per_epoch:g} steps each")
    for name, times in check_samples.turns(loader, samples, recipe).items():
        concept = next(one for one in samples.concepts if one.name == name)
        count = sum(concept in item.concepts for item in samples.train)
        own = [one for one in tokens if name in one]
        shown = f"“{concept.rare_token} {concept.class_noun}”, {count} pictures, shown {times} times"
        found.add(f"concept {name}", shown, warns=own)
        tokens = [one for one in tokens if one not in own]
    long = check_samples.caption_remarks(samples, teaching, recipe, names)
    found.add("captions", "read whole" if names and not long else "cut" if long else "not looked at", warns=long)
    held_out = f"{len(samples.held_out)} of the concept ({samples.held_out_split or 'none'}), {len(samples.others)} without it"
    found.add("held out", held_out, warns=check_samples.other_remarks(samples, recipe) + tokens)


def _run(found: _Findings, recipe: Recipe, teaching: Any, shards: Path, samples: Any, run: Path, base: dict[str, str]) -> None:
    """What stands in the run's folder already."""
    from finetune import checkpoint, run_folder

    blocked = next((one for one in (run, *run.parents) if one.exists() and not one.is_dir()), None)
    if blocked:
        found.stops("run", [UsageError(f"the run's folder would be {run}, but {blocked} is a file: name another folder.")])
        return
    if not (run / run_folder.RUN_FILE).exists():
        found.add("run", f"{run}: new")
        return
    if teaching is None or samples is None:
        return
    with found.hearing("run"):
        settings = {
            **dataclasses.asdict(recipe),
            "objective": {"name": teaching.name, "settings": dataclasses.asdict(teaching.settings)},
        }
        inputs = {
            "base": base,
            "shards": {"manifest": sha256_of_file(data.manifest(shards))},
            "concepts": [dataclasses.asdict(one) for one in samples.concepts],
        }
        done = run_folder.RunFolder(run, writes=False).open(settings, inputs)
        place = checkpoint.latest(run / run_folder.CHECKPOINTS, sweeps=False)
        begun = f"goes on from {place.name}" if place else "begins again: no checkpoint yet"
        found.add("run", f"{run}: {'finished already' if done else begun}", verdict=MIND if done else GOOD)


def _room(
    found: _Findings, recipe: Recipe, parts: "Listening", samples: data.Samples, teaching: Any, shards: Path, run: Path
) -> None:
    """Disk for checkpoints, weights, pictures and cache."""
    from finetune import estimate

    trained = sum(one.numel() for one in parts.trained().values())
    written = estimate.written_bytes(recipe, parts, samples, teaching, trained)
    cached = estimate.cached_bytes(recipe, parts, samples, teaching) if recipe.data.cache else 0
    rooms = check_machine.room(run, shards, written, cached)
    wrong = check_machine.room_faults(rooms)
    found.stops("disk", wrong)
    if not wrong:
        needed, free = sum(written.values()) + cached, min(one.free_bytes for one in rooms)
        found.add("disk", f"{needed / 1e6:,.0f} MB wanted ({cached / 1e6:,.0f} MB of it cache), {free / 1e6:,.0f} MB free")


def _memory(found: _Findings, recipe: Recipe, parts: "Listening", samples: data.Samples, teaching: Any) -> "Memory | None":
    from finetune import estimate, stops

    try:
        memory = estimate.memory(parts, teaching, samples)
    except UNHEARD as error:
        why = f"objective {teaching.name} asks for more than shapes ({type(error).__name__}: {error})"
        found.add("memory", f"not estimated: {why}", verdict=UNKNOWN)
        return None
    here = check_machine.memory_bytes(recipe)
    where = f"the {'CPU' if memory.on_cpu else 'GPU'}, {'float32' if memory.precision == 'no' else memory.precision}"
    value = f"about {memory.total_bytes / 1e9:.1f} GB on {where}; most in: {memory.largest}"
    if here is None:
        found.add("memory", f"{value}; no GPU here to compare with", verdict=UNKNOWN)
        return memory
    large = memory.total_bytes > here
    advice = str(stops.out_of_memory(recipe, "an estimate"))
    warns = (
        [f"the estimate of {memory.total_bytes / 1e9:.1f} GB is above the {here / 1e9:.1f} GB here: {advice}"] if large else []
    )
    found.add("memory", f"{value}; {here / 1e9:.1f} GB here", warns=warns)
    return memory


def _time(
    found: _Findings, recipe: Recipe, shards: Path, samples: data.Samples, teaching: Any, memory: "Memory | None", tell: Tell
) -> "Time | None":
    from finetune.rehearsal import rehearse

    with found.hearing("three steps"):
        time = rehearse(recipe, shards, samples, teaching, tell)
        found.add("a step", f"{time.step_s:.3g} s on {time.device}")
        if time.peak_bytes is not None:
            estimated = f", estimated {memory.total_bytes / 1e9:.1f}" if memory else ""
            found.add("memory, measured", f"{time.peak_bytes / 1e9:.2f} GB at the most in three steps{estimated}")
        return time
    return None
