"""How much faster batches are than one pipeline call for each variation, and whether the pictures are the same.

Run: OMP_NUM_THREADS=1 python benchmarks/augment_batching.py [--model FOLDER] [--out benchmarks/results/augment_batching.json]
The naive loop is diffusers' own `pipe(prompt, image)`, once for each variation; both use the same loaded weights.
"""

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from augment import recipe  # noqa: E402
from augment.model import Asked  # noqa: E402
from augment.models import stable_diffusion  # noqa: E402
from base.files import write_json  # noqa: E402

SIDES_PX = (32, 64, 128)
PARENTS, VARIATIONS, BATCH = 4, 8, 8
ROUNDS = 3  # the fastest counts: the machine may be shared


def main() -> None:
    """Measure every size, print a table, write it down."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--model", default=str(ROOT / "fototeca" / "museum" / "model"))
    words.add_argument("--out", type=Path)
    given = words.parse_args()
    settings = recipe.read("demo")
    facts = stable_diffusion.facts(given.model, None)
    model = stable_diffusion.load(given.model, facts.revision, device="auto", precision="float32", scheduler=settings.scheduler)
    rows = [measured(model, side_px, settings) for side_px in SIDES_PX]
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    if given.out:
        import diffusers
        import torch

        machine = {
            "device": model.device,
            "threads": torch.get_num_threads(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "steps_run": settings.steps_run,
            "guidance": settings.guidance,
            "batch": BATCH,
            "command": f"python benchmarks/augment_batching.py --out {given.out}",
        }
        write_json(given.out, {"machine": machine, "rows": rows})


def measured(model: stable_diffusion.StableDiffusion, side_px: int, settings: recipe.AugmentSettings) -> dict[str, float]:
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
    batched_s, batched = fastest(lambda: in_batches(model, asked))
    naive_s, naive = fastest(lambda: one_by_one(model, asked))
    return {
        "side_px": side_px,
        "naive_per_s": round(len(asked) / naive_s, 2),
        "batched_per_s": round(len(asked) / batched_s, 2),
        "ratio": round(naive_s / batched_s, 2),
        "largest_difference": float(np.abs(batched - naive).max()),
    }


def in_batches(model: stable_diffusion.StableDiffusion, asked: list[Asked]) -> np.ndarray:
    model.forget()
    return np.concatenate([model.pixels(asked[start : start + BATCH]) for start in range(0, len(asked), BATCH)])


def one_by_one(model: stable_diffusion.StableDiffusion, asked: list[Asked]) -> np.ndarray:
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


def fastest(work) -> tuple[float, np.ndarray]:
    best, result = float("inf"), None
    for _ in range(ROUNDS):
        begun = time.monotonic()
        result = work()
        best = min(best, time.monotonic() - begun)
    return best, result


def drawn(number: int, side_px: int) -> Image.Image:
    image = Image.new("RGB", (side_px, side_px), (90, 140, 60 + 20 * number))
    ImageDraw.Draw(image).ellipse((side_px // 4, side_px // 4, side_px // 2, side_px // 2), fill=(180, 60, 40))
    return image


if __name__ == "__main__":
    main()
