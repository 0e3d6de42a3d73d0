"""Writes a folder of shards: equal samples give equal bytes, and only shards whose contents changed are written."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from base.errors import SourceError
from base.faults import kill_point
from base.files import canonical_json, sha256_of_file, write_text, written_whole
from shardset import names

BLOCK_BYTES = 512
RECORD_BYTES = 10_240  # tar's blocking factor of 20
MODE = 0o444
SHARD_BYTES = 250_000_000  # wanted size; 0.1 to 1 GB reads well from disk and network
LEAST_BITS = 2

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class NewSample:
    """One picture to hand over. `load` gives the image's bytes, whose SHA-256 is `key`; it is called only when needed."""

    key: str
    extension: str
    size_bytes: int
    caption: str
    record: Mapping[str, Any]
    load: Callable[[], bytes]

    @property
    def split(self) -> str:
        """train, val or test."""
        return str(self.record["split"])

    @property
    def kind(self) -> str:
        """real or synthetic."""
        return "synthetic" if self.record["origin"] == "generated" else "real"

    def texts(self) -> dict[str, bytes]:
        """The members beside the image: caption and record."""
        return {"json": (canonical_json(self.record) + "\n").encode(), "txt": self.caption.encode()}


@dataclass(frozen=True, kw_only=True)
class Written:
    """What became of the folder: names of shards written, kept as they were, and removed."""

    manifest_digest: str
    written: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    manifest_changed: bool
    samples: int
    shard_of: Mapping[str, str]
    subject_of: Mapping[str, str]
    manifest: Mapping[str, Any]


def write_folder(
    folder: Path,
    samples: Iterable[NewSample],
    *,
    purpose: str,
    about: Mapping[str, Any],
    beside: Callable[[Sequence[Mapping[str, Any]], str], None] | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write what changed, then the manifest, then remove superseded shards; killed anywhere, the next call finishes.

    A shard whose name (the digest of its contents) and size are as they should be is kept without reading it again;
    `shardset.verify` is what looks for damage.

    Args:
        folder: made when absent; other files in it are left alone.
        samples: in any order; keys must differ.
        purpose: research or commercial; every sample permits it.
        about: further keys of the manifest (selection, counts); no time and no run id, or equal exports would differ.
        beside: is given the manifest's shards and its text when all shards stand, to write what belongs beside them; the
            manifest comes last.
        progress: is told ("writing shards", done, total).

    Raises:
        SourceError: a key twice, or bytes that do not match their key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = sorted(samples, key=lambda sample: sample.key)
    twice = [key for key, number in Counter(sample.key for sample in listed).items() if number > 1]
    if twice:
        raise SourceError(f"{twice[0]} stands twice in one export: readers would merge the two samples.")
    before = _old_manifest(folder)
    names.sweep(folder, lambda name: name == names.MANIFEST or names.parse(name) is not None)
    bits = int(before.get("bucket_bits", _wanted_bits(listed)))
    groups: dict[tuple[str, str, str], list[NewSample]] = defaultdict(list)
    for sample in listed:
        groups[sample.split, sample.kind, names.bucket(str(sample.record["anchor"]), bits)].append(sample)
    known = {shard["name"]: shard for shard in before.get("shards", ())}
    entries: list[dict[str, Any]] = []
    written: list[str] = []
    kept: list[str] = []
    for number, ((split, kind, bucket), members) in enumerate(sorted(groups.items()), start=1):
        layout, size_bytes = _layout(members)
        told = [(f"{row['key']}.{ext}", sha256) for row in layout for ext, (_, _, sha256) in row["members"].items()]
        name = str(names.ShardName(split=split, kind=kind, bucket=bucket, digest=names.content_digest(told)))
        path = folder / name
        entry = {"name": name, "split": split, "kind": kind, "bucket": bucket, "size_bytes": size_bytes, "samples": layout}
        if path.exists() and path.stat().st_size == size_bytes:
            entry["sha256"] = known[name]["sha256"] if name in known else sha256_of_file(path)
            kept.append(name)
        else:
            entry["sha256"] = _write_shard(path, members)
            written.append(name)
            kill_point("export.after_shard")
        entries.append(entry)
        if progress:
            progress("writing shards", number, len(groups))
    manifest = {
        **about,
        "format": names.FORMAT,
        "purpose": purpose,
        "bucket_bits": bits,
        "counts": _counts(listed),
        "shards": entries,
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if beside:
        beside(entries, text)
    kill_point("export.before_manifest")
    path = folder / names.MANIFEST
    changed = not path.exists() or path.read_bytes() != text.encode()
    if changed:
        write_text(path, text)
    wanted = {entry["name"] for entry in entries}
    removed = sorted(path.name for path in folder.glob("*.tar") if names.parse(path.name) and path.name not in wanted)
    for name in removed:
        (folder / name).unlink()
    return Written(
        manifest_digest=hashlib.sha256(text.encode()).hexdigest(),
        written=tuple(written),
        kept=tuple(kept),
        removed=tuple(removed),
        manifest_changed=changed,
        samples=len(listed),
        shard_of={row["key"]: str(entry["name"]) for entry in entries for row in entry["samples"]},
        subject_of={sample.key: str(sample.record.get("subject", sample.key)) for sample in listed},
        manifest=manifest,
    )


def _write_shard(path: Path, samples: Sequence[NewSample]) -> str:
    """One USTAR file, members by key and extension; returns its SHA-256."""
    digest = hashlib.sha256()

    def put(stream: IO[bytes], data: bytes) -> int:
        digest.update(data)
        return stream.write(data)

    with written_whole(path) as stream:
        size = 0
        for sample in samples:
            image = sample.load()
            if len(image) != sample.size_bytes or hashlib.sha256(image).hexdigest() != sample.key:
                raise SourceError(f"the bytes of {sample.key} have changed since they were stored: run `fototeca check --bytes`.")
            for extension, data in sorted({**sample.texts(), sample.extension: image}.items()):
                size += put(stream, header(f"{sample.key}.{extension}", len(data)))
                size += put(stream, data + bytes(-len(data) % BLOCK_BYTES))
        put(stream, bytes(_padded(size) - size))
    return digest.hexdigest()


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


def _layout(samples: Sequence[NewSample]) -> tuple[list[dict[str, Any]], int]:
    """Rows of the manifest, with [offset, size, sha256] of each member's data, and the shard's size in bytes."""
    rows: list[dict[str, Any]] = []
    place = 0
    for sample in samples:
        members: dict[str, list[int | str]] = {}
        for extension, (size, sha256) in sorted(_sized(sample).items()):
            members[extension] = [place + BLOCK_BYTES, size, sha256]
            place += BLOCK_BYTES + size + -size % BLOCK_BYTES
        rows.append(
            {
                "key": sample.key,
                "parent": sample.record["parent"],
                "anchor": sample.record["anchor"],
                "concepts": [concept["name"] for concept in sample.record["concepts"]],
                "members": members,
            }
        )
    return rows, _padded(place)


def _padded(size_bytes: int) -> int:
    end = size_bytes + 2 * BLOCK_BYTES
    return end + -end % RECORD_BYTES


def _sized(sample: NewSample) -> dict[str, tuple[int, str]]:
    """Size in bytes and SHA-256 of each member, by extension; the image is not read."""
    texts = {extension: (len(data), hashlib.sha256(data).hexdigest()) for extension, data in sample.texts().items()}
    return {**texts, sample.extension: (sample.size_bytes, sample.key)}


def _wanted_bits(samples: Sequence[NewSample]) -> int:
    """Bits of the bucket for a first export; later ones keep it, so that pictures stay in their shards."""
    bits = LEAST_BITS
    while bits < 8 and sum(sample.size_bytes for sample in samples) > SHARD_BYTES << bits:
        bits += 1
    return bits


def _counts(samples: Sequence[NewSample]) -> dict[str, int]:
    counts = Counter(f"{sample.split}_{sample.kind}" for sample in samples)
    return {"samples": len(samples), **dict(sorted(counts.items()))}


def _old_manifest(folder: Path) -> dict[str, Any]:
    path = folder / names.MANIFEST
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SourceError(f"{path} is no JSON: {error}. Remove it to write the folder anew.") from error
    if not isinstance(found, dict) or found.get("format") != names.FORMAT:
        raise SourceError(f"{path} is of another format than {names.FORMAT}: export into another folder.")
    return found
