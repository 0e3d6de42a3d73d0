"""The optimiser that a recipe asks for, over the weights that train."""

from typing import Any

import torch

from base.errors import UsageError
from finetune.parts import DENOISER, Parts
from finetune.recipe import Optimiser

SHARE = "share"  # key of a group: its rate as a part of the recipe's


def build(parts: Parts, settings: Optimiser) -> Any:
    """AdamW over two groups at most: denoiser and extra modules, and text encoders with a rate of their own.

    Raises:
        UsageError: 8 bits are asked for, and bitsandbytes is not installed.
    """
    own: dict[bool, list[torch.nn.Parameter]] = {True: [], False: []}
    for name, one in parts.trained().items():
        own[name.startswith((f"{DENOISER}.", "extra."))].append(one)
    text = settings.text_encoder_learning_rate
    share = 1.0 if text is None else text / settings.learning_rate
    groups = [{"params": some, SHARE: 1.0 if first else share} for first, some in own.items() if some]
    # Fused: 3 ms a step in place of 8 (tiny UNet, CPU, 2026-11-21), and on a GPU no copy of all trained weights (torch's code)
    more = {"fused": True} if settings.kind == "adamw" and parts.device.type in ("cpu", "cuda") else {}
    return _class(settings)(
        groups,
        lr=settings.learning_rate,
        betas=(settings.betas[0], settings.betas[1]),
        eps=settings.epsilon,
        weight_decay=settings.weight_decay,
        **more,
    )


def set_rate(optimiser: Any, rate: float) -> None:
    """Give every group this step's rate, times the group's share."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group[SHARE]


def _class(settings: Optimiser) -> Any:
    if settings.kind == "adamw":
        return torch.optim.AdamW
    try:
        from bitsandbytes.optim.adamw import AdamW8bit
    except ImportError as error:
        raise UsageError(
            'optimiser.kind = "adamw_8bit" needs bitsandbytes, which is not installed here: '
            '`pip install "fototeca[eightbit]"`, or take "adamw".'
        ) from error
    return AdamW8bit
