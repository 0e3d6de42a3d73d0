"""A model in the layout of diffusers, read without loading it: its build, its revision, the size of its parts."""

import hashlib
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.errors import UsageError
from base.files import sha256_of_file

WEIGHTS = (".safetensors", ".bin")
CONFIGURATION = (".json", ".txt", ".model", ".jinja")
SMALL_FILES = ["model_index.json", "config.json", "*/config.json", "*/*.safetensors.index.json"]
DENOISERS = ("unet", "transformer", "prior")
HEADER_BYTES = 100 << 20  # the most that safetensors itself takes for a header


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where a model's small files lie: in the folder that was named, or in the hub's cache; `index` is model_index.json."""

    model: str
    folder: Path
    local: bool
    index: dict[str, Any]

    @property
    def build(self) -> str:
        """The class of diffusers that saved it, such as `StableDiffusionPipeline`."""
        return str(self.index.get("_class_name"))

    @property
    def scheduler(self) -> str:
        """The class of its own sampler; empty when it names none."""
        return str((self.index.get("scheduler") or ["", ""])[1] or "")

    @property
    def name(self) -> str:
        """The hub id, or the last two parts of the folder's path."""
        return "/".join(self.folder.resolve().parts[-2:]) if self.local else self.model

    def part(self, name: str) -> dict[str, Any]:
        """The configuration of one part, such as `vae`.

        Raises:
            UsageError: it is missing or no JSON.
        """
        return _json(self.folder / name / "config.json", self.model)

    def vae_factor(self) -> int:
        """Pixels for a latent, along a side."""
        return int(2 ** (len(self.part("vae").get("block_out_channels", [0])) - 1))

    def revision(self, asked: str | None) -> str:
        """The commit on the hub, or the digest of the folder's files.

        Raises:
            UsageError: the folder has not the digest that was asked for.
        """
        return _checked(self.model, folder_digest(self.folder), asked) if self.local else self.folder.name

    def parameters(self) -> int | None:
        """How many numbers the denoiser holds; None when its weights are not on this machine."""
        return next((count for name in DENOISERS if (count := _parameters(self.folder / name))), None)


def layout(model: str, revision: str | None) -> Layout:
    """Find the model; from the hub only small files come, and only those not in its cache.

    Raises:
        UsageError: no such model or revision, or no model in the layout of diffusers.
    """
    folder = Path(model).expanduser()
    local = folder.is_dir()
    if not local:
        folder = from_hub(model, revision, SMALL_FILES)
    return Layout(model=model, folder=folder, local=local, index=_json(folder / "model_index.json", model))


def refuse_other_builds(found: Layout, classes: tuple[str, ...], plug_in: str) -> None:
    """Let pass what a plug-in can run.

    Raises:
        UsageError: it is a model of another build.
    """
    if found.build not in classes:
        raise UsageError(
            f"{found.model} is a {found.build}: {plug_in.replace('.', '/')}.py runs {' or '.join(classes)}; "
            'plug_in = "auto" finds the right one.'
        )


def pinned(model: str, revision: str | None) -> str:
    """The revision of a part that is no whole pipeline (LoRA, ControlNet, depth estimator): its commit, or its files' digest.

    Raises:
        UsageError: there is none, or it is not the revision asked for.
    """
    path = Path(model).expanduser()
    if path.is_file():
        return _checked(model, sha256_of_file(path), revision)
    if path.is_dir():
        return _checked(model, folder_digest(path), revision)
    return from_hub(model, revision, ["*.json"]).name


def from_hub(model: str, revision: str | None, patterns: list[str]) -> Path:
    """The folder of the hub's cache that holds the model's small files; its name is the commit.

    Raises:
        UsageError: the hub does not have it, or is out of reach.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=patterns))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UsageError(
            f"the model {model!r} is no folder here and could not be had from the hub ({reason}): "
            "check the name, the revision and the network, or name a folder in the layout of diffusers."
        ) from error


def folder_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the weights, configurations and vocabularies."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (*WEIGHTS, *CONFIGURATION):
            digest.update(f"{path.relative_to(folder).as_posix()}\x1f{sha256_of_file(path)}\n".encode())
    return digest.hexdigest()


def _checked(model: str, found: str, asked: str | None) -> str:
    if asked not in (None, found):
        raise UsageError(
            f"{model} has the digest {found}, but revision asks for {asked}: use that folder, or leave revision out."
        )
    return found


def _json(path: Path, model: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise UsageError(f"{model} is no model in the layout of diffusers: {path} is missing or no JSON.") from error
    return dict(value)


def _parameters(folder: Path) -> int | None:
    """How many numbers the safetensors files of a folder hold, read from their headers; None without such files."""
    files = sorted(folder.glob("*.safetensors"))
    index = sorted(folder.glob("*.safetensors.index.json"))
    if index:  # large weights lie in several files, which the index names
        files = [folder / name for name in sorted(set(_json(index[0], str(folder)).get("weight_map", {}).values()))]
    else:
        files = files[:1]  # the same weights may lie there in several formats
    if not files or not all(path.exists() for path in files):
        return None
    return sum(map(_numbers_in, files)) or None


def _numbers_in(path: Path) -> int:
    with path.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        if length > HEADER_BYTES:
            raise UsageError(f"{path} is no safetensors file: its header would have {length} bytes. Fetch it again.")
        table = json.loads(stream.read(length))
    return sum(math.prod(entry["shape"]) for name, entry in table.items() if name != "__metadata__")
