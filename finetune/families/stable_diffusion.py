"""Stable Diffusion 1.x and 2.x and models of the same build: a UNet with ε or v prediction, one CLIP text encoder, a VAE.

Legend: B batch, C latent channels, h w latents, H W pixels, L tokens, D width.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from finetune import clip_texts, diffusion_noise, latents, lora_file
from finetune.recipe import Recipe
from finetune.stock_pipeline import opened, saved

PIPELINES = ("StableDiffusionPipeline",)
DENOISER = "unet"
TEXT_ENCODERS = ("text_encoder",)
TARGETS = ("to_k", "to_q", "to_v", "to_out.0")
TEXT_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj")
WEIGHTS_FILE = lora_file.WEIGHTS_FILE
PIPELINE_FOLDER = "pipeline"
KOHYA = {"unet": "lora_unet", "text_encoder": "lora_te"}

# Noise and pictures, as in every family of ε or v prediction with diffusers' VAE
timesteps, noised, target, clean, snr_weight = (
    diffusion_noise.timesteps, diffusion_noise.noised, diffusion_noise.target, diffusion_noise.clean, diffusion_noise.snr_weight,
)  # fmt: skip
encode_pixels, decode, scaled = latents.encode_pixels, latents.decode, latents.scaled
check = lora_file.check_kohya


def load(where: str, revision: str | None, dtype: torch.dtype) -> dict[str, Any]:
    """The pipeline's parts, with a DDPM scheduler of the model's own schedule as "noise"; no safety checker.

    VAE and text encoder are float32 whatever `dtype` is: they run once a picture and caption, and lower precision would lose
    what it saves.

    Raises:
        UsageError: the files are of another family, or not all there.
    """
    pipe = opened(PIPELINES, where, revision, {DENOISER: dtype, "default": torch.float32}, **_NO_CHECKER)
    modules = {name: part for name, part in pipe.components.items() if part is not None}
    return {**modules, "noise": diffusion_noise.schedule(pipe, where)}


def pipeline(where: str, revision: str | None, dtype: torch.dtype) -> Any:
    """The stock pipeline, for sampling. The safety checker is never loaded: it blackens pictures in silence.

    Raises:
        UsageError: the files are of another family, or not all there.
    """
    return opened(PIPELINES, where, revision, dtype, **_NO_CHECKER)


def grid_px(modules: dict[str, Any]) -> int:
    """Sides must be multiples of this: the VAE's factor times what the UNet halves."""
    return latents.px_per_latent(modules) * int(2 ** (len(modules["unet"].config.block_out_channels) - 1))


def encode_texts(modules: dict[str, Any], texts: Sequence[str]) -> dict[str, torch.Tensor]:
    """{"text": [B, L, D]}: the last hidden state; a text longer than L tokens is cut, as everywhere with CLIP, and logged."""
    encoder = modules["text_encoder"]
    return {"text": encoder(clip_texts.token_ids(modules["tokenizer"], encoder, texts))[0]}


def predict(
    modules: dict[str, Any], denoiser: Any, noisy: torch.Tensor, t: torch.Tensor, condition: dict[str, torch.Tensor]
) -> torch.Tensor:
    """The UNet's answer, [B, C, h, w]; autocast, where on, chooses the precision."""
    kind = latents.input_dtype(denoiser, noisy)
    return denoiser(noisy.to(kind), t, encoder_hidden_states=condition["text"].to(kind)).sample


def assembled(modules: dict[str, Any]) -> Any:
    """The stock pipeline around parts that are loaded already."""
    from diffusers import StableDiffusionPipeline

    names = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
    parts: dict[str, Any] = {name: modules[name] for name in names}
    return StableDiffusionPipeline(**parts, feature_extractor=None, **_NO_CHECKER)


def save(modules: dict[str, Any], recipe: Recipe, folder: Path) -> list[Path]:
    """LoRA: one file that `load_lora_weights` takes, with its configuration. Full: a folder that `from_pretrained` takes."""
    from diffusers import StableDiffusionPipeline

    if recipe.weights.kind == "full":
        return [saved(assembled(modules), folder / PIPELINE_FOLDER)]
    adapted = {name: modules[name] for name in (DENOISER, *TEXT_ENCODERS)}
    return lora_file.write(StableDiffusionPipeline, adapted, recipe, folder, kohya=KOHYA)


def attach(pipe: Any, run_folder: Path) -> None:
    """Give a stock pipeline what a run has learned."""
    pipe.load_lora_weights(str(run_folder), weight_name=WEIGHTS_FILE)


_NO_CHECKER: dict[str, Any] = {"safety_checker": None, "requires_safety_checker": False}
