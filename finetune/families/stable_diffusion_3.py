"""Stable Diffusion 3 and 3.5: a transformer trained by flow matching, two CLIP text encoders and a T5 that may be absent, a VAE.

Esser et al. 2024, arXiv 2403.03206. LoRA adapts every attention's projections, of picture and of text; the T5 never trains, and
stock diffusers loads LoRA for the two CLIPs only.

Legend: B batch, C latent channels, h w latents, H W pixels, L tokens, D width.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from finetune import clip_texts, flow_noise, latents, lora_file
from finetune.recipe import Recipe
from finetune.stock_pipeline import opened, saved

PIPELINES = ("StableDiffusion3Pipeline",)
DENOISER = "transformer"
TEXT_ENCODERS = ("text_encoder", "text_encoder_2")
TARGETS = ("to_k", "to_q", "to_v", "to_out.0", "add_k_proj", "add_q_proj", "add_v_proj", "to_add_out")
TEXT_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj")
WEIGHTS_FILE = lora_file.WEIGHTS_FILE
PIPELINE_FOLDER = "pipeline"
T5, T5_TOKENIZER = "text_encoder_3", "tokenizer_3"
T5_TOKENS = 256  # the stock pipeline's own length when it samples

# Noise and pictures, as in every flow-matching family with diffusers' VAE
timesteps, noised, target, clean, snr_weight = (
    flow_noise.timesteps, flow_noise.noised, flow_noise.target, flow_noise.clean, flow_noise.snr_weight,
)  # fmt: skip
encode_pixels, decode, scaled = latents.encode_pixels, latents.decode, latents.scaled


def check(recipe: Recipe) -> None:
    """Refuse what this family cannot do.

    Raises:
        UsageError: the recipe asks for kohya's names.
    """
    why = "sd-scripts joins query, key and value in one layer, which diffusers keeps apart and cannot read joined"
    lora_file.refuse_kohya(recipe, "Stable Diffusion 3", why)


def load(where: str, revision: str | None, dtype: torch.dtype) -> dict[str, Any]:
    """The pipeline's parts, and its scheduler again as "noise".

    VAE and CLIPs are float32 whatever `dtype` is: they run once a picture and caption. The T5 (4.7 billion weights) has `dtype`.

    Raises:
        UsageError: the files are of another family, or not all there.
    """
    pipe = opened(PIPELINES, where, revision, {DENOISER: dtype, T5: dtype, "default": torch.float32}, may_lack=(T5, T5_TOKENIZER))
    modules = {name: part for name, part in pipe.components.items() if part is not None}
    return {**modules, "noise": pipe.scheduler}


def pipeline(where: str, revision: str | None, dtype: torch.dtype) -> Any:
    """The stock pipeline, for sampling.

    Raises:
        UsageError: the files are of another family, or not all there.
    """
    return opened(PIPELINES, where, revision, dtype, may_lack=(T5, T5_TOKENIZER))


def grid_px(modules: dict[str, Any]) -> int:
    """Sides must be multiples of this: the VAE's factor times the transformer's patch."""
    return latents.px_per_latent(modules) * int(modules["transformer"].config.patch_size)


def encode_texts(modules: dict[str, Any], texts: Sequence[str]) -> dict[str, torch.Tensor]:
    """{"text": [B, L + 256, D], "pooled": [B, P]}: the CLIPs' last hidden states but one side by side, widened with zeros to D,
    before the T5's; and both summaries. Without a T5 its tokens are zeros. For SD3, L = 77, D = 4096 and P = 2048.
    """
    states, summaries = [], []
    for number, name in enumerate(TEXT_ENCODERS):
        tokenizer = modules["tokenizer" if number == 0 else "tokenizer_2"]
        ids = clip_texts.token_ids(tokenizer, modules[name], texts, warns=number == 0)
        state, summary = clip_texts.penultimate(modules[name], ids)
        states.append(state)
        summaries.append(summary)
    clips = torch.cat(states, dim=-1)  # B L D1+D2
    width = int(modules["transformer"].config.joint_attention_dim)
    clips = torch.nn.functional.pad(clips, (0, width - clips.shape[-1]))  # B L D
    pooled = torch.cat([one for one in summaries if one is not None], dim=-1)  # B P
    return {"text": torch.cat([clips, _t5(modules, texts, width).to(clips)], dim=1), "pooled": pooled}


def _t5(modules: dict[str, Any], texts: Sequence[str], width: int) -> torch.Tensor:
    """[B, 256, D]; never with gradient."""
    encoder = modules.get(T5)
    if encoder is None:
        return torch.zeros(len(texts), T5_TOKENS, width)
    tokenizer = modules[T5_TOKENIZER]
    ids = tokenizer(list(texts), padding="max_length", max_length=T5_TOKENS, truncation=True, return_tensors="pt").input_ids
    with torch.no_grad():
        return encoder(ids.to(next(encoder.parameters()).device))[0]


def predict(
    modules: dict[str, Any], denoiser: Any, noisy: torch.Tensor, t: torch.Tensor, condition: dict[str, torch.Tensor]
) -> torch.Tensor:
    """The transformer's answer, [B, C, h, w]; autocast, where on, chooses the precision."""
    kind = latents.input_dtype(denoiser, noisy)
    text, pooled = condition["text"].to(kind), condition["pooled"].to(kind)
    return denoiser(noisy.to(kind), timestep=t, encoder_hidden_states=text, pooled_projections=pooled).sample


def assembled(modules: dict[str, Any]) -> Any:
    """The stock pipeline around parts that are loaded already."""
    from diffusers import StableDiffusion3Pipeline

    names = ("vae", *TEXT_ENCODERS, T5, "tokenizer", "tokenizer_2", T5_TOKENIZER, "transformer", "scheduler")
    parts: dict[str, Any] = {name: modules.get(name) for name in names}
    return StableDiffusion3Pipeline(**parts)


def save(modules: dict[str, Any], recipe: Recipe, folder: Path) -> list[Path]:
    """LoRA: one file that `load_lora_weights` takes, with its configuration. Full: a folder that `from_pretrained` takes."""
    from diffusers import StableDiffusion3Pipeline

    if recipe.weights.kind == "full":
        return [saved(assembled(modules), folder / PIPELINE_FOLDER)]
    adapted = {name: modules[name] for name in (DENOISER, *TEXT_ENCODERS)}
    return lora_file.write(StableDiffusion3Pipeline, adapted, recipe, folder)


def attach(pipe: Any, run_folder: Path) -> None:
    """Give a stock pipeline what a run has learned."""
    pipe.load_lora_weights(str(run_folder), weight_name=WEIGHTS_FILE)
