"""What a recipe may put on top of a model: LoRA weights, a ControlNet, a sampler's spacing; and how it is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from base.errors import UsageError
from base.files import canonical_json

EDGES = "canny, own, 1"
"""Our edge detector and its version: another one gives other pictures, so it is part of what a request digests."""


@dataclass(frozen=True, kw_only=True)
class Lora:
    """Low-rank weights laid over the model: a style, a subject, or what lets a model do with few steps."""

    weights: str
    """Hub id, path of a folder, or path of a .safetensors file."""
    revision: str | None = None
    """Commit, branch or tag on the hub; for files their digest. None takes what is there, and records it."""
    file: str = ""
    """Which .safetensors file, where a repository or folder holds several."""
    scale: float = 1.0
    """0 leaves the model as it is, 1 takes the weights as they were trained."""

    def __post_init__(self) -> None:
        """Refuse a scale that is not meant.

        Raises:
            UsageError: the scale is 0.
        """
        if self.scale == 0:
            raise UsageError(f"loras: the scale of {self.weights} is 0, so it would change nothing: leave it out.")


@dataclass(frozen=True, kw_only=True)
class Control:
    """A ControlNet that holds the variation to its parent's edges or depth, so that a greater strength keeps the outline."""

    kind: Literal["canny", "depth"]
    """canny: edges, found here; depth: how far things are, by the model in `estimator`."""
    model: str
    """Hub id or path of the ControlNet; it must be made for the model's build and for this kind."""
    revision: str | None = None
    """As for the model."""
    scale: float = 1.0
    """How much it weighs; 0 is without it."""
    low: int = 100
    """canny: gradients under it are no edge (0 to 1442, the sum of a Sobel operator's two parts as a length)."""
    high: int = 200
    """canny: gradients from it on are an edge, those between only where they touch one."""
    estimator: str = ""
    """depth: hub id or path of a depth estimation model of transformers."""
    estimator_revision: str | None = None
    """As for the model."""

    def __post_init__(self) -> None:
        """Refuse what could only fail when the model is loaded.

        Raises:
            UsageError: a number out of its range, or no estimator for depth.
        """
        if self.scale <= 0:
            raise UsageError(f"control: scale is {self.scale}: it must be above 0, or leave the ControlNet out.")
        if not 0 <= self.low <= self.high:
            raise UsageError(f"control: low is {self.low} and high {self.high}: 0 <= low <= high is wanted.")
        if self.kind == "depth" and not self.estimator:
            raise UsageError(
                "control: kind is 'depth', but no estimator is named: put a depth estimation model of transformers there, "
                "such as 'depth-anything/Depth-Anything-V2-Small-hf'."
            )


@dataclass(frozen=True, kw_only=True)
class Additions:
    """All of them; `timestep_spacing` replaces the scheduler's own, empty leaves it."""

    loras: tuple[Lora, ...] = ()
    control: Control | None = None
    timestep_spacing: str = ""


NOTHING = Additions()


def as_columns(additions: Additions, precision: str = "float32") -> dict[str, str | None]:
    """The columns lora, control and sampler of a request as canonical JSON, each None without such a thing.

    Files are named by the last two parts of their path and by their digest, so that a catalogue tells nobody's folders.
    """
    control = additions.control
    sampler = {"timestep_spacing": additions.timestep_spacing} if additions.timestep_spacing else {}
    if precision != "float32":  # it moves pixels
        sampler["precision"] = precision
    return {
        "lora": canonical_json([_lora(one) for one in additions.loras]) if additions.loras else None,
        "control": canonical_json(_control(control)) if control else None,
        "sampler": canonical_json(sampler) if sampler else None,
    }


def shown_name(model: str) -> str:
    """A hub id as it is; of a path the last two parts."""
    path = Path(model).expanduser()
    return "/".join(path.resolve().parts[-2:]) if path.exists() else model


def in_words(additions: Additions) -> Sequence[str]:
    """One line for each addition, for a plan's notes."""
    lines = [
        f"LoRA {shown_name(one.weights)} at {one.revision}, scale {one.scale}, is laid over the model" for one in additions.loras
    ]
    if one := additions.control:
        lines.append(f"ControlNet {shown_name(one.model)} at {one.revision}, scale {one.scale}, holds it to its {one.kind}")
    return lines


def _lora(one: Lora) -> dict[str, object]:
    return {"weights": shown_name(one.weights), "revision": one.revision, "file": one.file, "scale": one.scale}


def _control(one: Control) -> dict[str, object]:
    said: dict[str, object] = {
        "kind": one.kind,
        "model": shown_name(one.model),
        "revision": one.revision,
        "scale": one.scale,
    }
    if one.kind == "canny":
        return {**said, "edges": EDGES, "low": one.low, "high": one.high}
    return {**said, "estimator": shown_name(one.estimator), "estimator_revision": one.estimator_revision}
