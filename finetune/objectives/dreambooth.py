"""DreamBooth: the rare token learns the concept, while the class keeps its meaning (Ruiz et al. 2023, arXiv 2208.12242, eq. 2).

    L = mean w_t ‖f(z_t, t, "a sks gourd …") - target‖² + λ mean w_t ‖f(z_t, t, "a gourd …") - teacher(z_t, t, "a gourd …")‖²

Deviation from the paper: the prior term needs no class pictures. Its target is the base model itself (the adapter switched
off) on the same noised pictures. Measured on five tiny models (2026): it keeps the class (loss 1.02 to 1.31 times its start,
against 1.6 to 2.6 without) and binds the concept to its token, which class pictures did not always do.

Legend: B batch, C latent channels, h w latents.
"""

from dataclasses import dataclass
from typing import Literal

import torch

from finetune.draws import Draws
from finetune.loader import Batch
from finetune.parts import Parts, joined


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The recipe's [objective.settings]."""

    prior: Literal["teacher", "none"] = "teacher"
    """teacher: the base model's own answer to the class caption. none: no prior preservation."""
    prior_weight: float = 1.0
    """λ; 1 in the paper. 0 is the same as prior = "none"."""
    caption_dropout: float = 0.0
    """Probability that a row's caption is empty, which keeps classifier-free guidance working (Ho and Salimans 2022)."""
    min_snr_gamma: float | None = None
    """Clips the weight of nearly clean pictures (Hang et al. 2023, arXiv 2303.09556; there 5). None: every step weighs 1."""
    offset_noise: float = 0.0
    """Adds this much of one normal number a channel to the noise, for very dark or bright pictures (Guttenberg 2023: 0.1)."""


def loss(parts: Parts, batch: Batch, generator: Draws) -> tuple[torch.Tensor, dict[str, float]]:
    """The mean loss over the batch and its two terms, "concept" and "prior" (unweighted)."""
    settings: Settings = parts.settings
    latents = parts.latents(batch.moments, generator.normal)  # B C h w
    noise = generator.normal(latents.shape[1:])  # B C h w
    if settings.offset_noise:
        noise = noise + settings.offset_noise * generator.normal((latents.shape[1], 1, 1))
    t = parts.timesteps(generator.uniform())  # B
    noisy = parts.noised(latents, noise, t)  # B C h w
    target = parts.target(latents, noise, t)  # B C h w
    weight = parts.snr_weight(t, settings.min_snr_gamma)  # B
    dropped = generator.uniform() < settings.caption_dropout
    captions = ["" if gone else text for gone, text in zip(dropped.tolist(), batch.texts["concept"], strict=True)]
    concept = parts.condition(captions)

    if settings.prior == "none" or settings.prior_weight == 0:
        concept_loss = _mean_squared(parts.predict(noisy, t, concept), target, weight)
        return concept_loss, {"concept": concept_loss.item()}

    same_class = parts.condition(batch.texts["class"])
    with torch.no_grad(), parts.teacher() as teacher:
        taught = teacher(noisy, t, same_class)  # B C h w
    both = parts.predict(torch.cat([noisy, noisy]), torch.cat([t, t]), joined(concept, same_class))  # 2B C h w
    learned, kept = both.chunk(2)
    concept_loss = _mean_squared(learned, target, weight)
    prior_loss = _mean_squared(kept, taught, weight)
    return concept_loss + settings.prior_weight * prior_loss, {"concept": concept_loss.item(), "prior": prior_loss.item()}


def _mean_squared(predicted: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    rows = (predicted.float() - target.float()).pow(2).mean(dim=(1, 2, 3))  # B
    return (rows * weight).mean()
