"""What a model looks like from outside: `augment/models/<name>.py` has `facts` and `load`, and what it loads can `vary`.

A plug-in's `CLASSES` are the builds that it runs, by the name in a model's model_index.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from PIL import Image

from augment.additions import Additions
from base import plugins

PACKAGE = "augment.models"
ANY = "any_pipeline"
"""The plug-in for builds that no other one runs."""


class Model(Protocol):
    """A loaded model; `device` and `precision` say where and in which number format it runs."""

    device: str
    precision: str

    def vary(self, batch: "Sequence[Asked]") -> list[Image.Image]:
        """One variation of each, RGB, in the size of the picture given; the same whatever else is in the batch.

        Raises:
            OutOfMemoryError: the device cannot hold this batch; nothing was made, and a smaller one may be tried.
            NotFiniteError: the model gave no numbers, mostly for want of precision.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One variation to make. All of one batch share size, strength, guidance and steps.

    `picture` is RGB and already in the size to make; `source` names it, so that it is encoded once for all its variations.
    """

    source: str
    picture: Image.Image
    prompt: str
    negative_prompt: str
    seed: int
    strength: float
    guidance: float
    steps: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What can be known of a model without loading it.

    `name` is its hub id, or the last two parts of a folder's path. `revision` is the commit on the hub (40 digits), or
    the digest of a folder's files (64). `grid_px`: width and height must be multiples of it. `parameters` are those of
    the denoiser, None when its weights are not on this machine yet. `scheduler` is the class of the model's own sampler, and
    `flow` whether it follows a flow, so that no sampler of the older kind can run it. `takes_*`: which settings have any effect,
    `controls`: which kinds of ControlNet it can be loaded with. Guidance up to `guidance_off` is none. No side is
    shorter than `least_side_px`, and none more than `most_ratio` times the other. `flop` are the
    operations of one pass for each parameter and each place of 8 x 8 px.
    """

    name: str
    revision: str
    grid_px: int
    parameters: int | None
    scheduler: str = ""
    flow: bool = False
    takes_strength: bool = True
    takes_guidance: bool = True
    takes_negative: bool = True
    takes_loras: bool = True
    controls: tuple[str, ...] = ()
    guidance_off: float = 1.0
    least_side_px: int = 1
    most_ratio: float = float("inf")
    flop: float = 0.23  # SD 1.5: about 0.8 TFLOP a pass, 860 M parameters, 64 x 64 places; derived

    def takes_size(self, width_px: int, height_px: int) -> bool:
        """Whether the model makes pictures of this shape; its grid is not asked here."""
        shortest, longest = sorted((width_px, height_px))
        return shortest >= self.least_side_px and longest <= self.most_ratio * shortest


class PlugIn(Protocol):
    """What a file in `augment/models/` holds."""

    CLASSES: tuple[str, ...]

    def facts(self, model: str, revision: str | None) -> Facts:
        """Read the model's configuration; no weights are loaded.

        Raises:
            UsageError: there is no such model, or it is none that this plug-in can run.
        """
        ...

    def load(self, model: str, revision: str, *, device: str, precision: str, scheduler: str, additions: Additions) -> Model:
        """Load the weights; `device` may be `auto`, `precision` is a number format of torch, `scheduler` a class of diffusers.

        Raises:
            UsageError: no such scheduler or device, or the weights cannot be read.
            OutOfMemoryError: the device cannot hold the weights.
        """
        ...


def plug_in(name: str) -> PlugIn:
    """The plug-in of this name.

    Raises:
        UsageError: there is none; the message lists the right names.
    """
    return cast(PlugIn, plugins.load(PACKAGE, name))


def plug_in_for(build: str) -> str:
    """The name of the plug-in that runs models of this build, such as `StableDiffusionXLPipeline`."""
    return next((name for name in plugins.names(PACKAGE) if build in plug_in(name).CLASSES), ANY)
