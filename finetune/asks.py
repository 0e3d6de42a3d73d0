"""What an objective asks of the model in one step, heard by running its own loss on parts that only listen.

The loss runs on the CPU with zeros of the true shapes; each call of the denoiser, of a text encoder in training or of the
decoder is noted with its shape and whether gradient flows through it. So an estimate holds for an objective that nobody has seen.

Legend: B batch, C latent channels, h w latents, H W pixels.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import torch

from finetune.data import Item
from finetune.draws import for_step
from finetune.loader import Batch
from finetune.objective import Objective
from finetune.parts import Condition, Parts, Predict
from finetune.recipe import Recipe
from finetune.shapes import META

CPU = torch.device("cpu")


@dataclass(frozen=True, kw_only=True)
class Given:
    """A tensor that was handed over."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    gradient: bool
    """Whether gradient flows on through it."""

    @classmethod
    def of(cls, tensor: torch.Tensor) -> "Given":
        """What this one is."""
        return cls(shape=tuple(tensor.shape), dtype=tensor.dtype, gradient=tensor.requires_grad)

    def made(self) -> torch.Tensor:
        """One like it, without numbers."""
        return torch.empty(self.shape, dtype=self.dtype, device=META, requires_grad=self.gradient)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One call."""

    what: str
    """predict, teacher, texts or decode."""
    gradient: bool
    """Whether it is kept for the way back."""
    rows: int = 0
    given: tuple[Given, ...] = ()
    """predict, teacher: noisy latents and their levels; decode: latents."""
    condition: Mapping[str, Given] = field(default_factory=dict)


class Listening(Parts):
    """Parts on the meta device that answer zeros and note what they were asked."""

    def __init__(self, family: ModuleType, modules: dict[str, Any], recipe: Recipe, objective: Objective) -> None:
        """As Parts; what the objective adds has memory and zeros, so that its own code can call it."""
        super().__init__(family, modules, recipe, objective, META)
        self.device = CPU
        self.asked: list[Ask] = []
        for module in self.extra.values():
            module.to_empty(device=CPU)
            for one in (*module.parameters(), *module.buffers()):
                one.data.zero_()
        with torch.no_grad():
            one_text = family.encode_texts(modules, ["a"])
        self._of_a_text = {name: (tuple(value.shape[1:]), value.dtype) for name, value in one_text.items()}
        self._anchor = torch.zeros((), requires_grad=True)  # what answers carry gradient through

    def settle(self) -> None:
        """Put what the objective added where the rest is, once its loss has run."""
        for module in self.extra.values():
            module.to(META)

    def moments_of(self, pictures: int, size_px: tuple[int, int]) -> torch.Tensor:
        """Zeros in the shape of what the encoder says of pictures of (height, width), [B, 2C, h, w]."""
        with torch.no_grad():
            one = self.family.encode_pixels(self.modules, torch.empty(1, 3, *size_px, device=META))
        return torch.zeros(pictures, *one.shape[1:])

    def encode_pixels(self, pixels: torch.Tensor) -> torch.Tensor:
        """Zeros, [B, 2C, h, w]."""
        return self.moments_of(len(pixels), (int(pixels.shape[2]), int(pixels.shape[3])))

    def latents(self, moments: torch.Tensor, normal: Callable[[Sequence[int]], torch.Tensor] | None = None) -> torch.Tensor:
        """Zeros, [B, C, h, w]."""
        mean = torch.empty(moments.shape, device=META).chunk(2, dim=1)[0]
        return torch.zeros(self.family.scaled(self.modules, mean).shape)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Zeros, [B, 3, H, W]."""
        self.asked.append(Ask(what="decode", gradient=_kept(latents), rows=len(latents), given=(Given.of(latents),)))
        with torch.no_grad():
            shape = self.family.decode(self.modules, torch.empty(latents.shape, device=META)).shape
        return torch.zeros(shape) + 0 * latents.sum()

    def condition(self, texts: Sequence[str]) -> Condition:
        """Zeros; with gradient where text encoders train."""
        if not self.text_encoders:
            return self.base_condition(texts)
        self.asked.append(Ask(what="texts", gradient=torch.is_grad_enabled(), rows=len(texts)))
        return {name: value + self._anchor for name, value in self._texts(len(texts)).items()}

    def base_condition(self, texts: Sequence[str]) -> Condition:
        """Zeros, as from the frozen encoders, which are asked before training."""
        return self._texts(len(texts))

    def predict(self, noisy: torch.Tensor, t: torch.Tensor, condition: Condition) -> torch.Tensor:
        """Zeros, [B, C, h, w], with gradient."""
        return self._answer("predict", noisy, t, condition)

    @contextmanager
    def teacher(self) -> Iterator[Predict]:
        """The same, noted as the base model's."""
        yield lambda noisy, t, condition: self._answer("teacher", noisy, t, condition)

    def _answer(self, what: str, noisy: torch.Tensor, t: torch.Tensor, condition: Condition) -> torch.Tensor:
        parts = {name: Given.of(value) for name, value in condition.items()}
        given = (Given.of(noisy), Given.of(t))
        self.asked.append(Ask(what=what, gradient=torch.is_grad_enabled(), rows=len(noisy), given=given, condition=parts))
        return noisy * 0 + self._anchor

    def _texts(self, rows: int) -> Condition:
        return {name: torch.zeros(rows, *shape) for name, (shape, _) in self._of_a_text.items()}


def asked_in_a_step(parts: Listening, teaching: Objective, item: Item, rows: int) -> list[Ask]:
    """What one micro-step of the objective asks, for a batch of so many rows, each like this sample.

    Raises:
        RuntimeError, TypeError, AttributeError, NotImplementedError, ValueError: as the objective's loss does when it wants what
            listening parts do not have, such as the numbers of the model itself.
    """
    texts = teaching.texts(item.caption, item.concepts, parts.recipe.data.fallback_caption)
    pixels = torch.rand(rows, 3, *item.size_px, generator=torch.Generator().manual_seed(0)) * 2 - 1  # B 3 H W
    described = [teaching.describe(one) for one in pixels] if teaching.describe else []
    batch = Batch(
        micro_step=0,
        keys=(item.key,) * rows,
        moments=parts.moments_of(rows, item.size_px),
        texts={name: [text] * rows for name, text in texts.items()},
        records=(item.record,) * rows,
        pixels=lambda: pixels,
        extras={name: torch.stack([one[name] for one in described]) for name in (described[0] if described else ())},
    )
    if teaching.class_pictures:
        batch = dataclasses.replace(batch, companions=batch)
    parts.asked.clear()
    teaching.loss(parts, batch, for_step(0, 0, 0, rows, CPU))
    return list(parts.asked)


def _kept(tensor: torch.Tensor) -> bool:
    return torch.is_grad_enabled() and tensor.requires_grad
