"""The training run, from recipe and shards to weights: one function that reads top to bottom."""

import dataclasses
import functools
import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from base.files import sha256_of_file
from finetune import card, checkpoint, data, draws, held_out, objective, parts, run_folder, stops
from finetune.loader import Loader
from finetune.recipe import Recipe
from finetune.schedule import learning_rate

log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]
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
    teaching = objective.load(recipe.objective.name, recipe.objective.settings)
    resolved = {
        **dataclasses.asdict(recipe),
        "objective": {"name": teaching.name, "settings": dataclasses.asdict(teaching.settings)},
    }
    on_cpu = recipe.device == "cpu" or (recipe.device == "auto" and not torch.cuda.is_available())
    precision = ("no" if on_cpu else "bf16") if recipe.precision == "auto" else recipe.precision
    accumulation = recipe.data.accumulation
    shards_digest = sha256_of_file(data.manifest(shards))  # a wrong folder is named before a model is fetched
    accelerator = Accelerator(cpu=on_cpu, mixed_precision=precision, gradient_accumulation_steps=accumulation)

    with run_folder.begin(folder, writes=accelerator.is_main_process, named=functools.partial(stops.named, recipe=recipe)) as run:
        # Parts, which of their weights train, and the samples that permit it
        model, base = parts.load(recipe, teaching, accelerator.device, DTYPES[precision])
        samples = data.gather(shards, recipe, model.grid_px)
        inputs = {"base": base, "shards": {"manifest": shards_digest}}
        with accelerator.main_process_first():
            if run.open(resolved, inputs):
                return _ended(run, 0, began, already_done=True)
        weights = list(model.trained().values())

        # Optimiser
        settings = recipe.optimiser
        betas = (settings.betas[0], settings.betas[1])
        optimiser: Any = torch.optim.AdamW(weights, betas=betas, eps=settings.epsilon, weight_decay=settings.weight_decay)

        # Loader: latents and texts are encoded once
        rank, processes, rows = accelerator.process_index, accelerator.num_processes, recipe.data.batch_size
        loader = Loader(samples, teaching.texts, recipe.data, recipe.seed, process=rank, processes=processes)
        loader.encode(model.encode_pixels, model.learn_texts, tell)
        model.shelve(teaching.keeps)

        model.prepare(accelerator)
        optimiser = accelerator.prepare(optimiser)

        # Resume
        state: dict[str, Any] = {"step": 0, "metrics_bytes": 0, "held_out_before": None}
        if not resume:
            checkpoint.remove_all(run.checkpoints)
        if place := checkpoint.latest(run.checkpoints):
            state = checkpoint.load(place, model, optimiser, accelerator.scaler)
        first_step = state["step"]
        run.drawn = functools.partial(loader.times_drawn, first_step * accumulation)
        run.start_metrics(state["metrics_bytes"])
        before = state["held_out_before"] or held_out.score(model, loader, recipe.held_out, tell)
        log.info("training run=%s from_step=%d pictures=%d", run.run["run_id"], first_step, len(samples.train))

        # The loop
        for step in range(first_step, recipe.steps):
            rate = learning_rate(settings, step, recipe.steps)
            for group in optimiser.param_groups:
                group["lr"] = rate
            terms: Counter[str] = Counter()
            norm: float | None = None
            for micro_step in range(step * accumulation, (step + 1) * accumulation):
                batch = loader.batch(micro_step)
                generator = draws.for_step(recipe.seed, micro_step, rank * rows, rows, accelerator.device)
                with accelerator.accumulate(model.denoiser, *model.extra.values()):
                    loss, logs = teaching.loss(model, batch, generator)
                    if not math.isfinite(value := loss.item()):
                        raise stops.not_finite(value, step, batch.keys, rate)
                    accelerator.backward(loss)
                    if accelerator.sync_gradients and settings.clip_norm:
                        norm = float(accelerator.clip_grad_norm_(weights, settings.clip_norm))
                    optimiser.step()
                    optimiser.zero_grad()
                terms.update({"loss": value, **{f"loss_{name}": one for name, one in logs.items()}})
            done = step + 1
            means = accelerator.reduce(
                torch.tensor(list(terms.values()), device=accelerator.device) / accumulation, "mean"
            ).tolist()
            line = {
                "step": done,
                **dict(zip(terms, means, strict=True)),
                "learning_rate": rate,
                "gradient_norm": norm if norm is not None and math.isfinite(norm) else None,
                "epoch": micro_step // loader.batches_per_epoch,
                "seconds": round(time.monotonic() - began, 3),
            }
            run.add_metrics(line)
            run.drawn = functools.partial(loader.times_drawn, done * accumulation)
            tell("training", done, recipe.steps)
            if run.writes and (done % recipe.checkpoint_every == 0 or done == recipe.steps):
                state = {"step": done, "metrics_bytes": run.sync_metrics(), "held_out_before": before}
                checkpoint.save(run.checkpoints, model, optimiser, accelerator.scaler, state, kept=recipe.checkpoints_kept)

        # What it learned, and what it leaves behind
        accelerator.wait_for_everyone()
        after = held_out.score(model, loader, recipe.held_out, tell)
        if not math.isfinite(after["concept"]):
            raise stops.not_finite(after["concept"], recipe.steps, (), learning_rate(settings, recipe.steps - 1, recipe.steps))
        drawn = loader.times_drawn(recipe.steps * accumulation)
        counts = {
            "steps": recipe.steps,
            "pictures": len(drawn),
            "draws": drawn.total(),
            "synthetic_draws": sum(times for key, times in drawn.items() if key in samples.variations),
        }
        if run.writes:
            model.save(folder)
            run.run |= {"counts": counts, "held_out_before": before, "held_out_after": after}
            card.write(folder, run.run, samples, drawn)
        run.close(outcome="done", error=None, counts=counts, held_out_before=before, held_out_after=after)
        return _ended(run, first_step, began)


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
