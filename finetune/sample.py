"""Pictures from a finished run, or from its base model: one derived seed and one provenance mark a picture.

Legend: B batch.
"""

import logging
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from base.errors import SourceError, UsageError
from base.files import written_whole
from base.settings import from_table
from finetune import model_place, objective, provenance, run_folder, sheet, within_memory
from finetune.drawing import Draw, Wish, wishes
from finetune.prompt import Prompt
from finetune.quiet import quiet
from finetune.recipe import Model, Recipe, Sampling
from finetune.sampling import Sampling as Seen
from finetune.sampling import for_sampling

log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]

SLUG_LENGTH = 48
COMMIT_LENGTH = 40  # of the hub; a folder's digest has 64 signs, and a copy of a hub's model has another one than its commit


def generate(
    folder: Path,
    prompts: Sequence[str | Prompt],
    *,
    seed: int = 0,
    count: int = 4,
    out: Path,
    steps: int | None = None,
    guidance: float | None = None,
    negative_prompt: str | None = None,
    use_adapter: bool = True,
    grid: Path | None = None,
    model: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Sample `count` pictures a prompt into `out`, as PNG; returns their paths, prompt by prompt.

    A picture depends on the model, its prompt, the seed and its number, on nothing else: neither on the other prompts nor on
    the batch (to within float error), so the same call with and without the adapter gives pictures that can be compared.

    Args:
        folder: of a finished run.
        prompts: one or more; a `Prompt` may bring a seed and a negative prompt of its own.
        seed: of the whole call; each picture's own derives from it.
        count: pictures a prompt.
        out: folder of the pictures; made when absent.
        steps: denoising steps; None takes the recipe's [sampling].
        guidance: classifier-free guidance scale, 1 switches it off; None takes the recipe's.
        negative_prompt: what to stay away from; None takes the recipe's.
        use_adapter: False takes the base model, as it was before training.
        grid: also draw all pictures onto one PNG here, a row a prompt.
        model: the base model's place on this machine, when it is not where the recipe says.
        options: for the run's objective, such as conditions beside the text; it says which.
        progress: called with what is being done, how much of it is, and of how much.

    Raises:
        UsageError: no finished run there, its base model is not to be found or has changed, or a value that cannot be.
        SourceError: run.json or the weights are damaged.
        OutOfMemoryError: the device's memory does not suffice for one picture.
    """
    if grid is not None and (grid.suffix.lower() != ".png" or grid.is_dir()):
        raise UsageError(f"the grid is a PNG, and {grid} cannot be one: name a file that ends in .png.")
    if guidance is not None and not (math.isfinite(guidance) and guidance >= 0):
        raise UsageError(f"guidance is {guidance}: it must be 0 or more; 1 switches it off.")
    made = _opened(folder, use_adapter=use_adapter, model=model)
    steps = made.sampling.steps if steps is None else steps
    guidance = made.sampling.guidance if guidance is None else guidance
    negative = made.sampling.negative_prompt if negative_prompt is None else negative_prompt
    if not prompts or count < 1 or steps < 1:
        raise UsageError(f"nothing to sample: {len(prompts)} prompts, count {count}, steps {steps}; each must be 1 or more.")
    asked = [one if isinstance(one, Prompt) else Prompt(text=one) for one in prompts]
    jobs = _jobs(asked, count, seed=seed, size_px=(made.size_px, made.size_px), negative_prompt=negative)
    places = max(2, len(str(len(asked))))
    paths: list[Path] = []

    def keep(wish: Wish, image: Image.Image) -> None:
        job = jobs[len(paths)]
        path = out / f"{job.row + 1:0{places}d}-{_slug(wish.prompt)}-{job.copy + 1:02d}.png"
        facts = {
            "prompt": wish.prompt, "negative_prompt": wish.negative_prompt, "template": job.prompt.template,
            "seed": str(wish.seed), "call_seed": str(job.seed), "number": str(job.copy + 1),
            "steps": str(steps), "guidance": str(guidance),
        }  # fmt: skip
        with written_whole(path, sync=False) as stream:
            stream.write(provenance.marked_png(image, {**made.provenance, **facts}, rights=made.rights))
        paths.append(path)
        if progress:
            progress("sampling", len(paths), len(jobs))

    listed = [job.wish for job in jobs]
    within_memory.drawn(made.seen, made.sample, listed, steps=steps, guidance=guidance, options=options, each=keep)
    if grid is not None:
        rows = [sheet.Row(one.text, tuple(paths[at * count : (at + 1) * count])) for at, one in enumerate(asked)]
        marks = provenance.sheet_marks(paths[0].read_bytes(), [one.text for one in asked])
        sheet.draw(rows, grid, title=f"{made.name}, seed {seed}", marks=marks)
    log.info("sampled pictures=%d out=%s", len(paths), out)
    return paths


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One picture of a call."""

    row: int
    copy: int
    prompt: Prompt
    seed: int
    wish: Wish


def _jobs(asked: Sequence[Prompt], count: int, *, seed: int, size_px: tuple[int, int], negative_prompt: str) -> list[_Job]:
    """`count` pictures of each prompt, prompt by prompt."""
    jobs = []
    for row, one in enumerate(asked):
        own_seed = seed if one.seed is None else one.seed
        negative = negative_prompt if one.negative_prompt is None else one.negative_prompt
        wanted = wishes(one.text, count, seed=own_seed, size_px=size_px, negative_prompt=negative)
        jobs += [_Job(row=row, copy=copy, prompt=one, seed=own_seed, wish=wish) for copy, wish in enumerate(wanted)]
    return jobs


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """A run's pipeline, ready to sample."""

    name: str
    size_px: int
    sampling: Sampling
    provenance: dict[str, str]
    rights: str
    seen: Seen
    sample: Draw


def _opened(folder: Path, *, use_adapter: bool, model: str | None) -> _Opened:
    run = run_folder.read_run(folder)
    if run["outcome"] != "done":
        raise UsageError(
            f"run {run['run_id']} is not finished (outcome {run['outcome']}): run the same finetune command to go on."
        )
    try:
        recipe = from_table(Recipe, run["settings"], where=str(folder / run_folder.RUN_FILE))
        base = run["inputs"]["base"]
        revision = None if model and len(base["revision"]) == COMMIT_LENGTH else base["revision"]
        asked = Model(id=model or recipe.model.id, revision=revision, family=base.get("family", recipe.model.family))
    except (KeyError, TypeError, AttributeError) as error:
        told = f"{folder / run_folder.RUN_FILE} is damaged ({type(error).__name__}: {error}): copy the run's folder again."
        raise SourceError(told) from error
    try:
        where, revision = model_place.resolved(asked)
    except UsageError as error:
        raise UsageError(f"{error} Where the run's base model lies on this machine is said with --model.") from error
    family = model_place.family_of(asked, where, revision)
    device = torch.device("cpu" if recipe.device == "cpu" or not torch.cuda.is_available() else "cuda")
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    if use_adapter and recipe.weights.kind == "full":
        where, revision = str(folder / family.PIPELINE_FOLDER), None
    pipe = family.pipeline(where, revision, dtype)
    if use_adapter and recipe.weights.kind != "full":
        try:
            with quiet():
                family.attach(pipe, folder)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            told = f"the weights in {folder} cannot be read, or are not for this model ({error}): copy the run's folder again."
            raise SourceError(told) from error
    teaching = objective.load(recipe.objective.name, recipe.objective.settings)
    if use_adapter:
        seen, sample = for_sampling(pipe, recipe, teaching, folder, device), teaching.sample
    else:
        seen, sample = Seen(pipe, recipe, teaching.settings, device), objective.stock_sample
    pipe.to(device).set_progress_bar_config(disable=True)
    shown = model_place.shown_name(recipe.model.id)
    name = f"{shown} + {run['run_id']}" if use_adapter else shown
    run_id = run["run_id"]
    run_mark = run_id if use_adapter else ""
    marks = {"model": name, "base_model": shown, "revision": base["revision"], "run": run_mark}
    bound = f"The card of run {run_id} says" if use_adapter else f"The licence of {shown} ({base['licence']}) says"
    return _Opened(
        name=name,
        size_px=recipe.data.size_px,
        sampling=recipe.sampling,
        provenance=marks,
        rights=f"Made by a trained model, {name}. {bound} what binds its use.",
        seen=seen,
        sample=sample,
    )


def _slug(prompt: str) -> str:
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-") or "picture"
