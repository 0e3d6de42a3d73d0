"""Models of Stable Diffusion 1.5's build with every width divided by one number, and what each part of them costs a picture.

At `divide` 1 the shape is Stable Diffusion 1.5's own. Divided, the depth, the channels of a head and of a norm's group stay, and
so do the proportions of UNet and VAE; the prompt is shorter and its encoder shallower, since tokens do not shrink with a picture
and the text's share would else be many times what it is.
"""

from pathlib import Path
from typing import Any

UNET_CHANNELS = (320, 640, 1280, 1280)
VAE_CHANNELS = (128, 256, 512, 512)
TEXT_WIDTH, TEXT_LAYERS, TEXT_TOKENS = 768, 12, 77
SMALL_TEXT_LAYERS, SMALL_TEXT_TOKENS = 2, 16
NORM_GROUPS, HEADS = 32, 8
LATENT_FACTOR = 8


def parts(divide: int) -> dict[str, Any]:
    """UNet, VAE and text encoder on whatever device torch's default is, with random weights."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    small = divide > 1
    width = TEXT_WIDTH // divide
    text = CLIPTextConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=SMALL_TEXT_LAYERS if small else TEXT_LAYERS,
        num_attention_heads=2 if small else 12,
        max_position_embeddings=tokens(divide),
        projection_dim=width,
        vocab_size=514 if small else 49_408,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
    )
    return {
        "unet": UNet2DConditionModel(
            sample_size=512 // divide // LATENT_FACTOR,
            block_out_channels=tuple(one // divide for one in UNET_CHANNELS),
            cross_attention_dim=width,
            attention_head_dim=max(1, HEADS // divide),  # diffusers takes it for the number of heads
            norm_num_groups=max(1, NORM_GROUPS // divide),
        ),
        "vae": AutoencoderKL(
            block_out_channels=tuple(one // divide for one in VAE_CHANNELS),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
            layers_per_block=2,
            norm_num_groups=max(1, NORM_GROUPS // divide),
            sample_size=512 // divide,
        ),
        "text_encoder": CLIPTextModel(text),
    }


def tokens(divide: int) -> int:
    """Of a prompt."""
    return SMALL_TEXT_TOKENS if divide > 1 else TEXT_TOKENS


def write(divide: int, folder: Path) -> Path:
    """The model in the layout of diffusers; nothing is fetched."""
    import torch
    from diffusers import PNDMScheduler, StableDiffusionPipeline
    from tiny_diffusion import clip_tokenizer

    with torch.random.fork_rng():
        torch.manual_seed(7)
        made = parts(divide)
    tokenizer = clip_tokenizer()
    tokenizer.model_max_length = tokens(divide)
    StableDiffusionPipeline(
        **made,
        tokenizer=tokenizer,
        scheduler=PNDMScheduler(
            beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, steps_offset=1, skip_prk_steps=True
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


def costs(divide: int, rank: int) -> dict[str, Any]:
    """Parameters, and multiplications and additions a picture of 512 / `divide` px, as torch counts them without computing.

    A training step is the UNet forward and backward with LoRA on its attention; without caches VAE and text come on top.
    """
    import torch
    from peft import LoraConfig
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    side_px = 512 // divide
    latents = side_px // LATENT_FACTOR
    with torch.device("meta"):
        made = parts(divide)
        words = torch.zeros(1, tokens(divide), TEXT_WIDTH // divide)
        noisy, t = torch.zeros(1, 4, latents, latents), torch.zeros(1, dtype=torch.long)
        pixels, ids = torch.zeros(1, 3, side_px, side_px), torch.zeros(1, tokens(divide), dtype=torch.long)
        numbers = {name: sum(one.numel() for one in module.parameters()) for name, module in made.items()}
        for module in made.values():
            module.requires_grad_(False)
        made["unet"].add_adapter(LoraConfig(r=rank, target_modules=["to_k", "to_q", "to_v", "to_out.0"]))

        def counted(work: Any) -> int:
            with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
                work()
            return int(counter.get_total_flops())

        flops = {
            "step": counted(lambda: made["unet"](noisy, t, words).sample.sum().backward()),
            "vae": counted(lambda: made["vae"].encode(pixels)),
            "text": counted(lambda: made["text_encoder"](ids)),
        }
    return {
        "side_px": side_px,
        "parameters": numbers,
        "gflop_a_picture": {name: round(one / 1e9, 3) for name, one in flops.items()},
        "share": {name: round(one / sum(flops.values()), 3) for name, one in flops.items()},
        "ratio_of_flops": round(sum(flops.values()) / flops["step"], 2),
    }
