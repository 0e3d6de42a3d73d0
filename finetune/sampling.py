"""What an objective's `sample` gets: a stock pipeline, its parts, and the modules that the objective added."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from finetune.objective import Objective
from finetune.recipe import Recipe

EXTRA_FILE = "extra.safetensors"


@dataclass
class Sampling:
    """The side of Parts that `install` and `sample` need, around a stock pipeline."""

    pipe: Any
    recipe: Recipe
    settings: Any
    device: torch.device
    extra: dict[str, torch.nn.Module] = field(default_factory=dict)
    beside: dict[str, torch.nn.Module] = field(default_factory=dict)

    @property
    def denoiser(self) -> Any:
        """The pipeline's UNet or transformer, as in Parts."""
        return next(self.modules[name] for name in ("unet", "transformer") if name in self.modules)

    @property
    def modules(self) -> dict[str, Any]:
        """Names and parts of the pipeline, as in Parts."""
        return dict(self.pipe.components)


def for_sampling(pipe: Any, recipe: Recipe, objective: Objective, folder: Path, device: torch.device) -> Sampling:
    """What an objective's `sample` gets: the pipeline and its parts, with the modules that it trained read back."""
    from safetensors.torch import load_file

    seen = Sampling(pipe, recipe, objective.settings, device)
    objective.install(seen)
    saved = load_file(folder / EXTRA_FILE) if seen.extra else {}
    for place, module in seen.extra.items():
        start = f"extra.{place}."
        module.load_state_dict(
            {name.removeprefix(start): one for name, one in saved.items() if name.startswith(start)}, strict=False
        )
        module.requires_grad_(False).to(device)
    for module in seen.beside.values():
        module.requires_grad_(False).eval().to(device)
    return seen
