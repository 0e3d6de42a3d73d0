"""Why a run stops early: each cause by its name, with what to do."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from base.errors import FototecaError, NoSpaceError, NotFiniteError, OutOfMemoryError, from_os_error
from finetune.recipe import Recipe

KEYS_NAMED = 8
DISK_WORDS = ("No space left on device", "PytorchStreamWriter failed")
"""How safetensors 0.8 and torch 2.15 say that a file could not be written: neither raises an OSError."""
MEMORY_WORDS = ("can't allocate memory", "out of memory")


def named(error: BaseException, recipe: Recipe) -> BaseException:
    """The error of our own tree that this one is, or the error itself."""
    if isinstance(error, FototecaError):
        return error
    text = str(error)
    if isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(word in text for word in MEMORY_WORDS)
    ):
        return out_of_memory(recipe, text)
    if isinstance(error, OSError) and (full := from_os_error(error, "writing the run's files")):
        return full
    if isinstance(error, Exception) and any(word in text for word in DISK_WORDS):
        return NoSpaceError(
            f"no space left while writing the run's files ({text}): free some and run again; the last checkpoint stays."
        )
    return error


def not_finite(value: float, step: int, keys: Sequence[str], rate: float, *, what: str = "loss") -> NotFiniteError:
    """The error of a number that is NaN or infinite: the loss, or `what` else."""
    batch = ", ".join(key[:12] for key in keys[:KEYS_NAMED])
    pictures = f", pictures {batch}" if batch else ""
    return NotFiniteError(
        f"the {what} is {value} at step {step + 1}, learning rate {rate:.3g}{pictures}: lower optimiser.learning_rate, "
        'or look at these pictures; with precision = "fp16" try "bf16". Checkpoints before this step stay.'
    )


def check_score(fields: Mapping[str, Any], step: int, rate: float) -> None:
    """Stop where a held-out score has no number to show.

    Raises:
        NotFiniteError: a field of `finetune.held_out.Score` is NaN or infinite.
    """
    for name, one in fields.items():
        if isinstance(one, float) and not math.isfinite(one):
            raise not_finite(one, step, (), rate, what=f"held-out score {name!r}")


def out_of_memory(recipe: Recipe, detail: str) -> OutOfMemoryError:
    """The error that names three settings to change, the cheapest first."""
    half, rows = recipe.data.batch_size // 2, recipe.data.batch_size * recipe.data.accumulation
    smaller = max(64, recipe.data.size_px * 3 // 4 // 64 * 64)
    changes = [
        f"data.batch_size = {half} with data.accumulation = {-(-rows // half)} (the same batch in smaller parts)"
        if half
        else 'precision = "bf16" (half the memory of the frozen weights)',
        f'weights.rank = {max(1, recipe.weights.rank // 2)} with weights.kind = "lora" (fewer weights train)'
        if recipe.gradient_checkpointing
        else "gradient_checkpointing = true (slower)",
        f"data.size_px = {smaller} (smaller pictures)",
    ]
    return OutOfMemoryError(
        f"the device's memory does not suffice; change in the recipe: {'; or '.join(changes)}. ({detail[:200]})"
    )
