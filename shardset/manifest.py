"""The manifest as it is written: its text, line by line, and what the one of the export before says."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from base.errors import SourceError
from base.files import canonical_json
from shardset import names
from shardset.target import Target

MOST_BITS = 8
"""Of the bucket in a shard's name."""


def as_text(manifest: Mapping[str, Any], blocks: Mapping[str, str]) -> str:
    """JSON with a line for each key, each shard and each sample, so that two manifests can be compared line by line.

    Args:
        manifest: to be written.
        blocks: lines of those shards, by name, that stand in the manifest before as they will in this one.
    """
    shards = []
    for shard in manifest["shards"]:
        if shard["name"] in blocks:
            shards.append(blocks[shard["name"]])
            continue
        rows = ",\n   ".join(map(canonical_json, shard["samples"]))
        rest = canonical_json({name: value for name, value in shard.items() if name != "samples"})
        shards.append(f'  {rest[:-1]},"samples":[\n   {rows}]}}')
    lines = [
        f" {canonical_json(name)}: " + ("[\n" + ",\n".join(shards) + "]" if name == "shards" else canonical_json(value))
        for name, value in sorted(manifest.items())
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def blocks_of(manifest: Mapping[str, Any], text: str) -> dict[str, str]:
    """The lines of each shard in a manifest's text as `as_text` wrote it, by the shard's name."""
    parts = text.split("\n  {")[1:]
    if len(parts) != len(manifest["shards"]):
        return {}
    parts[-1] = parts[-1].partition('\n "')[0].removesuffix("\n}\n")
    return {shard["name"]: "  {" + part[: part.rindex("]}") + 2] for shard, part in zip(manifest["shards"], parts, strict=True)}


def old_manifest(place: Target) -> tuple[dict[str, Any], str, str]:
    """What the folder's manifest says, its text, and the SHA-256 of its bytes; nothing where there is none."""
    if place.size(names.MANIFEST) is None:
        return {}, "", ""
    shown = f"{place.where}/{names.MANIFEST}"
    data = place.read(names.MANIFEST)
    try:
        text = data.decode()
        manifest = json.loads(text)
    except ValueError as error:
        raise SourceError(f"{shown} is no JSON: {error}. Remove it, and export again.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != names.FORMAT:
        raise SourceError(f"{shown} is of another format than {names.FORMAT}: export into another folder.")
    try:
        whole = all(names.parse(one["name"]) and int(one["size_bytes"]) >= 0 for one in manifest.get("shards", ()))
        whole = whole and 0 <= int(manifest.get("bucket_bits", 0)) <= MOST_BITS
    except (KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        raise SourceError(f"{shown} is damaged: remove it, and export again.")
    return manifest, text, hashlib.sha256(data).hexdigest()
