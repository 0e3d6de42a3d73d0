"""Which pictures a micro-step shows, over all processes: a pure function of seed and micro-step, and fair to every picture.

A batch holds pictures of one shape, and the pictures of a shape seldom fill whole batches. So a shape's batches are cut from an
endless line: one shuffled round of its pictures after another. After `rounds` rounds every line ends with a batch, and every
picture has had exactly `rounds` times its turns. Inside this cycle each shape's batches are spread evenly, in a drawn order.
"""

import functools
import math
import random
from collections.abc import Mapping, Sequence

from base.seeds import derive
from finetune.buckets import Shape

Place = tuple[float, int, int]
"""Where in the cycle, from 0 to 1; the shape's number; which of its batches in this cycle."""


class Order:
    """Batches of numbers, each batch of one shape."""

    def __init__(self, buckets: Mapping[Shape, Sequence[int]], rows: int, seed: int) -> None:
        """`buckets` names the pictures of each shape, one as often as it has turns; `rows` is the size of a batch."""
        self._buckets = sorted((shape, list(numbers)) for shape, numbers in buckets.items())
        self._rows, self._seed = rows, seed
        sizes = [len(numbers) for _, numbers in self._buckets]
        whole = math.gcd(rows, *sizes)
        self.rounds = rows // whole
        """Epochs in a cycle; after each cycle all pictures have been shown exactly as often as their turns say."""
        self.batches_per_cycle = sum(sizes) // whole
        self.batches_per_epoch = -(-sum(sizes) // rows)
        """Batches that an epoch takes, up to the next whole one."""
        self._per_cycle = [size // whole for size in sizes]
        self._cycle = functools.lru_cache(maxsize=2)(self._drawn_cycle)
        self._round = functools.lru_cache(maxsize=4 * len(sizes))(self._drawn_round)

    def batch(self, number: int) -> list[int]:
        """The pictures of the batch, `rows` of them."""
        cycle, at = divmod(number, self.batches_per_cycle)
        _, bucket, which = self._cycle(cycle)[at]
        first = (cycle * self._per_cycle[bucket] + which) * self._rows
        size = len(self._buckets[bucket][1])
        return [self._round(bucket, place // size)[place % size] for place in range(first, first + self._rows)]

    def _drawn_cycle(self, cycle: int) -> list[Place]:
        places: list[Place] = []
        for bucket, ((shape, _), batches) in enumerate(zip(self._buckets, self._per_cycle, strict=True)):
            coin = random.Random(derive(self._seed, "batches", cycle, *shape))
            early = max(batches, self.rounds)  # a shape that fills less than a batch is seen in the first epoch, not the last
            places += [((which + coin.random()) / (batches if which else early), bucket, which) for which in range(batches)]
        return sorted(places)

    def _drawn_round(self, bucket: int, number: int) -> list[int]:
        shape, numbers = self._buckets[bucket]
        order = list(numbers)
        random.Random(derive(self._seed, "order", number, *shape)).shuffle(order)
        return order
