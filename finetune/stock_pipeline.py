"""A stock pipeline of diffusers for one family, or an error that says which model was named instead."""

import json
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import torch

from base.errors import UsageError
from base.files import write_text
from finetune import shapes
from finetune.quiet import quiet

SHAPES_ONLY: ContextVar[bool] = ContextVar("shapes_only", default=False)
"""True while an estimate wants every network without its weights, which are then neither read nor fetched."""
ORIGIN = "_name_or_path"
"""Where a part was loaded from: a folder of this machine, often with a person's name in it."""
TEXT_ENCODER = "text_encoder"  # how the names of all of them begin


def opened(
    kinds: tuple[str, ...],
    where: str,
    revision: str | None,
    dtype: torch.dtype | Mapping[str, torch.dtype],
    *,
    may_lack: tuple[str, ...] = (),
    **options: Any,
) -> Any:
    """The pipeline at that place.

    Args:
        kinds: classes that the family trains; the first one is loaded.
        where: folder or hub id.
        revision: commit on the hub, None for a folder.
        dtype: of every part, or of each by name with "default" for the rest.
        may_lack: names of parts that the model may have been saved without; they are None then.
        options: for the pipeline, such as `safety_checker=None`.

    Raises:
        UsageError: the model is of another family, or its files are not all there.
    """
    import diffusers

    advice = "Check model.id and model.family in the recipe."
    try:
        with quiet():
            index = diffusers.DiffusionPipeline.load_config(where, revision=revision)
            if (found := index.get("_class_name")) not in kinds:
                raise UsageError(f"model {where} is a {found}, not a {' or '.join(kinds)}. {advice}")
            options |= {name: None for name in may_lack if not (index.get(name) or [None])[0]}
            wanted = dtype if isinstance(dtype, torch.dtype) else dict(dtype)
            if SHAPES_ONLY.get():
                options |= shapes.components(where, revision, wanted if isinstance(wanted, dict) else {"default": wanted})
            pipe = getattr(diffusers, kinds[0]).from_pretrained(where, revision=revision, dtype=wanted, **options)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"model {where} does not load as {kinds[0]}: {error}. {advice}") from error
    for name, part in pipe.components.items():
        if name.startswith(TEXT_ENCODER) and part is not None:
            part.to(_of(dtype, name))  # transformers 5.23 follows the dtype in the encoder's own file instead
    return pipe


def saved(pipe: Any, folder: Path) -> Path:
    """Write the pipeline as `from_pretrained` takes it, without the place on this machine that its parts came from."""
    with quiet():
        pipe.save_pretrained(folder)
    for path in sorted(folder.rglob("*.json")):
        config = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(config, dict) and config.pop(ORIGIN, None) is not None:
            write_text(path, json.dumps(config, indent=2, sort_keys=True) + "\n")  # as diffusers writes it
    return folder


def _of(dtype: torch.dtype | Mapping[str, torch.dtype], name: str) -> torch.dtype:
    return dtype if isinstance(dtype, torch.dtype) else dtype.get(name, dtype["default"])
