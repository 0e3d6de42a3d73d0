"""Reads a folder of shards: single samples by offset, the mixture α of real pictures and variations, and as WebDataset."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from base.errors import SourceError
from base.files import canonical_json
from base.seeds import fraction
from shardset import names

TEXTS = ("txt", "json")
MEND = "remove this shard and export again, or copy it again from where the folder came from."


@dataclass(frozen=True, kw_only=True)
class Ref:
    """One sample, not read yet. `members` are (extension, offset, size in bytes) in the shard."""

    key: str
    split: str
    kind: str
    shard: str
    parent: str | None
    anchor: str
    concepts: tuple[str, ...]
    members: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One sample: the image's original bytes, its caption, and the record that says whose it is and what it permits."""

    key: str
    image: bytes
    extension: str
    caption: str
    record: Mapping[str, Any]


@dataclass(frozen=True)
class ShardFolder:
    """An opened folder: the manifest is in memory, the pictures are on disk."""

    folder: Path
    manifest: Mapping[str, Any]

    def refs(self, split: str | None = None, kind: str | None = None) -> tuple[Ref, ...]:
        """Samples of a split and kind (`real`, `synthetic`), or of all, ordered by key."""
        return tuple(one for one in self._all if split in (None, one.split) and kind in (None, one.kind))

    def load(self, ref: Ref) -> Sample:
        """Read one sample and check that the image is the one that its key names.

        Raises:
            SourceError: the shard is missing, cut or altered; the message names shard and sample.
        """
        data = self._members(ref)
        extension = next(name for name in data if name not in TEXTS)
        if hashlib.sha256(data[extension]).hexdigest() != ref.key:
            raise SourceError(f"{self.folder / ref.shard}: the image of sample {ref.key} is altered: {MEND}")
        try:
            record = json.loads(data["json"])
            caption = data["txt"].decode()
        except ValueError as error:
            raise SourceError(f"{self.folder / ref.shard}: sample {ref.key} cannot be read: {error}") from error
        return Sample(key=ref.key, image=data[extension], extension=extension, caption=caption, record=record)

    @cached_property
    def variations(self) -> Mapping[str, tuple[Ref, ...]]:
        """The variations of each real picture, by its key."""
        found: dict[str, list[Ref]] = {}
        for one in self._all:
            if one.parent is not None:
                found.setdefault(one.parent, []).append(one)
        return {parent: tuple(children) for parent, children in found.items()}

    @cached_property
    def _all(self) -> tuple[Ref, ...]:
        return tuple(sorted((ref for shard in self.manifest["shards"] for ref in _refs(shard)), key=lambda one: one.key))

    def _members(self, ref: Ref) -> dict[str, bytes]:
        path = self.folder / ref.shard
        found = {}
        try:
            with path.open("rb") as stream:
                for name, offset, size in ref.members:
                    stream.seek(offset)
                    found[name] = stream.read(size)
                    if len(found[name]) != size:
                        raise SourceError(f"{path} ends inside sample {ref.key}: {MEND}")
        except FileNotFoundError:
            raise SourceError(f"{path} is missing, though the manifest names it: {MEND}") from None
        return found


def open_shards(folder: Path) -> ShardFolder:
    """Open a folder that `fototeca export` wrote; that its shards are there and whole in length is checked, no picture is read.

    Raises:
        SourceError: there is no manifest, it is not one of this format, or a shard is missing or cut.
    """
    opened = ShardFolder(folder, read_manifest(folder))
    for shard in opened.manifest["shards"]:
        path = folder / shard["name"]
        if not path.exists():
            raise SourceError(f"{path} is missing, though the manifest names it: {MEND}")
        if path.stat().st_size != shard["size_bytes"]:
            raise SourceError(f"{path} has {path.stat().st_size} bytes, the manifest says {shard['size_bytes']}: {MEND}")
    return opened


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest, whose every key that a reader needs is there; the shards are not looked at.

    Raises:
        SourceError: as for `open_shards`.
    """
    path = folder / names.MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SourceError(f"{folder} holds no {names.MANIFEST}: name a folder that `fototeca export` wrote.") from None
    except ValueError as error:
        raise SourceError(f"{path} is no JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != names.FORMAT:
        raise SourceError(f"{path} is not of the format {names.FORMAT}.")
    try:
        wrong = [shard["name"] for shard in manifest["shards"] if not names.parse(shard["name"])]
        for shard in manifest["shards"]:
            _refs(shard)
            int(shard["size_bytes"]), str(shard["sha256"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"{path} is incomplete ({type(error).__name__}: {error}): export again.") from error
    if wrong:
        raise SourceError(f"{path} names {wrong[0]!r}, which is no name of a shard.")
    return manifest


def _refs(shard: Mapping[str, Any]) -> list[Ref]:
    return [
        Ref(
            key=row["key"],
            split=shard["split"],
            kind=shard["kind"],
            shard=shard["name"],
            parent=row["parent"],
            anchor=row["anchor"],
            concepts=tuple(row["concepts"]),
            members=tuple((name, offset, size) for name, (offset, size, _) in sorted(row["members"].items())),
        )
        for row in shard["samples"]
    ]


def draw(folder: ShardFolder, ref: Ref, alpha: float, seed: int, access_number: int) -> Ref:
    """What one access to a real sample yields: with probability `alpha` one of its variations, uniformly; else itself.

    The same arguments give the same answer; a sample without variations yields itself. Source: Cioni et al. 2023.
    """
    children = folder.variations.get(ref.key, ())
    if not children or fraction("alpha", seed, access_number, ref.key) >= alpha:
        return ref
    return children[int(fraction("variation", seed, access_number, ref.key) * len(children))]


def read(
    folder: Path | ShardFolder, *, split: str = "train", alpha: float = 0.5, seed: int = 0, epoch: int = 0
) -> Any:  # webdataset's pipeline; importing it at the top would load torch
    """A WebDataset pipeline over one epoch of a split: N real samples, some of them replaced by a variation.

    Yields what `webdataset.WebDataset` yields: `__key__`, `__url__`, and the members' bytes under their extensions (`jpg`,
    `png`…, `txt`, `json`). Add `.decode("pil")`, `.shuffle(…)`, `.to_tuple(…)`, `.batched(…)` as with any pipeline. Order is
    by key; each picture is checked against its key, and a worker reads only its own.

    Args:
        folder: as given to `open_shards`.
        split: train, val or test.
        alpha: see `draw`; 0 gives real pictures only, 0.5 is the paper's.
        seed: of the draws.
        epoch: its number: another epoch draws other variations.
    """
    import webdataset
    from webdataset.compat import FluidWrapper

    opened = folder if isinstance(folder, ShardFolder) else open_shards(folder)
    pipeline = FluidWrapper(_Epoch(opened, split, alpha, seed, epoch))
    for stage in (webdataset.split_by_node, webdataset.split_by_worker, webdataset.map(_Loading(opened))):
        pipeline.append(stage)
    return pipeline


class _Epoch:
    """The first stage of the pipeline: what one epoch yields, not read yet; it can be walked again and sent to workers."""

    def __init__(self, folder: ShardFolder, split: str, alpha: float, seed: int, epoch: int) -> None:
        self.folder, self.split, self.alpha, self.seed, self.epoch = folder, split, alpha, seed, epoch

    def __iter__(self) -> Iterator[Ref]:
        for ref in self.folder.refs(self.split, "real"):
            yield draw(self.folder, ref, self.alpha, self.seed, self.epoch)

    def __call__(self) -> Iterator[Ref]:
        return iter(self)


class _Loading:
    """The last stage: a worker reads only the samples that are its own."""

    def __init__(self, folder: ShardFolder) -> None:
        self.folder = folder

    def __call__(self, ref: Ref) -> dict[str, Any]:
        sample = self.folder.load(ref)
        return {
            "__key__": sample.key,
            "__url__": str(self.folder.folder / ref.shard),
            sample.extension: sample.image,
            "txt": sample.caption.encode(),
            "json": canonical_json(sample.record).encode(),
        }
