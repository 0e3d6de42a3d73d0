"""Re-reads a folder of shards against its manifest, every byte of it, and names what is not as it should be."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from base.files import sha256_of_file
from shardset import names
from shardset.read import read_manifest
from shardset.write import BLOCK_BYTES, header

SUMS = "SHA256SUMS"


def verify(folder: Path, *, progress: Callable[[str, int, int], None] | None = None) -> list[str]:
    """Every fault, in words that name shard and sample; an empty list means that all is as the manifest says.

    Where `SHA256SUMS` stands beside the manifest, the files that it names are checked as well.

    Raises:
        SourceError: there is no manifest to compare with.
    """
    shards = read_manifest(folder)["shards"]
    faults: list[str] = []
    for number, shard in enumerate(shards, start=1):
        path = folder / shard["name"]
        if not path.exists():
            faults.append(f"{shard['name']} is missing")
        elif sha256_of_file(path) != shard["sha256"]:
            faults += _faults_inside(path, shard) or [f"{shard['name']} has changed outside its samples"]
        if progress:
            progress("verifying shards", number, len(shards))
    wanted = {shard["name"] for shard in shards}
    faults += [
        f"{path.name} is not in the manifest"
        for path in sorted(folder.glob("*.tar"))
        if names.parse(path.name) and path.name not in wanted
    ]
    return faults + _faults_beside(folder)


def _faults_inside(path: Path, shard: Mapping[str, Any]) -> list[str]:
    """Header, data and padding of every member, against what the manifest says that they are."""
    faults = []
    with path.open("rb") as stream:
        for row in shard["samples"]:
            for extension, (offset, size, sha256) in sorted(row["members"].items()):
                name = f"{row['key']}.{extension}"
                stream.seek(offset - BLOCK_BYTES)
                head, data, padding = stream.read(BLOCK_BYTES), stream.read(size), stream.read(-size % BLOCK_BYTES)
                if len(data) != size:
                    faults.append(f"{path.name}: {name} is cut")
                elif hashlib.sha256(data).hexdigest() != sha256:
                    faults.append(f"{path.name}: {name} is altered")
                elif head != header(name, size) or any(padding):
                    faults.append(f"{path.name}: the tar header or padding of {name} is altered")
    return faults


def _faults_beside(folder: Path) -> list[str]:
    """The files that are no shards: credits, licences, README and the manifest itself."""
    sums = folder / SUMS
    if not sums.exists():
        return []
    faults = []
    for line in sums.read_text(encoding="utf-8", errors="replace").splitlines():
        sha256, _, name = line.partition("  ")
        path = folder / name
        if names.parse(name) or "/" in name:
            continue
        if not path.is_file():
            faults.append(f"{name} is missing")
        elif sha256_of_file(path) != sha256:
            faults.append(f"{name} is altered")
    return faults
