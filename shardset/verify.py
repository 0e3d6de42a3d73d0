"""Re-reads a folder of shards against its manifest, every byte of it, and names what is not as it should be."""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from shardset import names
from shardset.read import read_manifest
from shardset.tar import BLOCK_BYTES, header
from shardset.target import Target, target

SUMS = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64})  (\w[\w.-]*)")  # as `sha256sum` writes them, of the names that an export gives
WINDOW_BYTES = 8 << 20


def verify(folder: Path | str | Target, *, progress: Callable[[str, int, int], None] | None = None) -> list[str]:
    """Every fault, in words that name shard and sample; an empty list means that all is as the manifest says.

    Where `SHA256SUMS` stands beside the manifest, the files that it names are checked as well.

    Args:
        folder: a path, or a URL that fsspec knows.
        progress: is told ("verifying shards", done, total).

    Raises:
        SourceError: there is no manifest to compare with.
    """
    place = target(folder)
    manifest = read_manifest(place)
    shards = manifest["shards"]
    faults: list[str] = []
    for number, shard in enumerate(shards, start=1):
        if place.size(shard["name"]) is None:
            faults.append(f"{shard['name']} is missing")
        elif _sha256(place, shard["name"]) != shard["sha256"]:
            faults += _faults_inside(place, shard) or [f"{shard['name']} has changed outside its samples"]
        if progress:
            progress("verifying shards", number, len(shards))
    wanted = {shard["name"] for shard in shards}
    faults += [f"{name} is not in the manifest" for name in place.listed() if names.parse(name) and name not in wanted]
    if "image_policy" in manifest and place.size(SUMS) is None:  # `fototeca export` writes both
        return [*faults, f"{SUMS} is missing, so what stands beside the shards cannot be checked"]
    return faults + _faults_beside(place, {shard["name"]: shard["sha256"] for shard in shards})


def _sha256(place: Target, name: str) -> str:
    digest, offset = hashlib.sha256(), 0
    while block := place.read_range(name, offset, WINDOW_BYTES):
        digest.update(block)
        offset += len(block)
    return digest.hexdigest()


def _faults_inside(place: Target, shard: Mapping[str, Any]) -> list[str]:
    """Header, data and padding of every member, against what the manifest says that they are."""
    faults = []
    for row in shard["samples"]:
        for extension, (offset, size, sha256) in sorted(row["members"].items()):
            name = f"{row['key']}.{extension}"
            padding_bytes = -size % BLOCK_BYTES
            whole = place.read_range(shard["name"], offset - BLOCK_BYTES, BLOCK_BYTES + size + padding_bytes)
            head, data, padding = whole[:BLOCK_BYTES], whole[BLOCK_BYTES : BLOCK_BYTES + size], whole[BLOCK_BYTES + size :]
            if len(data) != size:
                faults.append(f"{shard['name']}: {name} is cut")
            elif hashlib.sha256(data).hexdigest() != sha256:
                faults.append(f"{shard['name']}: {name} is altered")
            elif head != header(name, size) or padding != bytes(padding_bytes):
                faults.append(f"{shard['name']}: the tar header or padding of {name} is altered")
    return faults


def _faults_beside(place: Target, shards: Mapping[str, str]) -> list[str]:
    """The files that are no shards (credits, licences, README, the manifest), and the list of sums itself."""
    if place.size(SUMS) is None:
        return []
    faults, listed = [], set()
    *lines, rest = place.read(SUMS).decode(errors="replace").split("\n")
    for number, line in enumerate([*lines, rest] if rest else lines, start=1):
        found = LINE.fullmatch(line)
        if not found:
            faults.append(f"{SUMS} is altered: line {number} does not name a sum and a file")
            continue
        sha256, name = found[1], found[2]
        listed.add(name)
        if names.parse(name):
            if shards.get(name) != sha256:
                faults.append(f"{SUMS} is altered: line {number} is not what the manifest says of {name}")
        elif place.size(name) is None:
            faults.append(f"{name} is missing")
        elif _sha256(place, name) != sha256:
            faults.append(f"{name} is altered")
    if rest:
        faults.append(f"{SUMS} is cut: its last line has no end")
    return faults + [f"{SUMS} is altered: it does not name {name}" for name in sorted({names.MANIFEST, *shards} - listed)]
