"""A running mean of the trained weights (EMA): smoother than the last step's, and handed over in its place where asked for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from finetune.parts import Parts

WARM_UP = 10.0
"""The mean follows closely at first: after n steps it keeps no more than (1 + n) / (10 + n), as in diffusers' EMAModel."""


class RunningMean:
    """m ← d m + (1 - d) w after each step, in float32 on the weights' device (Polyak and Juditsky 1992)."""

    def __init__(self, parts: Parts, decay: float) -> None:
        """Begin at the weights as they are."""
        self.parts, self.decay = parts, decay
        self.weights = {name: one.detach().clone() for name, one in parts.trained().items()}

    def follow(self, steps_done: int) -> None:
        """Take the weights after a step; `steps_done` counts it."""
        kept = min(self.decay, (1 + steps_done) / (WARM_UP + steps_done))
        trained = self.parts.trained()
        with torch.no_grad():
            for name, one in self.weights.items():
                one.lerp_(trained[name].detach(), 1 - kept)

    def put(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take the mean back from a checkpoint."""
        for name, one in self.weights.items():
            one.copy_(weights[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While it lasts, the model has the mean's weights."""
        trained = self.parts.trained()
        own = {name: one.detach().clone() for name, one in trained.items()}
        with torch.no_grad():
            for name, one in trained.items():
                one.copy_(self.weights[name])
            try:
                yield
            finally:
                for name, one in trained.items():
                    one.copy_(own[name])
