"""The page about an export: what is in it, under which licences, what was left out and why, and how to read and check it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog import db
from export.samples import Chosen
from shardset.write import NewSample


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the page takes from the catalogue: exclusions by reason, and how the variations were made."""

    excluded: tuple[Mapping[str, Any], ...]
    waiting: int
    variations: tuple[Mapping[str, Any], ...]


def facts(workspace: Path, samples: Sequence[NewSample]) -> Facts:
    """Read them; the catalogue is closed again before anything is written."""
    made = {sample.key for sample in samples if sample.kind == "synthetic"}
    with db.reading(workspace) as connection:
        excluded = db.fetch(
            connection,
            "SELECT criterion, count(*) AS items FROM excluded GROUP BY criterion ORDER BY items DESC, criterion",
        )
        waiting = db.fetch(connection, "SELECT count(*) AS items FROM waiting")[0]["items"]
        lineage = db.fetch(connection, "SELECT * FROM lineage ORDER BY sha256")
    told = ("concept", "model", "revision", "scheduler", "strength", "guidance", "steps")
    settings = Counter(tuple(row[name] for name in told) for row in lineage if row["sha256"] in made)
    variations = [{**dict(zip(told, key, strict=True)), "pictures": number} for key, number in sorted(settings.items())]
    return Facts(excluded=tuple(excluded), waiting=waiting, variations=tuple(variations))


def page(chosen: Chosen, known: Facts, purpose: str) -> str:
    """The README.md of the folder; equal samples and facts give equal text."""
    samples = chosen.samples
    real = [sample for sample in samples if sample.kind == "real"]
    made = [sample for sample in samples if sample.kind == "synthetic"]
    splits = [
        {
            "split": split,
            "photographs and works": sum(sample.split == split for sample in real),
            "variations": sum(sample.split == split for sample in made),
        }
        for split in ("train", "val", "test")
    ]
    concepts: Counter[str] = Counter(concept["name"] for sample in real for concept in sample.record["concepts"])
    more: Counter[str] = Counter(concept["name"] for sample in made for concept in sample.record["concepts"])
    shown = [{"concept": name, "real": concepts[name], "variations": more[name]} for name in sorted({*concepts, *more})]
    licences = Counter(licence_name(sample.record["rights"]) for sample in samples)
    bound = sorted({licence_name(one.record["rights"]) for one in samples if one.record["permissions"]["share_alike"]})
    sources = Counter(sample.record["source"] for sample in real)
    example = samples[0].record["concepts"][0]["name"] if samples and samples[0].record["concepts"] else "a concept"
    parts = [
        "# A collection of pictures that a model may learn from",
        f"{len(samples)} samples: {len(real)} pictures and {len(made)} variations made from them by a model. Every one permits"
        f" **{purpose}** use. Written by fototeca; `manifest.json` names every byte.",
        "## What is in it",
        _table(splits),
        _table(shown),
        "## Under which licences",
        _table([{"licence": name, "samples": number} for name, number in sorted(licences.items())]),
        "There is no one licence of the whole: each sample's own licence, credit line and permissions stand in its `.json`, in"
        " `licences.parquet` and `licences.csv`, and as credits to print in `credits.csv` and `credits.html`. A variation has the"
        " licence of the picture it was made from, and says that it was changed."
        + (f" Share-alike binds what is made from: {', '.join(bound)}." if bound else ""),
        "## Where it comes from",
        _table([{"source": name, "pictures": number} for name, number in sorted(sources.items())]),
        "## What was left out, and why",
        _table([{"reason": row["criterion"], "items": row["items"]} for row in known.excluded]),
        f"{known.waiting} more wait for a person's decision and are not in it.",
        *_left_out(chosen.left_out),
    ]
    if known.variations:
        parts += [
            "## How the variations were made",
            "Each begins from a picture of the training split and is guided by that picture's caption (Cioni et al. 2023); its"
            " `.json` holds parent, prompt, seed and settings. They stand in shards of their own (`train-synthetic-…`).",
            _table([dict(row) for row in known.variations]),
        ]
    parts += [
        "## How to read it",
        "```python\nimport glob, webdataset\nfor sample in webdataset.WebDataset(sorted(glob.glob('train-real-*.tar')),"
        " shardshuffle=False).decode('pil'):\n    print(sample['__key__'], sample['txt'], sample['json']['credit_line'])\n```",
        f"With fototeca, `shardset.read.read(folder, split='train', alpha=0.5)` mixes variations in (α is the probability that a"
        f" picture's turn is taken by one of its variations), and `fototeca finetune RECIPE --shards FOLDER` teaches a model, for"
        f" instance the concept {example!r}.",
        "## How to check it",
        "```bash\nsha256sum --check SHA256SUMS\n```",
        "The splits are drawn by leakage group: no two pictures that are close to each other, or that show one object, stand in"
        " different splits; the export refuses to be written otherwise.",
    ]
    return "\n\n".join(parts) + "\n"


def licence_name(rights: Mapping[str, Any]) -> str:
    """`CC BY-SA 4.0`, `CC0 1.0`, `Public domain`: as the catalogue's macro licence_name writes it."""
    family, version = rights["family"], rights["version"]
    port = (rights["jurisdiction"] or "").upper() or None
    if family == "cc0":
        return f"CC0 {version or '1.0'}"
    if family == "pdm":
        return "Public domain"
    if family in ("sa", "nc", "nd", "nc-sa", "nd-nc") or family == "by" or family.startswith("by-"):
        return " ".join(filter(None, ["CC", family.upper(), version, port]))
    if family in ("arr", "unknown"):
        return {"arr": "All rights reserved", "unknown": "Unknown"}[family]
    return " ".join(filter(None, [family.upper(), version]))


def _left_out(reasons: Mapping[str, int]) -> list[str]:
    if not reasons:
        return []
    return ["Kept in the collection, but not in this export:", _table([{"why": why, "items": n} for why, n in reasons.items()])]


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    listed = list(rows)
    if not listed:
        return "(none)"
    names = list(listed[0])
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(_cell(row[name]) for name in names)} |" for row in listed]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
