"""What a specification of a model asks for, and the version that its vectors carry; reads files' digests, loads no library."""

from dataclasses import dataclass
from pathlib import Path

from base.errors import UsageError
from base.files import sha256_of_file
from pixels.decode import DECODE_VERSION

CODE_VERSION = "embed/1"
"""Raise it when `pixels/embed.py` may move a number."""
FORMS = (
    "write MODEL@TAG (ViT-B-32@laion2b_s34b_b79k), MODEL@PATH of a file with weights, hf-hub:OWNER/NAME@REVISION, "
    "or random:MODEL for a trial"
)
WEIGHTS_ENDINGS = (".pt", ".pth", ".bin", ".safetensors", ".npz", ".npy")
DIGITS = 16
"""Hexadecimal digits of a file's SHA-256 in a version: enough to tell any two files apart."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A specification taken apart. `source`: tag, file, hub or random; `weights` its tag, path or revision; `called` names it."""

    source: str
    model: str
    weights: str
    called: str


def version(spec: str, *, folder: Path = Path()) -> str:
    """What the vectors of `pixels.embed.load(spec)` are called.

    Raises:
        UsageError: the specification has no known form, or its file is not there.
    """
    return f"open_clip:{asked_model(spec, folder).called}/{DECODE_VERSION}/{CODE_VERSION}"


def copy_version(spec: str, *, folder: Path = Path()) -> str:
    """What the vectors of `pixels.embed.load_copy(spec)` are called.

    Raises:
        UsageError: there is no such file.
    """
    return f"sscd:sha256:{sha256_of_file(asked_copy_file(spec, folder))[:DIGITS]}/{DECODE_VERSION}/{CODE_VERSION}"


def asked_model(spec: str, folder: Path) -> Asked:
    """Which open_clip model, and from where its weights come; relative paths start at `folder`.

    Raises:
        UsageError: the specification has no known form, or its file is not there.
    """
    if spec.startswith("random:"):
        return Asked(source="random", model=spec.removeprefix("random:"), weights="", called=spec)
    model, at, weights = spec.partition("@")
    if not (model and at and weights):
        raise UsageError(f"{spec!r} does not say which weights: {FORMS}.")
    if spec.startswith("hf-hub:"):
        return Asked(source="hub", model=model.removeprefix("hf-hub:"), weights=weights, called=spec)
    path = folder / Path(weights).expanduser()
    if path.is_file():
        return Asked(source="file", model=model, weights=str(path), called=f"{model}@sha256:{sha256_of_file(path)[:DIGITS]}")
    if "/" in weights or weights.endswith(WEIGHTS_ENDINGS):
        raise UsageError(f"{spec!r}: there is no file {path}: put the weights there, or {FORMS}.")
    return Asked(source="tag", model=model, weights=weights, called=spec)


def asked_copy_file(spec: str, folder: Path) -> Path:
    """The TorchScript file of a model for copies.

    Raises:
        UsageError: there is no such file.
    """
    path = folder / Path(spec).expanduser()
    if not path.is_file():
        raise UsageError(
            f"copy_embedding names {spec!r}, but there is no file {path}: fetch an SSCD TorchScript file "
            "(github.com/facebookresearch/sscd-copy-detection) and name its path, or leave copy_embedding out."
        )
    return path
