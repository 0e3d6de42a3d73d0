"""The head of README.md that the Hugging Face hub reads: licence, languages, tasks, which shards make a split, what they hold."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from shardset.write import NewSample

HUB_LICENCES = frozenset(
    ("cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0",
     "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0",
     "cc-by-nc-sa-4.0")
)  # fmt: skip
"""Those of the hub's names (https://huggingface.co/docs/hub/repositories-licenses) that are SPDX ids in small letters."""
HUB_SPLITS = {"train": "train", "val": "validation", "test": "test"}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
CONFIGURATIONS = {"real": "pictures", "synthetic": "variations"}
TYPES = {
    **dict.fromkeys(("width_px", "height_px", "longest_side_px", "quality", "seed", "steps"), "int64"),
    **dict.fromkeys(("strength", "guidance"), "float64"),
    **dict.fromkeys(("derivatives", "commercial", "redistribute", "attribution", "share_alike"), "bool"),
}
"""Of values in a sample's JSON; all others are text."""
LISTS: Mapping[str, Any] = {
    "flags": "string",
    "purposes": "string",
    "concepts": [{"name": name, "dtype": "string"} for name in ("name", "class_noun", "rare_token")],
}


def front_matter(samples: Sequence[NewSample]) -> str:
    """YAML between two lines of dashes. Each value is written as JSON, which is YAML too, so that no text can break it.

    Real pictures are the default configuration; variations are one of their own, as their shards are.
    """
    head: dict[str, Any] = {
        "pretty_name": "A collection of pictures that a model may learn from",
        **_licence(samples),
        "language": languages_of(samples),
        "task_categories": ["text-to-image", "image-to-text"],
        "tags": ["webdataset", "croissant", "cultural-heritage"],
        "size_categories": [next((name for most, name in SIZES if len(samples) < most), "n>10M")],
        "configs": _configurations(samples),
        "dataset_info": _contents(samples),
    }
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in head.items() if value]
    return "\n".join(["---", *lines, "---"]) + "\n"


def languages_of(samples: Sequence[NewSample]) -> list[str]:
    """The languages of the captions without their regions, as BCP 47 has them; `und` says nothing."""
    found = {str(sample.record["caption_language"] or "und").split("-")[0] for sample in samples}
    return sorted(found - {"und"})


def _licence(samples: Sequence[NewSample]) -> Mapping[str, str]:
    """The one licence of all, where the hub has a name for it; else `other`, with the table of licences."""
    named = {str(sample.record["rights"]["spdx"] or "").casefold() for sample in samples}
    ported = any(sample.record["rights"]["jurisdiction"] for sample in samples)
    if len(named) == 1 and named <= HUB_LICENCES and not ported:
        return {"license": named.pop()}
    return {"license": "other", "license_name": "each-picture-has-its-own", "license_link": "licences.csv"}


def _configurations(samples: Sequence[NewSample]) -> list[dict[str, Any]]:
    """Only splits that have shards: the hub refuses a pattern that matches nothing."""
    there = {(sample.kind, sample.split) for sample in samples}
    listed = []
    for kind, name in CONFIGURATIONS.items():
        files = [
            {"split": called, "path": f"{split}-{kind}-*.tar"} for split, called in HUB_SPLITS.items() if (kind, split) in there
        ]
        if files:
            listed.append({"config_name": name, "data_files": files, **({"default": True} if kind == "real" else {})})
    return listed


def _contents(samples: Sequence[NewSample]) -> list[dict[str, Any]]:
    """What the members of a sample are, for each configuration.

    Left to guess, the library `datasets` asks that the first samples all have the same members and refuses a collection of JPEG
    and PNG; a value that the first samples lack would be without a type.
    """
    listed = []
    for kind, name in CONFIGURATIONS.items():
        own = [sample for sample in samples if sample.kind == kind]
        if own:
            pictures = [{"name": extension, "dtype": "image"} for extension in sorted({sample.extension for sample in own})]
            texts = [{"name": member, "dtype": "string"} for member in ("__key__", "__url__", "txt")]
            record = {"name": "json", "struct": [_typed(*value) for value in sorted(own[0].record.items())]}
            listed.append({"config_name": name, "features": [*pictures, record, *texts]})
    return listed


def _typed(name: str, value: Any) -> dict[str, Any]:
    if name in LISTS:
        return {"name": name, "list": LISTS[name]}
    if isinstance(value, Mapping):
        return {"name": name, "struct": [_typed(*inner) for inner in sorted(value.items())]}
    return {"name": name, "dtype": TYPES.get(name, "string")}
