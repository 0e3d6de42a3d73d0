"""The settings of a training run, and the recipes that hold them: `finetune/recipes/<name>.toml`, or any TOML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from base.errors import FototecaError, UsageError, nearest, together
from base.settings import faults, from_table, read_toml, sound
from finetune import ranges

RECIPES_FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True, kw_only=True)
class Model:
    """The base model that is taught."""

    id: str
    """Hub id, or a folder in the layout of diffusers; one that begins with a dot is relative to the recipe's file."""
    revision: str | None = None
    """Commit, branch or tag on the hub. None takes the newest; the commit that came is recorded."""
    family: str = "auto"
    """File of `finetune/families/`; auto: the one that knows the class in the model's model_index.json."""
    licence: str = "not stated"
    """What the model card of the base says about its use; it binds what is trained from it."""
    purposes: tuple[Literal["research", "commercial"], ...] = ()
    """What that licence permits; a recipe with another purpose is refused. Empty: nobody has said, and --check says so."""


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
    targets: tuple[str, ...] = ()
    """lora: names that end the adapted layers. Empty: the family's own, the projections of every attention."""
    only: tuple[str, ...] = ()
    """full: names that end the denoiser's layers that train: "attn2.to_k" and "attn2.to_v" in Kumari et al. 2023. Empty: all."""
    text_encoder: bool = False
    """Train the text encoders too, the same way; their answers are then not cached."""


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
    mirror: bool = False
    """Show every other draw mirrored. Not for writing, coats of arms, places, or people's dress."""
    cache: bool = True
    """Keep what the frozen encoders answer on disk, in `latents/` beside the shards, for the next run."""
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

    kind: Literal["adamw", "adamw_8bit"] = "adamw"
    """adamw_8bit: both moments in 8 bits (Dettmers et al. 2022, arXiv 2110.02861; needs bitsandbytes)."""
    learning_rate: float = 1e-4
    """diffusers' LoRA DreamBooth script; the highest rate of the schedule."""
    text_encoder_learning_rate: float | None = None
    """For the text encoders; None takes learning_rate."""
    schedule: Literal["constant", "linear", "cosine", "one_cycle"] = "constant"
    """one_cycle rises over the first 30 % and falls to nearly 0 (Smith and Topin 2017); linear and cosine fall to 0."""
    warmup_steps: int = 0
    """Steps over which the rate rises from 0; not used by one_cycle."""
    betas: tuple[float, ...] = (0.9, 0.999)
    weight_decay: float = 0.01
    epsilon: float = 1e-8
    clip_norm: float = 1.0
    """Largest norm of all gradients together; 0 switches clipping off."""
    ema_decay: float = 0.0
    """Hand over a running mean of the weights: this part of it stays at each step (0.999 is usual). 0: the weights themselves."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The score before and after: denoising loss on pictures that were not trained on, at fixed noise."""

    timesteps: tuple[int, ...] = (200, 400, 600, 800, 950)
    """Of 1,000. These five were found reliable; sampled pixels were not (a measurement on five tiny models, 2026)."""
    draws: int = 1
    """Noise pictures for each timestep; more steady the score of a handful of pictures."""
    most_pictures: int = 64
    """Upper bound, in the order of the keys, of each of the two sets that are scored."""
    every: int = 0
    """Also score after each so many steps; 0: only before and after. Where it rises again, the run overfits."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How pictures are drawn when nothing else is asked."""

    steps: int = 25
    """Denoising steps of the model's own sampler."""
    guidance: float = 7.5
    """Classifier-free guidance scale; the default of diffusers' pipelines."""
    negative_prompt: str = ""
    """What to stay away from."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What is shown while the run goes on, and what is looked at when it ends."""

    grid_every: int = 0
    """Draw the prompts, with the same seeds, after each so many steps; 0: only at the end."""
    prompts: tuple[str, ...] = ()
    """May hold {token} and {noun}, each drawn for every concept. Empty: "a {token} {noun}" and "a {noun}"."""
    count: int = 4
    """Pictures a prompt; 0: no grids at all."""
    seed: int = 0
    tensorboard: bool = False
    """Also write TensorBoard's files, into tensorboard/ of the run (needs the package tensorboard)."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The search for near-copies: pictures are drawn and compared with every training picture."""

    pictures: int = 16
    """Drawn for the audit, over the training captions; 0: none, and the card says so."""
    model: str | None = None
    """SSCD's TorchScript file, sscd:<path> (Pizzi et al. 2022); None compares hashes and thumbnails only, which is weak."""
    least_likeness: float = 0.5
    """Cosine of SSCD's vectors from which a pair is called a near-copy; flagged at 0.5 in the literature (unconfirmed)."""


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
    compile: bool = False
    """Compile the denoiser's blocks (torch.compile): minutes at the start, faster steps; needs a C++ compiler."""
    kohya: bool = False
    """LoRA: also write `pytorch_lora_weights_kohya.safetensors`, for programs that read kohya's names."""
    gradient_checkpointing: bool = False
    """Compute activations twice to hold fewer: about half the memory, a third slower (an assumption, not measured)."""
    model: Model
    weights: Weights = field(default_factory=Weights)
    data: Data = field(default_factory=Data)
    objective: Objective = field(default_factory=Objective)
    optimiser: Optimiser = field(default_factory=Optimiser)
    held_out: HeldOut = field(default_factory=HeldOut)
    sampling: Sampling = field(default_factory=Sampling)
    watch: Watch = field(default_factory=Watch)
    audit: Audit = field(default_factory=Audit)

    def __post_init__(self) -> None:
        """Refuse what could only fail later.

        Raises:
            UsageError: numbers out of their range, or settings that exclude each other; the message has all of them.
        """
        if found := ranges.faults(self):
            raise together([UsageError(f"recipe {self.name}: {one}") for one in found.values()], what=f"recipe {self.name}")


def read(name: str | Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe of that name in `finetune/recipes/`, or in a TOML file.

    Args:
        name: a recipe's name, or the path of a `.toml` file.
        overrides: dotted keys with the values that replace the file's, such as `{"data.batch_size": 4}`.

    Raises:
        UsageError: no such recipe, unknown keys (the message names the nearest right one) or wrong values; all of them at once.
    """
    recipe, errors = examined(name, overrides)
    if errors:
        raise together(errors, what=f"recipe {name}")
    return recipe


def examined(name: str | Path, overrides: Mapping[str, Any] | None = None) -> tuple[Recipe, list[FototecaError]]:
    """The recipe without what is wrong in it, and everything that is: for a check that goes on to what else is wrong.

    A model.id that is missing is the empty text there.

    Raises:
        UsageError: there is no such recipe, or it is no TOML.
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
    errors: list[FototecaError] = [UsageError(one) for one in faults(Recipe, table, where=str(path))]
    if errors:
        table = sound(Recipe, table)
        table["model"] = {"id": "", **table.get("model", {})}
    wrong = ranges.faults(from_table(_Unchecked, table, where=str(path)))
    for dotted, words in wrong.items():
        errors.append(UsageError(f"{path}: {words}"))
        _drop(table, dotted.split("."))
    return from_table(Recipe, table, where=str(path)), errors


def names() -> list[str]:
    """The recipes that come with fototeca."""
    return sorted(path.stem for path in RECIPES_FOLDER.glob("*.toml"))


def _put(table: dict[str, Any], keys: list[str], value: Any) -> None:
    for number, key in enumerate(keys[:-1], start=1):
        if not isinstance(table.get(key, {}), Mapping):
            raise UsageError(f"{'.'.join(keys)}: {'.'.join(keys[:number])} is a value, no table: name it without what follows.")
        table[key] = dict(table.get(key) or {})
        table = table[key]
    table[keys[-1]] = value


def _drop(table: dict[str, Any], keys: list[str]) -> None:
    for key in keys[:-1]:
        table[key] = dict(table[key])
        table = table[key]
    table.pop(keys[-1], None)


@dataclass(frozen=True, kw_only=True)
class _Unchecked(Recipe):
    """A recipe whose ranges are not looked at yet."""

    def __post_init__(self) -> None:
        """Let all pass."""
