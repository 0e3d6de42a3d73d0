"""LoRA as files: the one that stock diffusers loads with identical output, and the one with kohya's names for other programs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from base.errors import UsageError
from finetune.recipe import Recipe
from finetune.weights_file import make_canonical

WEIGHTS_FILE = "pytorch_lora_weights.safetensors"
KOHYA_FILE = "pytorch_lora_weights_kohya.safetensors"
KOHYA_LAYERS = ("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2")
"""Layers of a UNet's attention blocks: those that sd-scripts adapts by default, and that every reader of its names knows."""

UNET = {".lora_A.": ".lora.down.", ".lora_B.": ".lora.up."}
TEXT = {
    ".lora_A.": ".lora_linear_layer.down.",
    ".lora_B.": ".lora_linear_layer.up.",
    # peft leaves ".weight" out here, and transformers 5.23 then loads a fresh magnitude, saying so only in its log
    ".lora_magnitude_vector": ".lora_magnitude_vector.weight",
}
KOHYA_KINDS = {"A.weight": "lora_down.weight", "B.weight": "lora_up.weight"}


def write(
    pipeline: Any,
    modules: Mapping[str, Any],
    recipe: Recipe,
    folder: Path,
    *,
    kohya: Mapping[str, str] | None = None,
    renamed: Callable[[str], str] = lambda path: path,
) -> list[Path]:
    """Write the adapters of the modules that have some; the same training gives the same bytes.

    Args:
        pipeline: the stock pipeline's class, which does the writing and later the loading.
        modules: by the pipeline's names: "unet" or "transformer", "text_encoder" …
        recipe: [weights] and kohya count here.
        folder: of the run.
        kohya: the beginning of kohya's names for each module, such as {"unet": "lora_unet"}.
        renamed: a layer's path in the UNet as kohya's program knows it.

    Returns:
        The files.
    """
    from peft.utils import get_peft_model_state_dict

    adapted = {name: module for name, module in modules.items() if getattr(module, "peft_config", None)}
    layers = {name: _layers(name, module, get_peft_model_state_dict(module)) for name, module in adapted.items()}
    stock = {f"{name}_lora_layers": _renamed(one, _stock_names(name)) for name, one in layers.items()}
    metadata = {
        # the path of a model on this machine is nobody's business, and would make its bytes others elsewhere
        f"{name}_lora_adapter_metadata": {**module.peft_config["default"].to_dict(), "base_model_name_or_path": None}
        for name, module in adapted.items()
    }
    pipeline.save_lora_weights(folder, safe_serialization=True, weight_name=WEIGHTS_FILE, **stock, **metadata)
    written = [folder / WEIGHTS_FILE]
    if recipe.kohya and kohya:
        _write_kohya(layers, recipe, folder / KOHYA_FILE, kohya, renamed)
        written.append(folder / KOHYA_FILE)
    for path in written:
        make_canonical(path)
    return written


def check_kohya(recipe: Recipe) -> None:
    """Whether what the recipe trains can be said in kohya's names for a UNet; nothing to check when it asks for none.

    Raises:
        UsageError: it cannot; the message says what to change.
    """
    if not recipe.kohya:
        return
    if recipe.weights.dora:
        raise UsageError(
            "kohya = true with weights.dora = true: diffusers drops kohya's DoRA scales when it loads them, so such a file could "
            "not be checked. Take dora = false, or kohya = false."
        )
    for target in recipe.weights.targets:
        if not any(target == one or target.endswith(f".{one}") for one in KOHYA_LAYERS):
            raise UsageError(
                f"kohya = true, but weights.targets names {target!r}, which has no name in kohya's form here. "
                f"Those that have one: {', '.join(KOHYA_LAYERS)}. Leave it out, or set kohya = false."
            )


def refuse_kohya(recipe: Recipe, family: str, why: str) -> None:
    """For a family whose layers have no names in kohya's form that stock diffusers reads.

    Raises:
        UsageError: the recipe asks for them.
    """
    if recipe.kohya:
        raise UsageError(f"kohya = true, but for {family} {why}, so such a file could not be checked. Set kohya = false.")


def _layers(name: str, module: Any, layers: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The adapter's tensors on the CPU; CLIP's with the "text_model." that transformers 5 took from some of its classes."""
    flat = name.startswith("text_encoder") and not hasattr(module, "text_model")
    start = "text_model." if flat else ""  # diffusers takes it off again, and older versions and other programs need it
    return {f"{start}{key}": one.detach().cpu().contiguous() for key, one in layers.items()}


def _stock_names(name: str) -> dict[str, str]:
    if name.startswith("text_encoder"):
        return TEXT
    return UNET if name == "unet" else {}  # transformers keep peft's names


def _renamed(layers: Mapping[str, torch.Tensor], names: Mapping[str, str]) -> dict[str, torch.Tensor]:
    renamed = {}
    for key, one in layers.items():
        for old, new in names.items():
            key = key.replace(old, new)
        renamed[key] = one
    return renamed


def _write_kohya(
    layers: Mapping[str, Mapping[str, torch.Tensor]],
    recipe: Recipe,
    path: Path,
    starts: Mapping[str, str],
    renamed: Callable[[str], str],
) -> None:
    """`<start>_<path with underscores>.lora_down.weight`, `.lora_up.weight` and `.alpha`, as in sd-scripts' networks/lora.py."""
    from safetensors.torch import save_file

    rank = recipe.weights.rank
    alpha = float(rank if recipe.weights.alpha is None else recipe.weights.alpha)
    tensors: dict[str, torch.Tensor] = {}
    for name, some in layers.items():
        for key, one in some.items():
            layer, _, kind = key.rpartition(".lora_")  # …attn1.to_q, A.weight
            layer = renamed(layer) if name == "unet" else layer
            flat = f"{starts[name]}_{layer.replace('.', '_')}"
            tensors[f"{flat}.{KOHYA_KINDS[kind]}"] = one
            tensors[f"{flat}.alpha"] = torch.tensor(alpha)
    about = {"ss_network_module": "networks.lora", "ss_network_dim": str(rank), "ss_network_alpha": str(alpha)}
    save_file(tensors, path, metadata=about)
