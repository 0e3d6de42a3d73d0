"""The page about an export: what is in it, under which licences, what was left out and why, and how to read and check it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from catalog import db
from export import likeness_plot
from export.front_matter import front_matter
from shardset.write import NewSample

HERE = Path(__file__).parent
NAME = "README.md"
CONTACT_SHEET = "contact-sheet.png"
LIKENESS_PLOT = "likeness.png"
LIKENESS_TABLE = "likeness.csv"
SETTINGS = ("concept", "model", "revision", "scheduler", "strength", "guidance", "steps", "lora", "control", "sampler")
"""Columns of the view `lineage` that say how a variation was made; the prompt and the seed differ from each to each."""
MOST_ROWS = 40
"""Rows of likeness on the page; the file has them all."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is said of an export out of the catalogue.

    `newest_day` (YYYY-MM-DD, UTC) is when the newest of its pictures was stored: the date of the contents, which, other than
    the clock, is the same when the export is made again. None where there are no pictures.
    """

    excluded: tuple[Mapping[str, Any], ...] = ()
    """Items left out of the collection, by criterion."""
    waiting: int = 0
    variations: tuple[Mapping[str, Any], ...] = ()
    """One row for each way in which variations were made."""
    institutions: tuple[str, ...] = ()
    """Who holds what the pictures show, as the sources declare it; else the sources' names."""
    newest_day: str | None = None
    likeness: tuple[Mapping[str, Any], ...] = ()
    """The table of figure 5 (`export.likeness_plot.table`); empty where nothing was measured."""


def facts(connection: duckdb.DuckDBPyConnection, samples: Sequence[NewSample]) -> Facts:
    """Ask for them."""
    made = {sample.key for sample in samples if sample.kind == "synthetic"}
    sources = sorted({str(sample.record["source"]) for sample in samples if sample.record["source"]})
    keys = [sample.key for sample in samples]
    excluded = db.fetch(
        connection,
        "SELECT criterion, count(*) AS items FROM excluded GROUP BY criterion ORDER BY items DESC, criterion",
    )
    waiting = db.fetch(connection, "SELECT count(*) AS items FROM waiting")[0]["items"]
    lineage = db.fetch(connection, "SELECT * FROM lineage ORDER BY sha256") if made else []
    declared = db.fetch(connection, (HERE / "institutions.sql").read_text(encoding="utf-8"), {"sources": sources})
    newest = db.fetch(
        connection,
        "SELECT strftime(max(stored_at), '%Y-%m-%d') AS day FROM images WHERE sha256 IN (SELECT unnest($keys::VARCHAR[]))",
        {"keys": keys},
    )[0]["day"]
    likeness = likeness_plot.table(connection, keys) if made else ()
    told = [name for name in SETTINGS if any(row.get(name) is not None for row in lineage if row["sha256"] in made)]
    settings = Counter(tuple(row[name] for name in told) for row in lineage if row["sha256"] in made)
    ordered = sorted(settings.items(), key=lambda one: tuple(map(str, one[0])))
    return Facts(
        excluded=tuple(excluded),
        waiting=waiting,
        variations=tuple({**dict(zip(told, key, strict=True)), "pictures": number} for key, number in ordered),
        institutions=tuple(row["institution"] for row in declared),
        newest_day=newest,
        likeness=likeness,
    )


def page(samples: Sequence[NewSample], known: Facts, about: Mapping[str, Any], beside: Collection[str]) -> str:
    """The README.md of the folder, which the Hugging Face hub reads, too; equal input gives equal text.

    Args:
        samples: of the export.
        known: facts of the catalogue.
        about: `purpose`, and `left_out`, `image_policy` and `signed` as the manifest has them.
        beside: names of the files that stand beside the shards; a picture that is not among them is not shown.
    """
    real = [sample for sample in samples if sample.kind == "real"]
    made = [sample for sample in samples if sample.kind == "synthetic"]
    sources = Counter(sample.record["source"] for sample in real)
    parts = [
        "# A collection of pictures that a model may learn from",
        f"{len(samples)} samples: {len(real)} pictures and {len(made)} variations made from them by a model. Every one permits"
        f" **{about['purpose']}** use. Written by fototeca; `manifest.json` names every byte.",
        *([f"![Some of the pictures, by concept, with their credits]({CONTACT_SHEET})"] if CONTACT_SHEET in beside else []),
        "## What is in it",
        *_contents(real, made),
        _pictures(about),
        "## Under which licences",
        *_licences(samples),
        "## Where it comes from",
        _counts("source", sources, "pictures"),
        *([f"Held by: {', '.join(map(_cell, known.institutions))}."] if set(known.institutions) - set(sources) else []),
        "## What was left out, and why",
        _table([{"reason": row["criterion"], "items": row["items"]} for row in known.excluded]),
        "Each reason is the name of a criterion: `fototeca criteria` says what it asks, `fototeca why` what it found in an item.",
        f"{known.waiting} more wait for a person's decision and are not in it.",
    ]
    if about["left_out"]:
        parts += [
            "Kept in the collection, but not in this export:",
            _table([{"why": why, "items": number} for why, number in about["left_out"].items()]),
        ]
    if made:
        parts += [
            "## How the variations were made",
            "Each begins from a picture of the training split and is guided by that picture's caption (Cioni et al. 2023); its"
            " `.json` holds parent, prompt, seed and settings. They stand in shards of their own (`train-synthetic-…`).",
            _table(known.variations),
            *_likeness(known, beside),
        ]
    return front_matter(samples) + "\n" + "\n\n".join([*parts, *_reading(samples)]) + "\n"


def _contents(real: Sequence[NewSample], made: Sequence[NewSample]) -> list[str]:
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
    without = [sum(not sample.record["concepts"] for sample in group) for group in (real, made)]
    if any(without):
        shown.append({"concept": "(none)", "real": without[0], "variations": without[1]})
    return [_table(splits), _table(shown)]


def _pictures(about: Mapping[str, Any]) -> str:
    policy = about["image_policy"]
    if policy["pictures"] == "scaled":
        quality = "" if policy["encoder"] == "png" else f", quality {policy['quality']}"
        text = (
            f"Pictures are copies scaled down to at most {policy['longest_side_px']} pixels ({policy['encoder']}{quality}), in"
            " sRGB, without EXIF; whose they are and what they permit stands in them as XMP."
        )
    else:
        text = "Pictures are handed over as they are held, byte for byte."
    return text + (" Variations are signed (C2PA)." if about["signed"] else "")


def _licences(samples: Sequence[NewSample]) -> list[str]:
    counts = Counter(licence_name(sample.record["rights"]) for sample in samples)
    bound = sorted({licence_name(one.record["rights"]) for one in samples if one.record["permissions"]["share_alike"]})
    return [
        _counts("licence", counts, "samples"),
        "There is no one licence of the whole: each sample's own licence, credit line and permissions stand in its `.json`, in"
        " `licences.parquet` and `licences.csv`, and as credits to print in `credits.csv` and `credits.html`. A variation has the"
        " licence of the picture it was made from, and says that it was changed."
        + (f" Share-alike binds what is made from: {', '.join(bound)}." if bound else ""),
    ]


def _likeness(known: Facts, beside: Collection[str]) -> list[str]:
    """Figure 5 of Cioni et al. 2023; what is missing is said, not passed over."""
    if not known.likeness:
        return [
            "How like the variations are to their captions and parents was not measured: `fototeca curate` does it where"
            " curation.toml names a model for it."
        ]
    return [
        "### How like they are to their captions and to their parents",
        f"Cosines by {known.likeness[0]['model']}: real pictures and their captions, variations and the captions they were made"
        " from, variations and the pictures that they vary (figure 5 of Cioni et al. 2023).",
        f"![Three distributions of likeness]({LIKENESS_PLOT})"
        if LIKENESS_PLOT in beside
        else "(No plot: it needs matplotlib, which is in fototeca's extra `models`.)",
        _table(
            {
                "compared": row["measure"],
                "concept": row["concept"],
                "made by": row["made_by"],
                "pairs": row["n"],
                "mean": row["mean"],
                "95 % interval": "" if row["low"] is None else f"{row['low']:.4g} to {row['high']:.4g}",
                "5 %": row["p5"],
                "median": row["p50"],
                "95 %": row["p95"],
            }
            for row in known.likeness[:MOST_ROWS]
        ),
        f"All {len(known.likeness)} rows, with more quantiles: `{LIKENESS_TABLE}`. The interval is of the mean, by the bootstrap"
        " over parents.",
    ]


def _reading(samples: Sequence[NewSample]) -> list[str]:
    example = next((one["name"] for sample in samples for one in sample.record["concepts"]), "a concept")
    return [
        "## How to read it",
        "```python\nimport glob, webdataset\nfor sample in webdataset.WebDataset(sorted(glob.glob('train-real-*.tar')),"
        " shardshuffle=False).decode('pil'):\n    print(sample['__key__'], sample['txt'], sample['json']['credit_line'])\n```",
        f"With fototeca, `shardset.read.read(folder, split='train', alpha=0.5)` mixes variations in (α is the probability that a"
        f" picture's turn is taken by one of its variations), and `fototeca finetune RECIPE --shards FOLDER` teaches a model, for"
        f" instance the concept {example!r}."
        + " `croissant.json` describes the records for `mlcroissant` and other readers of Croissant 1.1.",
        "## How to check it",
        "```bash\nsha256sum --check SHA256SUMS\n```",
        "The splits are drawn by leakage group: no two pictures that are close to each other, or that show one object, stand in"
        " different splits; the export refuses to be written otherwise.",
    ]


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


def _counts(what: str, counts: Mapping[str, int], of: str) -> str:
    return _table([{what: name, of: number} for name, number in sorted(counts.items())])


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    listed = list(rows)
    if not listed:
        return "(none)"
    names = list(listed[0])
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(_cell(row[name]) for name in names)} |" for row in listed]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
