"""Pictures from a finished run, or from its base model: one derived seed and one provenance mark a picture.

Legend: B batch.
"""

import functools
import io
import logging
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from base.errors import UsageError
from base.files import written_whole
from base.plugins import load as load_plugin
from base.seeds import derive
from base.settings import from_table
from finetune import objective, parts, run_folder, sheet
from finetune.quiet import quiet
from finetune.recipe import Model, Recipe, Sampling
from pixels.marks import write_xmp

log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]

AT_ONCE = 4  # pictures a batch
SLUG_LENGTH = 48
COMMIT_LENGTH = 40  # of the hub; a folder's digest has 64 signs, and a copy of a hub's model has another one than its commit
SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for a picture that a trained model made. Source: IPTC NewsCodes, Digital Source Type."""


def generate(
    folder: Path,
    prompts: Sequence[str],
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
        prompts: one or more.
        seed: of the whole call; each picture's own derives from it.
        count: pictures a prompt.
        out: folder of the pictures; made when absent.
        steps: denoising steps; None takes the recipe's [sampling].
        guidance: classifier-free guidance scale, 1 switches it off; None takes the recipe's.
        negative_prompt: what to stay away from.
        use_adapter: False takes the base model, as it was before training.
        grid: also draw all pictures onto one PNG here, a row a prompt.
        model: the base model's place on this machine, when it is not where the recipe says.
        options: for the run's objective, such as conditions beside the text; it says which.
        progress: called with what is being done, how much of it is, and of how much.

    Raises:
        UsageError: no finished run there, or its base model is not to be found or has changed.
    """
    made = _opened(folder, use_adapter=use_adapter, model=model)
    steps = made.sampling.steps if steps is None else steps
    guidance = made.sampling.guidance if guidance is None else guidance
    if not prompts or count < 1 or steps < 1:
        raise UsageError(f"nothing to sample: {len(prompts)} prompts, count {count}, steps {steps}; each must be 1 or more.")
    jobs = [(number, prompt, copy) for number, prompt in enumerate(prompts) for copy in range(count)]
    paths: list[Path] = []
    for start in range(0, len(jobs), AT_ONCE):
        some = jobs[start : start + AT_ONCE]
        seeds = [derive(seed, "picture", prompt, copy) for _, prompt, copy in some]
        arguments: dict[str, Any] = {
            "prompt": [prompt for _, prompt, _ in some],
            "negative_prompt": None if negative_prompt is None else [negative_prompt] * len(some),
            "generator": [torch.Generator().manual_seed(one) for one in seeds],
            "num_inference_steps": steps,
            "guidance_scale": guidance,
            "height": made.size_px,
            "width": made.size_px,
        }
        images = made.pictures(arguments, options or {})
        for (number, prompt, copy), own_seed, image in zip(some, seeds, images, strict=True):
            path = out / f"{number + 1:02d}-{_slug(prompt)}-{copy + 1:02d}.png"
            facts = {"prompt": prompt, "seed": str(own_seed), "steps": str(steps), "guidance": str(guidance)}
            _write(path, image, {**made.provenance, **facts, "negative_prompt": negative_prompt or ""})
            paths.append(path)
        if progress:
            progress("sampling", len(paths), len(jobs))
    if grid is not None:
        rows = [sheet.Row(prompt, tuple(paths[at * count : (at + 1) * count])) for at, prompt in enumerate(prompts)]
        sheet.draw(rows, grid, title=f"{made.name}, seed {seed}")
    log.info("sampled pictures=%d out=%s", len(paths), out)
    return paths


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """A run's pipeline, ready to sample."""

    name: str
    size_px: int
    sampling: Sampling
    provenance: dict[str, str]
    pictures: Callable[[dict[str, Any], Mapping[str, Any]], list[Any]]


def _opened(folder: Path, *, use_adapter: bool, model: str | None) -> _Opened:
    run = run_folder.read_run(folder)
    if run["outcome"] != "done":
        raise UsageError(
            f"run {run['run_id']} is not finished (outcome {run['outcome']}): run the same finetune command to go on."
        )
    recipe = from_table(Recipe, run["settings"], where=str(folder / run_folder.RUN_FILE))
    base = run["inputs"]["base"]
    revision = None if model and len(base["revision"]) == COMMIT_LENGTH else base["revision"]
    asked = Model(id=model or recipe.model.id, revision=revision, family=recipe.model.family)
    where, revision = parts.resolved(asked)
    family = load_plugin(parts.PACKAGE, recipe.model.family)
    device = torch.device("cpu" if recipe.device == "cpu" or not torch.cuda.is_available() else "cuda")
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    if use_adapter and recipe.weights.kind == "full":
        where, revision = str(folder / family.PIPELINE_FOLDER), None
    pipe = family.pipeline(where, revision, dtype)
    if use_adapter and recipe.weights.kind != "full":
        with quiet():
            family.attach(pipe, folder)
    teaching = objective.load(recipe.objective.name, recipe.objective.settings)
    if use_adapter:
        pictures = functools.partial(teaching.sample, parts.for_sampling(pipe, recipe, teaching, folder, device))
    else:
        pictures = functools.partial(objective.stock_sample, parts.Sampling(pipe, recipe, teaching.settings, device))
    pipe.to(device).set_progress_bar_config(disable=True)
    shown = parts.shown_name(recipe.model.id)
    name = f"{shown} + {run['run_id']}" if use_adapter else shown
    provenance = {"model": name, "revision": base["revision"], "run": run["run_id"] if use_adapter else ""}
    return _Opened(name=name, size_px=recipe.data.size_px, sampling=recipe.sampling, provenance=provenance, pictures=pictures)


def _write(path: Path, image: Image.Image, facts: Mapping[str, str]) -> None:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    properties = {
        "Iptc4xmpExt:DigitalSourceType": SYNTHETIC,
        "dc:description": facts["prompt"],
        "xmp:CreatorTool": f"fototeca, {facts['model']}",
        **{f"fototeca:{name}": value for name, value in facts.items() if value},
    }
    with written_whole(path, sync=False) as stream:
        stream.write(write_xmp(buffer.getvalue(), properties))


def _slug(prompt: str) -> str:
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-") or "picture"
