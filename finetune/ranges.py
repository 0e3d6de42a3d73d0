"""What a recipe's values must be beyond their types: ranges, and settings that only make sense together."""

import string
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finetune.recipe import Recipe

Rule = tuple[Callable[[Any], bool], str]
WHOLE: Rule = (lambda value: value >= 1, "it must be 1 or more")
NOT_BELOW_0: Rule = (lambda value: value >= 0, "it must be 0 or more")
ABOVE_0: Rule = (lambda value: value > 0, "it must be above 0")
PROBABILITY: Rule = (lambda value: 0 <= value <= 1, "it is a probability, from 0 to 1")
DECAY: Rule = (lambda value: 0 <= value < 1, "it must lie in 0 to below 1")
COSINE: Rule = (lambda value: -1 <= value <= 1, "it is a cosine, from -1 to 1")
SEED: Rule = (lambda value: abs(value) < 2**63, "it must lie within 64 bits, as the catalogue keeps it")
LARGEST_PX = 8192  # far above what any model draws; a slip of the hand would ask for terabytes
SIDE: Rule = (lambda value: 1 <= value <= LARGEST_PX, f"it must lie in 1 to {LARGEST_PX}")
FILE_NAME: Rule = (lambda value: value not in ("", ".", "..") and not set(value) & set("/\\\0"), "it names a folder: no / in it")
RULES: dict[str, Rule] = {
    "name": FILE_NAME,
    "seed": SEED,
    "steps": WHOLE,
    "checkpoint_every": WHOLE,
    "checkpoints_kept": WHOLE,
    "weights.rank": WHOLE,
    "weights.alpha": (lambda value: value is None or value >= 1, "it must be 1 or more: 0 trains nothing"),
    "data.size_px": SIDE,
    "data.batch_size": WHOLE,
    "data.accumulation": WHOLE,
    "data.alpha": PROBABILITY,
    "optimiser.learning_rate": ABOVE_0,
    "optimiser.warmup_steps": NOT_BELOW_0,
    "optimiser.weight_decay": NOT_BELOW_0,
    "optimiser.epsilon": ABOVE_0,
    "optimiser.clip_norm": NOT_BELOW_0,
    "optimiser.ema_decay": DECAY,
    "held_out.draws": WHOLE,
    "held_out.most_pictures": WHOLE,
    "held_out.every": NOT_BELOW_0,
    "sampling.steps": WHOLE,
    "sampling.guidance": NOT_BELOW_0,
    "watch.grid_every": NOT_BELOW_0,
    "watch.count": NOT_BELOW_0,
    "audit.pictures": NOT_BELOW_0,
    "audit.least_likeness": COSINE,
}
TIMESTEPS = 1000


def faults(recipe: "Recipe") -> dict[str, str]:
    """Every value out of its range, and every setting that another one makes impossible: dotted key to words."""
    found: dict[str, str] = {}
    for name, (fits, words) in RULES.items():
        if not fits(value := _value(recipe, name)):
            found[name] = f"{name} is {value}: {words}."
    if any(not 0 <= one < TIMESTEPS for one in recipe.held_out.timesteps):
        found["held_out.timesteps"] = f"held_out.timesteps {recipe.held_out.timesteps} must lie in 0 to {TIMESTEPS - 1}."
    if recipe.model.purposes and recipe.purpose not in recipe.model.purposes:
        found["purpose"] = (
            f"purpose is {recipe.purpose!r}, but the base model's licence ({recipe.model.licence}) is stated to permit "
            f"{', '.join(recipe.model.purposes)} only: take another model, or another purpose."
        )
    if not recipe.held_out.timesteps:
        found["held_out.timesteps"] = "held_out.timesteps is empty: the score needs one or more, such as [200, 600]."
    betas = recipe.optimiser.betas
    if len(betas) != 2 or any(not 0 <= one < 1 for one in betas):
        found["optimiser.betas"] = f"optimiser.betas is {list(betas)}: two numbers from 0 to below 1."
    text_rate = recipe.optimiser.text_encoder_learning_rate
    if text_rate is not None and text_rate < 0:
        found["optimiser.text_encoder_learning_rate"] = f"optimiser.text_encoder_learning_rate is {text_rate}: 0 or more."
    texts = [("data.fallback_caption", recipe.data.fallback_caption, {"token", "noun", "caption"})]
    texts += [("watch.prompts", prompt, {"token", "noun"}) for prompt in recipe.watch.prompts]
    for key, text, known in texts:
        if wrong := _braces(text, known):
            found[key] = f"{key} is {text!r}: {wrong}."
    if recipe.weights.kind == "full":
        reason = 'is true, but weights.kind = "full" trains the weights themselves: leave it out, or take "lora".'
        if recipe.weights.dora:
            found["weights.dora"] = f"weights.dora {reason}"
        if recipe.kohya:
            found["kohya"] = f"kohya {reason}"
    return found


def _value(recipe: "Recipe", dotted: str) -> Any:
    value: Any = recipe
    for name in dotted.split("."):
        value = getattr(value, name)
    return value


def _braces(text: str, known: set[str]) -> str | None:
    """What is wrong with a text's fields in braces: those that nobody fills."""
    try:
        parsed = [one for one in string.Formatter().parse(text) if one[1] is not None]
    except ValueError as error:
        return str(error)
    fields = {f"{name}{f'!{how}' if how else ''}{f':{width}' if width else ''}" for _, name, width, how in parsed}
    if not fields - known:
        return None
    wrong, right = (", ".join(f"{{{name}}}" for name in sorted(names)) for names in (fields - known, known))
    return f"nobody fills {wrong}; known: {right}"
