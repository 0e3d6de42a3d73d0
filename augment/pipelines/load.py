"""Load a pipeline of diffusers with what a recipe puts on top of it: a sampler, LoRA weights, a ControlNet."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from augment.additions import Additions, Control, Lora
from augment.pipelines.control import Controlled, looking
from base.errors import OutOfMemoryError, UsageError, nearest

log = logging.getLogger(__name__)


def loaded(
    model: str, revision: str, *, device: str, precision: str, scheduler: str, additions: Additions, **options: Any
) -> tuple[Any, str, str, Controlled | None]:
    """The image-to-image pipeline on its device, the device, the precision, and the ControlNet's eyes if it has one.

    Args:
        model: hub id or folder.
        revision: commit on the hub; a folder is taken as it is.
        device: cpu, cuda, or auto: cuda where there is one.
        precision: a number format of torch.
        scheduler: class of diffusers, set in place of the model's own.
        additions: LoRA weights, a ControlNet, a spacing.
        options: more arguments for diffusers' `from_pretrained`.

    Raises:
        UsageError: no such scheduler or device, or files that diffusers cannot read.
        OutOfMemoryError: the device cannot hold the weights.
    """
    import diffusers
    import torch
    import transformers

    auto: Any = diffusers.AutoPipelineForImage2Image
    known = [name for name in dir(diffusers) if name.endswith("Scheduler") and not name.startswith("Flax")]
    if scheduler not in known:
        raise UsageError(f"diffusers has no scheduler {scheduler!r}: {nearest(scheduler, known)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device is 'cuda', but torch finds none here: use 'auto' or 'cpu'.")
    where = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    numbers = getattr(torch, precision)
    try:
        with _without_bars(diffusers.utils.logging, transformers.utils.logging):
            if additions.control:
                options["controlnet"] = _controlnet(additions.control, numbers)
            pipe = auto.from_pretrained(**_named(model, revision, "pretrained_model_or_path"), dtype=numbers, **options)
            _lay_over(pipe, additions.loras)
            pipe = pipe.to(where)
            control = Controlled(additions.control.scale, looking(additions.control, where)) if additions.control else None
    except (OSError, ValueError) as error:
        raise UsageError(f"{model} at {revision} cannot be loaded: {error}") from error
    except torch.OutOfMemoryError:
        raise OutOfMemoryError(f"{where} cannot hold {model} in {precision}: use precision float16, or another device.") from None
    spacing = {"timestep_spacing": additions.timestep_spacing} if additions.timestep_spacing else {}
    pipe.scheduler = getattr(diffusers, scheduler).from_config(pipe.scheduler.config, **spacing)
    pipe.set_progress_bar_config(disable=True)
    log.info("model_loaded model=%s revision=%s device=%s precision=%s", model, revision, where, precision)
    return pipe, where, precision, control


def _controlnet(control: Control, numbers: Any) -> Any:
    import diffusers

    build: Any = diffusers.ControlNetModel
    return build.from_pretrained(**_named(control.model, str(control.revision), "pretrained_model_name_or_path"), dtype=numbers)


def _lay_over(pipe: Any, loras: tuple[Lora, ...]) -> None:
    """Add each LoRA to the weights themselves, so that it costs no time in a step.

    Raises:
        UsageError: the pipeline takes none, or nothing in the file fits the model; it would change nothing without a word.
    """
    if loras and not hasattr(pipe, "load_lora_weights"):
        raise UsageError(f"{type(pipe).__name__} takes no LoRA: leave `loras` out, or use another model.")
    for number, one in enumerate(loras):
        name = f"lora{number}"
        path = Path(one.weights).expanduser()
        where: dict[str, Any] = {"weight_name": one.file} if one.file else {}
        if path.is_file():
            named, where = str(path.parent), {"weight_name": path.name}
        elif path.is_dir():
            named = str(path)
        else:
            named, where["revision"] = one.weights, one.revision
        try:
            pipe.load_lora_weights(named, adapter_name=name, **where)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise UsageError(f"the LoRA {one.weights} cannot be laid over {type(pipe).__name__}: {error}") from error
        if not any(name in adapters for adapters in pipe.get_list_adapters().values()):
            raise UsageError(f"nothing in the LoRA {one.weights} fits {type(pipe).__name__}: it is made for another model.")
    if loras:
        names = [f"lora{number}" for number in range(len(loras))]
        pipe.set_adapters(names, [one.scale for one in loras])
        pipe.fuse_lora(adapter_names=names)


def _named(model: str, revision: str, argument: str) -> dict[str, Any]:
    """A folder by its path, a hub's model with its revision."""
    folder = Path(model).expanduser()
    return {argument: str(folder)} if folder.is_dir() else {argument: model, "revision": revision}


@contextmanager
def _without_bars(*logs: Any) -> Iterator[None]:
    """Bars are the commands' business; afterwards the libraries draw theirs as before."""
    were_on = [one for one in logs if one.is_progress_bar_enabled()]
    for one in were_on:
        one.disable_progress_bar()
    try:
        yield
    finally:
        for one in were_on:
            one.enable_progress_bar()
