"""What the files of a shard folder are called, and in which bucket a leakage group falls."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FORMAT = "fototeca-shards/1"
MANIFEST = "manifest.json"
SPLITS = ("train", "val", "test")
KINDS = ("real", "synthetic")
BUCKET_SALT = "fototeca-bucket-1"
DIGEST_LENGTH = 12
NAME = re.compile(rf"(train|val|test)-(real|synthetic)-([0-9a-f]{{2}})-([0-9a-f]{{{DIGEST_LENGTH}}})\.tar")
TEMPORARY = re.compile(r"\.(.+)\.\d+\.tmp")  # as base.files.written_whole names them

Kind = Literal["real", "synthetic"]


@dataclass(frozen=True, kw_only=True)
class ShardName:
    """The parts of `<split>-<real|synthetic>-<bucket>-<digest>.tar`."""

    split: str
    kind: str
    bucket: str
    digest: str

    def __str__(self) -> str:
        """The file name."""
        return f"{self.split}-{self.kind}-{self.bucket}-{self.digest}.tar"


def parse(name: str) -> ShardName | None:
    """The parts of a shard's file name; None for every other file."""
    found = NAME.fullmatch(name)
    return ShardName(split=found[1], kind=found[2], bucket=found[3], digest=found[4]) if found else None


def bucket(anchor: str, bits: int) -> str:
    """The bucket of a leakage group: the first `bits` (0 to 8) bits of a salted hash, as two hexadecimal digits.

    It depends on the anchor alone, so one picture more or less changes one shard.
    """
    first = hashlib.sha256(f"{BUCKET_SALT}\x1f{anchor}".encode()).digest()[0]
    return f"{first >> (8 - bits):02x}"


def content_digest(members: list[tuple[str, str]]) -> str:
    """What a shard's name says of its contents: SHA-256 over the format and the sorted (member name, sha256) pairs."""
    digest = hashlib.sha256(FORMAT.encode())
    for name, sha256 in sorted(members):
        digest.update(f"\n{name} {sha256}".encode())
    return digest.hexdigest()[:DIGEST_LENGTH]


def sweep(folder: Path, ours: Callable[[str], bool]) -> None:
    """Remove what a killed writer left half written of the files that are `ours`; the caller holds the folder's lock."""
    for path in folder.glob(".*.tmp"):
        found = TEMPORARY.fullmatch(path.name)
        if found and ours(found[1]):
            path.unlink()
