"""Batches as a pure function of the micro-step, cut from latents that are encoded once.

Nothing is remembered between batches: order, variations and padding follow from (seed, micro-step), so a resumed run, another
number of processes or a count of what was drawn all come to the same pictures.

Legend: B batch, C latent channels, h w latents, H W pixels.
"""

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from base.seeds import derive
from finetune.captions import Concept
from finetune.data import Item, Samples, read_pixels
from finetune.recipe import Data
from shardset.read import draw

ENCODED_AT_ONCE = 4  # pictures in the encoder; at 512 px each takes about 1 GB in float32 (an assumption, not measured)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What an objective gets for one micro-step, on this process."""

    micro_step: int
    keys: tuple[str, ...]
    """SHA-256 of the pictures drawn, B of them."""
    moments: torch.Tensor
    """What the encoder says of each picture, float32 [B, 2C, h, w]; `parts.latents` draws from it."""
    texts: dict[str, list[str]]
    """The captions that the objective asked for, by its own names, B each."""
    records: tuple[dict[str, Any], ...]
    """The samples' records (concepts, rights, request of a variation …), B of them."""
    pixels: Callable[[], torch.Tensor]
    """Reads the pictures themselves, float32 [B, 3, H, W] in [-1, 1]; slow, and only on request."""


class Loader:
    """Batches for every micro-step, from cached moments."""

    def __init__(
        self,
        samples: Samples,
        texts: Callable[[str, tuple[Concept, ...], str], dict[str, str]],
        settings: Data,
        seed: int,
        *,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        """Fix the buckets; nothing is read yet.

        Args:
            samples: what `gather` returned.
            texts: the objective's captions, by its own names, of a caption, the concepts taught and the fallback.
            settings: the recipe's [data].
            seed: of the run; order and variations derive from it.
            process: this process's number, below `processes`.
            processes: over which each batch is divided.
        """
        self.samples, self.settings, self.seed = samples, settings, seed
        self.process, self.rows = process, settings.batch_size * processes
        self._texts = texts
        self.moments: dict[tuple[str, tuple[int, int]], torch.Tensor] = {}
        self.buckets = _buckets(samples.train, balanced=settings.balance_concepts)
        self.batches_per_epoch = sum(-(-len(numbers) // self.rows) for numbers in self.buckets.values())
        self._planned: tuple[int, list[list[int]]] = (-1, [])
        self._variations_of: dict[str, list[Item]] = defaultdict(list)
        for one in samples.variations.values():
            self._variations_of[str(one.ref.parent)].append(one)

    def texts(self, item: Item) -> dict[str, str]:
        """The captions that the objective wants of an item, by its own names."""
        return self._texts(item.caption, item.concepts, self.settings.fallback_caption)

    def encode(
        self,
        encode_pixels: Callable[[torch.Tensor], torch.Tensor],
        learn_texts: Callable[[Sequence[str]], None],
        tell: Callable[[str, int, int], None],
    ) -> None:
        """Encode every picture and caption that training or the score may want, once; batches are cut from this.

        Raises:
            SourceError: a shard is not what its manifest says.
        """
        samples = self.samples
        every = (*samples.train, *samples.variations.values(), *samples.held_out, *samples.others)
        items = list({item.key: item for item in every}.values())
        learn_texts([text for item in items for text in (item.caption, *self.texts(item).values())])
        items.sort(key=lambda item: item.size_px)
        for size_px, same_size in itertools.groupby(items, key=lambda item: item.size_px):
            group = list(same_size)
            for start in range(0, len(group), ENCODED_AT_ONCE):
                some = group[start : start + ENCODED_AT_ONCE]
                moments = encode_pixels(torch.stack([read_pixels(samples.folder, item) for item in some]))  # B 2C h w
                self.moments |= {(item.key, size_px): one.cpu() for item, one in zip(some, moments, strict=True)}
                tell("encoding pictures", len(self.moments), len(items))

    def batch(self, micro_step: int) -> Batch:
        """This process's rows of that micro-step."""
        size = self.settings.batch_size
        drawn = self.drawn(micro_step)[self.process * size : (self.process + 1) * size]
        texts = [self.texts(item) for item in drawn]
        return Batch(
            micro_step=micro_step,
            keys=tuple(item.key for item in drawn),
            moments=torch.stack([self.moments[item.key, item.size_px] for item in drawn]),
            texts={name: [one[name] for one in texts] for name in texts[0]},
            records=tuple(item.record for item in drawn),
            pixels=lambda: torch.stack([read_pixels(self.samples.folder, item) for item in drawn]),
        )

    def drawn(self, micro_step: int) -> list[Item]:
        """The pictures of that micro-step over all processes, variations already drawn."""
        epoch, number = divmod(micro_step, self.batches_per_epoch)
        if self._planned[0] != epoch:
            self._planned = (epoch, self._plan(epoch))
        items = [self.samples.train[index] for index in self._planned[1][number]]
        return [self._turn(item, micro_step * self.rows + row) for row, item in enumerate(items)]

    def times_drawn(self, micro_steps: int) -> Counter[str]:
        """How often each picture was drawn in the first `micro_steps`; exact, because a batch can be computed again."""
        return Counter(item.key for step in range(micro_steps) for item in self.drawn(step))

    def _turn(self, item: Item, access_number: int) -> Item:
        if self.settings.alpha == 0 or not self._variations_of[item.key]:
            return item
        ref = draw(self.samples.folder, item.ref, self.settings.alpha, self.seed, access_number)
        return self.samples.variations.get(ref.key, item)

    def _plan(self, epoch: int) -> list[list[int]]:
        """The epoch's batches, as numbers of `samples.train`: a bucket smaller than a batch is repeated, never dropped."""
        batches = []
        for size_px, numbers in self.buckets.items():
            order: list[int] = []
            rounds = 0
            needed = -(-len(numbers) // self.rows) * self.rows
            while len(order) < needed:
                again = list(numbers)
                random.Random(derive(self.seed, "order", epoch, *size_px, rounds)).shuffle(again)
                order += again
                rounds += 1
            batches += [order[start : start + self.rows] for start in range(0, needed, self.rows)]
        random.Random(derive(self.seed, "batches", epoch)).shuffle(batches)
        return batches


def _buckets(train: Sequence[Item], *, balanced: bool) -> dict[tuple[int, int], list[int]]:
    """Numbers of the training items by shape; balanced, the rarer concepts' items appear several times."""
    of_concept: dict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(train):
        of_concept[item.concepts[0].name].append(number)
    most = max(len(numbers) for numbers in of_concept.values())
    buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
    for _, numbers in sorted(of_concept.items()):
        turns = most if balanced else len(numbers)
        for turn in range(turns):
            number = numbers[turn % len(numbers)]
            buckets[train[number].size_px].append(number)
    return dict(sorted(buckets.items()))
