"""The folder described as an RO-Crate 1.2, for repositories: its files, each picture's rights, and how variations were made.

Source: https://www.researchobject.org/ro-crate/specification/1.2/
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from export.card import Facts, licence_name
from export.croissant import licences_of
from shardset.write import NewSample

NAME = "ro-crate-metadata.json"
CONTEXT = "https://w3id.org/ro/crate/1.2/context"
PROFILE = "https://w3id.org/ro/crate/1.2"
ENCODINGS = {
    "csv": "text/csv", "html": "text/html", "json": "application/json", "md": "text/markdown", "png": "image/png",
    "parquet": "application/vnd.apache.parquet",
}  # fmt: skip
SETTINGS = ("model", "revision", "scheduler", "strength", "guidance", "steps", "lora", "control", "sampler")

Entity = dict[str, Any]


def ro_crate(
    samples: Sequence[NewSample],
    shards: Sequence[Mapping[str, Any]],
    known: Facts,
    *,
    purpose: str,
    files: Mapping[str, bytes],
) -> bytes:
    """The JSON-LD; equal input gives equal bytes.

    Args:
        samples: of the export.
        shards: as the manifest lists them.
        known: facts of the catalogue.
        purpose: that every sample permits.
        files: what stands beside the shards, by name, the manifest among them.
    """
    shard_of = {row["key"]: shard["name"] for shard in shards for row in shard["samples"]}
    pictures = [_picture(sample, shard_of[sample.key]) for sample in sorted(samples, key=lambda one: one.key)]
    made = [sample for sample in samples if sample.kind == "synthetic"]
    parts = [_shard(shard) for shard in shards] + [_file(name, data) for name, data in sorted(files.items())]
    creators = [_named("Person", name) for name in sorted({str(s.record["creator"]) for s in samples if s.record["creator"]})]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": "A collection of pictures that a model may learn from",
        "description": f"{len(samples)} samples: {len(samples) - len(made)} pictures and {len(made)} variations made from them by"
        f" a model, permitted for {purpose} use, each with its own licence. Written by fototeca.",
        "datePublished": known.newest_day,
        "license": [{"@id": _licence_id(address)} for address in licences_of(samples)],
        "publisher": [{"@id": one["@id"]} for one in _institutions(known)],
        "hasPart": [{"@id": part["@id"]} for part in parts],
        "mentions": [{"@id": one["@id"]} for one in [*pictures, *_actions(made)]],
    }
    descriptor = {"@id": NAME, "@type": "CreativeWork", "conformsTo": {"@id": PROFILE}, "about": {"@id": "./"}}
    graph = [
        descriptor,
        {name: value for name, value in root.items() if value not in (None, [])},
        *parts,
        *_institutions(known),
        *_licences(samples),
        *creators,
        *pictures,
        *_actions(made),
        *_models(made),
    ]
    return (json.dumps({"@context": CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n").encode()


def _shard(shard: Mapping[str, Any]) -> Entity:
    return {
        "@id": shard["name"],
        "@type": "File",
        "name": f"{len(shard['samples'])} samples, {shard['split']}, {shard['kind']}",
        "encodingFormat": "application/x-tar",
        "contentSize": str(shard["size_bytes"]),
        "sha256": shard["sha256"],
    }


def _file(name: str, content: bytes) -> Entity:
    return {
        "@id": name,
        "@type": "File",
        "name": name,
        "encodingFormat": ENCODINGS.get(name.rpartition(".")[2], "application/octet-stream"),
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _picture(sample: NewSample, shard: str) -> Entity:
    record = sample.record
    address = record["rights"]["uri"] or licence_name(record["rights"])
    entity = {
        "@id": f"#{sample.key}",
        "@type": "ImageObject",
        "name": record["title"],
        "caption": record["caption"],
        "creator": {"@id": _named("Person", record["creator"])["@id"]} if record["creator"] else None,
        "license": {"@id": _licence_id(str(address))},
        "creditText": record["credit_line"],
        "url": record["page_url"],
        "isPartOf": {"@id": shard},
        "isBasedOn": {"@id": f"#{record['parent']}"} if record["parent"] else None,
    }
    return {name: value for name, value in entity.items() if value}


def _actions(made: Sequence[NewSample]) -> list[Entity]:
    """One for each way in which variations were made."""
    ways: dict[tuple[str, ...], list[NewSample]] = defaultdict(list)
    for sample in sorted(made, key=lambda one: one.key):
        ways[tuple(str(sample.record["variation"].get(name) or "") for name in SETTINGS)].append(sample)
    actions = []
    for way, group in sorted(ways.items()):
        told = ", ".join(f"{name} {value}" for name, value in zip(SETTINGS, way, strict=True) if value)
        actions.append(
            {
                "@id": f"#made-{hashlib.sha256(told.encode()).hexdigest()[:12]}",
                "@type": "CreateAction",
                "name": f"Variations made by a model ({told})",
                "instrument": {"@id": _model_id(way[0], way[1])},
                "object": [{"@id": f"#{key}"} for key in sorted({str(sample.record["parent"]) for sample in group})],
                "result": [{"@id": f"#{sample.key}"} for sample in group],
            }
        )
    return actions


def _models(made: Sequence[NewSample]) -> list[Entity]:
    used = sorted({(str(one.record["variation"]["model"]), str(one.record["variation"]["revision"])) for one in made})
    return [
        {"@id": _model_id(name, revision), "@type": "SoftwareApplication", "name": name, "softwareVersion": revision}
        for name, revision in used
    ]


def _institutions(known: Facts) -> list[Entity]:
    return [_named("Organization", name) for name in known.institutions]


def _licences(samples: Sequence[NewSample]) -> list[Entity]:
    names = {
        str(one.record["rights"]["uri"] or licence_name(one.record["rights"])): licence_name(one.record["rights"])
        for one in samples
    }
    return [{"@id": _licence_id(address), "@type": "CreativeWork", "name": name} for address, name in sorted(names.items())]


def _licence_id(address: str) -> str:
    return address if address.startswith(("https://", "http://")) else f"#licence-{quote(address)}"


def _named(kind: str, name: str) -> Entity:
    return {"@id": f"#{kind.lower()}-{quote(name, safe='')}", "@type": kind, "name": name}


def _model_id(name: str, revision: str) -> str:
    return f"#model-{quote(f'{name}@{revision}', safe='')}"
