"""What the encoder says of every picture that a run may want: asked once, held in memory as far as the budget goes, else on disk.

Each picture is encoded by itself, so that its neighbours never change a bit of it: a run that finds half of the answers in the
cache gives the same weights as one that finds none.

Legend: C latent channels, h w latents, H W pixels.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch

from base.errors import NotFiniteError
from finetune.ahead import ahead
from finetune.cache import Cache
from finetune.data import Item, read_pixels

log = logging.getLogger(__name__)

MEMORY_BYTES = 1 << 30
"""So much of the moments is held in memory: 8,000 pictures of Stable Diffusion at 512 px. What no disk takes is held besides."""
READERS = 2  # threads that decode pictures, or read the cache, while the encoder works
DECODED_AHEAD = 8  # pictures; at 512 px each is 3 MB

Identity = tuple[str, tuple[int, int], bool]
Tell = Callable[[str, int, int], None]
Described = dict[str, torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class View:
    """A picture as a batch may show it."""

    item: Item
    mirrored: bool = False

    @property
    def identity(self) -> Identity:
        """Equal for equal pixels."""
        return self.item.image_sha256, self.item.size_px, self.mirrored

    def pixels(self) -> torch.Tensor:
        """Read from the shards and checked, float32 [3, H, W] in [-1, 1].

        Raises:
            SourceError: as for `finetune.data.read_pixels`.
        """
        return _turned(read_pixels(self.item), self.mirrored)


class Moments:
    """Answers of the encoder, by picture, size and direction."""

    def __init__(
        self,
        encode_pixels: Callable[[torch.Tensor], torch.Tensor],
        cache: Cache | None,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """Nothing is encoded yet.

        Args:
            encode_pixels: [1, 3, H, W] in [-1, 1] to float32 [1, 2C, h, w].
            cache: None keeps everything in memory.
            memory_bytes: what is held in memory of that which is on disk.
        """
        self._encode_pixels, self.cache, self._left_bytes = encode_pixels, cache, memory_bytes
        self._held: dict[Identity, torch.Tensor] = {}
        self._extras: dict[Identity, Described] = {}
        self._one_at_a_time = threading.Lock()

    def fill(self, views: Sequence[View], describe: Callable[[torch.Tensor], Described] | None, tell: Tell) -> None:
        """Encode what the cache does not hold, and describe everything where the objective wants that.

        What `describe` says is not cached: nothing would show that its code has changed. It is asked again at each start.

        Raises:
            SourceError: a shard is not what its manifest says.
            NotFiniteError: the encoder's answer is no number.
        """
        views = list({view.identity: view for view in views}.values())
        missing = {view.identity for view in views}
        if self.cache:
            known = ahead(self._cached, views, threads=READERS, most=DECODED_AHEAD)
            for number, (view, moments) in enumerate(zip(views, known, strict=True), start=1):
                if moments is not None:
                    missing.discard(view.identity)
                    self._hold(view, moments, on_disk=True)
                tell("reading cached latents", number, len(views))
        wanted = views if describe else [view for view in views if view.identity in missing]
        flips: dict[tuple[str, tuple[int, int]], list[View]] = {}
        for view in wanted:
            flips.setdefault(view.identity[:2], []).append(view)  # decoded once for both
        pictures = list(flips.values())
        decoded = ahead(lambda group: read_pixels(group[0].item), pictures, threads=READERS, most=DECODED_AHEAD)
        for number, (group, pixels) in enumerate(zip(pictures, decoded, strict=True), start=1):
            for view in group:
                turned = _turned(pixels, view.mirrored)
                if view.identity in missing:
                    self._encode(view, turned)
                if describe:
                    self._extras[view.identity] = describe(turned)
            tell("encoding pictures" if missing else "describing pictures", number, len(pictures))
        log.info("latents views=%d encoded=%d from_cache=%d", len(views), len(missing), len(views) - len(missing))

    def of(self, views: Iterable[View]) -> torch.Tensor:
        """Float32 [B, 2C, h, w] of pictures of one size; what has vanished from the disk is encoded again."""
        return torch.stack([self._one(view) for view in views])

    def extras(self, views: Sequence[View]) -> Described:
        """What the objective's `describe` said, [B, …] each; empty where it has none."""
        found = [self._extras.get(view.identity, {}) for view in views]
        return {name: torch.stack([one[name] for one in found]) for name in found[0]}

    def _one(self, view: View) -> torch.Tensor:
        if (held := self._held.get(view.identity)) is not None:
            return held
        if (found := self._cached(view)) is not None:
            return found
        with self._one_at_a_time:  # the loop, the score and the batches made ahead may ask at once
            return self._encode(view, view.pixels())

    def _cached(self, view: View) -> torch.Tensor | None:
        return self.cache.moments(view.item, view.mirrored) if self.cache else None

    def _encode(self, view: View, pixels: torch.Tensor) -> torch.Tensor:
        moments = self._encode_pixels(pixels[None])[0].cpu().contiguous()  # 2C h w
        if not torch.isfinite(moments).all():
            raise NotFiniteError(
                f"the encoder's answer to picture {view.item.key} in {view.item.ref.shard} is no number: "
                'set precision = "no" or "bf16" in the recipe, or use another model.id.'
            )
        on_disk = self.cache is not None and self.cache.keep_moments(view.item, view.mirrored, moments)
        self._hold(view, moments, on_disk=on_disk)
        return moments

    def _hold(self, view: View, moments: torch.Tensor, *, on_disk: bool) -> None:
        if not on_disk:
            self._held[view.identity] = moments
        elif moments.nbytes <= self._left_bytes:
            self._held[view.identity] = moments
            self._left_bytes -= moments.nbytes


def _turned(pixels: torch.Tensor, mirrored: bool) -> torch.Tensor:
    return pixels.flip(-1) if mirrored else pixels
