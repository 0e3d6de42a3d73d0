"""Writes the card of the demo's model: what it is, how it was made, and the figures of that run."""

import json
from pathlib import Path
from typing import Any

from fototeca.museum.vocabulary import RARE_TOKENS

WEIGHTS = {
    "vae": "vae/diffusion_pytorch_model.safetensors",
    "unet": "unet/diffusion_pytorch_model.safetensors",
    "text encoder": "text_encoder/model.safetensors",
}
PHASES = {"vae": "encoder and decoder", "decoder": "decoder alone", "unet": "UNet and text encoder"}
LOSS = {"vae": "L1 per colour value", "decoder": "L1 per colour value", "unet": "squared error of the velocity"}

TEXT = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-image
---

# The demo's tiny model of the pampas

A latent diffusion model of 128 x 128 px pictures, small enough to ship with fototeca and to fine-tune without a GPU. It knows
drawn pictures of the pampas of Rio Grande do Sul: an araucária, a plain brown gourd, a hut, the bare land; by day, at dusk, at
night; with a high, middle or low horizon. It was trained on nothing else: no photograph, no downloaded weight.
It never saw the demo's gourd with silver rim and red band, which a fine-tuning must teach it.

Use it to try fototeca out. It is no model of the real pampas.

| part | parameters | bytes (fp16) |
|---|---|---|
{parts}
| whole folder without this page | | {folder_bytes} |

Captions follow "a gourd on the pampas at dusk, low horizon": an araucaria / a gourd / a hut on the pampas, or the pampas; by
day / at dusk / at night; high / middle / low horizon. One in ten was empty. The tokenizer keeps every word whole and has rare
tokens that were in no caption ({rare}); unknown words fall to bytes.

## How it was made

`python -m fototeca.museum.make_base --seed {seed} --pictures {pictures}`, on the processor alone: {pictures} pictures drawn in
code, and their mirror images. The noise schedule is linear and the velocity is predicted; sample it with DDIM in 25 steps at
guidance 4. {note}

| phase | steps | minutes | first loss | last loss | loss |
|---|---|---|---|---|---|
{phases}

Minutes are by the clock on two cores that others used too. The latents' scaling factor is {scaling}.

Licence: Apache-2.0, like fototeca.
"""


def write_card(folder: Path, figures: dict[str, dict[str, Any]], *, seed: int, pictures: int, note: str = "") -> None:
    """Writes `README.md` into the model's folder.

    Args:
        folder: The model, already written.
        figures: Steps, seconds and losses by step, of each phase.
        seed: What decided pictures, first weights, batches and noise.
        pictures: How many were drawn.
        note: What a reader should know about this one run, such as that it was stopped and changed.
    """
    parts = [
        f"| {name} | {_parameters(folder / path):,} | {(folder / path).stat().st_size:,} |" for name, path in WEIGHTS.items()
    ]
    phases = []
    for name, words in PHASES.items():
        told = figures[name]
        losses = list(told["losses"].values())
        phases.append(f"| {words} | {told['steps']} | {told['seconds'] / 60:.1f} | {losses[0]} | {losses[-1]} | {LOSS[name]} |")
    whole = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name != "README.md")
    config = json.loads((folder / "vae" / "config.json").read_text(encoding="utf-8"))
    text = TEXT.format(
        parts="\n".join(parts),
        folder_bytes=f"{whole:,}",
        rare=", ".join(RARE_TOKENS),
        seed=seed,
        pictures=pictures,
        phases="\n".join(phases),
        scaling=config["scaling_factor"],
        note=note,
    )
    text = "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
    (folder / "README.md").write_text(text, encoding="utf-8")


def _parameters(path: Path) -> int:
    """Counts the numbers in a safetensors file from its header, which is JSON after 8 bytes that give its length."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    total = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            size = 1
            for side in tensor["shape"]:
                size *= side
            total += size
    return total
