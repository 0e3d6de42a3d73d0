"""The tar format of our shards: plain USTAR with every field fixed, so that equal samples are equal bytes."""

import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

from base.errors import SourceError
from shardset.target import Target

BLOCK_BYTES = 512
RECORD_BYTES = 10_240  # tar's blocking factor of 20
MODE = 0o444
WINDOW_BYTES = 8 << 20

Members = dict[str, list[int | str]]
"""By extension, [offset of the data in the shard, size in bytes, SHA-256]: as the manifest has it."""


def header(name: str, size_bytes: int) -> bytes:
    """A 512-byte USTAR header of a regular file: mtime 0, owner 0 without a name, mode 0444 (POSIX.1-1988)."""
    if len(name.encode()) > 100 or size_bytes >= 8**11:
        raise SourceError(f"{name} ({size_bytes} bytes) does not fit into a plain tar header.")
    fields = [
        name.encode().ljust(100, b"\0"),
        f"{MODE:07o}\0".encode(),
        b"0000000\0" * 2,  # owner and group
        f"{size_bytes:011o}\0".encode(),
        b"00000000000\0",  # mtime
        b" " * 8,  # checksum, counted as blanks
        b"0",
        bytes(100),  # link name
        b"ustar\00000",
        bytes(64),  # owner's and group's names
        bytes(16),  # device numbers, of no meaning for files
        bytes(167),
    ]
    block = b"".join(fields)
    return block[:148] + f"{sum(block):06o}\0 ".encode() + block[156:]


def padded(size_bytes: int) -> int:
    """The size of a whole tar whose members take so many bytes: two empty blocks, then up to a full record."""
    end = size_bytes + 2 * BLOCK_BYTES
    return end + -end % RECORD_BYTES


def placed(key: str, facts: Mapping[str, tuple[int, str]], place: int) -> tuple[Members, int]:
    """Where a sample's members lie when the first header stands at `place`, and where the next sample's will.

    Args:
        key: of the sample; its members are named by it.
        facts: size in bytes and SHA-256 of each member, by extension.
        place: offset in the shard.
    """
    members: Members = {}
    for extension, (size, sha256) in sorted(facts.items()):
        members[extension] = [place + BLOCK_BYTES, size, sha256]
        place += BLOCK_BYTES + size + -size % BLOCK_BYTES
    return members, place


def found(target: Target, name: str, keys: Sequence[str]) -> tuple[list[Members], str, int] | None:
    """What a shard that stands there holds: the members of each sample, the shard's SHA-256 and its size.

    None when it is not a shard of exactly these samples in this order, byte for byte as it would be written.
    """
    size_bytes = target.size(name)
    if size_bytes is None:
        return None
    digest = hashlib.sha256()
    rows: list[Members] = [{} for _ in keys]
    numbers = {key: number for number, key in enumerate(keys)}
    place = 0
    with io.BufferedReader(_Whole(target, name, digest), WINDOW_BYTES) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    key, _, extension = member.name.partition(".")
                    data = archive.extractfile(member)
                    if data is None or key not in numbers or member.offset != place:
                        return None
                    content = data.read()
                    sha256 = hashlib.sha256(content).hexdigest()
                    rows[numbers[key]][extension] = [member.offset_data, len(content), sha256]
                    place = member.offset_data + len(content) + -len(content) % BLOCK_BYTES
        except tarfile.TarError:
            return None
        while stream.read(WINDOW_BYTES):
            pass  # to the end, for the digest
    return (rows, digest.hexdigest(), size_bytes) if all(rows) and size_bytes == padded(place) else None


class _Whole(io.RawIOBase):
    """The file as a stream, digested as it is read."""

    def __init__(self, target: Target, name: str, digest: Any) -> None:
        self.target, self.name, self.digest, self.place = target, name, digest, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.target.read_range(self.name, self.place, len(buffer))
        buffer[: len(data)] = data
        self.place += len(data)
        self.digest.update(data)
        return len(data)
