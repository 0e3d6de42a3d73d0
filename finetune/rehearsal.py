"""Three real steps by the loop's own code, on the real device, that leave nothing behind; and how long the whole run will take.

What the encoders answer goes into the cache beside the shards, where the run itself finds it.
"""

import contextlib
import dataclasses
import itertools
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch

from finetune.data import Samples
from finetune.held_out import to_score
from finetune.objective import Objective
from finetune.recipe import Recipe
from finetune.train import Progress, train
from finetune.watch import prompts

STEPS = 3
SCORED = 2  # pictures of the short held-out score
SLOWER = 1.2
"""The upper end of the range: the slower step, and a fifth on top."""
DECODING = 1.5
"""Decoding a picture, in times of encoding one: the decoder has one more layer a block (an assumption, not measured)."""
LEFT_OUT = "loading the model, compiling, checkpoints and saving"


@dataclass(frozen=True, kw_only=True)
class Time:
    """Seconds, measured in three steps and scaled to the run."""

    device: str
    steps: int
    step_s: float
    """Median of the steps after the first."""
    encoding_s: float
    """Of all pictures and captions; 0 in the run itself where they are cached now."""
    scoring_s: float
    """Of all held-out scores."""
    drawing_s: float
    """Of class pictures, grids and audit."""
    low_s: float
    high_s: float
    leaves_out: str = LEFT_OUT
    peak_bytes: int | None = None
    """Most that was allocated on the GPU; None on a CPU."""


class _Enough(Exception):
    """The third step is done."""


def rehearse(recipe: Recipe, shards: Path, samples: Samples, teaching: Objective, progress: Progress) -> Time:
    """Train three steps in a folder that goes away, and scale what they took to the whole run.

    Raises:
        As `finetune.train.train`: what stops the run after minutes of rented time stops it here.
    """
    heard: dict[str, list[float]] = defaultdict(list)

    def hear(what: str, done: int, total: int) -> None:
        heard[what].append(time.monotonic())
        if what != "training":
            progress(what, done, total)
        elif done == STEPS:
            raise _Enough
        else:
            progress("trying steps", done, STEPS)

    if on_gpu := recipe.device != "cpu" and torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory(prefix="fototeca-check-") as folder:
        began = time.monotonic()
        with contextlib.suppress(_Enough):
            train(_short(recipe), shards, Path(folder), progress=hear)
    peak_bytes = torch.cuda.max_memory_allocated() if on_gpu else None
    name = torch.cuda.get_device_name() if on_gpu else "cpu"
    return _scaled(recipe, samples, teaching, heard, began, name, peak_bytes)


def _short(recipe: Recipe) -> Recipe:
    """The same run, but for its length and for what is looked at on the way."""
    return dataclasses.replace(
        recipe,
        steps=STEPS,
        checkpoint_every=STEPS,  # it is stopped before
        held_out=dataclasses.replace(recipe.held_out, most_pictures=SCORED, draws=1, every=0),
        watch=dataclasses.replace(recipe.watch, grid_every=0, count=0, tensorboard=False),
        audit=dataclasses.replace(recipe.audit, pictures=0),
        sampling=dataclasses.replace(recipe.sampling, steps=1),  # of class pictures
    )


def _scaled(
    recipe: Recipe, samples: Samples, teaching: Objective, heard: dict[str, list[float]], began: float, device: str,
    peak_bytes: int | None,
) -> Time:  # fmt: skip
    scored = heard["held-out score"]  # asked, answered
    stamps = [scored[-1], *heard["training"]]
    first, *later = [after - before for before, after in itertools.pairwise(stamps)]
    step_s = sorted(later)[len(later) // 2] if later else first
    encoded = heard["encoding pictures"]
    encoding_s = scored[0] - (encoded[0] if len(encoded) > 1 else scored[0])
    picture_s = (encoded[-1] - encoded[0]) / (len(encoded) - 1) if len(encoded) > 1 else 0.0
    row_s = (scored[-1] - scored[0]) / max(1, _rows(samples, SCORED, len(recipe.held_out.timesteps)))
    whole = _rows(samples, recipe.held_out.most_pictures, len(recipe.held_out.timesteps) * recipe.held_out.draws)
    scores = 2 + (recipe.steps - 1) // recipe.held_out.every if recipe.held_out.every else 2
    passes = recipe.sampling.steps * (1 if recipe.sampling.guidance == 1 else 2)
    drawing_s = _drawn(recipe, samples, teaching) * (passes * row_s + DECODING * picture_s)
    rest = (0.0 if recipe.data.cache else encoding_s) + scores * whole * row_s + drawing_s
    return Time(
        device=device,
        steps=recipe.steps,
        step_s=step_s,
        encoding_s=encoding_s,
        scoring_s=scores * whole * row_s,
        drawing_s=drawing_s,
        low_s=recipe.steps * min(later, default=step_s) + rest,
        high_s=SLOWER * (recipe.steps * max(later, default=step_s) + rest),
        peak_bytes=peak_bytes,
    )


def _rows(samples: Samples, most_pictures: int, looks: int) -> int:
    """Rows that a held-out score passes through the denoiser: own captions, class captions twice, and other pictures."""
    _, pictures = to_score(samples)
    return looks * (3 * min(most_pictures, len(pictures)) + min(most_pictures, len(samples.others)))


def _drawn(recipe: Recipe, samples: Samples, teaching: Objective) -> int:
    """Pictures that the run draws: of the class, for grids and for the audit."""
    grids = 1 + ((recipe.steps - 1) // recipe.watch.grid_every if recipe.watch.grid_every else 0)
    shown = len(prompts(recipe, samples.concepts)) * recipe.watch.count
    return teaching.class_pictures * len(samples.train) + grids * shown + recipe.audit.pictures
