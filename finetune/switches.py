"""Which weights train: adapters beside frozen weights, or weights themselves. Independent of the loss and of the family."""

import copy
from typing import Any

import torch

from base.errors import UsageError
from base.seeds import derive
from finetune.recipe import Weights


def switch_on(modules: dict[str, Any], weights: Weights, targets: tuple[str, ...], seed: int) -> dict[str, Any]:
    """Make the recipe's weights trainable, in float32; returns what answers as the base model in full training.

    Args:
        modules: what trains, by name: the denoiser, and the text encoders where they train.
        weights: the recipe's [weights].
        targets: names that end the adapted layers of each module, for LoRA.
        seed: LoRA's start derives from it, never from the ambient stream.

    Raises:
        UsageError: no layer of a module has such a name.
    """
    if weights.kind == "lora":
        for name, module in modules.items():
            _add_adapter(name, module, weights, targets, seed)
        return {}
    frozen = {}
    for name, module in modules.items():
        frozen[name] = copy.deepcopy(module).requires_grad_(False).eval()
        chosen = [one for one, _ in module.named_parameters() if not weights.only or _below(one, weights.only)]
        if not chosen:
            raise UsageError(f"weights.only = {list(weights.only)} names no layer of the {name}: look at its named_modules().")
        module.float()
        for one, parameter in module.named_parameters():
            parameter.requires_grad_(one in set(chosen))
    return frozen


def _below(parameter: str, layers: tuple[str, ...]) -> bool:
    layer = parameter.rpartition(".")[0]
    return any(layer == one or layer.endswith(f".{one}") for one in layers)


def _add_adapter(place: str, module: Any, weights: Weights, targets: tuple[str, ...], seed: int) -> None:
    from peft import LoraConfig

    config = LoraConfig(
        r=weights.rank,
        lora_alpha=weights.rank if weights.alpha is None else weights.alpha,
        init_lora_weights="gaussian",
        target_modules=list(targets),
        use_dora=weights.dora,
    )
    try:
        module.add_adapter(config)
    except ValueError as error:
        raise UsageError(f"weights.targets = {list(targets)} names no layer of the {place}: {error}") from error
    for name, one in module.named_parameters():
        if one.requires_grad:
            one.data = one.data.float()
        if one.requires_grad and "lora_A" in name:
            # the denoiser's keep the seeds that they had before text encoders could train
            words = (name,) if place == "denoiser" else (place, name)
            generator = torch.Generator().manual_seed(derive(seed, "lora", *words))
            one.data.copy_(torch.randn(one.shape, generator=generator) / weights.rank)  # peft's "gaussian": deviation 1/r
