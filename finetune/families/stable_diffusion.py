"""Stable Diffusion 1.x and 2.x and models of the same build: a UNet with ε or v prediction, one CLIP text encoder, a VAE.

Legend: B batch, C latent channels, h w latents, H W pixels, L tokens, D width.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from base.errors import UsageError
from finetune.quiet import quiet
from finetune.recipe import Weights
from finetune.weights_file import make_canonical

log = logging.getLogger(__name__)

DENOISER = "unet"
WEIGHTS_FILE = "pytorch_lora_weights.safetensors"
PIPELINE_FOLDER = "pipeline"


def load(where: str, revision: str | None, dtype: torch.dtype) -> dict[str, Any]:
    """The pipeline's parts, with a DDPM scheduler of the model's own schedule as "noise"; no safety checker.

    Raises:
        UsageError: the files are of another family, or not all there.
    """
    from diffusers import DDPMScheduler

    pipe = pipeline(where, revision, dtype)
    modules = {name: part for name, part in pipe.components.items() if part is not None}
    for name in ("vae", "text_encoder"):
        modules[name].float()  # they run once a picture and caption, and bf16 latents would lose what they save
    modules["noise"] = DDPMScheduler.from_config(pipe.scheduler.config)
    return modules


def pipeline(where: str, revision: str | None, dtype: torch.dtype) -> Any:
    """The stock pipeline, for sampling. The safety checker is never loaded: it blackens pictures in silence.

    Raises:
        UsageError: the files are of another family, or not all there.
    """
    from diffusers import StableDiffusionPipeline

    try:
        with quiet():
            pipe = StableDiffusionPipeline.from_pretrained(
                where, revision=revision, dtype=dtype, safety_checker=None, requires_safety_checker=False
            )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"model {where} does not load as Stable Diffusion: {error}. Check model.id and model.family in the recipe."
        ) from error
    pipe.text_encoder.to(dtype)  # transformers 5.23 follows the dtype in the encoder's own file instead
    return pipe


def grid_px(modules: dict[str, Any]) -> int:
    """Sides must be multiples of this: the VAE's factor times what the UNet halves."""
    halvings = len(modules["vae"].config.block_out_channels) - 1 + len(modules["unet"].config.block_out_channels) - 1
    return int(2**halvings)


def encode_pixels(modules: dict[str, Any], pixels: torch.Tensor) -> torch.Tensor:
    """[B, 3, H, W] in [-1, 1] to mean and log variance, [B, 2C, h, w]."""
    vae = modules["vae"]
    return vae.encode(pixels.to(vae.dtype)).latent_dist.parameters


def scaled(modules: dict[str, Any], latents: torch.Tensor) -> torch.Tensor:
    """The VAE's latents at the variance that the UNet was trained on."""
    return latents * modules["vae"].config.scaling_factor


def encode_texts(modules: dict[str, Any], texts: Sequence[str]) -> dict[str, torch.Tensor]:
    """{"text": [B, L, D]}: the last hidden state; a text longer than L tokens is cut, as everywhere with CLIP, and logged."""
    tokenizer, encoder = modules["tokenizer"], modules["text_encoder"]
    length = min(tokenizer.model_max_length, encoder.config.max_position_embeddings)
    for text, pieces in zip(texts, tokenizer(list(texts)).input_ids, strict=True):
        if len(pieces) > length:
            log.warning("caption_cut tokens=%d read=%d caption=%r", len(pieces), length, text)
    ids = tokenizer(list(texts), padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids
    return {"text": encoder(ids.to(encoder.device))[0]}


def timesteps(modules: dict[str, Any], uniform: torch.Tensor) -> torch.Tensor:
    """Whole numbers from 0 to 999, all equally likely, [B]."""
    return (uniform * modules["noise"].config.num_train_timesteps).long()


def noised(modules: dict[str, Any], latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """√ᾱ_t z + √(1-ᾱ_t) ε, [B, C, h, w] (Ho et al. 2020, arXiv 2006.11239, eq. 4)."""
    return modules["noise"].add_noise(latents, noise, t)


def target(modules: dict[str, Any], latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """ε, or v = √ᾱ_t ε - √(1-ᾱ_t) z (Salimans and Ho 2022, arXiv 2202.00512), as the model's scheduler says."""
    kind = modules["noise"].config.prediction_type
    if kind == "epsilon":
        return noise
    if kind == "v_prediction":
        return modules["noise"].get_velocity(latents, noise, t)
    raise UsageError(f"the model predicts {kind!r}; this family trains epsilon and v_prediction.")


def snr_weight(modules: dict[str, Any], t: torch.Tensor, gamma: float) -> torch.Tensor:
    """min(SNR, γ) / SNR for ε, / (SNR + 1) for v, [B] (Hang et al. 2023, arXiv 2303.09556)."""
    alphas = modules["noise"].alphas_cumprod.to(t.device)[t].float()  # B
    snr = alphas / (1 - alphas)
    below = snr if modules["noise"].config.prediction_type == "epsilon" else snr + 1
    return snr.clamp(max=gamma) / below


def predict(denoiser: Any, noisy: torch.Tensor, t: torch.Tensor, condition: dict[str, torch.Tensor]) -> torch.Tensor:
    """The UNet's answer, [B, C, h, w]; autocast, where on, chooses the precision."""
    kind = next(denoiser.parameters()).dtype if not torch.is_autocast_enabled(noisy.device.type) else noisy.dtype
    return denoiser(noisy.to(kind), t, encoder_hidden_states=condition["text"].to(kind)).sample


def save(modules: dict[str, Any], weights: Weights, folder: Path) -> Path:
    """LoRA: one file that `load_lora_weights` takes, with its configuration. Full: a folder that `from_pretrained` takes."""
    from diffusers import StableDiffusionPipeline

    if weights.kind == "full":
        names = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
        pipe: Any = StableDiffusionPipeline(
            **{name: modules[name] for name in names}, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
        with quiet():
            pipe.save_pretrained(folder / PIPELINE_FOLDER)
        return folder / PIPELINE_FOLDER
    from diffusers.training_utils import _collate_lora_metadata
    from diffusers.utils.state_dict_utils import convert_state_dict_to_diffusers
    from peft.utils import get_peft_model_state_dict

    layers = convert_state_dict_to_diffusers(get_peft_model_state_dict(modules["unet"]))
    metadata = _collate_lora_metadata({"unet": modules["unet"]})
    StableDiffusionPipeline.save_lora_weights(
        folder, unet_lora_layers=layers, safe_serialization=True, weight_name=WEIGHTS_FILE, **metadata
    )
    make_canonical(folder / WEIGHTS_FILE)
    return folder / WEIGHTS_FILE


def attach(pipe: Any, run_folder: Path) -> None:
    """Give a stock pipeline what a run has learned."""
    pipe.load_lora_weights(str(run_folder), weight_name=WEIGHTS_FILE)
