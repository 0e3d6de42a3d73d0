"""Z-Image: a transformer trained by flow matching, the chat model Qwen3 as text encoder (never trained), a VAE.

Z-Image Team 2025, arXiv 2511.22699. Meant for the base model: Z-Image-Turbo has the same build and loads too, but it is
distilled to a few steps, which training undoes. Its pipeline's guidance counts from 0 where others count from 1.

Legend: B batch, C latent channels, h w latents, H W pixels, L tokens, D width.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from base.errors import UsageError
from finetune import flow_noise, latents, lora_file
from finetune.recipe import Recipe
from finetune.stock_pipeline import opened, saved

PIPELINES = ("ZImagePipeline",)
DENOISER = "transformer"
TEXT_ENCODERS: tuple[str, ...] = ()
TARGETS = ("to_k", "to_q", "to_v", "to_out.0")
TEXT_TARGETS: tuple[str, ...] = ()
WEIGHTS_FILE = lora_file.WEIGHTS_FILE
PIPELINE_FOLDER = "pipeline"
TOKENS = 512  # the stock pipeline's own length when it samples

# Noise and pictures, as in every flow-matching family with diffusers' VAE
timesteps, noised, target, clean, snr_weight = (
    flow_noise.timesteps, flow_noise.noised, flow_noise.target, flow_noise.clean, flow_noise.snr_weight,
)  # fmt: skip
encode_pixels, decode, scaled = latents.encode_pixels, latents.decode, latents.scaled


def check(recipe: Recipe) -> None:
    """Refuse what this family cannot do.

    Raises:
        UsageError: the recipe asks for kohya's names, or for a trained text encoder.
    """
    lora_file.refuse_kohya(recipe, "Z-Image", "no program that reads them has agreed on names for its transformer")
    if recipe.weights.text_encoder:
        raise UsageError(
            "weights.text_encoder = true: Z-Image's text encoder is a chat model of 4 billion weights, for which stock pipelines "
            "load no LoRA. Set it to false."
        )


def load(where: str, revision: str | None, dtype: torch.dtype) -> dict[str, Any]:
    """The pipeline's parts, and its scheduler again as "noise". The VAE is float32 whatever `dtype` is.

    Raises:
        UsageError: the files are of another family, or not all there.
    """
    pipe = opened(PIPELINES, where, revision, {"vae": torch.float32, "default": dtype})
    modules = {name: part for name, part in pipe.components.items() if part is not None}
    return {**modules, "noise": pipe.scheduler}


def pipeline(where: str, revision: str | None, dtype: torch.dtype) -> Any:
    """The stock pipeline, for sampling.

    Raises:
        UsageError: the files are of another family, or not all there.
    """
    return opened(PIPELINES, where, revision, dtype)


def grid_px(modules: dict[str, Any]) -> int:
    """Sides must be multiples of this: the VAE's factor times the transformer's patch."""
    return latents.px_per_latent(modules) * int(modules["transformer"].config.all_patch_size[0])


def encode_texts(modules: dict[str, Any], texts: Sequence[str]) -> dict[str, torch.Tensor]:
    """{"text": [B, 512, D], "mask": [B, 512]}: the last hidden state but one of a user's words, and which tokens count."""
    tokenizer, encoder = modules["tokenizer"], modules["text_encoder"]
    said = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True, enable_thinking=True
        )
        for text in texts
    ]
    found = tokenizer(said, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt").to(encoder.device)
    mask = found.attention_mask.bool()  # B 512
    state = encoder(input_ids=found.input_ids, attention_mask=mask, output_hidden_states=True).hidden_states[-2]
    return {"text": state, "mask": mask}


def predict(
    modules: dict[str, Any], denoiser: Any, noisy: torch.Tensor, t: torch.Tensor, condition: dict[str, torch.Tensor]
) -> torch.Tensor:
    """The transformer's answer as flow, [B, C, h, w]; autocast, where on, chooses the precision.

    It counts time from noise (0) to picture (1), and answers with the flow's opposite.
    """
    kind = latents.input_dtype(denoiser, noisy)
    texts = [text[mask > 0.5] for text, mask in zip(condition["text"].to(kind), condition["mask"], strict=True)]  # L D each
    frames = list(noisy.to(kind).unsqueeze(2).unbind(dim=0))  # C 1 h w each
    answers = denoiser(frames, (flow_noise.SCALE - t.float()) / flow_noise.SCALE, texts, return_dict=False)[0]
    return -torch.stack(list(answers)).squeeze(2)


def assembled(modules: dict[str, Any]) -> Any:
    """The stock pipeline around parts that are loaded already."""
    from diffusers import ZImagePipeline

    names = ("vae", "text_encoder", "tokenizer", "transformer", "scheduler")
    parts: dict[str, Any] = {name: modules[name] for name in names}
    return ZImagePipeline(**parts)


def save(modules: dict[str, Any], recipe: Recipe, folder: Path) -> list[Path]:
    """LoRA: one file that `load_lora_weights` takes, with its configuration. Full: a folder that `from_pretrained` takes."""
    from diffusers import ZImagePipeline

    if recipe.weights.kind == "full":
        return [saved(assembled(modules), folder / PIPELINE_FOLDER)]
    return lora_file.write(ZImagePipeline, {DENOISER: modules[DENOISER]}, recipe, folder)


def attach(pipe: Any, run_folder: Path) -> None:
    """Give a stock pipeline what a run has learned."""
    pipe.load_lora_weights(str(run_folder), weight_name=WEIGHTS_FILE)
