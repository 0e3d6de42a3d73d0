"""The learning rate of every step, as a pure function: a resumed run needs no scheduler state."""

import math

from finetune.recipe import Optimiser

RISING = 0.3  # part of one_cycle's steps over which the rate rises; the default of torch's OneCycleLR
FIRST = 1 / 25  # where one_cycle starts, as a part of its peak; the same
LAST = 4e-6  # where it ends; the same. Momentum is not cycled, unlike there


def learning_rate(chosen: Optimiser, step: int, steps: int) -> float:
    """The rate of step `step`, counted from 0, of `steps`."""
    return chosen.learning_rate * _factor(chosen, step, steps)


def _factor(chosen: Optimiser, step: int, steps: int) -> float:
    if chosen.schedule == "one_cycle":
        top = max(1.0, RISING * steps - 1)
        if step <= top:
            return _cosine(FIRST, 1.0, step / top)
        return _cosine(1.0, LAST, (step - top) / max(1.0, steps - 1 - top))
    if step < chosen.warmup_steps:
        return (step + 1) / (chosen.warmup_steps + 1)
    done = (step - chosen.warmup_steps) / max(1, steps - chosen.warmup_steps)
    return {"constant": 1.0, "linear": 1.0 - done, "cosine": _cosine(1.0, 0.0, done)}[chosen.schedule]


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2
