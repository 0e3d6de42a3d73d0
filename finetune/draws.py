"""Random numbers of a micro-step: every row has its own generator, so neither batch size, workers nor a resume change them.

Legend: B rows of the batch.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from base.seeds import derive


class Draws:
    """The `generator` that an objective gets. It draws on the CPU, so that a GPU sees the same numbers."""

    def __init__(self, seeds: Sequence[int], device: torch.device) -> None:
        """One generator a row; what is drawn is handed over on `device`."""
        self.rows = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.device = device

    def normal(self, shape: Sequence[int]) -> torch.Tensor:
        """Standard normal numbers, float32 [B, *shape]."""
        return torch.stack([torch.randn(tuple(shape), generator=row) for row in self.rows]).to(self.device)

    def uniform(self) -> torch.Tensor:
        """Numbers in [0, 1), float32 [B]."""
        return torch.stack([torch.rand((), generator=row) for row in self.rows]).to(self.device)


def for_step(seed: int, micro_step: int, first_row: int, rows: int, device: torch.device) -> Draws:
    """The draws of `rows` rows of a micro-step, counted from `first_row` of the batch over all processes."""
    return Draws([derive(seed, "row", micro_step, first_row + row) for row in range(rows)], device)


@contextmanager
def ambient(seed: int, micro_step: int, process: int, device: torch.device) -> Iterator[None]:
    """While it lasts, torch's own stream follows from the run's seed, so that dropout inside a model is drawn again alike."""
    cuda = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if cuda else []):
        number = derive(seed, "ambient", micro_step, process)
        torch.default_generator.manual_seed(number)
        if cuda:
            torch.cuda.manual_seed(number)
        yield
