"""Masked: DreamBooth that looks at what a picture shows, and hardly at the mount, paper or scanner's bed around it.

    L = mean w_t ‖√m (f(z_t, t, "a sks gourd …") - target)‖² + λ mean w_t ‖f(z_t, t, "a gourd …") - base(z_t, t, "a gourd …")‖²

m is 1 inside the picture's content box (`pixels/content_box.py`: uniform borders trimmed) and `outside_weight` outside, with
a mean of 1 over each picture. Museum scans lie on white paper, grey card or black velvet; a few such pictures teach a model
the mount sooner than the object. An object on a uniform ground counts as a picture with a wide border, which is meant.
Masked training is common in trainers (kohya's sd-scripts, OneTrainer), there with masks that a person draws.

Legend: B batch, C latent channels, h w latents, H W pixels.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from PIL import Image

from base.errors import UsageError
from finetune.draws import Draws
from finetune.loader import Batch
from finetune.loss_terms import Terms, both_answers, logged, noised, squared_error, taught, with_dropout
from finetune.parts import Parts
from pixels.content_box import content_box, in_pixels

CELL_PX = 4  # the mask's cells: half of a latent's side in every autoencoder with a factor of 8


@dataclass(frozen=True, kw_only=True)
class Settings(Terms):
    """The recipe's [objective.settings]."""

    outside_weight: float = 0.05
    """What the outside of the content box counts, 0 to 1. Not 0: what nothing is said about may become anything (an
    assumption, not measured)."""
    prior: Literal["teacher", "none"] = "teacher"
    """teacher: the base model's own answer to the class caption. none: no prior preservation."""

    def __post_init__(self) -> None:
        """Refuse what could only fail later.

        Raises:
            UsageError: a number out of its range; the message says which.
        """
        super().__post_init__()
        if not 0 <= self.outside_weight <= 1:
            raise UsageError(f"objective.settings.outside_weight is {self.outside_weight}: it goes from 0 to 1.")


def describe(pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    """How much of each cell of 4 x 4 pixels lies inside the content box: {"inside": [1, H/4, W/4] in [0, 1]}."""
    values = ((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)  # 3 H W
    grey = Image.fromarray(values.permute(1, 2, 0).cpu().numpy()).convert("L")
    left, top, right, bottom = in_pixels(content_box(grey), grey.size)
    rows, columns = _covered(top, bottom, grey.height), _covered(left, right, grey.width)
    return {"inside": (rows[:, None] * columns[None, :])[None]}  # 1 H/4 W/4


def loss(parts: Parts, batch: Batch, generator: Draws) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The mean loss over the batch and its two terms, "concept" (by the mask) and "prior" (unweighted)."""
    settings: Settings = parts.settings
    own = noised(parts, batch.moments, generator, settings)  # B C h w
    captions = with_dropout(batch.texts["concept"], generator, settings)
    inside = batch.extras["inside"].to(own.noisy.device).float()  # B 1 H/4 W/4
    inside = F.interpolate(inside, size=own.noisy.shape[-2:], mode="area")  # B 1 h w
    counts = settings.outside_weight + (1 - settings.outside_weight) * inside
    if settings.prior == "none" or settings.prior_weight == 0:
        concept_loss = squared_error(parts.predict(own.noisy, own.t, parts.condition(captions)), own, counts)
        return concept_loss, logged(concept=concept_loss)

    same_class = batch.texts["class"]
    held = taught(parts, own, same_class)
    learned, kept = both_answers(parts, own, captions, held, same_class)  # B C h w each
    concept_loss, prior_loss = squared_error(learned, own, counts), squared_error(kept, held)
    return concept_loss + settings.prior_weight * prior_loss, logged(concept=concept_loss, prior=prior_loss)


def _covered(start: float, end: float, length: int) -> torch.Tensor:
    """The part of each cell along one side that lies between `start` and `end` pixels, [length / 4]."""
    edges = torch.linspace(0, length, length // CELL_PX + 1)
    return (edges[1:].clamp(max=end) - edges[:-1].clamp(min=start)).clamp(min=0) / (edges[1] - edges[0])
