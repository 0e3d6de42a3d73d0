"""The search for near-copies: pictures are drawn after training, and each is held against every training picture.

A bare threshold says little, so the same is asked of pictures that cannot be copies: real ones that were held out, and those
that the base model draws of the class. How often the rule strikes there is how far it can be trusted here.
"""

import logging
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from base.errors import OutOfMemoryError, UsageError
from base.seeds import derive
from finetune import captions, copies, sheet, within_memory
from finetune.data import Item, Samples, read_pixels
from finetune.drawing import Draw, Wish
from finetune.objective import Objective, stock_sample
from finetune.parts import Parts
from finetune.recipe import Recipe
from finetune.sampling import Sampling
from pixels.marks import GENERATED

log = logging.getLogger(__name__)
Tell = Callable[[str, int, int], None]

SHEET_FILE = "near-copies.png"
MOST_PAIRS = 12  # on the sheet
LEAST_THUMBNAILS = 0.95
"""Cosine of thumbnails below which none is called a near-copy (an assumption); held-out pictures may raise the bar further."""
READ_AT_ONCE = 16  # training pictures in memory
KEPT_PX = 640  # longer side of a drawn picture while it waits: all measures look at less
WILSON_Z = 1.959964  # 95 %


def check(recipe: Recipe) -> None:
    """Refuse before training what the audit could only refuse after it.

    Raises:
        UsageError: audit.model names no file; nothing is loaded here.
    """
    wanted = recipe.audit
    if wanted.pictures and wanted.model is not None:
        path = Path(wanted.model.removeprefix(copies.SSCD)).expanduser()
        if not wanted.model.startswith(copies.SSCD) or not path.is_file():
            raise UsageError(
                f"audit.model = {wanted.model!r}: write sscd:<path> of an SSCD TorchScript file that is there "
                "(github.com/facebookresearch/sscd-copy-detection), or leave it out."
            )


def audit(model: Parts, teaching: Objective, samples: Samples, recipe: Recipe, folder: Path, tell: Tell) -> dict[str, Any] | None:
    """What run.json says under "audit", with `near-copies.png` written beside it; None where the recipe wants none.

    Args:
        model: as it was trained.
        teaching: its `sample` draws.
        samples: every real training picture and variation among them is compared, drawn in training or not.
        recipe: [audit], [sampling] and the seed count here.
        folder: of the run.
        tell: is told what goes on.

    Returns:
        "not_drawn" alone, with the reason, where audit.model does not load or no picture can be drawn.
    """
    if not recipe.audit.pictures:
        return None
    about = spread(samples.train, recipe.audit.pictures)
    fallback = recipe.data.fallback_caption
    taught = [captions.concept_caption(item.caption, item.concepts, fallback) for item in about]
    plain = [captions.class_caption(item.caption, item.concepts, fallback) for item in about]
    try:
        likeness = copies.measure(recipe.audit.model, "cpu" if model.device.type == "cpu" else "auto")
        with model.sampling() as seen:
            pictures = _pictures(seen, teaching.sample, taught, about, recipe, tell)
        with model.sampling(base=True) as seen:
            before = _pictures(seen, stock_sample, plain, about, recipe, tell)
    except (UsageError, OutOfMemoryError) as error:  # the run is trained and saved: it is not lost for want of an audit
        log.warning("audit_not_drawn reason=%s", error)
        return {"not_drawn": str(error)}
    held_out = [_seen(item) for item in samples.held_out]
    items = [*samples.train, *samples.variations.values()]
    search = copies.Search(likeness, [*pictures, *before, *held_out])
    for start in range(0, len(items), READ_AT_ONCE):
        some = items[start : start + READ_AT_ONCE]
        search.see([item.key for item in some], [_seen(item) for item in some])
        tell("looking for near-copies", start + len(some), len(items))

    nearest = search.nearest()
    own, base, real = nearest[: len(about)], nearest[len(about) : 2 * len(about)], nearest[2 * len(about) :]
    least = recipe.audit.least_likeness if likeness.by_model else LEAST_THUMBNAILS
    if not likeness.by_model and real:
        least = max(least, *(one.likeness + 10**-copies.DIGITS for one in real))
    least = round(least, copies.DIGITS)
    rows = [
        {"prompt": prompt, "seed": _seed(recipe, number), **_row(one, least)}
        for number, (prompt, one) in enumerate(zip(taught, own, strict=True))
    ]
    found: dict[str, Any] = {
        "measure": likeness.name,
        "by_model": likeness.by_model,
        "training_pictures": len(items),
        "rules": {
            "least_likeness": least,
            "most_distance_bits": copies.MOST_BITS,
            "least_correlation": copies.LEAST_CORRELATION,
        },
        "drawn": _figures(own, least),
        "base": _figures(base, least),
        "held_out": _figures(real, least) if real else None,
        "nearest": rows,
        "sheet": SHEET_FILE,
    }
    _draw_sheet(found, pictures, samples, folder)
    log.info("audited pictures=%d near_copies=%d training=%d", len(own), found["drawn"]["flagged"], len(items))
    return found


def spread(train: Sequence[Item], count: int) -> list[Item]:
    """`count` training pictures whose captions are drawn: concept by concept in turn, and evenly over each one's captions."""
    of_concept: dict[str, dict[str, Item]] = defaultdict(dict)
    for item in train:
        of_concept[item.concepts[0].name].setdefault(item.caption, item)
    lists = [list(items.values()) for _, items in sorted(of_concept.items())]
    turns = [-(-(count - place) // len(lists)) for place in range(len(lists))]  # how many each concept gets
    chosen = [
        [items[turn * len(items) // most if most <= len(items) else turn % len(items)] for turn in range(most)]
        for items, most in zip(lists, turns, strict=True)
    ]
    return [chosen[number % len(lists)][number // len(lists)] for number in range(count)]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a rate, which stays within 0 and 1 for few cases (Wilson 1927)."""
    if of == 0:
        return 0.0, 1.0
    rate, z = hits / of, WILSON_Z
    middle = (rate + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(rate * (1 - rate) / of + z * z / (4 * of * of))
    return round(max(0.0, middle - half), copies.DIGITS), round(min(1.0, middle + half), copies.DIGITS)


def flagged_by(one: copies.Nearest, least: float) -> list[str]:
    """The rules by which it is a near-copy: "likeness", "hash", both or none."""
    rules = {"likeness": one.likeness >= least, "hash": one.verified}
    return [name for name, strikes in rules.items() if strikes]


def _row(one: copies.Nearest, least: float) -> dict[str, Any]:
    rules = flagged_by(one, least)
    return {
        "sha256": one.hash_key if rules == ["hash"] else one.key,
        "likeness": one.likeness,
        "distance_bits": one.distance_bits,
        "correlation": one.correlation,
        "flagged_by": rules,
    }


def _figures(nearest: Sequence[copies.Nearest], least: float) -> dict[str, Any]:
    flagged = sum(bool(flagged_by(one, least)) for one in nearest)
    likeness = [one.likeness for one in nearest]
    return {
        "pictures": len(nearest),
        "flagged": flagged,
        "rate": round(flagged / len(nearest), copies.DIGITS),
        "interval": list(wilson(flagged, len(nearest))),
        "median_likeness": round(statistics.median(likeness), copies.DIGITS),
        "most_likeness": max(likeness),
    }


def _seed(recipe: Recipe, number: int) -> int:
    return derive(recipe.seed, "audit", number)


def _pictures(
    seen: Sampling, sample: Draw, prompts: Sequence[str], about: Sequence[Item], recipe: Recipe, tell: Tell
) -> list[Image.Image]:
    """One picture a prompt, in the shape of the training picture that it is about, in the order of the prompts."""
    order = sorted(range(len(about)), key=lambda number: about[number].size_px)  # one size a batch
    wishes = [
        Wish(
            prompt=prompts[number],
            seed=_seed(recipe, number),
            size_px=about[number].size_px,
            negative_prompt=recipe.sampling.negative_prompt,
        )
        for number in order
    ]
    images: list[Image.Image] = []

    def keep(wish: Wish, image: Image.Image) -> None:
        image.thumbnail((KEPT_PX, KEPT_PX))
        images.append(image)
        tell("drawing for the audit", len(images), len(wishes))

    within_memory.drawn(seen, sample, wishes, steps=recipe.sampling.steps, guidance=recipe.sampling.guidance, each=keep)
    return [image for _, image in sorted(zip(order, images, strict=True), key=lambda pair: pair[0])]


def _seen(item: Item) -> Image.Image:
    """The picture as training saw it: the middle, in its bucket's shape."""
    values = (read_pixels(item) + 1) * 127.5  # 3 H W, in [0, 255]
    return Image.fromarray(values.round().clamp(0, 255).permute(1, 2, 0).numpy().astype(np.uint8))


def _draw_sheet(found: Mapping[str, Any], pictures: Sequence[Image.Image], samples: Samples, folder: Path) -> None:
    """The nearest pairs, near-copies first."""
    items = {item.key: item for item in (*samples.train, *samples.variations.values())}
    rows = list(enumerate(found["nearest"]))
    rows.sort(key=lambda row: (not row[1]["flagged_by"], -row[1]["likeness"], row[0]))
    pairs = []
    for number, row in rows[:MOST_PAIRS]:
        item = items[row["sha256"]]
        may_show = (item.record.get("permissions") or {}).get("redistribute") is True
        words = f"likeness {row['likeness']:.2f}"
        if row["distance_bits"] is not None:
            words += f", {row['distance_bits']} bits apart"
        pairs.append(
            sheet.Pair(
                left=pictures[number],
                right=_seen(item) if may_show else None,
                words=words + (": near-copy" if row["flagged_by"] else ""),
                credit=("" if may_show else "Not shown, nothing on record lets it be handed on: ") + _credit(item),
                alarm=bool(row["flagged_by"]),
            )
        )
    figures = found["drawn"]
    called = "is a near-copy" if figures["flagged"] == 1 else "are near-copies"
    title = (
        f"Left: drawn after training. Right: the training picture nearest to it. {figures['flagged']} of "
        f"{figures['pictures']} {called}. Likeness: 1 is the same picture, about 0 has nothing in common."
    )
    marks = {"Iptc4xmpExt:DigitalSourceType": GENERATED, "dc:description": title, "xmp:CreatorTool": "fototeca"}
    sheet.draw_pairs(pairs, folder / SHEET_FILE, title=title, marks=marks)


def _credit(item: Item) -> str:
    record = item.record
    words = record.get("credit_line") or ", ".join(str(record[key]) for key in ("title", "creator") if record.get(key))
    return ("A variation of: " if record.get("parent") else "") + (words or "no credit recorded")
