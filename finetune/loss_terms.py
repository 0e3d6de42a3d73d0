"""The terms that objectives share: noised pictures, captions left out now and then, and weighted squared errors.

Legend: B batch, C latent channels, h w latents.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from base.errors import UsageError
from finetune.draws import Draws
from finetune.parts import Parts


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Settings that every objective of denoising understands; an objective's own `Settings` add to them."""

    prior_weight: float = 1.0
    """λ of the term that keeps the class; 1 in the paper (Ruiz et al. 2023). 0 leaves the term out."""
    caption_dropout: float = 0.0
    """Probability that a row's caption is empty, which keeps classifier-free guidance working (Ho and Salimans 2022: 0.1)."""
    min_snr_gamma: float | None = None
    """Clips the weight of nearly clean pictures (Hang et al. 2023, arXiv 2303.09556; there 5). None: every step weighs 1."""
    offset_noise: float = 0.0
    """Adds this much of one normal number a channel to the noise, for very dark or bright pictures (0.1 in Guttenberg 2023,
    crosslabs.org/blog/diffusion-with-offset-noise; why it works: Kutsuna 2024, arXiv 2412.03134)."""

    def __post_init__(self) -> None:
        """Refuse what could only train nonsense.

        Raises:
            UsageError: a number out of its range; the message says which.
        """
        if not 0 <= self.caption_dropout <= 1:
            raise UsageError(f"objective.settings.caption_dropout is {self.caption_dropout}: it is a probability, from 0 to 1.")
        least = {"prior_weight": self.prior_weight, "offset_noise": self.offset_noise}
        for name, value in least.items():
            if value < 0:
                raise UsageError(f"objective.settings.{name} is {value}: it must be 0 or more.")
        if self.min_snr_gamma is not None and self.min_snr_gamma <= 0:
            raise UsageError(f"objective.settings.min_snr_gamma is {self.min_snr_gamma}: it must be above 0; the paper takes 5.")


@dataclass(frozen=True, kw_only=True)
class Noised:
    """Pictures with noise, and what the denoiser should say to them."""

    noisy: torch.Tensor
    """[B, C, h, w]"""
    t: torch.Tensor
    """Levels of noise, [B]."""
    target: torch.Tensor
    """[B, C, h, w]"""
    weight: torch.Tensor
    """Of each row's loss, [B]."""


def noised(parts: Parts, moments: torch.Tensor, generator: Draws, settings: Terms) -> Noised:
    """Latents drawn from their moments [B, 2C, h, w], with noise of levels drawn by the family."""
    latents = parts.latents(moments, generator.normal)  # B C h w
    noise = generator.normal(latents.shape[1:])  # B C h w
    if settings.offset_noise:
        noise = noise + settings.offset_noise * generator.normal((latents.shape[1], 1, 1))
    t = parts.timesteps(generator.uniform())  # B
    return Noised(
        noisy=parts.noised(latents, noise, t),
        t=t,
        target=parts.target(latents, noise, t),
        weight=parts.snr_weight(t, settings.min_snr_gamma),
    )


def with_dropout(captions: Sequence[str], generator: Draws, settings: Terms) -> list[str]:
    """The captions, some of them empty."""
    dropped = generator.uniform() < settings.caption_dropout  # B
    return ["" if gone else text for gone, text in zip(dropped.tolist(), captions, strict=True)]


def taught(parts: Parts, one: Noised, captions: Sequence[str]) -> Noised:
    """The same noised pictures with the base model's own answers as the target: what it must go on saying."""
    with torch.no_grad(), parts.teacher() as teacher:
        return dataclasses.replace(one, target=teacher(one.noisy, one.t, parts.base_condition(captions)))


def both_answers(
    parts: Parts, one: Noised, captions: Sequence[str], other: Noised, other_captions: Sequence[str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The denoiser's answers to two batches of one size, from one pass: [B, C, h, w] each."""
    condition = parts.condition([*captions, *other_captions])
    answers = parts.predict(torch.cat([one.noisy, other.noisy]), torch.cat([one.t, other.t]), condition)  # 2B C h w
    first, second = answers.split([len(one.t), len(other.t)])
    return first, second


def squared_error(predicted: torch.Tensor, one: Noised, share: torch.Tensor | None = None) -> torch.Tensor:
    """Mean over rows of weight times mean squared error.

    Args:
        predicted: [B, C, h, w].
        one: its target and weight count.
        share: how much each place counts, [B, 1, h, w] in [0, 1]; a row's sum is made 1, so that a picture of which little
            counts weighs as much as any other. None: all places count alike.
    """
    errors = (predicted.float() - one.target.float()).pow(2)  # B C h w
    rows = errors.mean(dim=(1, 2, 3)) if share is None else (errors * share).mean(dim=(1, 2, 3)) / share.mean(dim=(1, 2, 3))
    return (rows * one.weight).mean()


def logged(**terms: Any) -> dict[str, Any]:
    """The terms for metrics.jsonl, without their gradient."""
    return {name: one.detach() for name, one in terms.items()}
