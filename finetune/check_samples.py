"""What a person should know of captions, tokens and turns before training: all that `gather` lets pass."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from finetune.captions import Concept
from finetune.data import Samples
from finetune.objective import Objective
from finetune.recipe import Recipe

NAMED = 3  # captions that a sentence names; the rest is counted
LONGEST_TOLD = 1_000_000  # a tokenizer without a limit says 10**30
COUNTED_DRAWS = 200_000  # draws that are counted one by one; above it, one epoch's are taken times their number


def token_remarks(concepts: tuple[Concept, ...], tokenizers: Mapping[str, Any]) -> list[str]:
    """Rare tokens that a tokenizer takes apart: each piece means something already, and the concept is learned slower."""
    said = []
    for concept in concepts:
        for name, tokenizer in tokenizers.items():
            pieces = tokenizer.tokenize(concept.rare_token)
            if len(pieces) != 1 or pieces[0] == tokenizer.unk_token:
                said.append(
                    f"rare token {concept.rare_token!r} of {concept.name} is {len(pieces)} pieces to the {name}: "
                    f"{' '.join(pieces)}. One piece is learned better: sks and zwx are whole in CLIP's vocabulary."
                )
    return said


def noun_remarks(samples: Samples) -> list[str]:
    """Concepts whose records name no class noun or rare token, so that their name and a common token stand in."""
    said = {}
    for item in samples.train:
        for one in item.record.get("concepts") or ():
            if one.get("name") not in {concept.name for concept in item.concepts}:
                continue
            if not one.get("class_noun"):
                said[one["name"], "noun"] = (
                    f"{one['name']} has no class noun in the shards, so its own name stands in for it, which says nothing to the "
                    "model: name one in concepts.toml and export again."
                )
            if not one.get("rare_token"):
                said[one["name"], "token"] = (
                    f"{one['name']} has no rare token in the shards, so sks is taken: name one in concepts.toml and export again."
                )
    return [said[key] for key in sorted(said)]


def caption_remarks(samples: Samples, teaching: Objective, recipe: Recipe, tokenizers: Mapping[str, Any]) -> list[str]:
    """Captions that are longer than a tokenizer's length, so that their end is never read."""
    texts = sorted({text for text in _texts(samples, teaching, recipe) if text})
    said = []
    for name, tokenizer in tokenizers.items():
        length = tokenizer.model_max_length
        if length > LONGEST_TOLD or not texts:
            continue
        long = [text for text, ids in zip(texts, tokenizer(texts).input_ids, strict=True) if len(ids) > length]
        if long:
            named = "; ".join(f"{text[:60]!r}" for text in long[:NAMED])
            more = f" and {len(long) - NAMED} more" if len(long) > NAMED else ""
            said.append(f"{len(long)} of {len(texts)} captions are longer than the {length} tokens of the {name}: {named}{more}.")
    return said


def other_remarks(samples: Samples, recipe: Recipe) -> list[str]:
    """α that nothing follows, a score on training pictures, and settings that do nothing here."""
    said = []
    if recipe.data.alpha > 0 and not samples.variations:
        said.append(
            f"data.alpha is {recipe.data.alpha}, but the shards hold no variation of a training picture: it does nothing."
        )
    if samples.held_out_split is None:
        said.append(
            "the shards hold no held-out picture of the concept (split val or test), so the score is taken on training pictures "
            "and overfitting will not show: curate more pictures, from five groups up one is held out."
        )
    if recipe.weights.kind == "lora" and recipe.weights.only:
        said.append('weights.only counts for weights.kind = "full" alone: with LoRA, name layers in weights.targets.')
    if recipe.weights.kind == "full" and recipe.weights.targets:
        said.append("weights.targets counts for LoRA alone: in full training, name layers in weights.only.")
    if recipe.model.licence == "not stated":
        said.append("model.licence is not stated: the model card cannot say what binds the weights' use.")
    if not recipe.model.purposes:
        said.append(f"model.purposes is not stated: nothing here knows whether the base model may be used for {recipe.purpose}.")
    return said


def turns(loader: Any, samples: Samples, recipe: Recipe) -> dict[str, int]:
    """How often each concept is shown in the whole run, exactly; in a long run, by its first epoch."""
    micro_steps = recipe.steps * recipe.data.accumulation
    rows = micro_steps * recipe.data.batch_size
    counted = micro_steps if rows <= COUNTED_DRAWS else min(micro_steps, loader.batches_per_epoch)
    items = {item.key: item for item in (*samples.train, *samples.variations.values())}
    shown: Counter[str] = Counter({one.name: 0 for one in samples.concepts})
    for key, times in loader.times_drawn(counted).items():
        shown.update({one.name: times for one in items[key].concepts})
    return {name: times * micro_steps // counted for name, times in sorted(shown.items())}


def _texts(samples: Samples, teaching: Objective, recipe: Recipe) -> Iterator[str]:
    for item in (*samples.train, *samples.variations.values(), *samples.held_out, *samples.others):
        yield item.caption
        if item.concepts:
            yield from teaching.texts(item.caption, item.concepts, recipe.data.fallback_caption).values()
