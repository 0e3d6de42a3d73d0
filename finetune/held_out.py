"""The score that says whether anything was learned: denoising loss on unseen pictures, at fixed noise and fixed timesteps.

Sampled pixels were found to say little about tiny models and small sets; this loss was reliable over seeds (measured 2026).

Legend: B rows, C latent channels, h w latents.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from base.seeds import derive
from finetune.data import Item, Samples
from finetune.loader import Loader
from finetune.parts import Parts
from finetune.recipe import HeldOut, Recipe

FIXED_SEED = 0  # not the run's: two runs are scored on the same noise
LEAST_ROWS = 4


@dataclass(frozen=True, kw_only=True)
class Score:
    """Mean squared errors; lower is better but for `gap`. None where there is nothing to measure."""

    split: str
    """Where the pictures came from: val, test, or "train" when the shards hold no others (then this is no held-out score)."""
    pictures: int
    concept: float
    """Pictures of the concept under their own captions, with the rare token: has it been learned?"""
    class_caption: float | None
    """The same pictures under the class caption."""
    gap: float | None
    """class_caption minus concept: is the concept bound to its token?"""
    others: float | None
    """Pictures of the same split without the concept under their own captions: does the model still know them?"""
    class_drift: float | None
    """How far answers to the class caption have moved from the base model's: what prior preservation holds near 0."""


def to_score(samples: Samples) -> tuple[str, tuple[Item, ...]]:
    """The split that is scored and its pictures of the concept: val, else test, else train (which is said)."""
    if samples.held_out_split:
        return samples.held_out_split, samples.held_out
    return "train", samples.train


def score(parts: Parts, loader: Loader, settings: HeldOut, tell: Callable[[str, int, int], None]) -> dict[str, Any]:
    """The fields of a Score of the model as it is now, without dropout, on moments that the loader already holds."""
    tell("held-out score", 0, 1)
    parts.train(False)
    try:
        found = _scored(parts, loader, settings)
    finally:
        parts.train()
    tell("held-out score", 1, 1)
    return dataclasses.asdict(found)


def _scored(parts: Parts, loader: Loader, settings: HeldOut) -> Score:
    split, pictures = to_score(loader.samples)
    pictures = pictures[: settings.most_pictures]
    texts = [loader.texts(item) for item in pictures]
    own = [one.get("concept", item.caption) for one, item in zip(texts, pictures, strict=True)]
    concept, _ = _mean_loss(parts, loader, settings, pictures, own)
    class_caption = class_drift = others = None
    if all("class" in one for one in texts):
        class_caption, class_drift = _mean_loss(parts, loader, settings, pictures, [one["class"] for one in texts], drift=True)
    if unseen := loader.samples.others:
        others, _ = _mean_loss(parts, loader, settings, unseen, [item.caption for item in unseen])
    gap = None if class_caption is None else class_caption - concept
    return Score(
        split=split,
        pictures=len(pictures),
        concept=concept,
        class_caption=class_caption,
        gap=gap,
        others=others,
        class_drift=class_drift,
    )


def rows_at_once(recipe: Recipe) -> int:
    """Rows scored at once: without gradient, twice a batch takes less memory than its training."""
    return max(LEAST_ROWS, 2 * recipe.data.batch_size)


def named(fields: dict[str, Any]) -> dict[str, float]:
    """A score's numbers for a line of metrics.jsonl."""
    return {f"held_out_{name}": one for name, one in fields.items() if isinstance(one, float)}


def _mean_loss(
    parts: Parts, loader: Loader, settings: HeldOut, items: Sequence[Item], captions: Sequence[str], *, drift: bool = False
) -> tuple[float, float | None]:
    """Mean over pictures, timesteps and draws, and the mean squared distance to the base model's answers when asked for."""
    rows = [
        (item, caption, t, number)
        for item, caption in sorted(zip(items, captions, strict=True), key=lambda pair: pair[0].size_px)
        for t in settings.timesteps
        for number in range(settings.draws)
    ]
    total = total_drift = 0.0
    start = 0
    while start < len(rows):
        size_px = rows[start][0].size_px
        some = [row for row in rows[start : start + rows_at_once(parts.recipe)] if row[0].size_px == size_px]
        start += len(some)
        moments = loader.moments_of([item for item, _, _, _ in some])  # B 2C h w
        latents = parts.latents(moments)  # B C h w
        noise = torch.stack([_noise(item.key, t, number, latents.shape[1:]) for item, _, t, number in some]).to(parts.device)
        t = torch.tensor([t for _, _, t, _ in some], device=parts.device)  # B
        noisy, target = parts.noised(latents, noise, t), parts.target(latents, noise, t)  # B C h w
        condition = parts.condition([caption for _, caption, _, _ in some])
        with torch.no_grad():
            predicted = parts.predict(noisy, t, condition).float()
            total += (predicted - target).pow(2).mean(dim=(1, 2, 3)).sum().item()
            if drift:
                base = parts.base_condition([caption for _, caption, _, _ in some])
                with parts.teacher() as teacher:
                    taught = teacher(noisy, t, base).float()
                total_drift += (predicted - taught).pow(2).mean(dim=(1, 2, 3)).sum().item()
    return total / len(rows), total_drift / len(rows) if drift else None


def _noise(key: str, t: int, number: int, shape: Sequence[int]) -> torch.Tensor:
    generator = torch.Generator().manual_seed(derive(FIXED_SEED, "held out", key, t, number))
    return torch.randn(tuple(shape), generator=generator)
