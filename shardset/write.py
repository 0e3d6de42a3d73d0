"""Writes a folder of shards: equal samples give equal bytes, and only shards whose contents changed are written."""

import hashlib
import os
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from base.errors import SourceError
from base.faults import kill_point
from base.files import canonical_json
from shardset import latents, names
from shardset.manifest import MOST_BITS, as_text, blocks_of, old_manifest
from shardset.tar import BLOCK_BYTES, Members, found, header, padded, placed
from shardset.target import Target, target, write_if_new

SHARD_BYTES = 250_000_000  # wanted size; 0.1 to 1 GB reads well from disk and network
LEAST_BITS = 2
AHEAD_BYTES = 32 << 20
LOT_BYTES = 2 << 20
"""So much is read and checked ahead, by threads, while what came before is written."""
READERS = min(8, os.cpu_count() or 2)
WRITERS = 2
"""Shards at work at once: one is made while the disk or the network takes the other."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class NewSample:
    """One picture to hand over, named by the SHA-256 of the picture in the store.

    `load` gives the bytes that go into the shard; it is called only when needed, and from several threads. Where `made` is
    empty they are the store's own bytes. Else they are made from these, and `made` states all that decides what they become
    (size, encoder, quality, versions, whose signature), so that a shard is written again exactly when that changes.
    """

    key: str
    extension: str
    size_bytes: int
    """Of the picture in the store."""
    caption: str
    record: Mapping[str, Any]
    load: Callable[[], bytes]
    made: str = ""
    told: str = ""
    """All that decides the texts, where somebody knows a shorter word for it than the texts themselves; else empty."""

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
    told: Mapping[str, str]
    """The shard's name by the digest of all that decides its texts, where every sample says it (`NewSample.told`)."""


def write_folder(
    folder: Path | Target,
    samples: Iterable[NewSample],
    *,
    purpose: str,
    about: Mapping[str, Any],
    beside: Callable[[Sequence[Mapping[str, Any]], str], None] | None = None,
    trusted: str | None = None,
    standing: Mapping[str, str] = MappingProxyType({}),
    told_apart: Callable[[Collection[str]], None] | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write what changed, then the manifest, then remove superseded shards; killed anywhere, the next call finishes.

    A shard whose name (the digest of its contents) and size are as the manifest says is kept without reading it again;
    `shardset.verify` is what looks for damage. One that a killed call left is read back, and kept when it is whole.

    Args:
        folder: made when absent; other files in it are left alone.
        samples: in any order; keys must differ.
        purpose: research or commercial; every sample permits it.
        about: further keys of the manifest (selection, counts); no time and no run id, or equal exports would differ.
        beside: is given the manifest's shards and its text when all shards stand, to write what belongs beside them; the
            manifest comes last.
        trusted: SHA-256 that the manifest had when it was written, where something else says so; what an altered manifest says
            of shards is then not believed, and they are read back.
        standing: what `Written.told` said when the folder's manifest was written; texts of such shards are not made again.
        told_apart: is given the keys of the samples in such shards, before anything is written.
        progress: is told ("writing shards", done, total).

    Raises:
        SourceError: a key twice, or bytes that do not match their key.
    """
    place = target(folder)
    listed = sorted(samples, key=lambda sample: sample.key)
    twice = [key for key, number in Counter(sample.key for sample in listed).items() if number > 1]
    if twice:
        raise SourceError(f"{twice[0]} stands twice in one export: readers would merge the two samples.")
    before, old_text, digest = old_manifest(place)
    place.sweep(lambda name: name == names.MANIFEST or names.parse(name) is not None)
    bits = max(int(before.get("bucket_bits", LEAST_BITS)), _wanted_bits(listed))
    groups: dict[tuple[str, str, str], list[NewSample]] = defaultdict(list)
    for sample in listed:
        groups[sample.split, sample.kind, names.bucket(str(sample.record["anchor"]), bits)].append(sample)
    known = {shard["name"]: shard for shard in before.get("shards", ())} if trusted in (None, digest) else {}
    blocks = blocks_of(before, old_text) if standing and known else {}
    ordered = sorted(groups.items())
    digests = [_told(parts, members) for parts, members in ordered]
    decided = [(one, _standing(place, known, standing.get(one, ""))) for one in digests]
    if told_apart:
        stood = [members for (_, members), (_, entry) in zip(ordered, decided, strict=True) if entry]
        told_apart({sample.key for members in stood for sample in members})
    told: dict[str, str] = {}
    entries: list[Mapping[str, Any]] = []
    written: list[str] = []
    kept: list[str] = []
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="shards") as threads:
        coming = [
            threads.submit(_brought_up_to_date, place, parts, members, known, found)
            for (parts, members), found in zip(ordered, decided, strict=True)
        ]
        try:
            for number, one in enumerate(coming, start=1):
                entry, is_new, decided_by = one.result()
                entries.append(entry)
                if decided_by:
                    told[decided_by] = entry["name"]
                (written if is_new else kept).append(entry["name"])
                if is_new:
                    kill_point("export.after_shard")
                if progress:
                    progress("writing shards", number, len(groups))
        finally:
            threads.shutdown(cancel_futures=True)
    manifest = {
        **about,
        "format": names.FORMAT,
        "purpose": purpose,
        "bucket_bits": bits,
        "counts": _counts(listed),
        "shards": entries,
    }
    as_before = {entry["name"] for entry in entries if known.get(entry["name"]) is entry}
    text = as_text(manifest, {name: block for name, block in blocks.items() if name in as_before})
    if beside:
        beside(entries, text)
    new_digest = hashlib.sha256(text.encode()).hexdigest()
    latents.sweep(place, entries, keep_texts=digest == new_digest)  # before the manifest, so that a kill leaves no orphan
    kill_point("export.before_manifest")
    changed = write_if_new(place, names.MANIFEST, text.encode())
    wanted = {str(entry["name"]) for entry in entries}
    removed = [name for name in place.listed() if names.parse(name) and name not in wanted]
    for name in removed:
        place.remove(name)
    return Written(
        manifest_digest=new_digest,
        written=tuple(written),
        kept=tuple(kept),
        removed=tuple(removed),
        manifest_changed=changed,
        samples=len(listed),
        shard_of={row["key"]: str(entry["name"]) for entry in entries for row in entry["samples"]},
        subject_of={sample.key: str(sample.record.get("subject", sample.key)) for sample in listed},
        manifest=manifest,
        told=told,
    )


def _brought_up_to_date(
    place: Target,
    parts: tuple[str, str, str],
    members: Sequence[NewSample],
    known: Mapping[str, Mapping[str, Any]],
    found_before: tuple[str, Mapping[str, Any] | None],
) -> tuple[Mapping[str, Any], bool, str]:
    """A shard's entry in the manifest, whether it was written just now, and the digest of all that decides its texts."""
    split, kind, bucket = parts
    told, standing = found_before
    if standing:
        return standing, False, told
    texts = [sample.texts() for sample in members]
    name = str(names.ShardName(split=split, kind=kind, bucket=bucket, digest=_contents(members, texts)))
    if entry := _standing(place, known, name):
        return entry, False, told
    stands = None if name in known else found(place, name, [sample.key for sample in members])
    if stands and not _as_wanted(members, texts, stands[0]):
        stands = None
    layout, sha256, size_bytes = stands or _write_shard(place, name, members, texts)
    rows = [_row(sample, one) for sample, one in zip(members, layout, strict=True)]
    said = {"split": split, "kind": kind, "bucket": bucket, "size_bytes": size_bytes, "sha256": sha256}
    return {"name": name, **said, "samples": rows}, stands is None, told


def _standing(place: Target, known: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The manifest's entry of a shard of this name, where it stands."""
    return known[name] if name in known and place.size(name) == known[name]["size_bytes"] else None


def _told(parts: tuple[str, str, str], members: Sequence[NewSample]) -> str:
    if not all(sample.told for sample in members):
        return ""
    digest = hashlib.sha256("\x1f".join(parts).encode())
    for sample in members:
        digest.update(f"\n{sample.key}.{sample.extension}\x1f{sample.told}\x1f{sample.made}".encode())
    return digest.hexdigest()


def _as_wanted(samples: Sequence[NewSample], texts: Sequence[Mapping[str, bytes]], layout: Sequence[Members]) -> bool:
    """Whether a shard that stands there holds what would be written; of pictures that are made, nothing is known beforehand."""
    for sample, told, members in zip(samples, texts, layout, strict=True):
        wanted = {extension: hashlib.sha256(data).hexdigest() for extension, data in told.items()}
        wanted[sample.extension] = str(members.get(sample.extension, ("", "", ""))[2]) if sample.made else sample.key
        if {extension: sha256 for extension, (_, _, sha256) in members.items()} != wanted:
            return False
    return not any(sample.made for sample in samples)


def _contents(samples: Sequence[NewSample], texts: Sequence[Mapping[str, bytes]]) -> str:
    """The digest in a shard's name, of what is known before a picture is read: keys, how each is made, and the texts."""
    told = []
    for sample, beside in zip(samples, texts, strict=True):
        image = hashlib.sha256(f"{sample.key}\x1f{sample.made}".encode()).hexdigest() if sample.made else sample.key
        told.append((f"{sample.key}.{sample.extension}", image))
        told += [(f"{sample.key}.{extension}", hashlib.sha256(data).hexdigest()) for extension, data in beside.items()]
    return names.content_digest(told)


def _row(sample: NewSample, members: Members) -> dict[str, Any]:
    """What the manifest says of one sample."""
    record = sample.record
    return {
        "key": sample.key,
        "parent": record["parent"],
        "anchor": record["anchor"],
        "concepts": [concept["name"] for concept in record["concepts"]],
        "members": members,
    }


def _write_shard(
    place: Target, name: str, samples: Sequence[NewSample], texts: Sequence[Mapping[str, bytes]]
) -> tuple[list[Members], str, int]:
    """One USTAR file, members by key and extension; returns where they lie, the file's SHA-256 and its size."""
    digest = hashlib.sha256()
    layout: list[Members] = []

    def put(stream: IO[bytes], *parts: bytes) -> None:
        for part in parts:
            digest.update(part)
        stream.writelines(parts)

    with place.writing(name) as stream:
        end = 0
        for sample, told, (image, sha256) in zip(samples, texts, _read_ahead(samples), strict=True):
            facts = {extension: (len(data), hashlib.sha256(data).hexdigest()) for extension, data in told.items()}
            members, end = placed(sample.key, {**facts, sample.extension: (len(image), sha256)}, end)
            for extension, data in sorted({**told, sample.extension: image}.items()):
                put(stream, header(f"{sample.key}.{extension}", len(data)), data, bytes(-len(data) % BLOCK_BYTES))
            layout.append(members)
        put(stream, bytes(padded(end) - end))
    return layout, digest.hexdigest(), padded(end)


def _read_ahead(samples: Sequence[NewSample]) -> Iterator[tuple[bytes, str]]:
    """The samples' images with their SHA-256, in order, made and checked by threads while earlier ones are written."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="shard") as threads:
        coming: deque[tuple[int, Future[list[tuple[bytes, str]]]]] = deque()
        ahead_bytes, following = 0, _lots(samples)
        try:
            while True:
                while ahead_bytes < AHEAD_BYTES and (lot := next(following, None)) is not None:
                    size_bytes = sum(sample.size_bytes for sample in lot)
                    coming.append((size_bytes, threads.submit(_checked, lot)))
                    ahead_bytes += size_bytes
                if not coming:
                    return
                size_bytes, images = coming.popleft()
                ahead_bytes -= size_bytes
                yield from images.result()
        finally:
            threads.shutdown(cancel_futures=True)


def _lots(samples: Sequence[NewSample]) -> Iterator[list[NewSample]]:
    """So many together that threads hand over seldom: each time costs more than reading a small picture."""
    lot: list[NewSample] = []
    for sample in samples:
        lot.append(sample)
        if sum(one.size_bytes for one in lot) >= LOT_BYTES:
            yield lot
            lot = []
    if lot:
        yield lot


def _checked(lot: Sequence[NewSample]) -> list[tuple[bytes, str]]:
    found = []
    for sample in lot:
        image = sample.load()
        sha256 = hashlib.sha256(image).hexdigest()
        if not sample.made and sha256 != sample.key:
            raise SourceError(f"the bytes of {sample.key} have changed since they were stored: run `fototeca check --bytes`.")
        found.append((image, sha256))
    return found


def _wanted_bits(samples: Sequence[NewSample]) -> int:
    """Bits of the bucket for a first export; later ones keep it, so that pictures stay in their shards."""
    bits = LEAST_BITS
    while bits < MOST_BITS and sum(sample.size_bytes for sample in samples) > SHARD_BYTES << bits:
        bits += 1
    return bits


def _counts(samples: Sequence[NewSample]) -> dict[str, int]:
    counts = Counter(f"{sample.split}_{sample.kind}" for sample in samples)
    return {"samples": len(samples), **dict(sorted(counts.items()))}
