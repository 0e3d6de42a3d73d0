"""What a model looks like from outside: `augment/models/<name>.py` has `facts` and `load`, and what it loads can `vary`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from PIL import Image

from base import plugins

PACKAGE = "augment.models"


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
    the denoiser, None when its weights are not on this machine yet.
    """

    name: str
    revision: str
    grid_px: int
    parameters: int | None


class PlugIn(Protocol):
    """The two functions of a file in `augment/models/`."""

    def facts(self, model: str, revision: str | None) -> Facts:
        """Read the model's configuration; no weights are loaded.

        Raises:
            UsageError: there is no such model, or it is none that this plug-in can run.
        """
        ...

    def load(self, model: str, revision: str, *, device: str, precision: str, scheduler: str) -> Model:
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
