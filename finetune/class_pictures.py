"""Pictures of the class, drawn by the frozen base model before training, and kept as samples that say how they were made.

They stand in `class/` of the run's folder in the form of every other shard (origin generated, no parent), with the XMP mark of
a model's picture. Each goes by a digest of all that decides it (its request), so a run that is begun again draws what is
missing and no more, and what is no longer wanted goes.

Legend: H W pixels.
"""

import dataclasses
import hashlib
import logging
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.errors import SourceError, UsageError
from base.files import canonical_json, sha256_of_file, written_whole
from finetune import objective, within_memory
from finetune.data import Item, Samples
from finetune.drawing import Wish, wishes
from finetune.model_place import shown_name
from finetune.objective import Objective
from finetune.parts import Parts
from finetune.provenance import marked_png
from finetune.recipe import Recipe
from shardset.names import MANIFEST
from shardset.read import open_shards
from shardset.write import NewSample, write_folder

log = logging.getLogger(__name__)

FOLDER = "class"
DRAWN = ".drawn"
"""Single PNGs of a drawing that is not over yet, each named by its request."""


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """One class picture."""

    wish: Wish
    number: int
    """Among those of its caption and size, from 0."""
    facts: Mapping[str, Any]
    """All that decides its pixels."""

    @property
    def request(self) -> str:
        return hashlib.sha256(canonical_json(self.facts).encode()).hexdigest()


def added(
    samples: Samples,
    model: Parts,
    teaching: Objective,
    base: Mapping[str, str],
    recipe: Recipe,
    folder: Path,
    *,
    writes: bool,
    tell: Callable[[str, int, int], None],
) -> Samples:
    """The samples with their companions: `teaching.class_pictures` for each training picture, by class caption and size.

    A caption that several training pictures share gets as many times more. Seeds derive from the run's, as `generate` derives
    a picture's from its own.

    Args:
        samples: what `gather` returned.
        model: with its base still to be had; nothing of it is changed.
        teaching: its texts must name the "class".
        base: what was loaded, as `finetune.parts.load` says.
        recipe: its seed, [sampling] and [data]; the negative prompt is left out: these pictures show what the base knows.
        folder: of the run.
        writes: only the main process draws; the others read what it left.
        tell: progress.

    Raises:
        UsageError: the objective wants class pictures and names no class caption.
        SourceError: a kept shard is damaged; the message says what to remove.
    """
    place = folder / FOLDER
    wanted = _wanted(samples, teaching, base, recipe)
    found = _standing(place) if (place / MANIFEST).is_file() else {}
    if writes and set(found) != {one.request for one in wanted}:
        _draw(wanted, found, model, base, recipe, place, tell)
        found = _standing(place)
    if writes:
        shutil.rmtree(place / DRAWN, ignore_errors=True)  # a process killed at the end of its drawing leaves them
    companions: dict[tuple[str, tuple[int, int]], list[Item]] = defaultdict(list)
    for one in wanted:
        if one.request not in found:
            raise SourceError(f"{place} lacks class picture {one.number + 1} of {one.wish.prompt!r}: {_MEND}")
        companions[one.wish.prompt, one.wish.size_px].append(found[one.request])
    return dataclasses.replace(samples, companions={key: tuple(items) for key, items in companions.items()})


_MEND = "remove this folder and run again; its pictures are then drawn anew."


def _wanted(samples: Samples, teaching: Objective, base: Mapping[str, str], recipe: Recipe) -> list[_Wanted]:
    def key(item: Item) -> tuple[tuple[int, int], str]:
        texts = teaching.texts(item.caption, item.concepts, recipe.data.fallback_caption)
        if "class" not in texts:
            raise UsageError(f'objective {teaching.name} wants class pictures, but its texts() give no "class": add it.')
        return item.size_px, texts["class"]

    pictures = Counter(key(item) for item in samples.train)
    for item in samples.variations.values():
        pictures[key(item)] += 0  # a variation with a caption of its own may be drawn, and wants companions too
    listed = []
    for (size_px, caption), number in sorted(pictures.items()):
        count = teaching.class_pictures * max(1, number)
        for copy, wish in enumerate(wishes(caption, count, seed=recipe.seed, size_px=size_px)):
            facts = {
                "prompt": caption, "seed": wish.seed, "height_px": size_px[0], "width_px": size_px[1],
                "steps": recipe.sampling.steps, "guidance": recipe.sampling.guidance,
                "revision": base["revision"], "family": base["family"],
            }  # fmt: skip
            listed.append(_Wanted(wish=wish, number=copy, facts=facts))
    return listed


def _standing(place: Path) -> dict[str, Item]:
    """The pictures of a folder written earlier, by request; every byte is checked."""
    try:
        opened = open_shards(place)
        loaded = [(ref, opened.load(ref)) for ref in opened.refs()]
    except SourceError as error:
        raise SourceError(f"the class pictures in {place} are damaged ({error}): {_MEND}") from error
    return {
        sample.record["generation"]["request"]: Item(
            ref=ref, caption=sample.caption, concepts=(), record=dict(sample.record),
            size_px=(sample.record["height_px"], sample.record["width_px"]), folder=opened,
        )
        for ref, sample in loaded
    }  # fmt: skip


def _draw(
    wanted: Sequence[_Wanted],
    found: Mapping[str, Item],
    model: Parts,
    base: Mapping[str, str],
    recipe: Recipe,
    place: Path,
    tell: Callable[[str, int, int], None],
) -> None:
    """Draw what neither the shards nor an interrupted drawing hold, then write the shards anew."""
    lying = {path.stem for path in (place / DRAWN).glob("*.png")}
    missing = {one.wish: one for one in wanted if one.request not in found and one.request not in lying}
    shown = shown_name(base["id"])
    done = len(wanted) - len(missing)
    tell("drawing class pictures", done, len(wanted))

    def keep(wish: Wish, image: Any) -> None:
        nonlocal done
        one = missing[wish]
        facts = {name: str(value) for name, value in one.facts.items()} | {"model": shown, "number": str(one.number + 1)}
        with written_whole(place / DRAWN / f"{one.request}.png") as stream:
            stream.write(marked_png(image, facts, rights=f"{_credit(shown)} Licence of the model: {base['licence']}."))
        done += 1
        tell("drawing class pictures", done, len(wanted))

    if missing:
        with model.sampling(base=True) as seen:
            steps, guidance = recipe.sampling.steps, recipe.sampling.guidance
            within_memory.drawn(seen, objective.stock_sample, list(missing), steps=steps, guidance=guidance, each=keep)
    listed = [_sample(one, found.get(one.request), base, recipe, place) for one in wanted]
    written = write_folder(place, listed, purpose=recipe.purpose, about={"selection": "class pictures of a training run"})
    log.info("class pictures=%d drawn=%d shards=%s", len(wanted), len(missing), written.manifest_digest[:12])


def _sample(one: _Wanted, kept: Item | None, base: Mapping[str, str], recipe: Recipe, place: Path) -> NewSample:
    path = place / DRAWN / f"{one.request}.png"

    def load() -> bytes:
        return path.read_bytes() if kept is None else kept.folder.load(kept.ref).image

    key = sha256_of_file(path) if kept is None else kept.key
    size_bytes = path.stat().st_size if kept is None else kept.record["generation"]["size_bytes"]
    shown = shown_name(base["id"])
    record = {
        "sha256": key, "origin": "generated", "split": "train", "anchor": key, "subject": key, "parent": None, "variation": None,
        "concepts": [], "caption": one.wish.prompt, "caption_language": None, "caption_origin": "class caption",
        "title": f"Class picture {one.number + 1}: {one.wish.prompt}", "creator": None, "format": "PNG",
        "width_px": one.wish.size_px[1], "height_px": one.wish.size_px[0], "credit_line": _credit(shown),
        "purposes": [recipe.purpose],
        "generation": {
            **one.facts, "request": one.request, "number": one.number, "model": shown, "licence": base["licence"],
            "size_bytes": size_bytes,
        },
    }  # fmt: skip
    return NewSample(key=key, extension="png", size_bytes=size_bytes, caption=one.wish.prompt, record=record, load=load)


def _credit(shown: str) -> str:
    return f"Made by the model {shown} for training, from words alone; it shows no real object."
