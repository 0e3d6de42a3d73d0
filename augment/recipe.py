"""The settings of an augmentation, and the recipes that hold them: `augment/recipes/<name>.toml`, or any TOML file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from augment.additions import Additions, Control, Lora
from base.errors import UsageError, nearest
from base.settings import from_table, read_toml

RECIPES_FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True, kw_only=True)
class AugmentSettings:
    """How scarce concepts are varied. The defaults are those of Cioni et al. 2023, where the paper or its code states them."""

    model: str = "stable-diffusion-v1-5/stable-diffusion-v1-5"
    """Hub id, or path of a folder in the layout of diffusers. The paper's checkpoint was not found: this one is our choice."""
    revision: str | None = None
    """Commit, branch or tag on the hub; for a folder the digest of its files. None takes what is there, and records it."""
    plug_in: str = "auto"
    """File of `augment/models/` that runs the model; auto: the one for the build that its model_index.json names."""
    variations_per_parent: int = 4
    """M of the paper's N x M set, the most that one picture gives for one concept. The paper's M was not found (its code: 1)."""
    strength: float = 0.34
    """0 returns the parent, 1 ignores it; `int(steps * strength)` steps are run."""
    guidance: float = 10.0
    """Classifier-free guidance scale; 1 or less switches it off and halves the work."""
    steps: int = 40
    """Denoising steps at strength 1."""
    scheduler: str = "EulerAncestralDiscreteScheduler"
    """Class name of the sampler in diffusers ("Euler a" of the paper); own: the one that comes with the model."""
    timestep_spacing: Literal["", "leading", "linspace", "trailing"] = ""
    """Where the sampler's steps lie; empty: as the model has it. Most few-step models want trailing."""
    loras: tuple[Lora, ...] = ()
    """Low-rank weights laid over the model, in this order; in TOML each a table [[loras]]."""
    control: Control | None = None
    """A ControlNet that holds the variation to its parent's edges or depth; in TOML a table [control]."""
    long_side_px: int = 576
    """Longest side of a variation, rounded down to the model's grid; what does not fit the grid is cropped, never stretched."""
    template: str = "{caption}"
    """The prompt: {caption}, {class_noun}, {concept} and {title} are filled in. The paper takes the caption raw."""
    prompt_suffixes: tuple[str, ...] = ()
    """Endings that the variations of one parent take in turn, such as ", at dusk"; none by default."""
    negative_prompt: str = ""
    """What to stay away from; the paper has none."""
    prompt_language: str = "en"
    """The language that the model was trained on; captions in another one are used, and the plan says so."""
    concepts: tuple[str, ...] = ()
    """Only these concepts; empty: all that are scarce."""
    batch_size: int = 8
    """Variations made at once; halved when the device's memory does not suffice."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: cuda where there is one."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """Number format of the weights; the shorter ones halve memory on a GPU, move pixels, and are slow on most CPUs."""
    seed: int = 0
    """Every variation's own seed derives from it, the parent's sha256, the concept and its number."""

    def __post_init__(self) -> None:
        """Refuse what could only fail later, when the model is loaded already.

        Raises:
            UsageError: a number out of its range; the message says which.
        """
        if not 0 < self.strength <= 1:
            raise UsageError(
                f"strength is {self.strength}: it must be above 0 (the parent itself) and at most 1 (the parent ignored)."
            )
        for name in ("steps", "variations_per_parent", "batch_size", "long_side_px"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}: it must be 1 or more.")
        if self.steps_run == 0:
            raise UsageError(
                f"steps {self.steps} x strength {self.strength} is less than one step, so nothing would change: "
                f"take at least {_least_steps(self.strength)} steps, or a greater strength."
            )

    @property
    def additions(self) -> Additions:
        """What is put on top of the model."""
        return Additions(loras=self.loras, control=self.control, timestep_spacing=self.timestep_spacing)

    @property
    def steps_run(self) -> int:
        """The denoising steps that are really run: 13 for the paper's 40 at 0.34."""
        return min(int(self.steps * self.strength), self.steps)


def read(name: str | Path, overrides: Mapping[str, Any] | None = None) -> AugmentSettings:
    """The settings of a recipe (a name of `augment/recipes/`, or a TOML file), with single values replaced by `overrides`.

    Another model in `overrides` comes without the recipe's revision.

    Raises:
        UsageError: no such recipe, or an unknown key or wrong value in it; the message names the nearest right one.
    """
    path = Path(name)
    if path.suffix != ".toml":
        if str(name) not in names():
            raise UsageError(
                f"there is no augmentation recipe {str(name)!r}: {nearest(str(name), names())} Or name a .toml file."
            )
        path = RECIPES_FOLDER / f"{name}.toml"
    table = read_toml(path)
    if overrides and "model" in overrides:
        table.pop("revision", None)  # the recipe's revision is one of the recipe's model
    return from_table(AugmentSettings, {**table, **(overrides or {})}, where=str(path))


def names() -> list[str]:
    """The recipes that come with fototeca."""
    return sorted(path.stem for path in RECIPES_FOLDER.glob("*.toml"))


def _least_steps(strength: float) -> int:
    steps = 1
    while int(steps * strength) == 0:
        steps += 1
    return steps
