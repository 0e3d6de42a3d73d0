"""Between pixels and latents, for every family with diffusers' AutoencoderKL; the noise maths never sees anything else.

Legend: B batch, C latent channels, h w latents, H W pixels.
"""

from typing import Any

import torch


def px_per_latent(modules: dict[str, Any]) -> int:
    """Pixels of a side that one latent stands for: 8 in every published model."""
    return int(2 ** (len(modules["vae"].config.block_out_channels) - 1))


def encode_pixels(modules: dict[str, Any], pixels: torch.Tensor) -> torch.Tensor:
    """[B, 3, H, W] in [-1, 1] to mean and log variance, [B, 2C, h, w]."""
    vae = modules["vae"]
    return vae.encode(pixels.to(vae.dtype)).latent_dist.parameters


def decode(modules: dict[str, Any], latents: torch.Tensor) -> torch.Tensor:
    """Scaled latents [B, C, h, w] to pixels [B, 3, H, W], about [-1, 1]; carries gradient."""
    vae = modules["vae"]
    plain = latents / vae.config.scaling_factor  # B C h w
    if shift := vae.config.shift_factor:
        plain = plain + shift
    return vae.decode(plain.to(vae.dtype)).sample.float()


def scaled(modules: dict[str, Any], latents: torch.Tensor) -> torch.Tensor:
    """The VAE's latents at the mean and variance that the denoiser was trained on, [B, C, h, w]."""
    config = modules["vae"].config
    if shift := config.shift_factor:
        latents = latents - shift
    return latents * config.scaling_factor


def input_dtype(denoiser: Any, noisy: torch.Tensor) -> torch.dtype:
    """The precision that the denoiser wants its inputs in: its weights', unless autocast chooses."""
    device = noisy.device.type  # meta: an estimate's, which knows no autocast
    chosen = device != "meta" and torch.is_autocast_enabled(device)
    return noisy.dtype if chosen else next(denoiser.parameters()).dtype
