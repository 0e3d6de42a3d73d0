"""An objective as the loop sees it: a file of `finetune/objectives/`, with a default for every part that it leaves out.

    loss(parts, batch, generator) -> (loss, logs)   must be there; logs: name → number or detached tensor, for metrics.jsonl
    Settings                                        a frozen dataclass; its keys are the recipe's [objective.settings]
    texts(caption, concepts, fallback) -> {name: text}  the captions it needs of a sample; they arrive as batch.texts[name]
    install(parts)                                  adds modules that train, to parts.extra (attention processors also hang in
                                                    parts.denoiser, and must do nothing where no tokens of theirs come), and
                                                    frozen ones, to parts.beside
    sample(parts, arguments, options) -> pictures   how generate calls parts.pipe, when conditions or guidance are its own
    describe(pixels) -> {name: Tensor}              what else it needs of each picture, read once from float32 [3, H, W] in
                                                    [-1, 1] and kept beside the latents; arrives as batch.extras[name] [B, …]
    class_pictures(settings) -> int                 how many pictures of the class, drawn by the base model before training, it
                                                    wants for each training picture; they arrive as batch.companions
    KEEPS                                           names of parts that stay on the device after caching, such as ("vae",)

An objective never sees the optimiser, and nobody asks for its name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from base.errors import UsageError
from base.plugins import load as load_plugin
from base.settings import from_table
from finetune.captions import Concept, class_caption, concept_caption

PACKAGE = "finetune.objectives"


@dataclass(frozen=True)
class Objective:
    """One loaded plug-in with its checked settings."""

    name: str
    settings: Any
    loss: Callable[..., Any]
    texts: Callable[..., dict[str, str]]
    install: Callable[[Any], None]
    sample: Callable[[Any, dict[str, Any], Mapping[str, Any]], list[Any]]
    keeps: tuple[str, ...]
    describe: Callable[[Any], dict[str, Any]] | None
    class_pictures: int


def load(name: str, settings: Mapping[str, Any]) -> Objective:
    """The objective of that name.

    Raises:
        UsageError: no such file, or a key that its Settings do not have; the message names the right ones.
    """
    module = load_plugin(PACKAGE, name)
    kind = getattr(module, "Settings", NoSettings)
    checked = from_table(kind, settings, where=f"objective {name}")
    return Objective(
        name=name,
        settings=checked,
        loss=module.loss,
        texts=getattr(module, "texts", concept_and_class),
        install=getattr(module, "install", lambda parts: None),
        sample=getattr(module, "sample", stock_sample),
        keeps=tuple(getattr(module, "KEEPS", ())),
        describe=getattr(module, "describe", None),
        class_pictures=getattr(module, "class_pictures", lambda settings: 0)(checked),
    )


@dataclass(frozen=True, kw_only=True)
class NoSettings:
    """An objective without settings of its own."""


def stock_sample(parts: Any, arguments: dict[str, Any], options: Mapping[str, Any]) -> list[Any]:
    """Pictures of the stock pipeline; no options are known.

    Raises:
        UsageError: an option was given.
    """
    if options:
        raise UsageError(f"this run's objective takes no options, but {', '.join(map(repr, options))} was given: leave it out.")
    return list(parts.pipe(**arguments).images)


def concept_and_class(caption: str, concepts: tuple[Concept, ...], fallback: str) -> dict[str, str]:
    """The two captions that most objectives want: "concept" with the rare token, "class" without."""
    return {
        "concept": concept_caption(caption, concepts, fallback),
        "class": class_caption(caption, concepts, fallback),
    }
