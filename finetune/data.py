"""What the shards give a run: samples that are checked against the recipe, and their pixels.

Legend: H W pixels.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from base.errors import FototecaError, SourceError, UsageError, together
from finetune import frames
from finetune.buckets import Merged, merged
from finetune.captions import Concept
from finetune.recipe import Recipe
from pixels.decode import Unreadable, open_picture
from pixels.shapes import bucket
from shardset import names
from shardset.read import TEXTS, Ref, ShardFolder, missing_or_cut, read_manifest
from shardset.target import target

NAMED = 5  # faulty samples that an error names; the rest is counted
TOKEN_IF_NONE = "sks"  # a token that CLIP's vocabulary keeps whole and that names nothing a museum would mean
NEEDED = ("concepts", "purposes", "width_px", "height_px")
NEEDED_OF_VARIATIONS = ("purposes",)

Loaded = tuple[Ref, str, dict[str, Any]]
"""A sample without its picture: where it lies, caption, record."""
Faults = list[FototecaError]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One sample of the shards, without its pixels."""

    ref: Ref
    folder: ShardFolder = field(repr=False, compare=False)
    """Where its shard lies: the run's shards, or a folder of class pictures."""
    caption: str
    concepts: tuple[Concept, ...]
    """Those of the concepts taught that it depicts; none for the pictures that only serve the score."""
    record: dict[str, Any]
    size_px: tuple[int, int]
    """(height, width) of its bucket; a variation takes that of the picture whose turn it has."""

    @property
    def key(self) -> str:
        """SHA-256 of the picture in the archive."""
        return str(self.ref.key)

    @property
    def image_sha256(self) -> str:
        """SHA-256 of the bytes in the shard, which may be those of a scaled or signed copy."""
        return next(str(sha256) for extension, _, _, sha256 in self.ref.members if extension not in TEXTS)


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
    merged: tuple[Merged, ...] = ()
    """Training pictures that are shown in another shape than their own, because too few have it to fill a batch."""
    companions: Mapping[tuple[str, tuple[int, int]], tuple[Item, ...]] = field(default_factory=dict)
    """Class pictures by class caption and (height, width), in the order of their numbers; empty where no objective wants any."""


def gather(shards: Path, recipe: Recipe, grid_px: int, *, processes: int = 1) -> Samples:
    """Read every record of the shards and check it against the recipe. No picture is read: what is altered in one shows later.

    Args:
        shards: the folder.
        recipe: [data], purpose and [held_out] count here.
        grid_px: sides are multiples of it.
        processes: over which each batch is divided: shapes with fewer pictures than that are merged.

    Raises:
        UsageError: samples that do not permit the recipe's purpose (all are counted, the first named), a concept that no
            training sample depicts, or nothing to train on.
        SourceError: a shard or record that is not what its manifest says. Several faults come as one error that lists them.
    """
    samples, found = examined(shards, recipe, grid_px, processes=processes)
    if samples is None or found:
        raise together(found, what=str(shards))
    return samples


def examined(shards: Path, recipe: Recipe, grid_px: int, *, processes: int = 1) -> tuple[Samples | None, Faults]:
    """What `gather` returns, None where that cannot be said, and every fault that it would stop at."""
    try:
        place = target(manifest(shards).parent)
        folder = ShardFolder(place, read_manifest(place))
    except SourceError as error:
        return None, [error]
    broken = missing_or_cut(folder)
    found: Faults = [SourceError(fault) for fault in broken]
    loaded: list[Loaded] = []
    refs = [ref for ref in _wanted(folder, recipe) if not any(ref.shard in fault for fault in broken)]
    for one in (_loaded(folder, ref) for ref in refs):
        if isinstance(one, SourceError):
            found.append(one)
        else:
            loaded.append(one)
    loaded.sort(key=lambda one: one[0].key)
    real = {split: [one for one in loaded if one[0].kind == "real" and one[0].split == split] for split in names.SPLITS}
    concepts, wrong = _concepts(real["train"], recipe)
    if not any(isinstance(one, SourceError) for one in found):  # else what seems absent may only be unreadable
        found += wrong
    if not concepts:
        return None, found
    made = [one for one in loaded if one[0].kind == "synthetic"]
    samples = _samples(folder, real, made, concepts, recipe, grid_px, recipe.data.batch_size * processes)
    every = (*samples.train, *samples.variations.values(), *samples.held_out, *samples.others)
    return samples, found + _purpose_faults(every, recipe.purpose, shards)


def manifest(shards: Path) -> Path:
    """The file whose digest stands for the whole folder.

    Raises:
        SourceError: no shards there.
    """
    path = shards / "manifest.json"
    if not path.is_file():
        raise SourceError(f"{shards} holds no shards (no manifest.json): name a folder that `fototeca export` has written.")
    return path


def read_pixels(item: Item) -> torch.Tensor:
    """The item's picture in its bucket's shape, float32 [3, H, W] in [-1, 1].

    Raises:
        SourceError: the bytes are not those of the manifest, or no picture.
    """
    picture = open_picture(item.folder.load(item.ref).image)
    if isinstance(picture, Unreadable):
        raise SourceError(f"sample {item.key} in {item.ref.shard} is no picture: {picture.detail}. Export the shards again.")
    return frames.framed(picture.rgb, item.size_px)


def _wanted(folder: ShardFolder, recipe: Recipe) -> list[Ref]:
    """Samples that the run may touch, in the order in which they lie on the disk."""
    mixed = recipe.data.alpha > 0
    refs = [ref for ref in folder.refs() if ref.kind == "real" or (mixed and ref.split == "train")]
    return sorted(refs, key=lambda ref: (ref.shard, ref.members[0][1]))


def _samples(
    folder: ShardFolder, real: Mapping[str, Sequence[Loaded]], made: Sequence[Loaded], concepts: tuple[Concept, ...],
    recipe: Recipe, grid_px: int, rows: int,
) -> Samples:  # fmt: skip
    items = {split: [_item(folder, one, concepts, recipe, grid_px) for one in loaded] for split, loaded in real.items()}
    train = [item for item in items["train"] if item.concepts]
    into, moved = merged(Counter(item.size_px for item in train), rows)
    train = [dataclasses.replace(item, size_px=into[item.size_px]) for item in train]
    parents = {item.key: item for item in train}
    split = next((name for name in ("val", "test") if any(item.concepts for item in items[name])), None)
    most = recipe.held_out.most_pictures
    return Samples(
        folder=folder,
        concepts=concepts,
        train=tuple(train),
        variations={one[0].key: _variation(folder, one, parents[one[0].parent]) for one in made if one[0].parent in parents},
        held_out=tuple([item for item in items[split or "val"] if split and item.concepts][:most]),
        others=tuple([item for item in items[split or "val"] if not item.concepts][:most]),
        held_out_split=split,
        merged=moved,
    )


def _loaded(folder: ShardFolder, ref: Ref) -> Loaded | SourceError:
    try:
        caption, record = folder.load_texts(ref)
    except SourceError as error:
        return error
    if all(extension in TEXTS for extension, *_ in ref.members):
        return SourceError(f"sample {ref.key} in {ref.shard} has no picture. Export the shards again.")
    needed = NEEDED if ref.kind == "real" else NEEDED_OF_VARIATIONS
    absent = [one for one in needed if not isinstance(record, Mapping) or record.get(one) is None]
    if absent:
        said = f"sample {ref.key} in {ref.shard}: its record has no {', '.join(absent)}. Export the shards again."
        return SourceError(said)
    if wrong := _wrong(record):
        return SourceError(f"sample {ref.key} in {ref.shard}: {wrong}. Export the shards again.")
    return ref, caption.strip(), dict(record)


def _wrong(record: Mapping[str, Any]) -> str | None:
    for name in ("width_px", "height_px"):
        value = record.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            return f"its record's {name} is {value!r}, which is no number of pixels"
    for name in ("rights", "permissions"):  # what the model card reads when the training is over
        if not isinstance(record.get(name) or {}, Mapping):
            return f"its record's {name} is {str(record[name])[:40]!r}, which is no table"
    for one in record.get("concepts") or ():
        if not isinstance(one, Mapping) or not one.get("name"):
            return f"its record's concept {one!r} has no name"
        if not all(isinstance(one.get(name) or "", str) for name in ("name", "class_noun", "rare_token")):
            return f"its record's concept {str(one)[:80]} holds what is no text"
    return None


def _item(folder: ShardFolder, loaded: Loaded, taught: Sequence[Concept], recipe: Recipe, grid_px: int) -> Item:
    ref, caption, record = loaded
    depicted = {one["name"] for one in record["concepts"]}
    wanted = recipe.data
    return Item(
        ref=ref,
        folder=folder,
        caption=caption,
        concepts=tuple(one for one in taught if one.name in depicted),
        record=record,
        size_px=bucket(record["width_px"], record["height_px"], wanted.size_px, grid_px, keep_shape=wanted.aspect_buckets),
    )


def _variation(folder: ShardFolder, loaded: Loaded, parent: Item) -> Item:
    ref, caption, record = loaded
    return Item(
        ref=ref,
        folder=folder,
        caption=caption or parent.caption,
        concepts=parent.concepts,
        record=record,
        size_px=parent.size_px,
    )


def _concepts(loaded: Sequence[Loaded], recipe: Recipe) -> tuple[tuple[Concept, ...], Faults]:
    """The concepts to teach, none where that cannot be said, and what is wrong with them."""
    found: dict[str, Concept] = {}
    for _, _, record in loaded:
        for one in record["concepts"]:
            found[one["name"]] = Concept(
                name=one["name"],
                class_noun=one.get("class_noun") or one["name"],
                rare_token=one.get("rare_token") or TOKEN_IF_NONE,
            )
    if not found:
        none = "no training sample depicts a concept: DreamBooth needs at least one; run curate with a concepts.toml."
        return (), [UsageError(none)]
    wrong: Faults = []
    if absent := sorted(set(recipe.data.concepts) - set(found)):
        depicted = ", ".join(sorted(found))
        wrong.append(UsageError(f"data.concepts names {', '.join(absent)}, but the training samples depict: {depicted}."))
    taught = tuple(found[name] for name in sorted(recipe.data.concepts or found) if name in found)
    for token, times in Counter(one.rare_token for one in taught).items():
        if times > 1:
            named = ", ".join(one.name for one in taught if one.rare_token == token)
            told = f"rare token {token!r} stands for {named}: give each concept its own, or name one in data.concepts."
            wrong.append(UsageError(told))
    return taught, wrong


def _purpose_faults(items: Sequence[Item], purpose: str, shards: Path) -> Faults:
    refused = [item for item in items if purpose not in (item.record.get("purposes") or ())]
    if not refused:
        return []
    named = "; ".join(f"{item.key[:12]} {item.record.get('title') or 'untitled'!r}" for item in refused[:NAMED])
    more = f" and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
    told = (
        f"{len(refused)} samples of {shards} do not permit purpose {purpose!r}: {named}{more}. "
        f"Export with this purpose, or state another one in the recipe."
    )
    return [UsageError(told)]
