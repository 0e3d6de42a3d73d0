"""The model in its parts, which of its weights train, and what an objective may ask of it.

What differs between model families stands in `finetune/families/<name>.py`; which loss teaches, in `finetune/objectives/`.

Legend: B batch, C latent channels, h w latents, L tokens, D width.
"""

import copy
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from base.errors import UsageError
from base.files import sha256_of_file
from base.plugins import load as load_plugin
from base.seeds import derive
from finetune.objective import Objective
from finetune.recipe import Model, Recipe, Weights

PACKAGE = "finetune.families"
EXTRA_FILE = "extra.safetensors"
Condition = dict[str, torch.Tensor]


class Parts:
    """Denoiser, encoders and noise schedule of one base model, with the weights that train switched on."""

    def __init__(
        self, family: ModuleType, modules: dict[str, Any], recipe: Recipe, objective: Objective, device: torch.device
    ) -> None:
        """Freeze everything, then switch on what the recipe's [weights] and the objective's modules train."""
        self.family, self.modules, self.recipe, self.device = family, modules, recipe, device
        self.settings = objective.settings
        self.extra: dict[str, torch.nn.Module] = {}
        """Modules that the objective trains beside the denoiser."""
        self.denoiser: Any = modules[family.DENOISER]
        """What the loop calls; accelerate may wrap it."""
        self._bare: Any = self.denoiser
        self._bare_extra: dict[str, torch.nn.Module] = {}
        self._frozen_copy: Any = None
        self._conditions: dict[str, Condition] = {}
        for module in modules.values():
            if isinstance(module, torch.nn.Module):
                module.requires_grad_(False).to(device)
        _switch_on(self, recipe.weights, recipe.seed)
        objective.install(self)
        for module in self.extra.values():
            module.requires_grad_(True).to(device)
        if recipe.gradient_checkpointing:
            self._bare.enable_gradient_checkpointing()
        self._bare.train()

    @property
    def grid_px(self) -> int:
        """Pixels of a side that one latent stands for, times what the denoiser halves: sizes must be multiples of it."""
        return int(self.family.grid_px(self.modules))

    def trained(self) -> dict[str, torch.nn.Parameter]:
        """Every weight that trains, by a name that survives wrapping, in a fixed order."""
        named = {f"denoiser.{name}": one for name, one in self._bare.named_parameters() if one.requires_grad}
        for place, module in sorted((self._bare_extra or self.extra).items()):
            named |= {f"extra.{place}.{name}": one for name, one in module.named_parameters() if one.requires_grad}
        return named

    def encode_pixels(self, pixels: torch.Tensor) -> torch.Tensor:
        """Mean and log variance of the latents: [B, 3, H, W] in [-1, 1] to float32 [B, 2C, h, w], without gradient."""
        with torch.no_grad():
            return self.family.encode_pixels(self.modules, pixels.to(self.device)).float()

    def latents(self, moments: torch.Tensor, normal: Callable[[Sequence[int]], torch.Tensor] | None = None) -> torch.Tensor:
        """Scaled latents [B, C, h, w]: a draw when `normal` gives numbers of a row's shape, else the mean."""
        mean, log_variance = moments.to(self.device).chunk(2, dim=1)  # B C h w
        if normal is not None:
            mean = mean + torch.exp(0.5 * log_variance.clamp(-30.0, 20.0)) * normal(mean.shape[1:])
        return self.family.scaled(self.modules, mean)

    def learn_texts(self, texts: Sequence[str]) -> None:
        """Encode each text once and keep it; the empty text is always among them."""
        new = sorted({"", *texts} - set(self._conditions))
        for text in new:
            with torch.no_grad():
                condition = self.family.encode_texts(self.modules, [text])
            self._conditions[text] = {name: value.float().cpu() for name, value in condition.items()}

    def condition(self, texts: Sequence[str]) -> Condition:
        """What the denoiser is told, for B texts: at least "text" [B, L, D]."""
        self.learn_texts([text for text in texts if text not in self._conditions])
        rows = [self._conditions[text] for text in texts]
        return {name: torch.cat([row[name] for row in rows]).to(self.device) for name in rows[0]}

    def timesteps(self, uniform: torch.Tensor) -> torch.Tensor:
        """Noise levels [B] for numbers [B] in [0, 1), drawn as the family draws them."""
        return self.family.timesteps(self.modules, uniform)

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """The latents with noise of level t, [B, C, h, w]."""
        return self.family.noised(self.modules, latents, noise, t)

    def target(self, latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """What the denoiser should answer: noise, velocity or flow, [B, C, h, w]."""
        return self.family.target(self.modules, latents, noise, t)

    def snr_weight(self, t: torch.Tensor, gamma: float | None) -> torch.Tensor:
        """Weights [B] of the rows' losses: 1, or min-SNR's when gamma is given (Hang et al. 2023, arXiv 2303.09556, eq. 9)."""
        return torch.ones(len(t), device=self.device) if gamma is None else self.family.snr_weight(self.modules, t, gamma)

    def predict(self, noisy: torch.Tensor, t: torch.Tensor, condition: Condition) -> torch.Tensor:
        """The denoiser's answer with the weights in training, [B, C, h, w]; carries gradient."""
        return self.family.predict(self.denoiser, noisy, t, condition)

    @contextmanager
    def teacher(self) -> Iterator[Callable[[torch.Tensor, torch.Tensor, Condition], torch.Tensor]]:
        """The base model's `predict`: adapters switched off, or the frozen copy. Call it inside `torch.no_grad()`."""
        if self.recipe.weights.kind == "full":
            yield lambda noisy, t, condition: self.family.predict(self._frozen_copy, noisy, t, condition)
            return
        self._bare.disable_adapters()
        try:
            yield lambda noisy, t, condition: self.family.predict(self._bare, noisy, t, condition)
        finally:
            self._bare.enable_adapters()

    def prepare(self, accelerator: Any) -> None:
        """Let accelerate wrap what trains; names and teacher stay those of the bare modules."""
        self.denoiser = accelerator.prepare(self.denoiser)
        self._bare_extra = dict(self.extra)
        self.extra = {name: accelerator.prepare(module) for name, module in self.extra.items()}

    def keep_frozen_copy(self) -> None:
        """Remember the denoiser as it is now, for `teacher` in full training; costs its memory once more."""
        self._frozen_copy = copy.deepcopy(self._bare).requires_grad_(False).eval()

    def shelve(self, keeps: Sequence[str]) -> None:
        """Move what is not called any more (encoders, once all is cached) off the device, but for the names in `keeps`."""
        if self.device.type == "cpu":
            return
        for name, module in self.modules.items():
            if isinstance(module, torch.nn.Module) and name != self.family.DENOISER and name not in keeps:
                module.to("cpu")
        torch.cuda.empty_cache()

    def save(self, folder: Path) -> list[Path]:
        """Write what was trained in the form that stock diffusers loads; returns the files or folders."""
        from safetensors.torch import save_file

        written = [self.family.save(self.modules, self.recipe.weights, folder)]
        extra = {name: one.detach().cpu().contiguous() for name, one in self.trained().items() if name.startswith("extra.")}
        if extra:
            save_file(extra, folder / EXTRA_FILE)
            written.append(folder / EXTRA_FILE)
        return written


def load(recipe: Recipe, objective: Objective, device: torch.device, dtype: torch.dtype) -> tuple[Parts, dict[str, str]]:
    """The base model's parts, and what exactly was loaded: {"id", "revision", "licence"}.

    Args:
        recipe: [model] and [weights] count here.
        objective: it may add modules that train.
        device: where the parts go.
        dtype: of the frozen weights; those that train are float32. Files in fp16 are widened on a CPU.

    Raises:
        UsageError: no such family or model, or a revision that does not exist.
    """
    family = load_plugin(PACKAGE, recipe.model.family)
    where, revision = resolved(recipe.model)
    modules = family.load(where, revision, dtype)
    base = {"id": recipe.model.id, "revision": revision or folder_digest(Path(where)), "licence": recipe.model.licence}
    return Parts(family, modules, recipe, objective, device), base


def resolved(model: Model) -> tuple[str, str | None]:
    """(folder, None) of a local model, or (hub id, commit): the exact thing to load.

    Raises:
        UsageError: neither a folder with a model nor one on the hub; the message says which was tried.
    """
    folder = Path(model.id).expanduser()
    if folder.is_dir():
        if not (folder / "model_index.json").exists():
            raise UsageError(f"model {model.id}: the folder has no model_index.json, so it is no model of diffusers.")
        if model.revision not in (None, digest := folder_digest(folder)):
            raise UsageError(
                f"model {model.id} has the digest {digest}, but the recipe pins {model.revision}: find the right folder."
            )
        return str(folder), None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        index = hf_hub_download(model.id, "model_index.json", revision=model.revision)
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        at = f" at revision {model.revision}" if model.revision else ""
        reason = str(error).strip().splitlines()[0]
        raise UsageError(
            f"model {model.id!r}{at} is neither a folder here nor a model that the hub gives ({type(error).__name__}: {reason}). "
            f"Check model.id in the recipe; a gated model needs its terms accepted, and a first load needs the network."
        ) from error
    return model.id, Path(index).parent.name  # …/snapshots/<commit>/model_index.json


def shown_name(model_id: str) -> str:
    """What a person calls the model: the hub id, or the last two folders of a path."""
    return "/".join(Path(model_id).parts[-2:])


def folder_digest(folder: Path) -> str:
    """SHA-256 over the names and digests of a model folder's files: the revision of a model that has none."""
    lines = [f"{sha256_of_file(one)}  {one.relative_to(folder).as_posix()}" for one in sorted(folder.rglob("*")) if one.is_file()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def joined(*conditions: Condition) -> Condition:
    """Conditions one after another along the batch."""
    return {name: torch.cat([one[name] for one in conditions]) for name in conditions[0]}


def _switch_on(parts: Parts, weights: Weights, seed: int) -> None:
    """Make the recipe's weights trainable, in float32. LoRA's start derives from the seed, never from the ambient stream."""
    denoiser: Any = parts.denoiser
    if weights.kind == "full":
        denoiser.requires_grad_(True).float()
        parts.keep_frozen_copy()
        return
    from peft import LoraConfig

    config = LoraConfig(
        r=weights.rank,
        lora_alpha=weights.rank if weights.alpha is None else weights.alpha,
        init_lora_weights="gaussian",
        target_modules=list(weights.targets),
        use_dora=weights.dora,
    )
    denoiser.add_adapter(config)
    for name, one in denoiser.named_parameters():
        if one.requires_grad:
            one.data = one.data.float()
        if one.requires_grad and "lora_A" in name:
            generator = torch.Generator().manual_seed(derive(seed, "lora", name))
            one.data.copy_(torch.randn(one.shape, generator=generator) / weights.rank)  # peft's "gaussian": deviation 1/r


def for_sampling(pipe: Any, recipe: Recipe, objective: Objective, folder: Path, device: torch.device) -> "Sampling":
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
    return seen


@dataclass
class Sampling:
    """The side of Parts that `install` and `sample` need, around a stock pipeline."""

    pipe: Any
    recipe: Recipe
    settings: Any
    device: torch.device
    extra: dict[str, torch.nn.Module] = field(default_factory=dict)

    @property
    def modules(self) -> dict[str, Any]:
        """Names and parts of the pipeline, as in Parts."""
        return dict(self.pipe.components)


def put(parts: Parts, tensors: Mapping[str, torch.Tensor]) -> None:
    """Copy tensors into the trained weights of the same names.

    Raises:
        UsageError: a name that this model does not train.
    """
    trained = parts.trained()
    if unknown := sorted(set(tensors) - set(trained)):
        raise UsageError(f"{unknown[0]!r} is no weight that this recipe trains: the file belongs to another recipe.")
    for name, value in tensors.items():
        trained[name].data.copy_(value)
