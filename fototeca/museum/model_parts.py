"""The parts of the demo's tiny diffusion model, and how they are written to a folder that stock diffusers loads.

H W pixels (128), h w latents (16 = 128 / 8), D width of the text encoder (64), L tokens (24).
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from fototeca.museum.vocabulary import END, START, vocabulary

SIDE_PX = 128
TEXT_WIDTH = 64
TOKENS = 24  # the longest caption has 15 with start and end; the rest is room for a person's own words


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything that a Stable Diffusion pipeline consists of, in fp32 on the CPU. The libraries leave these untyped."""

    vae: Any  # AutoencoderKL
    unet: Any  # UNet2DConditionModel
    text_encoder: Any  # CLIPTextModel
    tokenizer: Any  # CLIPTokenizer
    scheduler: Any  # DDIMScheduler


def untrained_parts(seed: int) -> Parts:
    """Builds all parts with weights drawn from `seed`; torch's own random state is left as it was."""
    tokens, pairs = vocabulary()
    merges: Any = pairs  # the annotation of transformers 5.23 wants strings, its code pairs
    tokenizer = CLIPTokenizer(
        vocab=tokens, merges=merges, unk_token=END, bos_token=START, eos_token=END, pad_token=END, model_max_length=TOKENS
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # layers draw their first weights from the global state only; fork_rng puts it back
        vae = AutoencoderKL(  # type: ignore[no-untyped-call]
            in_channels=3,
            out_channels=3,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(32, 48, 48, 64),
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=8,
            sample_size=SIDE_PX,
            mid_block_add_attention=False,
        )
        unet = UNet2DConditionModel(  # type: ignore[no-untyped-call]
            sample_size=SIDE_PX // 8,
            in_channels=4,
            out_channels=4,
            layers_per_block=1,
            block_out_channels=(48, 80),
            down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=TEXT_WIDTH,
            attention_head_dim=4,  # diffusers reads this as the number of heads for this class
            norm_num_groups=8,
        )
        text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokens),
                hidden_size=TEXT_WIDTH,
                intermediate_size=2 * TEXT_WIDTH,
                projection_dim=TEXT_WIDTH,
                num_hidden_layers=1,
                num_attention_heads=4,
                max_position_embeddings=TOKENS,
                initializer_factor=5.0,  # with 1.0 a layer this narrow tells words apart too slowly
                bos_token_id=tokens[START],
                eos_token_id=tokens[END],
                pad_token_id=tokens[END],
            )
        )
    # Linear betas end with almost no signal left. The usual scaled ones leave enough of a 16 x 16 latent's mean at the last
    # step for the model to read the light from it instead of from the caption.
    scheduler = DDIMScheduler(  # type: ignore[no-untyped-call]
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        # Of the noise alone the model learned to paint but not to listen: at the noisiest steps, where the caption decides the
        # light, the noise is nearly its input and the error too small to teach. The velocity's error is not (2026-11-21).
        prediction_type="v_prediction",
    )
    return Parts(vae=vae, unet=unet, text_encoder=text_encoder, tokenizer=tokenizer, scheduler=scheduler)


def write_model(parts: Parts, folder: Path, only: tuple[str, ...] = ("vae", "unet", "text_encoder")) -> None:
    """Writes the parts in fp16 in the layout of diffusers; each file is replaced whole, so a reader never sees half of one.

    Args:
        parts: The model.
        folder: Where it goes; made if need be.
        only: The parts with weights to write; tokenizer, scheduler and index are always written.
    """
    fresh = folder.with_name(f"{folder.name}.writing-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    for name in only:
        part = getattr(parts, name)
        kept = {key: value.detach().clone() for key, value in part.state_dict().items()}
        part.half().save_pretrained(fresh / name)
        part.float().load_state_dict(kept)
    if "text_encoder" in only:
        # transformers 5 loads in the dtype of the config, diffusers in fp32: without this the two do not fit together.
        config = fresh / "text_encoder" / "config.json"
        config.write_text(config.read_text(encoding="utf-8").replace('"float16"', '"float32"'), encoding="utf-8")
    parts.tokenizer.save_pretrained(fresh / "tokenizer")
    parts.scheduler.save_pretrained(fresh / "scheduler")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.42.1",
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (fresh / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    for path in sorted(path for path in fresh.rglob("*") if path.is_file()):
        target = folder / path.relative_to(fresh)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(0o644)  # safetensors writes files that only their owner may read
        os.replace(path, target)
    shutil.rmtree(fresh)
