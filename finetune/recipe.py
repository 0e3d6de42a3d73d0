"""The settings of a training run, and the recipes that hold them: `finetune/recipes/<name>.toml`, or any TOML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from base.errors import UsageError, nearest
from base.settings import from_table, read_toml

RECIPES_FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True, kw_only=True)
class Model:
    """The base model that is taught."""

    id: str
    """Hub id, or a folder in the layout of diffusers; one that begins with a dot is relative to the recipe's file."""
    revision: str | None = None
    """Commit, branch or tag on the hub. None takes the newest; the commit that came is recorded."""
    family: str = "stable_diffusion"
    """File of `finetune/families/`."""
    licence: str = "not stated"
    """What the model card of the base says about its use; it binds what is trained from it."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Which weights train. Independent of the objective."""

    kind: Literal["lora", "full"] = "lora"
    """lora: small matrices beside frozen weights. full: every weight of the denoiser (a frozen copy stays as the teacher)."""
    rank: int = 16
    """LoRA rank; on SD 1.5 each step of it adds 199,296 parameters with the four targets below."""
    alpha: int | None = None
    """LoRA scale times rank; None takes the rank, a scale of 1."""
    dora: bool = False
    """Weight-decomposed LoRA (Liu et al. 2024, arXiv 2402.09353): magnitude and direction apart."""
    targets: tuple[str, ...] = ("to_k", "to_q", "to_v", "to_out.0")
    """Names that end the adapted layers; these are the projections of every attention."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the run takes from the shards."""

    concepts: tuple[str, ...] = ()
    """Names of the concepts to teach; empty: all that the training samples depict."""
    size_px: int = 512
    """Side of the square whose area every picture is brought to."""
    aspect_buckets: bool = True
    """Keep each picture's proportions, to the nearest of a few shapes; False: a square from the middle."""
    batch_size: int = 1
    """Pictures a micro-step and process."""
    accumulation: int = 1
    """Micro-steps a step. More lowers no memory at the same batch_size; it only makes the batch larger."""
    alpha: float = 0.0
    """Probability that a real picture's turn is taken by one of its variations (Cioni et al. 2023: 0.5)."""
    balance_concepts: bool = True
    """Show each concept equally often, however many pictures it has."""
    fallback_caption: str = "a {token} {noun}, {caption}"
    """For a caption that names neither the concept nor its class noun; the class caption leaves {token} out."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """Which loss teaches. Independent of the weights."""

    name: str = "dreambooth"
    """File of `finetune/objectives/`."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Checked against that file's `Settings`."""


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """AdamW and its learning rate over time."""

    learning_rate: float = 1e-4
    """diffusers' LoRA DreamBooth script; the highest rate of the schedule."""
    schedule: Literal["constant", "linear", "cosine", "one_cycle"] = "constant"
    """one_cycle rises over the first 30 % and falls to nearly 0 (Smith and Topin 2017); linear and cosine fall to 0."""
    warmup_steps: int = 0
    """Steps over which the rate rises from 0; not used by one_cycle."""
    betas: tuple[float, ...] = (0.9, 0.999)
    weight_decay: float = 0.01
    epsilon: float = 1e-8
    clip_norm: float = 1.0
    """Largest norm of all gradients together; 0 switches clipping off."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The score before and after: denoising loss on pictures that were not trained on, at fixed noise."""

    timesteps: tuple[int, ...] = (200, 400, 600, 800, 950)
    """Of 1,000. These five were found reliable; sampled pixels were not (a measurement on five tiny models, 2026)."""
    draws: int = 1
    """Noise pictures for each timestep; more steady the score of a handful of pictures."""
    most_pictures: int = 64
    """Upper bound, in the order of the keys, of each of the two sets that are scored."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How pictures are drawn when nothing else is asked."""

    steps: int = 25
    """Denoising steps of the model's own sampler."""
    guidance: float = 7.5
    """Classifier-free guidance scale; the default of diffusers' pipelines."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training run, in full: with the shards it decides every weight."""

    name: str = "recipe"
    """The recipe's file, without its ending."""
    purpose: Literal["research", "commercial"] = "research"
    """Samples that do not permit it are refused."""
    seed: int = 0
    steps: int = 500
    """Optimiser updates."""
    checkpoint_every: int = 100
    """Steps between checkpoints; the last step always makes one."""
    checkpoints_kept: int = 2
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "no", "bf16", "fp16"] = "auto"
    """auto: float32 on a CPU, bf16 on a GPU. Trained weights stay float32 in every case."""
    gradient_checkpointing: bool = False
    """Compute activations twice to hold fewer: about half the memory, a third slower (an assumption, not measured)."""
    model: Model
    weights: Weights = field(default_factory=Weights)
    data: Data = field(default_factory=Data)
    objective: Objective = field(default_factory=Objective)
    optimiser: Optimiser = field(default_factory=Optimiser)
    held_out: HeldOut = field(default_factory=HeldOut)
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        """Refuse what could only fail later.

        Raises:
            UsageError: a number out of its range; the message says which.
        """
        least_one = {
            "steps": self.steps, "checkpoint_every": self.checkpoint_every, "checkpoints_kept": self.checkpoints_kept,
            "weights.rank": self.weights.rank, "data.size_px": self.data.size_px, "data.batch_size": self.data.batch_size,
            "data.accumulation": self.data.accumulation, "held_out.draws": self.held_out.draws,
        }  # fmt: skip
        for name, value in least_one.items():
            if value < 1:
                raise UsageError(f"recipe {self.name}: {name} is {value}: it must be 1 or more.")
        if not 0 <= self.data.alpha <= 1:
            raise UsageError(f"recipe {self.name}: data.alpha is {self.data.alpha}: it is a probability, from 0 to 1.")
        if any(not 0 <= one < 1000 for one in self.held_out.timesteps):
            raise UsageError(f"recipe {self.name}: held_out.timesteps {self.held_out.timesteps} must lie in 0 to 999.")


def read(name: str | Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe of that name in `finetune/recipes/`, or in a TOML file.

    Args:
        name: a recipe's name, or the path of a `.toml` file.
        overrides: dotted keys with the values that replace the file's, such as `{"data.batch_size": 4}`.

    Raises:
        UsageError: no such recipe, an unknown key (the message names the nearest right one) or a wrong value.
    """
    path = Path(name)
    if path.suffix != ".toml":
        if str(name) not in names():
            raise UsageError(f"there is no recipe {str(name)!r}: {nearest(str(name), names())} Or name a .toml file.")
        path = RECIPES_FOLDER / f"{name}.toml"
    table = {"name": path.stem, **read_toml(path)}
    for dotted, value in (overrides or {}).items():
        _put(table, dotted.split("."), value)
    model = table.get("model")
    if isinstance(model, dict) and str(model.get("id", "")).startswith("."):
        table["model"] = {**model, "id": str((path.parent / model["id"]).resolve())}
    return from_table(Recipe, table, where=str(path))


def names() -> list[str]:
    """The recipes that come with fototeca."""
    return sorted(path.stem for path in RECIPES_FOLDER.glob("*.toml"))


def _put(table: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        table[key] = dict(table.get(key) or {})
        table = table[key]
    table[keys[-1]] = value
