"""Noise of the diffusion families, ε or v prediction: z_t = √ᾱ_t z + √(1-ᾱ_t) ε on the model's own schedule of 1,000 steps.

`modules["noise"]` is a DDPMScheduler with the model's schedule. Every function takes the family's modules first.

Legend: B batch, C latent channels, h w latents.
"""

from typing import Any

import torch

from base.errors import UsageError

KINDS = ("epsilon", "v_prediction")


def schedule(pipe: Any, where: str) -> Any:
    """The schedule that a pipeline's own sampler was configured with.

    Raises:
        UsageError: the model predicts neither ε nor v.
    """
    from diffusers import DDPMScheduler

    found = DDPMScheduler.from_config(pipe.scheduler.config)
    if found.config.prediction_type not in KINDS:
        raise UsageError(
            f"model {where} predicts {found.config.prediction_type!r} by its scheduler's configuration; "
            f"{' and '.join(KINDS)} can be trained. Take another base model."
        )
    return found


def timesteps(modules: dict[str, Any], uniform: torch.Tensor) -> torch.Tensor:
    """Whole numbers from 0 to 999, all equally likely, [B], for numbers [B] in [0, 1)."""
    return (uniform * modules["noise"].config.num_train_timesteps).long()


def noised(modules: dict[str, Any], latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """√ᾱ_t z + √(1-ᾱ_t) ε, [B, C, h, w] (Ho et al. 2020, arXiv 2006.11239, eq. 4)."""
    return modules["noise"].add_noise(latents, noise, t)


def target(modules: dict[str, Any], latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """ε, or v = √ᾱ_t ε - √(1-ᾱ_t) z (Salimans and Ho 2022, arXiv 2202.00512), as the model's scheduler says."""
    return modules["noise"].get_velocity(latents, noise, t) if _predicts_v(modules) else noise


def clean(modules: dict[str, Any], noisy: torch.Tensor, predicted: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The z that an answer implies: (z_t - √(1-ᾱ) ε) / √ᾱ for ε, √ᾱ z_t - √(1-ᾱ) v for v, [B, C, h, w]."""
    alphas = _alphas(modules, t)[:, None, None, None]  # B 1 1 1
    if _predicts_v(modules):
        return alphas.sqrt() * noisy - (1 - alphas).sqrt() * predicted
    return (noisy - (1 - alphas).sqrt() * predicted) / alphas.sqrt()


def snr_weight(modules: dict[str, Any], t: torch.Tensor, gamma: float) -> torch.Tensor:
    """min(SNR, γ) / SNR for ε, / (SNR + 1) for v, [B] (Hang et al. 2023, arXiv 2303.09556); 1 for ε at an SNR of 0."""
    alphas = _alphas(modules, t)  # B
    snr = alphas / (1 - alphas)
    return snr.clamp(max=gamma) / (snr + 1) if _predicts_v(modules) else (gamma / snr).clamp(max=1.0)


def _alphas(modules: dict[str, Any], t: torch.Tensor) -> torch.Tensor:
    return modules["noise"].alphas_cumprod.to(t.device)[t].float()


def _predicts_v(modules: dict[str, Any]) -> bool:
    return modules["noise"].config.prediction_type == "v_prediction"
