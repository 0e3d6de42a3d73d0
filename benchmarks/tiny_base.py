"""A small model that knows colours and shapes by their words, built and taught offline, in the layout of diffusers.

It paints pixels themselves: its VAE is the identity, with weights that are set and not learned, so that nothing but the UNet
and the text encoder decides what is painted, and the whole thing is taught in a minute on two threads.

Legend: B batch, H W pixels (h w latents are the same), L tokens, D width.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from drawn_concept import drawn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from fototeca.museum.vocabulary import END, START, byte_letters, split_by_merges

WORDS = "a sks red blue green white violet yellow square disc cross ring thing on the"
TOKENS = 12  # the longest caption has 6 with start and end; the rest is room for other prompts
LEVEL = 1024.0
"""Of the constant channels beside each colour: its square over theirs is the VAE's relative error, 1 in 2 million at the most."""
LOG_VARIANCE = -30.0  # the trainer's lowest: latents are their means to 3e-7
EMPTY_CAPTIONS = 0.1  # of the base's pictures, for classifier-free guidance


@dataclass(frozen=True, kw_only=True)
class Size:
    """What the base is, and how long it is taught."""

    side_px: int
    colours: tuple[str, ...]
    shapes: tuple[str, ...]
    channels: tuple[int, ...]
    """Of the UNet's levels; the outermost has no attention."""
    layers: int
    """A level."""
    width: int
    """Of the words."""
    text_layers: int
    steps: int
    batch: int
    learning_rate: float
    norm_groups: int = 8
    heads: int = 2


def build(size: Size, seed: int) -> Any:
    """The whole pipeline with weights drawn from `seed`; torch's own random state is left as it was."""
    tokenizer = words_tokenizer()
    inner = len(size.channels) - 1
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet = UNet2DConditionModel(
            sample_size=size.side_px, in_channels=3, out_channels=3, layers_per_block=size.layers,
            block_out_channels=size.channels, norm_num_groups=size.norm_groups, attention_head_dim=size.heads,
            down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * inner),
            up_block_types=(*("CrossAttnUpBlock2D",) * inner, "UpBlock2D"), cross_attention_dim=size.width,
        )  # fmt: skip
        text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokenizer), hidden_size=size.width, intermediate_size=2 * size.width, projection_dim=size.width,
                num_hidden_layers=size.text_layers, num_attention_heads=4, max_position_embeddings=TOKENS,
                initializer_factor=5.0,  # other values untried; at 1 words this narrow are told apart too slowly
                bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
            )
        )  # fmt: skip
    return StableDiffusionPipeline(
        vae=identity_vae(size.side_px), text_encoder=text_encoder, tokenizer=tokenizer, unet=unet,
        scheduler=DDIMScheduler(  # Stable Diffusion's own betas: with linear ones a caption decides almost nothing of the loss
            beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False, set_alpha_to_one=False,
            steps_offset=1,
        ),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def identity_vae(side_px: int) -> Any:
    """An AutoencoderKL whose latents are the pixels, to 1e-6: mean x, log variance -30, and back.

    Every residual block adds nothing, which leaves one group norm and one SiLU on each side. Beside each colour x stand -x and
    two constants K and -K, a group of the norm: its mean is 0 and its deviation K / √2 up to (x / K)², so the norm scales and
    does nothing else. silu(a) - silu(-a) = a for every a, so the last convolution takes the SiLU away.
    """
    vae = AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=3, block_out_channels=(12,), norm_num_groups=3, layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",), up_block_types=("UpDecoderBlock2D",), mid_block_add_attention=False,
        use_quant_conv=False, use_post_quant_conv=False, sample_size=side_px, scaling_factor=1.0,
    )  # fmt: skip
    with torch.no_grad():
        for name, one in vae.named_parameters():
            if ".conv2." in name:
                one.zero_()
        for half in (vae.encoder, vae.decoder):
            for convolution in (half.conv_in, half.conv_out):
                convolution.weight.zero_()
                convolution.bias.zero_()
            for colour in range(3):
                plus, minus, high, low = range(4 * colour, 4 * colour + 4)
                half.conv_in.weight[plus, colour, 1, 1], half.conv_in.weight[minus, colour, 1, 1] = 1.0, -1.0
                half.conv_in.bias[high], half.conv_in.bias[low] = LEVEL, -LEVEL
                half.conv_out.weight[colour, plus, 1, 1], half.conv_out.weight[colour, minus, 1, 1] = 1.0, -1.0
            half.conv_norm_out.weight.fill_(LEVEL / 2**0.5)
            half.conv_norm_out.bias.zero_()
        vae.encoder.conv_out.bias[3:] = LOG_VARIANCE
    return vae


def words_tokenizer() -> Any:
    """Every word one token, in fixed order: a vocabulary that is trained afresh numbers some letters otherwise each time."""
    ranks: dict[tuple[str, str], int] = {}
    for word in WORDS.split():
        pieces = split_by_merges(word, ranks)
        while len(pieces) > 1:
            ranks.setdefault((pieces[0], pieces[1]), len(ranks))
            pieces = split_by_merges(word, ranks)
    letters = sorted(byte_letters().values())
    tokens = [*letters, *(letter + "</w>" for letter in letters), *(left + right for left, right in ranks), START, END]
    numbers = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    merges: Any = list(ranks)
    return CLIPTokenizer(
        vocab=numbers, merges=merges, unk_token=END, bos_token=START, eos_token=END, pad_token=END, model_max_length=TOKENS
    )


def teach(pipe: Any, size: Size, *, seed: int, device: str = "cpu") -> dict[str, Any]:
    """Teach UNet and text encoder all colours and shapes; returns steps, seconds, first and last loss and parameter counts."""
    began = time.monotonic()
    chance = np.random.default_rng([seed, 1])
    random = torch.Generator().manual_seed(seed + 1)
    noising = DDPMScheduler.from_config(pipe.scheduler.config)
    modules = [pipe.unet.to(device).train(), pipe.text_encoder.to(device).train()]
    weights = [one for module in modules for one in module.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=size.learning_rate)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=size.learning_rate, total_steps=size.steps + 1)
    losses: list[float] = []
    for _ in range(size.steps):
        colours, shapes = chance.choice(size.colours, size.batch), chance.choice(size.shapes, size.batch)
        named = chance.random(size.batch) >= EMPTY_CAPTIONS
        captions = [f"a {one} {two}" if said else "" for one, two, said in zip(colours, shapes, named, strict=True)]
        both = zip(colours, shapes, strict=True)
        pixels = np.stack([drawn(one, two, chance, size.side_px) for one, two in both])  # B H W 3, in [0, 255]
        clean = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1  # B 3 H W, in [-1, 1]
        noise = torch.randn(clean.shape, generator=random)
        t = torch.randint(0, 1000, (size.batch,), generator=random)
        ids = pipe.tokenizer(captions, padding="max_length", max_length=TOKENS, return_tensors="pt").input_ids
        words = pipe.text_encoder(ids.to(device))[0]  # B L D
        guessed = pipe.unet(noising.add_noise(clean, noise, t).to(device), t.to(device), words).sample  # B 3 H W
        loss = (guessed - noise.to(device)).pow(2).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        rate.step()
        losses.append(float(loss.detach()))
    for module in modules:
        module.to("cpu").eval().requires_grad_(False)
    tenth = max(1, size.steps // 10)
    return {
        "steps": size.steps,
        "seconds": round(time.monotonic() - began, 1),
        "first_loss": round(losses[0], 4),
        "last_loss": round(sum(losses[-tenth:]) / tenth, 4),
        "unet_parameters": sum(one.numel() for one in pipe.unet.parameters()),
        "text_encoder_parameters": sum(one.numel() for one in pipe.text_encoder.parameters()),
    }


def save(pipe: Any, folder: Path) -> Path:
    """Write the folder that the trainer loads."""
    pipe.save_pretrained(folder)
    return folder
