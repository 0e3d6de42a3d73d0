"""Trains the demo's tiny diffusion model on drawn pictures: `python -m fototeca.museum.make_base --minutes 60 --out DIR`.

B batch, H W pixels (128), h w latents (16), L tokens (24), D width of the text encoder (64). Pixels lie in [-1, 1].
The autoencoder comes first. Then two processes with a thread each go on side by side: one trains the UNet and the text
encoder on latents computed once, the other the decoder alone, which changes no latent. Every five minutes the state is kept
in the cache and the model exported, so the script can be stopped and started again.
"""

import argparse
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from fototeca.museum.drawing import Scene
from fototeca.museum.model_card import write_card
from fototeca.museum.model_parts import SIDE_PX, TOKENS, Parts, untrained_parts, write_model
from fototeca.museum.training_phase import Phase
from fototeca.museum.training_pool import drawn_pool, ornamented, training_caption

VAE_SHARE = 0.48  # of the minutes, for encoder and decoder together; the rest is for the two side by side
VAE_BATCH, DECODER_BATCH, UNET_BATCH = 8, 4, 24
CROP_PX = 64  # the autoencoder learns from crops: four times the steps in the same time, and it is local anyway
VAE_LR, DECODER_LR, UNET_LR = 1.2e-3, 8e-4, 1.2e-3  # peaks; assumptions, not searched for
KL_WEIGHT = 1e-4  # per latent number, against an L1 per colour value


def make_base(minutes: float, seed: int, out: Path, cache: Path, pictures: int, note: str) -> None:
    """Draws, trains, exports and writes the model's card.

    Args:
        minutes: Training time, the drawing not counted.
        seed: Decides pictures, first weights, batches and noise.
        out: The folder for the model.
        cache: Keeps the drawn pool and the state of a stopped run.
        pictures: How many are drawn, a multiple of 250.
        note: Goes into the card.
    """
    pool, scenes = drawn_pool(pictures, seed, cache)
    parts = untrained_parts(seed)
    figures: dict[str, dict[str, Any]] = {"vae": train_vae(parts, pool, seed, minutes * VAE_SHARE, cache, out)}
    latents = latents_of(parts, pool, cache / f"latents-{figures['vae']['steps']}.pt")
    scaling = round(1 / float(latents.std()), 5)
    parts.vae.register_to_config(scaling_factor=scaling)
    rest = minutes * (1 - VAE_SHARE)
    decoder = get_context("spawn").Process(target=train_decoder, args=(seed, rest, cache, out, pictures, scaling), daemon=True)
    decoder.start()
    torch.set_num_threads(1)
    figures["unet"] = train_unet(parts, latents, scenes, seed, rest, cache, out)
    decoder.join()
    if decoder.exitcode != 0:
        raise SystemExit(f"The decoder's training ended with exit code {decoder.exitcode}; start again to go on.")
    figures["decoder"] = torch.load(cache / "decoder.pt", weights_only=True)
    write_card(out, figures, seed=seed, pictures=pictures, note=note)


def train_vae(parts: Parts, pictures: NDArray[np.uint8], seed: int, minutes: float, cache: Path, out: Path) -> dict[str, Any]:
    """Trains encoder and decoder until `minutes` are spent on it, earlier runs included; gives the figures."""
    vae = parts.vae.to(memory_format=torch.channels_last)
    phase = Phase(
        "vae", {"vae": vae}, [*vae.parameters()], lr=VAE_LR, minutes=minutes, cache=cache, export=lambda: write_model(parts, out)
    )
    numbers, noise = chance(seed, 1, phase.steps)
    while phase.goes_on():
        phase.learn(*vae_loss(parts, varied_batch(pictures, numbers, VAE_BATCH, CROP_PX), noise))
    phase.keep()
    return phase.figures()


def train_decoder(seed: int, minutes: float, cache: Path, out: Path, pictures: int, scaling: float) -> None:
    """Trains the decoder alone, in a process of its own: sharper pictures from the same latents."""
    torch.set_num_threads(1)
    pool, _ = drawn_pool(pictures, seed, cache)
    parts = untrained_parts(seed)
    parts.vae.load_state_dict(torch.load(cache / "vae.pt", weights_only=True)["vae"])
    parts.vae.register_to_config(scaling_factor=scaling)
    vae = parts.vae.to(memory_format=torch.channels_last)
    weights = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    phase = Phase(
        "decoder", {"vae": vae}, weights, lr=DECODER_LR, minutes=minutes, cache=cache,
        export=lambda: write_model(parts, out, only=("vae",)),
    )  # fmt: skip
    numbers, noise = chance(seed, 2, phase.steps)
    while phase.goes_on():
        phase.learn(*vae_loss(parts, varied_batch(pool, numbers, DECODER_BATCH, SIDE_PX), noise, encoder_too=False))
    phase.keep()


def train_unet(
    parts: Parts, latents: torch.Tensor, scenes: list[Scene], seed: int, minutes: float, cache: Path, out: Path
) -> dict[str, Any]:
    """Trains UNet and text encoder to predict the velocity, until `minutes` are spent on it; gives the figures.

    Source: Salimans and Ho 2022, "Progressive Distillation for Fast Sampling of Diffusion Models", appendix D.
    """
    modules = {"unet": parts.unet, "text": parts.text_encoder}
    weights = [*parts.unet.parameters(), *parts.text_encoder.parameters()]
    phase = Phase(
        "unet", modules, weights, lr=UNET_LR, minutes=minutes, cache=cache, averaged=True,
        export=lambda: write_model(parts, out, only=("unet", "text_encoder")),
    )  # fmt: skip
    numbers, random = chance(seed, 3, phase.steps)
    while phase.goes_on():
        chosen = numbers.integers(len(latents), size=UNET_BATCH)
        captions = [training_caption(scenes[index % len(scenes)], numbers) for index in chosen]
        tokens = parts.tokenizer(captions, padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt")
        clean = latents[torch.from_numpy(chosen)] * parts.vae.config.scaling_factor  # [B, 4, h, w]
        noise = torch.randn(clean.shape, generator=random)
        steps = torch.randint(0, parts.scheduler.config.num_train_timesteps, (UNET_BATCH,), generator=random)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            words = parts.text_encoder(tokens.input_ids)[0]  # [B, L, D]
            guessed = parts.unet(parts.scheduler.add_noise(clean, noise, steps), steps, words).sample.float()
        wanted = parts.scheduler.get_velocity(clean, noise, steps)
        loss = functional.mse_loss(guessed, wanted)
        phase.learn(loss, loss)
    phase.keep()
    phase.mean.copy_to(weights)  # type: ignore[union-attr]  # this phase keeps a mean
    return phase.figures()


def vae_loss(
    parts: Parts, pixels: torch.Tensor, noise: torch.Generator, encoder_too: bool = True
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gives the loss and its L1 alone: L1 on pixels, on differences of neighbours (edges) and on 4 x 4 means, and a small KL.

    A picture of little contrast, such as a night, counts up to three times: otherwise a tree at night may as well be absent.
    """
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with torch.set_grad_enabled(encoder_too):
            posterior = parts.vae.encode(pixels).latent_dist
        seen = parts.vae.decode(posterior.sample(noise)).sample.float()  # [B, 3, H, W]
    weight = (0.45 / pixels.std(dim=(1, 2, 3), keepdim=True)).clamp(0.7, 3.0)  # [B, 1, 1, 1]
    missed = (seen - pixels) * weight
    edges = missed.diff(dim=2).abs().mean() + missed.diff(dim=3).abs().mean()
    coarse = functional.avg_pool2d(missed, 4).abs().mean()
    kl = 0.5 * (posterior.mean.float() ** 2 + posterior.var.float() - 1 - posterior.logvar.float()).mean()
    return missed.abs().mean() + 0.7 * edges + 0.5 * coarse + KL_WEIGHT * kl, functional.l1_loss(seen, pixels)


def varied_batch(pictures: NDArray[np.uint8], numbers: np.random.Generator, size: int, side_px: int) -> torch.Tensor:
    """Draws a batch [B, 3, H, W] of square crops for the autoencoder: some ornamented, some mirrored, some in other colours."""
    batch = []
    for picture in pictures[numbers.integers(len(pictures), size=size)]:
        if numbers.random() < 0.2:
            picture = ornamented(picture, numbers)
        if numbers.random() < 0.05:
            picture = picture[..., numbers.permutation(3)]
        top, left = numbers.integers(SIDE_PX - side_px + 1, size=2)
        crop = picture[top : top + side_px, left : left + side_px]
        batch.append(crop[:, ::-1] if numbers.random() < 0.5 else crop)
    return as_pixels(np.stack(batch))


def as_pixels(pictures: NDArray[np.uint8]) -> torch.Tensor:
    """Turns [B, H, W, 3] in 0..255 into [B, 3, H, W] in [-1, 1]."""
    scaled = torch.from_numpy(pictures.astype(np.float32) / 127.5 - 1)
    return scaled.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def latents_of(parts: Parts, pictures: NDArray[np.uint8], kept: Path) -> torch.Tensor:
    """Encodes pictures and their mirror images, [2N, 4, h, w]: all as drawn, then all mirrored. Unscaled; once, into `kept`."""
    if kept.exists():
        return torch.load(kept, weights_only=True)
    both = []
    for turned in (pictures, pictures[:, :, ::-1]):
        for start in range(0, len(pictures), 50):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                both.append(parts.vae.encode(as_pixels(turned[start : start + 50])).latent_dist.mean.float())
    torch.save(torch.cat(both), kept)
    return torch.cat(both)


def chance(seed: int, phase: int, steps: int) -> tuple[np.random.Generator, torch.Generator]:
    """Gives the generators of a phase; a phase taken up after a stop draws new numbers instead of the first ones again."""
    torch_seed = int(np.random.SeedSequence([seed, phase, steps]).generate_state(1)[0])
    return np.random.default_rng([seed, phase, steps]), torch.Generator().manual_seed(torch_seed)


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description="Train the demo's tiny diffusion model on drawn pictures.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("/tmp/fototeca-base"))
    parser.add_argument("--pictures", type=int, default=6000)
    parser.add_argument("--note", default="", help="a sentence for the model's card")
    asked = parser.parse_args()
    asked.cache.mkdir(parents=True, exist_ok=True)
    make_base(asked.minutes, asked.seed, asked.out, asked.cache, asked.pictures, asked.note)


if __name__ == "__main__":
    main()
