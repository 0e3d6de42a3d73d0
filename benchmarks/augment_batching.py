"""How much faster batches are than one pipeline call for each variation, and whether the pictures are the same.

Run: OMP_NUM_THREADS=1 python benchmarks/augment_batching.py [--model FOLDER] [--out benchmarks/results/augment_batching.json]
On a GPU, with random weights of Stable Diffusion 1.5's shape in bf16 at 512 px, nothing is fetched:
python benchmarks/augment_batching.py --device cuda [--batch 16] [--out benchmarks/results/augment_batching_cuda.json]
The naive loop is diffusers' own `pipe(prompt, image)`, once for each variation; both use the same loaded weights. Without
--device, the exit status is 1 where 64 px, the size of the stated ratio, falls under it or a picture differs by 1e-5.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from augment import recipe  # noqa: E402
from augment.model import Asked  # noqa: E402
from augment.models import stable_diffusion  # noqa: E402
from base.files import write_json  # noqa: E402

SIDES_PX = {"cpu": (32, 64, 128), "cuda": (512,)}
STATED_AT_PX = 64
WANTED = {"cpu": 2.5, "cuda": 3.0}  # times the naive loop, from issue 5
PARENTS, VARIATIONS, BATCH = 4, 8, 8
ROUNDS = 3  # the fastest counts: the machine may be shared
LARGEST_DIFFERENCE = 1e-5  # float32; bf16 rounds at 4e-3 and batches in another order, so there it is stated, not judged
MATRIX_SIDE, MATRIX_ROUNDS = 8192, 50


def main() -> int:
    """Measure every size, print a table, write it down."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--model", default=str(ROOT / "fototeca" / "museum" / "model"))
    words.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    words.add_argument("--batch", type=int)
    words.add_argument("--out", type=Path)
    given = words.parse_args()
    on_gpu = given.device == "cuda"
    batch_size = given.batch or (16 if on_gpu else BATCH)
    settings = recipe.read("cioni-2023" if on_gpu else "demo")
    with tempfile.TemporaryDirectory() as folder:
        where = _like_sd15(Path(folder)) if on_gpu else given.model
        model = stable_diffusion.load(
            where,
            "",
            device=given.device,
            precision="bfloat16" if on_gpu else "float32",
            scheduler=settings.scheduler,
        )
    peak = matrix_peak(model) if on_gpu else None
    rows = [measured(model, side_px, settings, batch_size, peak) for side_px in SIDES_PX[given.device]]
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    if given.out:
        write_json(given.out, {"machine": machine(model, settings, batch_size, given.out), "rows": rows})
    return judged(rows, given.device)


def judged(rows: list[dict[str, Any]], device: str) -> int:
    """Say whether the ratio is reached; 1 when it is not, or when the pictures are not the same in float32."""
    stated = next((row for row in rows if row["side_px"] == STATED_AT_PX), rows[0])
    reached = stated["ratio"] >= WANTED[device]
    same = device == "cuda" or all(row["largest_difference"] < LARGEST_DIFFERENCE for row in rows)
    print(
        f"{stated['ratio']} x the naive loop at {stated['side_px']} px, {WANTED[device]} wanted: "
        f"{'reached' if reached else 'NOT reached'}; pictures {'the same' if same else 'DIFFER'}"
    )
    return 0 if reached and same else 1


def measured(model: Any, side_px: int, settings: recipe.AugmentSettings, batch_size: int, peak: float | None) -> dict[str, Any]:
    """Pictures a second both ways at one size, their ratio, and the largest difference of a pixel in [0, 1]."""
    asked = [
        Asked(
            source=f"{side_px}-{parent}",
            picture=drawn(parent, side_px),
            prompt=f"a gourd {parent} on the pampas",
            negative_prompt="",
            seed=100 * parent + number,
            strength=settings.strength,
            guidance=settings.guidance,
            steps=settings.steps,
        )
        for parent in range(PARENTS)
        for number in range(VARIATIONS)
    ]
    operations = counted(model, asked[:1]) if peak else 0
    batched_s, batched = fastest(lambda: in_batches(model, asked, batch_size))
    naive_s, naive = fastest(lambda: one_by_one(model, asked))
    row = {
        "side_px": side_px,
        "naive_per_s": round(len(asked) / naive_s, 2),
        "batched_per_s": round(len(asked) / batched_s, 2),
        "ratio": round(naive_s / batched_s, 2),
        "largest_difference": float(np.abs(batched - naive).max()),
    }
    if peak:
        row["tflop_a_picture"] = round(operations / 1e12, 2)
        row["matrix_peak_tflops"] = round(peak / 1e12, 1)
        row["share_of_peak"] = round(operations * len(asked) / batched_s / peak, 3)
        row["share_of_peak_naive"] = round(operations * len(asked) / naive_s / peak, 3)
    return row


def in_batches(model: Any, asked: list[Asked], batch_size: int) -> np.ndarray:
    model.forget()
    return np.concatenate([model.pixels(asked[start : start + batch_size]) for start in range(0, len(asked), batch_size)])


def one_by_one(model: Any, asked: list[Asked]) -> np.ndarray:
    import torch

    return np.stack(
        [
            model.pipe(
                one.prompt,
                image=one.picture,
                strength=one.strength,
                guidance_scale=one.guidance,
                num_inference_steps=one.steps,
                generator=torch.Generator().manual_seed(one.seed),
                output_type="np",
            ).images[0]
            for one in asked
        ]
    )


def fastest(work: Any) -> tuple[float, np.ndarray]:
    best, result = float("inf"), np.empty(0)
    for _ in range(ROUNDS):
        begun = time.monotonic()
        result = work()  # ends with pixels in the computer's memory, so the card is done
        best = min(best, time.monotonic() - begun)
    return best, result


def counted(model: Any, asked: list[Asked]) -> float:
    """Operations of one variation, encoding and decoding included, as torch counts its matrix products and convolutions."""
    from torch.utils.flop_counter import FlopCounterMode

    model.forget()
    with FlopCounterMode(display=False) as counter:
        model.pixels(asked)
    return float(counter.get_total_flops())


def matrix_peak(model: Any) -> float:
    """What the card really reaches in a large matrix product of this precision, operations a second: no data sheet's."""
    import torch

    left, right = (
        torch.randn(MATRIX_SIDE, MATRIX_SIDE, device=model.device, dtype=getattr(torch, model.precision)) for _ in range(2)
    )
    best = float("inf")
    for _ in range(ROUNDS + 1):
        torch.cuda.synchronize()
        begun = time.monotonic()
        for _ in range(MATRIX_ROUNDS):
            left @ right
        torch.cuda.synchronize()
        best = min(best, time.monotonic() - begun)
    return 2 * MATRIX_SIDE**3 * MATRIX_ROUNDS / best


def machine(model: Any, settings: recipe.AugmentSettings, batch_size: int, out: Path) -> dict[str, Any]:
    """What the figures were taken on."""
    import diffusers
    import torch

    return {
        "device": torch.cuda.get_device_name() if model.device == "cuda" else "cpu",
        "precision": model.precision,
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "steps_run": settings.steps_run,
        "guidance": settings.guidance,
        "batch": batch_size,
        "command": f"python benchmarks/augment_batching.py --device {model.device} --batch {batch_size} --out {out}",
    }


def _like_sd15(folder: Path) -> str:
    """A folder with random weights of Stable Diffusion 1.5's shape: 860 M in the denoiser, 84 M in the VAE, 123 M in the text."""
    import torch
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from tiny_diffusion import LENGTH, clip_tokenizer
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(7)
    text = CLIPTextConfig(
        hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, max_position_embeddings=77
    )
    tokenizer = clip_tokenizer()
    tokenizer.model_max_length = max(LENGTH, 77)
    StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
            layers_per_block=2,
            sample_size=512,
        ),
        text_encoder=CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8),
        scheduler=PNDMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return str(folder)


def drawn(number: int, side_px: int) -> Image.Image:
    image = Image.new("RGB", (side_px, side_px), (90, 140, 60 + 20 * number))
    ImageDraw.Draw(image).ellipse((side_px // 4, side_px // 4, side_px // 2, side_px // 2), fill=(180, 60, 40))
    return image


if __name__ == "__main__":
    raise SystemExit(main())
