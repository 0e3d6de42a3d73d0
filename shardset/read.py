"""Reads a folder of shards: single samples by offset, the mixture α of real pictures and variations, and as WebDataset."""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from base.errors import SourceError, UsageError
from base.files import canonical_json
from base.seeds import fraction
from shardset import names
from shardset.target import Target, target

TEXTS = ("txt", "json")
AHEAD = 8  # samples, or sizes of shards, asked for at once
MEND = "remove this shard and export again, or copy it again from where the folder came from."


@dataclass(frozen=True, kw_only=True)
class Ref:
    """One sample, not read yet. `members` are (extension, offset, size in bytes, SHA-256) in the shard."""

    key: str
    split: str
    kind: str
    shard: str
    parent: str | None
    anchor: str
    concepts: tuple[str, ...]
    members: tuple[tuple[str, int, int, str], ...]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One sample: the image, its caption, and the record that says whose it is and what it permits.

    `key` is the SHA-256 of the picture in the archive; `image` has these bytes, or those of a scaled or signed copy.
    """

    key: str
    image: bytes
    extension: str
    caption: str
    record: Mapping[str, Any]


@dataclass(frozen=True)
class ShardFolder:
    """An opened folder: the manifest is in memory, the pictures are on disk or wherever the folder stands."""

    place: Target
    manifest: Mapping[str, Any]

    def refs(self, split: str | None = None, kind: str | None = None) -> tuple[Ref, ...]:
        """Samples of a split and kind (`real`, `synthetic`), or of all, ordered by key."""
        return tuple(one for one in self._all if split in (None, one.split) and kind in (None, one.kind))

    def load(self, ref: Ref) -> Sample:
        """Read one sample and check every member against the manifest.

        Raises:
            SourceError: the shard is missing, cut or altered; the message names shard and sample.
        """
        data = self._read(ref, ref.members)
        extension = next((name for name in data if name not in TEXTS), None)
        if extension is None:
            raise SourceError(f"{self.place.where}/{ref.shard}: sample {ref.key} has no picture: {MEND}")
        caption, record = self._texts(ref, data)
        return Sample(key=ref.key, image=data[extension], extension=extension, caption=caption, record=record)

    def load_texts(self, ref: Ref) -> tuple[str, Mapping[str, Any]]:
        """Caption and record of one sample, checked against the manifest; the picture beside them is not read.

        Raises:
            SourceError: as for `load`.
        """
        texts = [member for member in ref.members if member[0] in TEXTS]
        return self._texts(ref, {name: data for one in texts for name, data in self._read(ref, (one,)).items()})

    def _read(self, ref: Ref, members: Sequence[tuple[str, int, int, str]]) -> dict[str, bytes]:
        shard = f"{self.place.where}/{ref.shard}"
        start = min(offset for _, offset, _, _ in members)
        end = max(offset + size for _, offset, size, _ in members)
        whole = self.place.read_range(ref.shard, start, end - start)  # members lie side by side: one request, not three
        data = {}
        for name, offset, size, sha256 in members:
            data[name] = whole[offset - start : offset - start + size]
            if len(data[name]) != size:
                raise SourceError(f"{shard} ends inside sample {ref.key}: {MEND}")
            if hashlib.sha256(data[name]).hexdigest() != sha256:
                what = "text" if name in TEXTS else "image"
                raise SourceError(f"{shard}: the {what} of sample {ref.key} is altered ({name}): {MEND}")
        return data

    def _texts(self, ref: Ref, data: Mapping[str, bytes]) -> tuple[str, Mapping[str, Any]]:
        shard = f"{self.place.where}/{ref.shard}"
        if absent := [name for name in TEXTS if name not in data]:
            raise SourceError(f"{shard}: sample {ref.key} has no {absent[0]}: {MEND}")
        try:
            return data["txt"].decode(), json.loads(data["json"])
        except ValueError as error:
            raise SourceError(f"{shard}: sample {ref.key} cannot be read: {error}") from error

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


def open_shards(folder: Path | str | Target) -> ShardFolder:
    """Open what `fototeca export` wrote, by path or URL; that its shards are there and whole in length is checked, no more.

    Raises:
        SourceError: there is no manifest, it is not one of this format, or a shard is missing or cut.
    """
    place = target(folder)
    opened = ShardFolder(place, read_manifest(place))
    if faults := missing_or_cut(opened):
        raise SourceError(faults[0])
    return opened


def missing_or_cut(folder: ShardFolder) -> list[str]:
    """Every shard that is not there, or not as long as the manifest says, in words that name it and say what to do."""
    place, shards, faults = folder.place, folder.manifest["shards"], []
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="shards") as threads:
        sizes = list(threads.map(place.size, [shard["name"] for shard in shards]))
    for shard, found in zip(shards, sizes, strict=True):
        path, wanted = f"{place.where}/{shard['name']}", shard["size_bytes"]
        if found is None:
            faults.append(f"{path} is missing, though the manifest names it: {MEND}")
        elif found != wanted:
            faults.append(f"{path} has {found} bytes, the manifest says {wanted}: {MEND}")
    return faults


def read_manifest(folder: Path | str | Target) -> Mapping[str, Any]:
    """The manifest, whose every key that a reader needs is there; the shards are not looked at.

    Raises:
        SourceError: as for `open_shards`.
    """
    place = target(folder)
    path = f"{place.where}/{names.MANIFEST}"
    if place.size(names.MANIFEST) is None:
        raise SourceError(f"{place.where} holds no {names.MANIFEST}: name a folder that `fototeca export` wrote.")
    try:
        manifest = json.loads(place.read(names.MANIFEST).decode())
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
            members=tuple((name, offset, size, sha256) for name, (offset, size, sha256) in sorted(row["members"].items())),
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
    folder: Path | str | ShardFolder,
    *,
    split: str = "train",
    alpha: float = 0.5,
    seed: int = 0,
    epoch: int = 0,
    shuffled: bool = False,
    batch_size: int | None = None,
    side_px: int = 512,
    grid_px: int = 64,
) -> Any:  # webdataset's pipeline; importing it at the top would load torch
    """A WebDataset pipeline over one epoch of a split: N real samples, some of them replaced by a variation.

    Without `batch_size` it yields what `webdataset.WebDataset` yields: `__key__`, `__url__`, and the members' bytes under
    their extensions (`jpg`, `png`…, `txt`, `json`); add `.decode("pil")`, `.to_tuple(…)` as with any pipeline. With it, batches
    of pictures of one size: `pixels` (uint8 [B, H, W, 3], sRGB, upright), `txt` and `json` (lists of B). Every member is
    checked against the manifest; a worker reads only its own samples.

        from shardset.read import read
        for batch in read("shards", alpha=0.5, batch_size=8, side_px=512):
            print(batch["pixels"].shape, batch["txt"][0])

    Args:
        folder: as given to `open_shards`: a path, or a URL.
        split: train, val or test.
        alpha: see `draw`; 0 gives real pictures only, 0.5 is the paper's.
        seed: of the draws and of the order.
        epoch: its number: another epoch draws other variations, in another order.
        shuffled: in an order drawn for this epoch; else by key. Samples are read by offset, so any order costs the same.
        batch_size: pictures in a batch; each shape's last batch may hold fewer, nothing is dropped or repeated.
        side_px: with `batch_size`: pictures are scaled to about `side_px`² in area, near their own proportions.
        grid_px: with `batch_size`: sides are multiples of it.

    Raises:
        UsageError: a split or a size that there is not.
        SourceError: as for `open_shards`; while reading, as for `ShardFolder.load`, and a file that is no picture.
    """
    if split not in names.SPLITS:
        raise UsageError(f"there is no split {split!r}: {', '.join(names.SPLITS)}.")
    if not 0 <= alpha <= 1:
        raise UsageError(f"alpha is {alpha}: it is a probability, 0 to 1.")
    if batch_size is not None and (batch_size < 1 or not 1 <= grid_px <= side_px):
        told = f"batch_size {batch_size}, side_px {side_px}, grid_px {grid_px}"
        raise UsageError(f"{told}: none may be below 1, and side_px not below grid_px.")
    import webdataset
    from webdataset.compat import FluidWrapper

    opened = folder if isinstance(folder, ShardFolder) else open_shards(folder)
    pipeline = FluidWrapper(_Epoch(opened, split, alpha, seed, epoch, shuffled))
    for stage in (webdataset.split_by_node, webdataset.split_by_worker, _Loading(opened)):
        pipeline.append(stage)
    if batch_size is not None:
        from shardset.buckets import Batched

        pipeline.append(Batched(batch_size=batch_size, side_px=side_px, grid_px=grid_px))
    return pipeline


@dataclass(frozen=True)
class _Epoch:
    """The first stage of the pipeline: what one epoch yields, not read yet; it can be walked again and sent to workers."""

    folder: ShardFolder
    split: str
    alpha: float
    seed: int
    epoch: int
    shuffled: bool

    def __iter__(self) -> Iterator[Ref]:
        refs = self.folder.refs(self.split, "real")
        if self.shuffled:
            refs = tuple(sorted(refs, key=lambda ref: fraction("order", self.seed, self.epoch, ref.key)))
        for ref in refs:
            yield draw(self.folder, ref, self.alpha, self.seed, self.epoch)

    def __call__(self) -> Iterator[Ref]:
        return iter(self)


class _Loading:
    """A stage that reads a worker's own samples in order, the next few at once: to read from afar is mostly to wait."""

    def __init__(self, folder: ShardFolder) -> None:
        self.folder = folder

    def __call__(self, refs: Iterable[Ref]) -> Iterator[dict[str, Any]]:
        coming: deque[Future[dict[str, Any]]] = deque()
        with ThreadPoolExecutor(AHEAD, thread_name_prefix="samples") as threads:
            try:
                for ref in refs:
                    coming.append(threads.submit(self._loaded, ref))
                    if len(coming) == AHEAD:
                        yield coming.popleft().result()
                while coming:
                    yield coming.popleft().result()
            finally:
                threads.shutdown(cancel_futures=True)

    def _loaded(self, ref: Ref) -> dict[str, Any]:
        sample = self.folder.load(ref)
        return {
            "__key__": sample.key,
            "__url__": f"{self.folder.place.where}/{ref.shard}",
            sample.extension: sample.image,
            "txt": sample.caption.encode(),
            "json": canonical_json(sample.record).encode(),
        }
