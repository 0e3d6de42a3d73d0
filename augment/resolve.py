"""From settings to what will run: the plug-in found, every revision pinned, and what cannot work refused before weights load."""

from dataclasses import replace

from augment.additions import Control, Lora
from augment.model import ANY, Facts, plug_in, plug_in_for
from augment.pipelines.layout import layout, pinned
from augment.recipe import AugmentSettings
from base.errors import UsageError

AUTO, OWN = "auto", "own"


def resolved(settings: AugmentSettings) -> tuple[AugmentSettings, Facts]:
    """The settings with plug-in, revisions and scheduler as they will run and be recorded, and the model's facts.

    Raises:
        UsageError: no such model, LoRA, ControlNet or revision; or a setting that this model would ignore or fail on.
    """
    name = settings.plug_in
    if name == AUTO:
        name = plug_in_for(layout(settings.model, settings.revision).build)
    facts = plug_in(name).facts(settings.model, settings.revision)
    settings = replace(
        settings,
        plug_in=name,
        revision=facts.revision,
        scheduler=_scheduler(settings, facts),
        loras=tuple(_pinned_lora(one) for one in settings.loras),
        control=_pinned_control(settings.control) if settings.control else None,
    )
    refuse_without_effect(settings, facts)
    return settings, facts


def refuse_without_effect(settings: AugmentSettings, facts: Facts) -> None:
    """Let pass only settings that do what they say: a catalogue must not record a strength that nothing heeded.

    Raises:
        UsageError: one is not; the message says which, and what to set.
    """
    if not facts.takes_strength and settings.strength != 1:
        raise UsageError(
            f"strength is {settings.strength}, but {facts.name} is shown the parent as a reference and starts from noise: "
            "set strength = 1; all steps are run."
        )
    if not facts.takes_guidance and settings.guidance > 1:
        raise UsageError(f"guidance is {settings.guidance}, but {facts.name} was distilled to run without: set guidance = 1.")
    if settings.negative_prompt and not facts.takes_negative:
        raise UsageError(f"negative_prompt is set, but {facts.name} takes none: leave it empty.")
    if settings.loras and not facts.takes_loras:
        raise UsageError(f"loras are set, but {facts.name} takes none: leave them out, or use another model.")
    control = settings.control
    if control and control.kind not in facts.controls:
        can = f"only {' and '.join(facts.controls)}" if facts.controls else "no ControlNet"
        known = ", ".join(name for name in ("stable_diffusion", "stable_diffusion_xl"))
        raise UsageError(
            f"control is {control.kind!r}, but augment/models/{settings.plug_in}.py takes {can}: leave [control] out, "
            f"or use a model that {known} run."
        )


def _scheduler(settings: AugmentSettings, facts: Facts) -> str:
    """The sampler's class, never `own`.

    Raises:
        UsageError: the model names none, or it follows a flow and the sampler does not, or the other way round.
    """
    if settings.scheduler == OWN:
        if not facts.scheduler:
            raise UsageError(f"scheduler is 'own', but {facts.name} names none: name a class of diffusers.")
        return facts.scheduler
    if facts.scheduler and facts.flow != settings.scheduler.startswith("FlowMatch") and settings.plug_in != ANY:
        kind = "a flow" if facts.flow else "no flow"
        raise UsageError(
            f"scheduler is {settings.scheduler!r}, but {facts.name} follows {kind}: set scheduler = 'own' ({facts.scheduler})."
        )
    return settings.scheduler


def _pinned_lora(one: Lora) -> Lora:
    return replace(one, revision=pinned(one.weights, one.revision))


def _pinned_control(one: Control) -> Control:
    estimator = pinned(one.estimator, one.estimator_revision) if one.kind == "depth" else None
    return replace(one, revision=pinned(one.model, one.revision), estimator_revision=estimator)
