"""What the shards give a run: samples that are checked against the recipe, and their pixels.

Legend: H W pixels.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from base.errors import SourceError, UsageError
from finetune import frames
from finetune.captions import Concept
from finetune.recipe import Recipe
from pixels.decode import Unreadable, open_picture
from pixels.shapes import bucket
from shardset.read import Ref, ShardFolder, open_shards

NAMED = 5  # faulty samples that an error names; the rest is counted
TOKEN_IF_NONE = "sks"  # a token that CLIP's vocabulary keeps whole and that names nothing a museum would mean


@dataclass(frozen=True, kw_only=True)
class Item:
    """One sample of the shards, without its pixels."""

    ref: Ref
    caption: str
    concepts: tuple[Concept, ...]
    """Those of the concepts taught that it depicts; none for the pictures that only serve the score."""
    record: dict[str, Any]
    size_px: tuple[int, int]
    """(height, width) of its bucket; a variation takes that of the picture whose turn it has."""

    @property
    def key(self) -> str:
        """Its SHA-256."""
        return str(self.ref.key)


@dataclass(frozen=True, kw_only=True)
class Samples:
    """All that the run may touch, checked."""

    folder: ShardFolder
    concepts: tuple[Concept, ...]
    train: tuple[Item, ...]
    """Real training pictures that depict a concept, in the order of their keys."""
    variations: dict[str, Item]
    """Variations of them, by key."""
    held_out: tuple[Item, ...]
    """Real pictures of val (or test) that depict a concept."""
    others: tuple[Item, ...]
    """Real pictures of the same split that depict none: what the model should go on knowing."""
    held_out_split: str | None
    """val, test, or None when neither has a picture of the concept."""


def gather(shards: Path, recipe: Recipe, grid_px: int) -> Samples:
    """Read every record of the shards and check it against the recipe.

    Raises:
        UsageError: a sample that does not permit the recipe's purpose (all are counted, the first named), a concept that no
            training sample depicts, or nothing to train on.
        SourceError: a shard that is not what its manifest says.
    """
    folder = open_shards(shards)
    real = {split: [_loaded(folder, ref) for ref in folder.refs(split=split, kind="real")] for split in ("train", "val", "test")}
    concepts = _concepts(real["train"], recipe)
    sizes = (recipe.data.size_px, grid_px, recipe.data.aspect_buckets)
    items = {
        split: [_item(one, concepts, *sizes) for one in sorted(loaded, key=lambda one: one[0].key)]
        for split, loaded in real.items()
    }
    train = tuple(item for item in items["train"] if item.concepts)
    parents = {item.key: item for item in train}
    variations = {}
    if recipe.data.alpha > 0:
        for ref in folder.refs(split="train", kind="synthetic"):
            if ref.parent in parents:
                variations[ref.key] = _variation(_loaded(folder, ref), parents[ref.parent])
    split = next((name for name in ("val", "test") if any(item.concepts for item in items[name])), None)
    held_out = [item for item in items.get(split or "", []) if item.concepts]
    others = [item for item in items[split or "val"] if not item.concepts]
    most = recipe.held_out.most_pictures
    samples = Samples(
        folder=folder, concepts=concepts, train=train, variations=variations,
        held_out=tuple(held_out[:most]), others=tuple(others[:most]), held_out_split=split,
    )  # fmt: skip
    _check_purpose([*train, *variations.values(), *samples.held_out, *samples.others], recipe.purpose, shards)
    return samples


def manifest(shards: Path) -> Path:
    """The file whose digest stands for the whole folder.

    Raises:
        SourceError: no shards there.
    """
    path = shards / "manifest.json"
    if not path.is_file():
        raise SourceError(f"{shards} holds no shards (no manifest.json): name a folder that `fototeca export` has written.")
    return path


def read_pixels(folder: ShardFolder, item: Item) -> torch.Tensor:
    """The item's picture in its bucket's shape, float32 [3, H, W] in [-1, 1].

    Raises:
        SourceError: the bytes are not those of the manifest, or no picture.
    """
    picture = open_picture(folder.load(item.ref).image)
    if isinstance(picture, Unreadable):
        raise SourceError(f"sample {item.key} in {item.ref.shard} is no picture: {picture.detail}. Export the shards again.")
    return frames.framed(picture.rgb, item.size_px)


def _loaded(folder: ShardFolder, ref: Ref) -> tuple[Ref, str, dict[str, Any]]:
    sample = folder.load(ref)
    return ref, sample.caption.strip(), dict(sample.record)


def _item(
    loaded: tuple[Ref, str, dict[str, Any]], taught: Sequence[Concept], side_px: int, grid_px: int, keep_shape: bool
) -> Item:
    ref, caption, record = loaded
    depicted = {one["name"] for one in record.get("concepts") or ()}
    return Item(
        ref=ref,
        caption=caption,
        concepts=tuple(one for one in taught if one.name in depicted),
        record=record,
        size_px=bucket(record["width_px"], record["height_px"], side_px, grid_px, keep_shape=keep_shape),
    )


def _variation(loaded: tuple[Ref, str, dict[str, Any]], parent: Item) -> Item:
    ref, caption, record = loaded
    return Item(ref=ref, caption=caption or parent.caption, concepts=parent.concepts, record=record, size_px=parent.size_px)


def _concepts(loaded: Sequence[tuple[Ref, str, dict[str, Any]]], recipe: Recipe) -> tuple[Concept, ...]:
    found: dict[str, Concept] = {}
    for _, _, record in loaded:
        for one in record.get("concepts") or ():
            found[one["name"]] = Concept(
                name=one["name"],
                class_noun=one.get("class_noun") or one["name"],
                rare_token=one.get("rare_token") or TOKEN_IF_NONE,
            )
    if not found:
        raise UsageError("no training sample depicts a concept: DreamBooth needs at least one; run curate with a concepts.toml.")
    absent = sorted(set(recipe.data.concepts) - set(found))
    if absent:
        raise UsageError(f"data.concepts names {', '.join(absent)}, but the training samples depict: {', '.join(sorted(found))}.")
    taught = tuple(found[name] for name in sorted(recipe.data.concepts or found))
    tokens = Counter(one.rare_token for one in taught)
    for token, times in tokens.items():
        if times > 1:
            names = ", ".join(one.name for one in taught if one.rare_token == token)
            raise UsageError(f"rare token {token!r} stands for {names}: give each concept its own, or name one in data.concepts.")
    return taught


def _check_purpose(items: Sequence[Item], purpose: str, shards: Path) -> None:
    refused = [item for item in items if purpose not in (item.record.get("purposes") or ())]
    if refused:
        named = "; ".join(f"{item.key[:12]} {item.record.get('title') or 'untitled'!r}" for item in refused[:NAMED])
        more = f" and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
        raise UsageError(
            f"{len(refused)} samples of {shards} do not permit purpose {purpose!r}: {named}{more}. "
            f"Export with this purpose, or state another one in the recipe."
        )
