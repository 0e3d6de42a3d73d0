"""Where a base model is, exactly: a folder with its digest or a hub id with its commit, and the family that it belongs to."""

import hashlib
import json
from pathlib import Path
from types import ModuleType

from base.errors import UsageError
from base.files import sha256_of_file
from base.plugins import load as load_plugin
from base.plugins import names
from finetune.recipe import Model

PACKAGE = "finetune.families"
INDEX = "model_index.json"
AUTO = "auto"


def resolved(model: Model) -> tuple[str, str | None]:
    """(folder, None) of a local model, or (hub id, commit): the exact thing to load.

    Raises:
        UsageError: neither a folder with a model nor one on the hub; the message says which was tried.
    """
    folder = Path(model.id).expanduser()
    if folder.is_dir():
        if not (folder / INDEX).exists():
            raise UsageError(f"model {model.id}: the folder has no {INDEX}, so it is no model of diffusers.")
        if model.revision not in (None, digest := folder_digest(folder)):
            raise UsageError(
                f"model {model.id} has the digest {digest}, but the recipe pins {model.revision}: find the right folder."
            )
        return str(folder), None
    index = _from_hub(model.id, model.revision)
    return model.id, index.parent.name  # …/snapshots/<commit>/model_index.json


def family_of(model: Model, where: str, revision: str | None) -> ModuleType:
    """The file of `finetune/families/` that trains this model: the one named, or the one that knows its pipeline's class.

    Raises:
        UsageError: no family of that name, or none for this pipeline; the message lists those there are.
    """
    if model.family != AUTO:
        return load_plugin(PACKAGE, model.family)
    index = Path(where) / INDEX
    if not index.exists():
        index = _from_hub(where, revision)
    try:
        kind = json.loads(index.read_text(encoding="utf-8"))["_class_name"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{index} is damaged ({error}): fetch the model {model.id} again.") from error
    families = {name: load_plugin(PACKAGE, name) for name in names(PACKAGE)}
    for family in families.values():
        if kind in family.PIPELINES:
            return family
    known = "; ".join(f"{name} ({', '.join(family.PIPELINES)})" for name, family in families.items())
    raise UsageError(f"model {model.id} is a {kind}, which no family trains. Those there are: {known}.")


def shown_name(model_id: str) -> str:
    """What a person calls the model: the hub id, or the last two folders of a path."""
    return "/".join(Path(model_id).parts[-2:])


def folder_digest(folder: Path) -> str:
    """SHA-256 over the names and digests of a model folder's files: the revision of a model that has none."""
    lines = [f"{sha256_of_file(one)}  {one.relative_to(folder).as_posix()}" for one in sorted(folder.rglob("*")) if one.is_file()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _from_hub(model_id: str, revision: str | None) -> Path:
    from huggingface_hub import errors, hf_hub_download

    at = f" at revision {revision}" if revision else ""
    causes = (  # the narrower first: some of the hub's errors are kinds of others
        (errors.GatedRepoError, "is gated: accept its terms on its page on the hub, and log in with `hf auth login`"),
        (errors.RepositoryNotFoundError, "is neither a folder here nor on the hub (or it is private): check model.id"),
        (errors.RevisionNotFoundError, "has no such revision on the hub: check model.revision"),
        ((errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled),
         "is neither a folder here nor fetched yet, and the hub cannot be reached: check model.id, and get on the network"),
        (errors.EntryNotFoundError, f"has no {INDEX} on the hub, so it is no model of diffusers: check model.id"),
        (errors.HFValidationError, "is neither a folder here nor a name that the hub could have: check model.id"),
        ((errors.HfHubHTTPError, OSError, ValueError), "is no folder here, and the hub did not give it"),
    )  # fmt: skip
    try:
        return Path(hf_hub_download(model_id, INDEX, revision=revision))
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError, ValueError) as error:
        told = next(words for kinds, words in causes if isinstance(error, kinds))
        reason = (str(error).strip().splitlines() or [""])[0]
        raise UsageError(f"model {model_id!r}{at} {told}. ({type(error).__name__}: {reason})") from error
