"""Stable Diffusion XL and models of the same build: a UNet with ε or v prediction, two CLIP text encoders, a VAE.

The UNet is also told sizes: the picture's original one, where it was cropped, and the one it is to have (Podell et al. 2023,
arXiv 2307.01952, section 2.2). Here original and target are both the bucket's size and the crop is (0, 0), whatever the file
once measured: that is what stock pipelines say when they sample, so the concept is learned where it will be asked for.

Legend: B batch, C latent channels, h w latents, H W pixels, L tokens, D width.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from base.errors import UsageError
from finetune import clip_texts, diffusion_noise, latents, lora_file
from finetune.recipe import Recipe
from finetune.stock_pipeline import opened, saved

PIPELINES = ("StableDiffusionXLPipeline",)
DENOISER = "unet"
TEXT_ENCODERS = ("text_encoder", "text_encoder_2")
TARGETS = ("to_k", "to_q", "to_v", "to_out.0")
TEXT_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj")
WEIGHTS_FILE = lora_file.WEIGHTS_FILE
PIPELINE_FOLDER = "pipeline"
KOHYA = {"unet": "lora_unet", "text_encoder": "lora_te1", "text_encoder_2": "lora_te2"}
EMPTY_IS_ZEROS = "empty_is_zeros"  # beside the modules: the pipeline's force_zeros_for_empty_prompt

# Noise and pictures, as in every family of ε or v prediction with diffusers' VAE
timesteps, noised, target, clean, snr_weight = (
    diffusion_noise.timesteps, diffusion_noise.noised, diffusion_noise.target, diffusion_noise.clean, diffusion_noise.snr_weight,
)  # fmt: skip
encode_pixels, decode, scaled = latents.encode_pixels, latents.decode, latents.scaled
check = lora_file.check_kohya


def load(where: str, revision: str | None, dtype: torch.dtype) -> dict[str, Any]:
    """The pipeline's parts, with a DDPM scheduler of the model's own schedule as "noise"; no watermark.

    VAE and text encoders are float32 whatever `dtype` is: SDXL's VAE overflows in fp16 (its own configuration says so, with
    force_upcast), and they run once a picture and caption.

    Raises:
        UsageError: the files are of another family, or not all there; a VAE whose latents are normed channel by channel.
    """
    pipe = opened(PIPELINES, where, revision, {DENOISER: dtype, "default": torch.float32}, add_watermarker=False)
    if getattr(pipe.vae.config, "latents_mean", None) is not None:
        raise UsageError(
            f"model {where} norms its latents channel by channel (latents_mean in its VAE's configuration), as models of another "
            f"noise than SDXL's do; this family would train it wrongly. Take an SDXL model without it."
        )
    modules = {name: part for name, part in pipe.components.items() if part is not None}
    empty_is_zeros = bool(pipe.config.force_zeros_for_empty_prompt)
    return {**modules, "noise": diffusion_noise.schedule(pipe, where), EMPTY_IS_ZEROS: empty_is_zeros}


def pipeline(where: str, revision: str | None, dtype: torch.dtype) -> Any:
    """The stock pipeline, for sampling, without the invisible watermark: provenance stands in the file's XMP.

    Raises:
        UsageError: the files are of another family, or not all there.
    """
    return opened(PIPELINES, where, revision, dtype, add_watermarker=False)


def grid_px(modules: dict[str, Any]) -> int:
    """Sides must be multiples of this: the VAE's factor times what the UNet halves."""
    return latents.px_per_latent(modules) * int(2 ** (len(modules["unet"].config.block_out_channels) - 1))


def encode_texts(modules: dict[str, Any], texts: Sequence[str]) -> dict[str, torch.Tensor]:
    """{"text": [B, L, D + D'], "pooled": [B, P]}: both encoders' last hidden states but one, and the second's summary.

    The states stand side by side; for SDXL itself D + D' = 768 + 1280 and P = 1280. The empty text is all zeros where the
    model's pipeline takes zeros when it samples without a negative prompt: so caption dropout trains the very thing that
    guidance leads away from.
    """
    first, second = modules["text_encoder"], modules["text_encoder_2"]
    left, _ = clip_texts.penultimate(first, clip_texts.token_ids(modules["tokenizer"], first, texts))
    ids = clip_texts.token_ids(modules["tokenizer_2"], second, texts, warns=False)
    right, pooled = clip_texts.penultimate(second, ids)
    text = torch.cat([left, right], dim=-1)  # B L D+D'
    assert pooled is not None  # the second encoder has a projection
    if modules[EMPTY_IS_ZEROS] and "" in texts:
        said = torch.tensor([one != "" for one in texts], device=text.device)  # B
        text, pooled = text * said[:, None, None], pooled * said[:, None]
    return {"text": text, "pooled": pooled}


def idle(modules: dict[str, Any]) -> list[torch.nn.Parameter]:
    """What never answers, and so must not train: the first encoder's last layer, behind the hidden state that is read."""
    encoder = getattr(modules["text_encoder"], "text_model", modules["text_encoder"])
    return [*encoder.encoder.layers[-1].parameters(), *encoder.final_layer_norm.parameters()]


def predict(
    modules: dict[str, Any], denoiser: Any, noisy: torch.Tensor, t: torch.Tensor, condition: dict[str, torch.Tensor]
) -> torch.Tensor:
    """The UNet's answer, [B, C, h, w]; autocast, where on, chooses the precision. The sizes it is told come from `noisy`."""
    kind = latents.input_dtype(denoiser, noisy)
    factor = latents.px_per_latent(modules)
    height, width = noisy.shape[-2] * factor, noisy.shape[-1] * factor
    sizes = torch.tensor([height, width, 0, 0, height, width], device=noisy.device, dtype=torch.float32).repeat(
        len(noisy), 1
    )  # B 6
    added = {"text_embeds": condition["pooled"].to(kind), "time_ids": sizes}
    return denoiser(noisy.to(kind), t, encoder_hidden_states=condition["text"].to(kind), added_cond_kwargs=added).sample


def assembled(modules: dict[str, Any]) -> Any:
    """The stock pipeline around parts that are loaded already."""
    from diffusers import StableDiffusionXLPipeline

    names = ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "unet", "scheduler")
    parts: dict[str, Any] = {name: modules[name] for name in names}
    return StableDiffusionXLPipeline(**parts, force_zeros_for_empty_prompt=modules[EMPTY_IS_ZEROS], add_watermarker=False)


def save(modules: dict[str, Any], recipe: Recipe, folder: Path) -> list[Path]:
    """LoRA: one file that `load_lora_weights` takes, with its configuration. Full: a folder that `from_pretrained` takes."""
    from diffusers import StableDiffusionXLPipeline

    if recipe.weights.kind == "full":
        return [saved(assembled(modules), folder / PIPELINE_FOLDER)]
    adapted = {name: modules[name] for name in (DENOISER, *TEXT_ENCODERS)}
    layers = int(modules["unet"].config.layers_per_block)
    return lora_file.write(
        StableDiffusionXLPipeline, adapted, recipe, folder, kohya=KOHYA, renamed=lambda path: kohya_path(path, layers)
    )


def kohya_path(path: str, layers_per_block: int) -> str:
    """A layer's path as in Stability's own UNet, on which sd-scripts trains SDXL.

    In SDXL, down_blocks.1.attentions.0.… is input_blocks.4.1.…

    Args:
        path: of a layer in an attention block of diffusers' UNet.
        layers_per_block: of that UNet; 2 in SDXL.
    """
    head, _, rest = path.partition(".attentions.")
    number, _, rest = rest.partition(".")
    block = head.rpartition(".")[2]
    if head.startswith("down_blocks"):
        return f"input_blocks.{1 + int(block) * (layers_per_block + 1) + int(number)}.1.{rest}"
    if head.startswith("up_blocks"):
        return f"output_blocks.{int(block) * (layers_per_block + 1) + int(number)}.1.{rest}"
    return f"middle_block.1.{rest}"


def attach(pipe: Any, run_folder: Path) -> None:
    """Give a stock pipeline what a run has learned."""
    pipe.load_lora_weights(str(run_folder), weight_name=WEIGHTS_FILE)
