"""Pictures drawn in batches that the device's memory holds: one that is too large is cut in half, down to single pictures."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from PIL import Image

from base.errors import OutOfMemoryError, UsageError
from finetune import drawing, stops
from finetune.sampling import Sampling

log = logging.getLogger(__name__)


def drawn(
    seen: Sampling,
    sample: drawing.Draw,
    wanted: Sequence[drawing.Wish],
    *,
    steps: int,
    guidance: float,
    options: Mapping[str, Any] | None = None,
    each: Callable[[drawing.Wish, Image.Image], None],
) -> None:
    """Draw the wishes in their order and hand over each picture as soon as its batch is there.

    A picture does not depend on its batch (but for float error), so smaller batches change nothing but the time.

    Args:
        seen: pipeline and parts.
        sample: of the objective.
        wanted: what to draw.
        steps: denoising steps.
        guidance: classifier-free guidance scale, 1 switches it off.
        options: for the objective.
        each: is given wish and picture.

    Raises:
        OutOfMemoryError: the memory does not suffice for one picture.
        UsageError: the pipeline cannot do what is asked of it.
    """
    at_once, start = drawing.AT_ONCE, 0
    while start < len(wanted):
        some = wanted[start : start + at_once]
        try:
            images = drawing.drawn(seen, sample, some, steps=steps, guidance=guidance, options=options, at_once=at_once)
        except (RuntimeError, ValueError, MemoryError) as error:
            if not isinstance(stops.named(error, seen.recipe), OutOfMemoryError):
                height, width = some[0].size_px
                raise UsageError(
                    f"the model's pipeline does not draw with {steps} steps, guidance {guidance}, {width} x {height} pixels "
                    f"({type(error).__name__}: {error}): take other values, in [sampling] of the recipe or in the command."
                ) from error
            if at_once == 1:
                height, width = some[0].size_px
                raise OutOfMemoryError(
                    f"the memory of {seen.device} does not suffice to draw one picture of {width} x {height} pixels: end what "
                    'else uses it, take a larger device, or draw on the CPU (CUDA_VISIBLE_DEVICES="").'
                ) from error
            at_once //= 2
            log.warning("memory_full device=%s pictures_at_once=%d", seen.device, at_once)
        else:
            for wish, image in zip(some, images, strict=True):
                each(wish, image)
            start += len(some)
            continue
        if seen.device.type == "cuda":  # outside `except`: the error's frames hold what did not fit
            torch.cuda.empty_cache()
