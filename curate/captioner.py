"""What a captioner looks like from outside: `curate/captioners/<name>.py` has `load`, and what it loads can `caption`."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from PIL import Image

from base import plugins
from base.errors import UsageError
from base.files import sha256_of_file

PACKAGE = "curate.captioners"
FORM = "write CAPTIONER:MODEL@REVISION, such as blip:Salesforce/blip-image-captioning-base@REVISION or git:FOLDER"
WEIGHTS = (".safetensors", ".bin")
CONFIGURATION = (".json", ".txt")


class Captioner(Protocol):
    """A loaded model. `name` and `revision` say which one, `language` is the tag of what it writes."""

    name: str
    revision: str
    language: str

    def caption(self, pictures: Sequence[Image.Image]) -> list[str]:
        """One caption for each RGB picture, the same at every call; empty where the model finds no words.

        Raises:
            OutOfMemoryError: the device cannot hold so many at once; a smaller batch may be tried.
        """
        ...


class PlugIn(Protocol):
    """The function of a file in `curate/captioners/`."""

    def load(self, id_or_path: str, revision: str | None, device: str) -> Captioner:
        """Load a model by its id on the hub or by its folder; `device` may be `auto`.

        Raises:
            UsageError: there is no such model, revision or device, or it is none that this plug-in can run.
            OutOfMemoryError: the device cannot hold the weights.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a specification names; `revision` None: the newest on the hub, or the folder as it is."""

    captioner: str
    model: str
    revision: str | None


@dataclass(frozen=True, kw_only=True)
class Files:
    """A model's files on this machine. `name` is its hub id, or the last two parts of its folder's path; `revision` is
    the commit on the hub (40 digits), or the digest of the folder's files (64)."""

    folder: Path
    name: str
    revision: str


def asked(spec: str) -> Asked:
    """Take `blip:ID_OR_PATH@REVISION` apart.

    Raises:
        UsageError: another form, or a captioner of which there is no plug-in; the right names are listed.
    """
    captioner, colon, rest = spec.partition(":")
    known = plugins.names(PACKAGE)
    if not colon or not rest.strip("@"):
        raise UsageError(f"{spec!r} names no captioner: {FORM}. Known: {', '.join(known)}.")
    if captioner not in known:
        plugins.load(PACKAGE, captioner)  # its refusal names the nearest right one
    model, sign, revision = rest.rpartition("@")
    if not sign or Path(rest).expanduser().is_dir():  # a folder's name may hold the sign
        return Asked(captioner=captioner, model=rest, revision=None)
    return Asked(captioner=captioner, model=model, revision=revision or None)


def load(spec: str, *, folder: Path, device: str = "auto") -> Captioner:
    """The model that a specification names; a relative path begins at `folder`.

    Raises:
        UsageError: as `asked` and the plug-in's `load`, or the libraries are not installed.
        OutOfMemoryError: the device cannot hold the weights.
    """
    one = asked(spec)
    plugin = cast(PlugIn, plugins.load(PACKAGE, one.captioner))
    here = folder / Path(one.model).expanduser()
    try:
        return plugin.load(str(here) if here.is_dir() else one.model, one.revision, device)
    except ImportError as error:
        raise UsageError(f"captions need {error.name}, which is not installed: `uv sync --extra models`.") from error


def files_of(id_or_path: str, revision: str | None, *, model_type: str) -> Files:
    """The model's files: the folder as it stands, or a snapshot from the hub, of which only what is not cached comes.

    Args:
        id_or_path: `OWNER/NAME` on the hub, or a folder.
        revision: commit, tag or branch; for a folder the digest of its files, or a part of it from its beginning.
        model_type: what its `config.json` must say. Another type would be loaded without a word, with random weights.

    Raises:
        UsageError: no such model or revision, a folder that is not the revision asked for, or a model of another type.
    """
    folder = Path(id_or_path)
    if folder.is_dir():
        digest = _digest(folder)
        if not digest.startswith(revision or ""):
            raise UsageError(f"{folder} has the digest {digest}, but {revision} is asked for: use that folder, or leave it out.")
        found = Files(folder=folder, name="/".join(folder.resolve().parts[-2:]), revision=digest)
    else:
        snapshot = _from_hub(id_or_path, revision)
        found = Files(folder=snapshot, name=id_or_path, revision=snapshot.name)
    try:
        said = dict(json.loads((found.folder / "config.json").read_text(encoding="utf-8"))).get("model_type")
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"{id_or_path} is no captioner: its config.json is missing or no JSON.") from error
    if said != model_type:
        right = f"name it as {said}:…" if said in plugins.names(PACKAGE) else f"known are {', '.join(plugins.names(PACKAGE))}"
        raise UsageError(f"{id_or_path} is a model of type {said!r}, not {model_type!r}: {right}.")
    return found


def _from_hub(model: str, revision: str | None) -> Path:
    """The folder of the hub's cache that holds the model's files; its name is the commit."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model, revision=revision, allow_patterns=["*.json", "*.txt", "*.safetensors"]))
        if not list(folder.glob("*.safetensors")):  # older models have their weights in torch's own format only
            folder = Path(snapshot_download(model, revision=revision, allow_patterns=["*.json", "*.txt", "pytorch_model*.bin"]))
        return folder
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        reason = " ".join(str(error).split())[:200]
        at = f" at {revision}" if revision else ""
        raise UsageError(
            f"the captioner {model!r}{at} is no folder here and could not be had from the hub ({reason}): "
            "check the name, the revision and the network, or name a folder in the layout of transformers."
        ) from error


def _digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the weights, configurations and vocabularies."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in (*WEIGHTS, *CONFIGURATION):
            digest.update(f"{path.name}\x1f{sha256_of_file(path)}\n".encode())
    return digest.hexdigest()
