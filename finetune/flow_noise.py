"""Noise of the flow-matching families: z_t = (1-σ) z + σ n with σ = t / 1,000, a straight way from picture to noise.

`modules["noise"]` is the model's FlowMatchEulerDiscreteScheduler, of which only the configuration is read. Every function takes
the family's modules first. t is a real number in [0, 1000], the same scale on which the denoiser is told it.

Sources: Lipman et al. 2023, arXiv 2210.02747; Esser et al. 2024 (Stable Diffusion 3), arXiv 2403.03206, sections 2, 3.1, 5.3.2.

Legend: B batch, C latent channels, h w latents.
"""

from typing import Any

import torch

SCALE = 1000.0  # t of pure noise


def timesteps(modules: dict[str, Any], uniform: torch.Tensor) -> torch.Tensor:
    """1,000 σ, [B], for numbers [B] in [0, 1): σ is logit-normal (0, 1), then shifted to more noise as the model's own is.

    The inverse normal distribution function turns the numbers given into normal ones, so that no stream is drawn from here. The
    shift s makes s σ / (1 + (s-1) σ) of σ (eq. 23); SD3's scheduler says 3, and diffusers' training scripts apply it too.
    """
    sigma = torch.sigmoid(torch.special.ndtri(uniform.double()))  # B
    config = modules["noise"].config
    shift = 1.0 if config.use_dynamic_shifting else config.shift
    return (SCALE * shift * sigma / (1 + (shift - 1) * sigma)).float()


def noised(modules: dict[str, Any], latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """(1-σ) z + σ n, [B, C, h, w]."""
    sigma = _sigma(t)  # B 1 1 1
    return (1 - sigma) * latents + sigma * noise


def target(modules: dict[str, Any], latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The flow n - z, [B, C, h, w], the same at every t."""
    return noise - latents


def clean(modules: dict[str, Any], noisy: torch.Tensor, predicted: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The z that an answer implies: z_t - σ flow, [B, C, h, w]."""
    return noisy - _sigma(t) * predicted


def snr_weight(modules: dict[str, Any], t: torch.Tensor, gamma: float) -> torch.Tensor:
    """min(SNR, γ) σ², [B], with SNR = (1-σ)² / σ².

    min-SNR weighs the error of the clean picture by min(SNR, γ) (Hang et al. 2023, arXiv 2303.09556, section 3.4), and that
    error is σ² times the flow's. Derived here: neither that paper nor SD3's trains flow models so; their draws of t already
    favour the middle, and no weight is usual.
    """
    sigma = t.float() / SCALE  # B
    return torch.minimum((1 - sigma) ** 2, gamma * sigma**2)


def _sigma(t: torch.Tensor) -> torch.Tensor:
    return (t.float() / SCALE)[:, None, None, None]
