"""How much memory a run would take on a GPU, counted before there is one.

Weights, what trains, optimiser moments and copies are counted exactly, from the parts themselves built without numbers
(`finetune/shapes.py`). What a step allocates beside them is counted by running it there: the calls that the objective's own
loss makes (`finetune/asks.py`), forward and back. The largest of the phases counts; CUDA's own part and an allowance for gaps
come on top.

How far off: a real step of the tests' tiny model allocates 4 to 5 % less on a CPU, six ways of training (tests/finetune/
test_finetune_estimate.py). All weights of SD 1.5 in fp16, batch 1, against a fork's published figures on a T4
(../shared/reference/seed-systems.md, section 1), our frozen teacher taken off and its encoders put on, in GB: 8-bit and
checkpointing 10.8 (9.92), the same accumulated 11.2 (11.56), 8-bit 11.0 (11.17), checkpointing 20.1 (15.79), neither 20.1 (17.7);
the last two are above because torch's AdamW holds a temporary copy of all weights today. Not yet compared on a GPU of our own.

Legend: B batch, C latent channels, h w latents, H W pixels.
"""

import contextlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from finetune import model_place, shapes, stock_pipeline
from finetune.asks import Ask, Given, Listening, asked_in_a_step
from finetune.data import Samples
from finetune.drawing import AT_ONCE
from finetune.held_out import rows_at_once
from finetune.objective import Objective
from finetune.parts import DENOISER
from finetune.recipe import Recipe
from finetune.watch import prompts

CUDA_BYTES = 600_000_000
"""CUDA's context and the libraries' kernels and work space (an assumption, not measured)."""
PYTHON_BYTES = 1_000_000_000
"""On a CPU: the interpreter with torch and diffusers in it (an assumption, not measured)."""
GAPS = 1.1
"""Gaps between blocks of the allocator (an assumption, not measured)."""
METRICS_LINE_BYTES = 400  # of metrics.jsonl, seven terms
PNG_BYTES_PER_PIXEL = 2.0  # of a drawn picture (an assumption, not measured)
STEP = 100_000_000  # estimates are rounded up to it
FLOAT_BYTES = 4
MOMENT_BYTES = {"adamw": 4.0, "adamw_8bit": 1 + 4 / 256}
"""Of one moment and weight; in 8 bits with one float32 for each 256. Source: bitsandbytes 0.50, block size of its optimisers."""
DTYPES = {"no": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The estimate, in bytes."""

    precision: str
    """Of the frozen weights and of autocast: no (float32), bf16 or fp16."""
    on_cpu: bool
    """For a recipe that asks for the CPU; all parts stay in memory there."""
    trained: int
    """Numbers that train, not bytes."""
    weights_bytes: int
    """Of all parts that stay on the device while it trains, trained ones included."""
    moments_bytes: int
    """Of the optimiser."""
    mean_bytes: int
    """Of the running mean of the weights."""
    gradients_bytes: int
    """Of what trains, in float32."""
    step_bytes: int
    """Most that forward and backward hold at once beside the weights; gradients are among it."""
    phases: Mapping[str, int]
    """Bytes by phase, everything in it."""
    total_bytes: int
    """Of the largest phase, with CUDA's own part and an allowance for gaps, rounded up."""
    method: str = (
        "weights, optimiser and copies counted exactly; activations by one forward and backward pass on tensors without memory; "
        f"plus {CUDA_BYTES / 1e9:.1f} GB for CUDA ({PYTHON_BYTES / 1e9:.1f} GB for Python on a CPU) and {GAPS - 1:.0%} for gaps "
        "(assumptions)"
    )

    @property
    def largest(self) -> str:
        """The phase that decides."""
        return max(self.phases, key=lambda name: self.phases[name])


def listening(recipe: Recipe, teaching: Objective) -> Listening:
    """The recipe's parts without numbers; only configurations and tokenizers are read, or fetched from the hub.

    Raises:
        UsageError: no such model, or one of another family.
    """
    where, revision = model_place.resolved(recipe.model)
    family = model_place.family_of(recipe.model, where, revision)
    token = stock_pipeline.SHAPES_ONLY.set(True)
    try:
        modules = family.load(where, revision, DTYPES[precision_of(recipe)] or torch.float32)
    finally:
        stock_pipeline.SHAPES_ONLY.reset(token)
    return Listening(family, modules, recipe, teaching)


def precision_of(recipe: Recipe) -> str:
    """no, bf16 or fp16, as the run would have it; on a GPU where the recipe leaves the device open."""
    return ("no" if recipe.device == "cpu" else "bf16") if recipe.precision == "auto" else recipe.precision


def memory(parts: Listening, teaching: Objective, samples: Samples) -> Memory:
    """What the run would take on a GPU, or on the CPU where the recipe asks for it.

    Args:
        parts: what `listening` returned; the objective's modules lose their zeros.
        teaching: the objective.
        samples: one of the largest shape is taken for every row.

    Raises:
        RuntimeError, TypeError, AttributeError, NotImplementedError, ValueError: see `asked_in_a_step`.
    """
    recipe, precision = parts.recipe, precision_of(parts.recipe)
    lower, on_cpu = DTYPES[precision], parts.recipe.device == "cpu"
    item = max(samples.train, key=lambda one: one.size_px[0] * one.size_px[1])
    asks = asked_in_a_step(parts, teaching, item, recipe.data.batch_size)
    parts.settle()
    if recipe.gradient_checkpointing:
        for module in (parts.denoiser, *(parts.modules[name] for name in parts.text_encoders)):
            shapes.checkpointed(module, lower)
    networks = [one for one in parts.modules.values() if isinstance(one, torch.nn.Module)]
    own = [*parts._frozen.values(), *parts.extra.values()]
    staying = set(parts.modules) if on_cpu else {parts.family.DENOISER, *parts.text_encoders, *teaching.keeps}
    all_bytes = shapes.size_bytes([*networks, *own])
    weights_bytes = shapes.size_bytes([*(parts.modules[name] for name in staying if name in parts.modules), *own])
    trained = sum(one.numel() for one in parts.trained().values())
    gradients_bytes = trained * FLOAT_BYTES
    moments_bytes = int(2 * trained * MOMENT_BYTES[recipe.optimiser.kind])
    mean_bytes = gradients_bytes if recipe.optimiser.ema_decay else 0
    kept_bytes = weights_bytes + moments_bytes + mean_bytes
    step_bytes = _step(parts, asks, lower, passes=min(2, recipe.data.accumulation))
    given = next(one for one in asks if one.what == "predict")
    pixels = Given(shape=(1, 3, *item.size_px), dtype=torch.float32, gradient=False)
    scored = _of_rows(given, rows_at_once(recipe))
    phases = {
        "encoding": all_bytes + _alone(parts, lambda: parts.family.encode_pixels(parts.modules, pixels.made()), None),
        "forward and back": kept_bytes + step_bytes,
        "the optimiser's step": kept_bytes + gradients_bytes,  # AdamW is fused on a GPU, and takes weight after weight on a CPU
        "held-out score": kept_bytes + mean_bytes + _alone(parts, lambda: _predict(parts, scored), lower),
    }
    if recipe.audit.pictures or recipe.watch.grid_every or teaching.class_pictures:
        latents = _of_rows(given, AT_ONCE).given[0].made()
        denoising = _alone(parts, lambda: _predict(parts, _of_rows(given, 2 * AT_ONCE)), lower)
        decoding = _alone(parts, lambda: parts.family.decode(parts.modules, latents), None)
        phases["drawing pictures"] = all_bytes + moments_bytes + 2 * mean_bytes + max(denoising, decoding)
    total_bytes = max(phases.values()) * GAPS + (PYTHON_BYTES if on_cpu else CUDA_BYTES)
    return Memory(
        precision=precision,
        on_cpu=on_cpu,
        trained=trained,
        weights_bytes=weights_bytes,
        moments_bytes=moments_bytes,
        mean_bytes=mean_bytes,
        gradients_bytes=gradients_bytes,
        step_bytes=step_bytes,
        phases=phases,
        total_bytes=math.ceil(total_bytes / STEP) * STEP,
    )


def written_bytes(recipe: Recipe, parts: Listening, samples: Samples, teaching: Objective, trained: int) -> dict[str, int]:
    """Bytes that the run writes into its folder, by what."""
    moments = 2 * MOMENT_BYTES[recipe.optimiser.kind]
    each = trained * (FLOAT_BYTES + moments + (FLOAT_BYTES if recipe.optimiser.ema_decay else 0))
    made = 1 + (recipe.steps - 1) // recipe.checkpoint_every
    networks = shapes.size_bytes(one for one in parts.modules.values())
    grids = 1 + ((recipe.steps - 1) // recipe.watch.grid_every if recipe.watch.grid_every else 0)
    drawn = grids * len(prompts(recipe, samples.concepts)) * recipe.watch.count + teaching.class_pictures * len(samples.train)
    return {
        "checkpoints": int(each * min(made, recipe.checkpoints_kept + 1)),  # the old one goes when the new one is whole
        "weights": networks if recipe.weights.kind == "full" else trained * FLOAT_BYTES * (2 if recipe.kohya else 1),
        "pictures": int(drawn * recipe.data.size_px**2 * PNG_BYTES_PER_PIXEL),
        "metrics": recipe.steps * METRICS_LINE_BYTES,
    }


def cached_bytes(recipe: Recipe, parts: Listening, samples: Samples, teaching: Objective) -> int:
    """Bytes of `latents/` beside the shards, were nothing in it yet."""
    items = (*samples.train, *samples.variations.values(), *samples.held_out, *samples.others)
    shapes_px = Counter(item.size_px for item in items)
    pictures = sum(times * parts.moments_of(1, size_px).nbytes for size_px, times in shapes_px.items())
    fallback = recipe.data.fallback_caption
    texts = {text for item in items for text in (item.caption, *teaching.texts(item.caption, item.concepts, fallback).values())}
    of_a_text = sum(one.nbytes for one in parts.base_condition([""]).values())
    return pictures * (2 if recipe.data.mirror else 1) + len(texts) * of_a_text


def _step(parts: Listening, asks: Sequence[Ask], lower: torch.dtype | None, *, passes: int) -> int:
    """Most bytes of a step's forward and backward passes; with accumulation, gradients of one pass meet the next."""
    with shapes.counted([*_networks(parts)]) as found:
        for _ in range(passes):
            answers = [answer for ask in asks if (answer := _replayed(parts, ask, lower)) is not None]
            torch.autograd.backward([one.float().pow(2).mean() for one in answers])
            del answers
    for one in parts.trained().values():
        one.grad = None
    return found.peak


def _replayed(parts: Listening, ask: Ask, lower: torch.dtype | None) -> torch.Tensor | None:
    """The call again, on parts without numbers; its answer where gradient goes back through it."""
    wrapped = None if ask.what == "decode" or (ask.what == "teacher" and parts._frozen) else lower
    with torch.set_grad_enabled(ask.gradient), shapes.Precision(wrapped):
        if ask.what == "decode":
            answer = parts.family.decode(parts.modules, ask.given[0].made())
        elif ask.what == "texts":
            answer = next(iter(parts.family.encode_texts(parts.modules, ["a"] * ask.rows).values()))
        else:
            answer = _predict(parts, ask)
    return answer if ask.gradient and answer.requires_grad else None


def _predict(parts: Listening, ask: Ask) -> torch.Tensor:
    noisy, t = (one.made() for one in ask.given)
    condition = {name: one.made() for name, one in ask.condition.items()}
    denoiser = parts._frozen.get(DENOISER, parts.denoiser) if ask.what == "teacher" else parts.denoiser
    with parts._base() if ask.what == "teacher" else contextlib.nullcontext():
        return parts.family.predict(parts.modules, denoiser, noisy, t, condition).float()


def _alone(parts: Listening, call: Any, lower: torch.dtype | None) -> int:
    """Most bytes of one call without gradient."""
    with torch.no_grad(), shapes.counted([*_networks(parts)]) as found, shapes.Precision(lower):
        call()
    return found.peak


def _of_rows(ask: Ask, rows: int) -> Ask:
    """The same call with another number of rows."""

    def wider(one: Given) -> Given:
        return Given(shape=(rows, *one.shape[1:]), dtype=one.dtype, gradient=False)

    given, condition = tuple(map(wider, ask.given)), {name: wider(one) for name, one in ask.condition.items()}
    return Ask(what=ask.what, gradient=False, rows=rows, given=given, condition=condition)


def _networks(parts: Listening) -> list[Any]:
    return [*parts.modules.values(), *parts._frozen.values(), *parts.extra.values()]
