"""The folder described in Croissant 1.1 (MLCommons): its shards with their sums, and records with picture, rights and lineage.

Source: the specification of 2026-01-29, https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from export import samples_table
from export.card import Facts, licence_name
from export.front_matter import languages_of
from shardset.write import NewSample

NAME = "croissant.json"
VERSION = "http://mlcommons.org/croissant/1.1"
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""Written out, so that no reader has to fetch it."""

SPLITS = {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit"}
FIELDS = (
    ("sha256", "sc:Text", "sc:identifier", "SHA-256 of the picture in the archive; the key of the sample."),
    ("member_sha256", "sc:Text", "sc:sha256", "SHA-256 of the bytes handed over; another one where they were scaled or signed."),
    ("split", "sc:Text", None, "train, val or test; drawn by group, so that no two close pictures stand in different splits."),
    ("origin", "sc:Text", None, "harvested (from a source) or generated (by a model, from its parent)."),
    ("caption", "sc:Text", "sc:caption", "What the picture shows, in words."),
    ("caption_language", "sc:Text", "sc:inLanguage", "BCP 47 tag of the caption, where known."),
    (
        "caption_origin",
        "sc:Text",
        None,
        "Who wrote the caption: the source, a person, or model:NAME; `title` where it is the title.",
    ),
    ("concepts", "sc:Text", "sc:about", "What the picture is collected for."),
    ("title", "sc:Text", "sc:name", "Of the work or picture."),
    ("creator", "sc:Text", "sc:creator", "Who made it."),
    ("creation_date", "sc:Text", "sc:temporal", "As the source words it."),
    ("licence", "sc:Text", None, "The licence under which this picture is here."),
    (
        "licence_uri",
        "sc:URL",
        "sc:license",
        "Its address; missing where a picture is free without a licence or cleared by a person.",
    ),
    ("credit_line", "sc:Text", "sc:creditText", "To be printed with the picture."),
    ("source", "sc:Text", "sc:isPartOf", "The collection that it comes from."),
    ("page_url", "sc:URL", "sc:url", "The page on it there."),
    ("parent", "sc:Text", "prov:wasDerivedFrom", "Of a variation: the sha256 of the picture that it varies."),
    ("prompt", "sc:Text", None, "Of a variation: the words given to the model."),
    ("model", "sc:Text", "prov:wasGeneratedBy", "Of a variation: the model that made it."),
    ("revision", "sc:Text", None, "Of a variation: the model's revision."),
)
"""Column of the table, type, property that means the same, and what it says."""


def croissant(
    samples: Sequence[NewSample],
    shards: Sequence[Mapping[str, Any]],
    known: Facts,
    *,
    purpose: str,
    table: bytes,
    manifest_digest: str,
) -> bytes:
    """The JSON-LD; equal input gives equal bytes.

    Args:
        samples: of the export.
        shards: as the manifest lists them.
        known: facts of the catalogue.
        purpose: that every sample permits.
        table: the file `samples.parquet`.
        manifest_digest: SHA-256 of the manifest; it names this version of the folder.
    """
    made = sum(sample.kind == "synthetic" for sample in samples)
    described = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [VERSION, "http://mlcommons.org/croissant/RAI/1.0"],
        "name": "A collection of pictures that a model may learn from",
        "description": f"{len(samples)} samples: {len(samples) - made} pictures and {made} variations made from them by a model,"
        f" permitted for {purpose} use, each with its own licence, credit line and caption. Written by fototeca.",
        "license": licences_of(samples),
        "creator": [{"@type": "Organization", "name": name} for name in known.institutions],
        "citeAs": f"@misc{{fototeca-{manifest_digest[:12]}, title = {{A collection of pictures, manifest {manifest_digest}}}, "
        f"note = {{Credits of every picture: credits.csv}}}}",
        "keywords": sorted({concept["name"] for sample in samples for concept in sample.record["concepts"]}),
        "inLanguage": languages_of(samples),
        "datePublished": known.newest_day,
        "version": f"0.0.0+{manifest_digest[:12]}",  # exports carry no number of their own: the manifest is the version
        "rai:dataCollection": "Harvested from the sources named in each record, kept by stated criteria; every exclusion has a"
        " reason (README.md).",
        "rai:dataManipulationProtocol": "Variations (origin `generated`) begin from a picture of the training split and its"
        " caption; parent, prompt, model and settings stand in each sample's JSON. They never stand in val or test."
        if made
        else None,
        "distribution": [
            *(_file(shard["name"], "application/x-tar", shard["sha256"], shard["size_bytes"]) for shard in shards),
            _file(samples_table.NAME, "application/x-parquet", hashlib.sha256(table).hexdigest(), len(table)),
            {
                "@type": "cr:FileSet",
                "@id": "pictures",
                "name": "pictures",
                "containedIn": [{"@id": shard["name"]} for shard in shards],
                "encodingFormat": "image/*",
                "includes": sorted({f"*.{sample.extension}" for sample in samples}),
            },
        ],
        "recordSet": [_splits(samples), _samples()],
    }
    kept = {name: value for name, value in described.items() if value not in (None, [])}
    return (json.dumps(kept, ensure_ascii=False, indent=1) + "\n").encode()


def licences_of(samples: Sequence[NewSample]) -> list[str]:
    """Every licence of the samples once, by its address, or by its name where it has none."""
    return sorted({str(sample.record["rights"]["uri"] or licence_name(sample.record["rights"])) for sample in samples})


def _file(name: str, encoding: str, sha256: str, size_bytes: int) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{size_bytes} B",
        "encodingFormat": encoding,
        "sha256": sha256,
    }


def _splits(samples: Sequence[NewSample]) -> dict[str, Any]:
    used = {sample.split for sample in samples}
    text = {"@type": "cr:Field", "dataType": "sc:Text"}
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {**text, "@id": "splits/name", "name": "name"},
            {"@type": "cr:Field", "@id": "splits/url", "name": "url", "dataType": "sc:URL"},
        ],
        "data": [{"splits/name": name, "splits/url": url} for name, url in SPLITS.items() if name in used],
    }


def _samples() -> dict[str, Any]:
    """One record a sample: its picture out of the shards, the rest out of the table, joined by the key in the file's name."""
    key = {
        "@type": "cr:Field",
        "@id": "samples/key",
        "name": "key",
        "description": "Name of the sample's members in its shard.",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": "pictures"},
            "extract": {"fileProperty": "filename"},
            "transform": {"regex": "^([0-9a-f]{64})"},
        },
        "references": {"fileObject": {"@id": samples_table.NAME}, "extract": {"column": "sha256"}},
    }
    picture = {
        "@type": "cr:Field",
        "@id": "samples/image",
        "name": "image",
        "description": "The picture.",
        "dataType": "sc:ImageObject",
        "equivalentProperty": "sc:image",
        "source": {"fileSet": {"@id": "pictures"}, "extract": {"fileProperty": "content"}},
    }
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "name": "samples",
        "description": "The pictures, each with its own licence, creator and credit line.",
        "key": {"@id": "samples/key"},
        "field": [key, picture, *(_column(*field) for field in FIELDS)],
    }


def _column(name: str, kind: str, means: str | None, says: str) -> dict[str, Any]:
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"samples/{name}",
        "name": name,
        "description": says,
        "dataType": kind,
        "source": {"fileObject": {"@id": samples_table.NAME}, "extract": {"column": name}},
    }
    if means:
        field["equivalentProperty"] = means
    if name == "concepts":
        field |= {"isArray": True, "arrayShape": "-1"}
    if name == "split":
        field |= {"references": {"field": {"@id": "splits/name"}}}
    return field
