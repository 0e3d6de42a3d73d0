"""Pictures from a pipeline and an objective's way of sampling: one derived seed a picture, whatever stands beside it in a batch.

Legend: H W pixels.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from base.seeds import derive
from finetune.precision import one_precision
from finetune.sampling import Sampling

AT_ONCE = 4  # pictures a batch

Draw = Callable[[Any, dict[str, Any], Mapping[str, Any]], list[Any]]
"""An objective's `sample`."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One picture to draw."""

    prompt: str
    seed: int
    """Of this picture alone."""
    size_px: tuple[int, int]
    """(height, width)."""
    negative_prompt: str = ""


def wishes(prompt: str, count: int, *, seed: int, size_px: tuple[int, int], negative_prompt: str = "") -> list[Wish]:
    """`count` pictures of one prompt; a picture's seed derives from `seed`, its prompt and its number."""
    return [
        Wish(prompt=prompt, seed=derive(seed, "picture", prompt, number), size_px=size_px, negative_prompt=negative_prompt)
        for number in range(count)
    ]


def drawn(
    seen: Sampling,
    sample: Draw,
    wanted: Sequence[Wish],
    *,
    steps: int,
    guidance: float,
    options: Mapping[str, Any] | None = None,
    at_once: int = AT_ONCE,
    told: Callable[[int], None] | None = None,
) -> list[Image.Image]:
    """The pictures wished for, in their order.

    Args:
        seen: pipeline and parts.
        sample: of the objective; `finetune.objective.stock_sample` is the plain one.
        wanted: what to draw; neighbours of one size share a batch.
        steps: denoising steps.
        guidance: classifier-free guidance scale, 1 switches it off.
        options: for the objective.
        at_once: pictures a batch.
        told: is given how many are done, after each batch.
    """
    images: list[Image.Image] = []
    start = 0
    while start < len(wanted):
        size_px = wanted[start].size_px
        window = itertools.groupby(wanted[start : start + at_once], key=lambda one: one.size_px)
        some = list(next(window)[1])
        negative = [one.negative_prompt for one in some]
        arguments: dict[str, Any] = {
            "prompt": [one.prompt for one in some],
            "negative_prompt": negative if any(negative) else None,
            "generator": [torch.Generator().manual_seed(one.seed) for one in some],
            "num_inference_steps": steps,
            "guidance_scale": guidance,
            "height": size_px[0],
            "width": size_px[1],
        }
        with one_precision(seen.denoiser):
            images += sample(seen, arguments, options or {})
        start += len(some)
        if told:
            told(len(images))
    return images
