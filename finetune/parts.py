"""The model in its parts, which of its weights train, and what an objective may ask of it.

What differs between model families stands in `finetune/families/<name>.py`; which loss teaches, in `finetune/objectives/`.

Legend: B batch, C latent channels, h w latents, H W pixels, L tokens, D width.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from base.errors import UsageError
from base.seeds import derive
from finetune import model_place
from finetune.objective import Objective
from finetune.recipe import Recipe
from finetune.sampling import EXTRA_FILE, Sampling
from finetune.switches import switch_on

DENOISER = "denoiser"
COMPILER = "inductor"
COMPILED_FORMS = 64
"""Forms of one block that torch.compile may keep: its widths and sizes, with and without adapter, with and without gradient."""
TEXTS_BYTES = 1 << 30
"""Memory for encoded texts; what comes beyond it is read from the disk cache, a quarter of a megabyte a text with CLIP."""
Condition = dict[str, torch.Tensor]
Predict = Callable[[torch.Tensor, torch.Tensor, Condition], torch.Tensor]


class Parts:
    """Denoiser, encoders and noise schedule of one base model, with the weights that train switched on."""

    def __init__(
        self, family: ModuleType, modules: dict[str, Any], recipe: Recipe, objective: Objective, device: torch.device
    ) -> None:
        """Freeze everything, then switch on what the recipe's [weights] and the objective's modules train."""
        self.family, self.modules, self.recipe, self.device = family, modules, recipe, device
        self.settings = objective.settings
        self.extra: dict[str, torch.nn.Module] = {}
        """Modules that the objective trains beside the denoiser, or inside it (attention processors)."""
        self.beside: dict[str, torch.nn.Module] = {}
        """Modules that the objective needs and does not train, such as a perceptual backbone; they are not saved."""
        self.denoiser: Any = modules[family.DENOISER]
        """What the loop calls; accelerate may wrap it."""
        self.text_encoders: tuple[str, ...] = tuple(family.TEXT_ENCODERS) if recipe.weights.text_encoder else ()
        """Names of the text encoders that train."""
        self._called = dict(modules)  # as modules, with what accelerate wrapped
        self._bare_extra: dict[str, torch.nn.Module] = {}
        self._conditions: dict[str, Condition] = {}
        self._on_disk: dict[str, Any] = {}  # texts beyond what memory is spent on, and the cache that holds them
        for module in modules.values():
            if isinstance(module, torch.nn.Module):
                module.requires_grad_(False).to(device)
        learning = {DENOISER: self.denoiser, **{name: modules[name] for name in self.text_encoders}}
        self._learning: dict[str, Any] = learning  # bare, whatever wraps them later
        targets = {DENOISER: recipe.weights.targets or tuple(family.TARGETS)}
        self._frozen: dict[str, Any] = {}
        for name, module in learning.items():
            own = targets.get(name, tuple(family.TEXT_TARGETS))
            wanted = recipe.weights if name == DENOISER else replace(recipe.weights, only=())  # those are the denoiser's layers
            self._frozen |= switch_on({name: module}, wanted, own, recipe.seed)
        self._idle: Sequence[torch.nn.Parameter] = getattr(family, "idle", lambda modules: ())(modules)
        self._rest()
        with torch.random.fork_rng(devices=[]):  # what is installed begins the same in every process, and in a run begun again
            torch.default_generator.manual_seed(derive(recipe.seed, "install"))
            objective.install(self)
        for module in self.extra.values():
            module.requires_grad_(True).to(device)
        for module in self.beside.values():
            module.requires_grad_(False).eval().to(device)
        if recipe.gradient_checkpointing:
            self.denoiser.enable_gradient_checkpointing()
            for name in self.text_encoders:
                modules[name].gradient_checkpointing_enable()
        self.train()

    @property
    def grid_px(self) -> int:
        """Pixels of a side that one latent stands for, times what the denoiser halves: sizes must be multiples of it."""
        return int(self.family.grid_px(self.modules))

    def train(self, mode: bool = True) -> None:
        """Whether what trains is in training mode (dropout, gradient checkpointing); sampling wants False."""
        for module in (*self._learning.values(), *self.extra.values()):
            module.train(mode)

    def trained(self) -> dict[str, torch.nn.Parameter]:
        """Every weight that trains, by a name that survives wrapping, in a fixed order."""
        extra = {f"extra.{place}": module for place, module in sorted((self._bare_extra or self.extra).items())}
        own = {id(one) for module in extra.values() for one in module.parameters()}  # some may hang in the denoiser, too
        return {
            f"{place}.{name}": one
            for place, module in (*self._learning.items(), *extra.items())
            for name, one in module.named_parameters()
            if one.requires_grad and (place in extra or id(one) not in own)
        }

    def wrapped(self) -> list[Any]:
        """What accelerate has wrapped and accumulates over: the denoiser first."""
        return [self.denoiser, *(self._called[name] for name in self.text_encoders), *self.extra.values()]

    # Pictures and words

    def encode_pixels(self, pixels: torch.Tensor) -> torch.Tensor:
        """Mean and log variance of the latents: [B, 3, H, W] in [-1, 1] to float32 [B, 2C, h, w], without gradient."""
        if self.modules["vae"].device.type != self.device.type:
            self.modules["vae"].to(self.device)  # it was shelved, and a cached answer has vanished meanwhile
        with torch.no_grad():
            return self.family.encode_pixels(self.modules, pixels.to(self.device)).float()

    def latents(self, moments: torch.Tensor, normal: Callable[[Sequence[int]], torch.Tensor] | None = None) -> torch.Tensor:
        """Scaled latents [B, C, h, w]: a draw when `normal` gives numbers of a row's shape, else the mean."""
        mean, log_variance = moments.to(self.device, non_blocking=True).float().chunk(2, dim=1)  # B C h w
        if normal is not None:
            mean = mean + torch.exp(0.5 * log_variance.clamp(-30.0, 20.0)) * normal(mean.shape[1:])
        return self.family.scaled(self.modules, mean)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Pixels [B, 3, H, W], about [-1, 1], of scaled latents [B, C, h, w]; carries gradient. Needs "vae" in KEEPS."""
        return self.family.decode(self.modules, latents)

    def learn_texts(self, texts: Sequence[str], cache: Any = None) -> None:
        """Let the frozen encoders encode each text once and keep it; the empty text is always among them.

        Args:
            texts: any number; each is encoded by itself, so that its neighbours never change it.
            cache: with `text(text) -> Condition | None` and `keep_text(text, Condition)`, asked before and told after.
        """
        for text in sorted({"", *texts} - set(self._conditions) - set(self._on_disk)):
            condition = cache.text(text) if cache else None
            stands = condition is not None
            if condition is None:
                learning = [one for one in self._learning.values() if one.training]
                self.train(False)  # a text encoder that trains would answer with dropout
                try:
                    with torch.no_grad(), self._base():
                        condition = self.family.encode_texts(self.modules, [text])
                finally:
                    self.train(bool(learning))
                condition = {name: value.float().cpu() for name, value in condition.items()}
                stands = cache.keep_text(text, condition) if cache else False
            if stands and len(self._conditions) * sum(one.nbytes for one in condition.values()) >= TEXTS_BYTES:
                self._on_disk[text] = cache
            else:
                self._conditions[text] = condition

    def condition(self, texts: Sequence[str]) -> Condition:
        """What the denoiser is told, for B texts: at least "text" [B, L, D]. With gradient where text encoders train."""
        if self.text_encoders:
            return self.family.encode_texts(self._called, list(texts))
        return self.base_condition(texts)

    def base_condition(self, texts: Sequence[str]) -> Condition:
        """The same from the frozen encoders, as the teacher wants it; no gradient."""
        read = {text: self._on_disk[text].text(text) for text in texts if text in self._on_disk}
        for text in [text for text, condition in read.items() if condition is None]:
            del self._on_disk[text], read[text]  # gone from the disk: it is encoded again, and kept in memory
        self.learn_texts(texts)
        rows = [read.get(text) or self._conditions[text] for text in texts]
        return {name: torch.cat([row[name] for row in rows]).to(self.device, non_blocking=True) for name in rows[0]}

    # Noise

    def timesteps(self, uniform: torch.Tensor) -> torch.Tensor:
        """Noise levels [B] for numbers [B] in [0, 1), drawn as the family draws them."""
        return self.family.timesteps(self.modules, uniform)

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """The latents with noise of level t, [B, C, h, w]."""
        return self.family.noised(self.modules, latents, noise, t)

    def target(self, latents: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """What the denoiser should answer: noise, velocity or flow, [B, C, h, w]."""
        return self.family.target(self.modules, latents, noise, t)

    def clean(self, noisy: torch.Tensor, predicted: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """The latents without noise that an answer of `predict` implies, [B, C, h, w]; carries gradient."""
        return self.family.clean(self.modules, noisy, predicted, t)

    def snr_weight(self, t: torch.Tensor, gamma: float | None) -> torch.Tensor:
        """Weights [B] of the rows' losses: 1, or min-SNR's when gamma is given (Hang et al. 2023, arXiv 2303.09556, eq. 9)."""
        return torch.ones(len(t), device=self.device) if gamma is None else self.family.snr_weight(self.modules, t, gamma)

    # Answers

    def predict(self, noisy: torch.Tensor, t: torch.Tensor, condition: Condition) -> torch.Tensor:
        """The denoiser's answer with the weights in training, [B, C, h, w]; carries gradient."""
        return self.family.predict(self.modules, self.denoiser, noisy, t, condition)

    @contextmanager
    def teacher(self) -> Iterator[Predict]:
        """The base model's `predict`: adapters switched off, or the frozen copy. Call it inside `torch.no_grad()`."""
        with self._base():
            denoiser = self._frozen.get(DENOISER, self._learning[DENOISER])
            yield lambda noisy, t, condition: self.family.predict(self.modules, denoiser, noisy, t, condition)

    @contextmanager
    def _base(self) -> Iterator[None]:
        """While it lasts, what has adapters answers without them, and frozen text encoders stand where trained ones did."""
        names = self.text_encoders
        if self._frozen:
            self.modules |= {name: self._frozen[name] for name in names}
        else:
            for module in self._learning.values():
                module.disable_adapters()
        try:
            yield
        finally:
            if self._frozen:
                self.modules |= {name: self._learning[name] for name in names}
            else:
                for module in self._learning.values():
                    module.enable_adapters()
                self._rest()  # peft has just let all of them train

    def _rest(self) -> None:
        """Keep out of training what never answers: distributed training would wait for its gradient."""
        for parameter in self._idle:
            parameter.requires_grad_(False)

    # Placing and saving

    def prepare(self, accelerator: Any) -> None:
        """Let accelerate wrap what trains; names and teacher stay those of the bare modules."""
        self._bare_extra = dict(self.extra)
        if self.recipe.compile:
            torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, COMPILED_FORMS)
            self.denoiser.compile_repeated_blocks(backend=COMPILER)
        self.denoiser = accelerator.prepare(self.denoiser)
        self._called |= {name: accelerator.prepare(self.modules[name]) for name in self.text_encoders}
        inside = {id(one) for one in self._learning[DENOISER].parameters()}  # wrapped with the denoiser
        self.extra = {
            name: module if any(id(one) in inside for one in module.parameters()) else accelerator.prepare(module)
            for name, module in self.extra.items()
        }

    def shelve(self, keeps: Sequence[str]) -> None:
        """Move what is not called any more (encoders, once all is cached) off the device, but for the names in `keeps`."""
        if self.device.type == "cpu":
            return
        for name, module in self.modules.items():
            staying = (self.family.DENOISER, *self.text_encoders, *keeps)
            if isinstance(module, torch.nn.Module) and name not in staying:
                module.to("cpu")
        torch.cuda.empty_cache()

    @contextmanager
    def sampling(self, *, base: bool = False) -> Iterator[Sampling]:
        """What an objective's `sample` wants, around the model as it is now, or as its base was; afterwards all is as before.

        With `base`, take `finetune.objective.stock_sample`: what the objective added is no part of the base model.
        """
        encoders = [module for module in self.modules.values() if isinstance(module, torch.nn.Module)]
        places = [next(module.parameters()).device for module in encoders]
        self.train(False)
        try:
            for module in encoders:
                module.to(self.device)
            with torch.no_grad(), self._base() if base else nullcontext():
                frozen = {self.family.DENOISER: self._frozen[DENOISER]} if base and self._frozen else {}
                pipe = self.family.assembled({**self.modules, **frozen})
                pipe.set_progress_bar_config(disable=True)
                extra = dict(self._bare_extra or self.extra)
                yield Sampling(pipe, self.recipe, self.settings, self.device, extra, self.beside)
        finally:
            for module, place in zip(encoders, places, strict=True):
                module.to(place)
            self.train()

    def save(self, folder: Path) -> list[Path]:
        """Write what was trained in the form that stock diffusers loads; returns the files or folders."""
        from safetensors.torch import save_file

        written = list(self.family.save(self.modules, self.recipe, folder))
        extra = {name: one.detach().cpu().contiguous() for name, one in self.trained().items() if name.startswith("extra.")}
        if extra:
            save_file(extra, folder / EXTRA_FILE)
            written.append(folder / EXTRA_FILE)
        return written


def load(recipe: Recipe, objective: Objective, device: torch.device, dtype: torch.dtype) -> tuple[Parts, dict[str, str]]:
    """The base model's parts, and what exactly was loaded: {"id", "revision", "licence", "family"}.

    Args:
        recipe: [model] and [weights] count here.
        objective: it may add modules that train.
        device: where the parts go.
        dtype: of the frozen weights; those that train are float32. Files in fp16 are widened on a CPU.

    Raises:
        UsageError: no such family or model, or a revision that does not exist.
    """
    where, revision = model_place.resolved(recipe.model)
    family = model_place.family_of(recipe.model, where, revision)
    family.check(recipe)  # before a model is fetched
    modules = family.load(where, revision, dtype)
    base = {
        "id": recipe.model.id,
        "revision": revision or model_place.folder_digest(Path(where)),
        "licence": recipe.model.licence,
        "family": family.__name__.rpartition(".")[2],
    }
    return Parts(family, modules, recipe, objective, device), base


def joined(*conditions: Condition) -> Condition:
    """Conditions one after another along the batch."""
    return {name: torch.cat([one[name] for one in conditions]) for name in conditions[0]}


def parted(condition: Condition, *rows: int) -> list[Condition]:
    """A condition cut along the batch into pieces of so many rows: what `joined` joined."""
    pieces = {name: value.split(list(rows)) for name, value in condition.items()}
    return [{name: piece[number] for name, piece in pieces.items()} for number in range(len(rows))]


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
