"""The training run, from recipe and shards to weights: one function that reads top to bottom."""

import contextlib
import dataclasses
import functools
import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, InitProcessGroupKwargs
from accelerate.utils import GradientAccumulationPlugin

from base.files import sha256_of_file
from finetune import (
    audit,
    card,
    check,
    checkpoint,
    class_pictures,
    data,
    draws,
    held_out,
    objective,
    optimise,
    parts,
    run_folder,
    stops,
    watch,
)
from finetune.cache import Cache
from finetune.loader import Loader
from finetune.mean import RunningMean
from finetune.recipe import Recipe
from finetune.schedule import learning_rate

log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]
PATIENCE = timedelta(hours=6)  # that the other processes wait while the first encodes and draws; a dead one is noticed at once
DTYPES = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A run that has ended: where it is, and what it learned."""

    run_id: str
    folder: Path
    already_done: bool
    """The folder held this very run, finished: nothing was done."""
    steps: int
    resumed_from: int
    """Step of the checkpoint that it went on from; 0 when it began anew."""
    pictures: int
    """Different pictures drawn."""
    draws: int
    """All of them: pictures a step, times steps."""
    synthetic_draws: int
    """Those that were variations."""
    held_out_before: dict[str, Any]
    held_out_after: dict[str, Any]
    """Fields of `finetune.held_out.Score`."""
    seconds: float


def train(recipe: Recipe, shards: Path, folder: Path, *, resume: bool = True, progress: Progress | None = None) -> Trained:
    """Train what the recipe says on the shards, into the run's folder; a killed run goes on from its last checkpoint.

    Args:
        recipe: what `finetune.recipe.read` returned.
        shards: a folder of `shardset`, with its manifest.json.
        folder: of this run, such as `runs/<id>`; made when absent.
        resume: False begins an unfinished run again from its first step.
        progress: called with what is being done, how much of it is, and of how much.

    Raises:
        UsageError: a recipe, model or purpose that does not fit; another run in the folder.
        SourceError: a damaged shard.
        BusyError: another process trains into the folder.
        OutOfMemoryError, NotFiniteError, NoSpaceError: as they say; the checkpoints stay.
    """
    began = time.monotonic()
    tell = progress or (lambda what, done, total: None)
    check.before(recipe, shards)
    teaching = objective.load(recipe.objective.name, recipe.objective.settings)
    resolved = {
        **dataclasses.asdict(recipe),
        "objective": {"name": teaching.name, "settings": dataclasses.asdict(teaching.settings)},
    }
    on_cpu, precision = placed(recipe)
    accumulation = recipe.data.accumulation
    shards_digest = sha256_of_file(data.manifest(shards))  # a wrong folder is named before a model is fetched
    patient = InitProcessGroupKwargs(timeout=PATIENCE)
    accumulates = GradientAccumulationPlugin(num_steps=accumulation)  # as a bare number the environment would overrule it
    accelerator = Accelerator(
        cpu=on_cpu, mixed_precision=precision, gradient_accumulation_plugin=accumulates, kwargs_handlers=[patient]
    )
    main = accelerator.is_main_process
    rank, processes, rows = accelerator.process_index, accelerator.num_processes, recipe.data.batch_size

    with run_folder.begin(folder, writes=main, named=functools.partial(stops.named, recipe=recipe)) as run:
        # Parts, which of their weights train, and the samples that permit it
        model, base = parts.load(recipe, teaching, accelerator.device, DTYPES[precision])
        samples = data.gather(shards, recipe, model.grid_px, processes=processes)
        inputs = {
            "base": base,
            "shards": {"manifest": shards_digest},
            "concepts": [dataclasses.asdict(one) for one in samples.concepts],
            "processes": processes,
            "precision": {"no": "float32"}.get(precision, precision),
        }
        with accelerator.main_process_first():
            if run.open(resolved, inputs):
                return _ended(run, 0, began, already_done=True)

        # Pictures of the class, where the objective wants them; drawn before anything is learned
        if teaching.class_pictures:
            with accelerator.main_process_first():
                samples = class_pictures.added(samples, model, teaching, base, recipe, folder, writes=main, tell=tell)

        # Loader: latents and texts are encoded once, and kept beside the shards
        loader = Loader(
            samples, teaching.texts, recipe.data, recipe.seed, process=rank, processes=processes, describe=teaching.describe
        )
        cache = Cache(shards, base, device=model.device, precision=precision) if recipe.data.cache else None
        with accelerator.main_process_first():
            loader.encode(model.encode_pixels, functools.partial(model.learn_texts, cache=cache), tell, cache=cache)
        model.shelve(teaching.keeps)

        # Optimiser
        settings = recipe.optimiser
        weights = list(model.trained().values())
        optimiser: Any = optimise.build(model, settings)
        model.prepare(accelerator)
        optimiser = accelerator.prepare(optimiser)
        mean = RunningMean(model, settings.ema_decay) if settings.ema_decay else None

        # Resume
        state: dict[str, Any] = {"step": 0, "metrics_bytes": 0, "held_out_before": None}
        if not resume and main:
            checkpoint.remove_all(run.checkpoints)
        accelerator.wait_for_everyone()
        if place := checkpoint.latest(run.checkpoints, sweeps=main):
            state = checkpoint.load(place, model, optimiser, accelerator.scaler, mean, run_id=run.run["run_id"])
        first_step = state["step"]
        run.drawn = functools.partial(loader.times_drawn, first_step * accumulation)
        run.start_metrics(state["metrics_bytes"])
        watcher = watch.Watcher(folder, recipe, samples.concepts, teaching, first_step=first_step, writes=main)
        before = state["held_out_before"] or held_out.score(model, loader, recipe.held_out, tell)
        stops.check_score(before, first_step - 1, learning_rate(settings, first_step, recipe.steps))
        log.info("training run=%s from_step=%d pictures=%d", run.run["run_id"], first_step, len(samples.train))

        # The loop
        batches = loader.batches(first_step * accumulation, recipe.steps * accumulation)
        for step in range(first_step, recipe.steps):
            rate = learning_rate(settings, step, recipe.steps)
            optimise.set_rate(optimiser, rate)
            terms: Counter[str] = Counter()
            norm: float | None = None
            waited = 0.0
            for micro_step in range(step * accumulation, (step + 1) * accumulation):
                asked = time.monotonic()
                batch = next(batches)
                waited += time.monotonic() - asked
                generator = draws.for_step(recipe.seed, micro_step, rank * rows, rows, accelerator.device)
                alike = draws.ambient(recipe.seed, micro_step, rank, accelerator.device)
                with alike, accelerator.accumulate(*model.wrapped()):
                    loss, logs = teaching.loss(model, batch, generator)
                    accelerator.backward(loss)
                    means = _means({"loss": loss, **{f"loss_{name}": one for name, one in logs.items()}}, accelerator)
                    if not math.isfinite(means["loss"]):
                        raise stops.not_finite(means["loss"], step, batch.keys, rate)
                    if accelerator.sync_gradients and settings.clip_norm:
                        norm = float(accelerator.clip_grad_norm_(weights, settings.clip_norm))
                        if accelerator.scaler is None and not math.isfinite(norm):  # a scaler leaves such a step out
                            raise stops.not_finite(norm, step, batch.keys, rate, what="gradient's norm")
                    optimiser.step()
                    optimiser.zero_grad()
                terms.update(means)
            done = step + 1
            if mean is not None:
                mean.follow(done)
            line = {
                "step": done,
                **{name: value / accumulation for name, value in terms.items()},
                "learning_rate": rate,
                "gradient_norm": norm if norm is not None and math.isfinite(norm) else None,
                "epoch": micro_step // loader.batches_per_epoch,
                "seconds": round(time.monotonic() - began, 3),
                "waited_s": round(waited, 4),
            }
            shown = mean.in_place() if mean is not None and watcher.looks(done) else contextlib.nullcontext()
            with shown:
                if recipe.held_out.every and done % recipe.held_out.every == 0 and done < recipe.steps:
                    scored = held_out.score(model, loader, recipe.held_out, tell)
                    stops.check_score(scored, step, rate)
                    line |= held_out.named(scored)
                watcher.after_step(model, done, line)
            run.add_metrics(line)
            log.info("step %s", " ".join(f"{name}={value}" for name, value in line.items()))
            run.drawn = functools.partial(loader.times_drawn, done * accumulation)
            tell("training", done, recipe.steps)
            if done % recipe.checkpoint_every == 0 or done == recipe.steps:
                _sound(weights, step, rate)
            if main and (done % recipe.checkpoint_every == 0 or done == recipe.steps):
                state = {"step": done, "metrics_bytes": run.sync_metrics(), "held_out_before": before}
                state["run_id"] = run.run["run_id"]
                run.write_samples()  # before the weights that come of them
                scaler, kept = accelerator.scaler, recipe.checkpoints_kept
                checkpoint.save(run.checkpoints, model, optimiser, scaler, mean, state, kept=kept)

        # What it learned, what it copied, and what it leaves behind
        accelerator.wait_for_everyone()
        with mean.in_place() if mean is not None else contextlib.nullcontext():
            after = held_out.score(model, loader, recipe.held_out, tell)
            stops.check_score(after, recipe.steps - 1, learning_rate(settings, recipe.steps - 1, recipe.steps))
            drawn = loader.times_drawn(recipe.steps * accumulation)
            counts = {
                "steps": recipe.steps,
                "pictures": len(drawn),
                "draws": drawn.total(),
                "synthetic_draws": sum(times for key, times in drawn.items() if key in samples.variations),
            }
            ending: dict[str, Any] = {"counts": counts, "held_out_before": before, "held_out_after": after}
            if main:
                model.save(folder)
                ending["grid"] = watcher.last_grid(model)
                ending["grid_missing"] = watcher.not_drawn
                ending["audit"] = audit.audit(model, teaching, samples, recipe, folder, tell)
        watcher.close()
        if main:
            card.write(folder, {**run.run, **ending}, samples, drawn)
        accelerator.wait_for_everyone()
        run.close(outcome="done", error=None, **ending)
        return _ended(run, first_step, began)


def placed(recipe: Recipe) -> tuple[bool, str]:
    """Whether the run is on the CPU, and its precision: no (float32), bf16 or fp16."""
    on_cpu = recipe.device == "cpu" or (recipe.device == "auto" and not torch.cuda.is_available())
    return on_cpu, ("no" if on_cpu else "bf16") if recipe.precision == "auto" else recipe.precision


def _means(terms: dict[str, Any], accelerator: Accelerator) -> dict[str, float]:
    """The terms' means over all processes: one transfer from the device, and one exchange."""
    device = accelerator.device
    values = torch.stack([torch.as_tensor(one, dtype=torch.float32, device=device).detach() for one in terms.values()])
    return dict(zip(terms, accelerator.reduce(values, "mean").tolist(), strict=True))


def _sound(weights: list[torch.nn.Parameter], step: int, rate: float) -> None:
    """Stop before a checkpoint that no run could go on from."""
    worst = torch.stack([one.detach().abs().max() for one in weights if one.numel()]).max().item()  # NaN where any is
    if not math.isfinite(worst):
        raise stops.not_finite(worst, step, (), rate, what="largest weight")


def _ended(run: run_folder.RunFolder, resumed_from: int, began: float, *, already_done: bool = False) -> Trained:
    written = run.run
    return Trained(
        run_id=written["run_id"],
        folder=run.path,
        already_done=already_done,
        resumed_from=resumed_from,
        held_out_before=written["held_out_before"],
        held_out_after=written["held_out_after"],
        seconds=round(time.monotonic() - began, 3),
        **written["counts"],
    )
