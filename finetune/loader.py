"""Batches as a pure function of the micro-step, cut from latents that are encoded once.

Nothing is remembered between batches: order, variations, mirroring, class pictures and padding follow from (seed, micro-step),
so a resumed run, another number of processes or a count of what was drawn all come to the same pictures.

Legend: B batch, C latent channels, h w latents, H W pixels.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from base.seeds import derive, fraction
from finetune.ahead import ahead
from finetune.buckets import turns
from finetune.cache import Cache
from finetune.captions import Concept
from finetune.data import Item, Samples
from finetune.moments import MEMORY_BYTES, Moments, View
from finetune.order import Order
from finetune.recipe import Data
from finetune.remarks import remarks
from shardset.read import draw

log = logging.getLogger(__name__)

BATCHES_AHEAD = 4  # made while the model learns from the one before; 16 rows of 512 px are 2 MB


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
    extras: dict[str, torch.Tensor] = field(default_factory=dict)
    """What the objective's `describe` said of the pictures as they are shown, by its own names, [B, …] each."""
    companions: "Batch | None" = None
    """For each row a class picture of its caption and shape, B rows; None where the run has none."""


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
        describe: Callable[[torch.Tensor], dict[str, torch.Tensor]] | None = None,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """Fix the buckets; nothing is read yet.

        Args:
            samples: what `gather` returned.
            texts: the objective's captions, by its own names, of a caption, the concepts taught and the fallback.
            settings: the recipe's [data].
            seed: of the run; order and variations derive from it.
            process: this process's number, below `processes`.
            processes: over which each batch is divided.
            describe: the objective's, of a picture's pixels.
            memory_bytes: of the moments that are on disk, so much is held in memory.
        """
        self.samples, self.settings, self.seed = samples, settings, seed
        self.process, self.rows = process, settings.batch_size * processes
        self.merged = samples.merged
        """Pictures that are shown in another shape than their own."""
        self._texts, self._describe, self._memory_bytes = texts, describe, memory_bytes
        self._moments: Moments | None = None
        self._order = Order(_buckets(samples.train, balanced=settings.balance_concepts), self.rows, seed)
        self.batches_per_epoch = self._order.batches_per_epoch
        """Micro-steps in which every picture has had its turns, up to the next whole batch."""
        self._with_variations = {str(one.ref.parent) for one in samples.variations.values()}
        for said in remarks(samples, settings, processes=processes) if process == 0 else ():
            log.warning("pictures remark=%r", said)

    def texts(self, item: Item) -> dict[str, str]:
        """The captions that the objective wants of an item, by its own names."""
        return self._texts(item.caption, item.concepts, self.settings.fallback_caption)

    def encode(
        self,
        encode_pixels: Callable[[torch.Tensor], torch.Tensor],
        learn_texts: Callable[[Sequence[str]], None],
        tell: Callable[[str, int, int], None],
        cache: Cache | None = None,
    ) -> None:
        """Encode every picture and caption that training or the score may want, once; batches are cut from this.

        Args:
            encode_pixels: as for `Moments`.
            learn_texts: is given all captions.
            tell: is told what is being done, how much of it is, and of how much.
            cache: what is in it is not encoded again, and what is encoded goes into it; None keeps all in memory.

        Raises:
            SourceError: a shard is not what its manifest says.
            NotFiniteError: the encoder's answer is no number.
        """
        samples = self.samples
        drawn = (*samples.train, *samples.variations.values())
        scored = (*samples.held_out, *samples.others) if samples.held_out_split else (*samples.train, *samples.others)
        companions = [item for group in samples.companions.values() for item in group]
        texts = [text for item in (*drawn, *scored, *companions) for text in self.texts(item).values()]
        learn_texts([*texts, *(item.caption for item in scored)])
        directions = (False, True) if self.settings.mirror else (False,)
        views = [View(item=item, mirrored=mirrored) for item in drawn for mirrored in directions]
        views += [View(item=item) for item in (*scored, *companions)]
        self._moments = Moments(encode_pixels, cache, self._memory_bytes)
        self._moments.fill(views, self._describe, tell)
        if cache:
            cache.follow(samples.folder.manifest)

    def moments_of(self, items: Sequence[Item]) -> torch.Tensor:
        """What the encoder says of items of one shape, not mirrored: float32 [B, 2C, h, w]; `encode` comes first."""
        return self._encoded().of([View(item=item) for item in items])

    def batches(self, first: int, end: int) -> Iterator[Batch]:
        """This process's rows of the micro-steps from `first` to before `end`, a few made ahead of their use."""
        return ahead(self.batch, range(first, end), threads=1, most=BATCHES_AHEAD)

    def batch(self, micro_step: int) -> Batch:
        """This process's rows of that micro-step; `encode` comes first."""
        size = self.settings.batch_size
        first = micro_step * self.rows + self.process * size  # of this process's accesses
        mine = slice(self.process * size, (self.process + 1) * size)
        drawn = list(enumerate(self.drawn(micro_step)[mine], first))
        companions = None
        if self.samples.companions:
            companions = self._batch(micro_step, [self._companion(item, access) for access, item in drawn], None)
        views = [View(item=item, mirrored=self._is_mirrored(access)) for access, item in drawn]
        return self._batch(micro_step, views, companions)

    def drawn(self, micro_step: int) -> list[Item]:
        """The pictures of that micro-step over all processes, variations already drawn."""
        real = [self.samples.train[number] for number in self._order.batch(micro_step)]
        return [self._turn(item, micro_step * self.rows + row) for row, item in enumerate(real)]

    def times_drawn(self, micro_steps: int) -> Counter[str]:
        """How often each picture was drawn in the first `micro_steps`; exact, because a batch can be computed again."""
        return Counter(item.key for step in range(micro_steps) for item in self.drawn(step))

    def _turn(self, item: Item, access_number: int) -> Item:
        if self.settings.alpha == 0 or item.key not in self._with_variations:
            return item
        ref = draw(self.samples.folder, item.ref, self.settings.alpha, self.seed, access_number)
        return self.samples.variations.get(ref.key, item)

    def _is_mirrored(self, access_number: int) -> bool:
        return self.settings.mirror and fraction("mirror", self.seed, access_number) < 0.5

    def _companion(self, item: Item, access_number: int) -> View:
        group = self.samples.companions[self.texts(item)["class"], item.size_px]
        return View(item=group[derive(self.seed, "companion", access_number) % len(group)])

    def _batch(self, micro_step: int, views: Sequence[View], companions: Batch | None) -> Batch:
        texts = [self.texts(view.item) for view in views]
        return Batch(
            micro_step=micro_step,
            keys=tuple(view.item.key for view in views),
            moments=self._encoded().of(views),
            texts={name: [one[name] for one in texts] for name in texts[0]},
            records=tuple(view.item.record for view in views),
            pixels=lambda: torch.stack([view.pixels() for view in views]),
            extras=self._encoded().extras(views),
            companions=companions,
        )

    def _encoded(self) -> Moments:
        if self._moments is None:
            raise RuntimeError("Loader.encode comes before the first batch")
        return self._moments


def _buckets(train: Sequence[Item], *, balanced: bool) -> dict[tuple[int, int], list[int]]:
    """Numbers of the training items by shape; balanced, the rarer concepts' items appear several times."""
    times = turns([[one.name for one in item.concepts] for item in train])[0] if balanced else [1] * len(train)
    buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, item in enumerate(train):
        buckets[item.size_px] += [number] * times[number]
    return buckets
