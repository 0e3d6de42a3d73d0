"""Embedding: every picture that lacks a vector of the models that curation.toml names gets one, in batches, in one pass a model.

Pictures are opened by threads (Pillow works outside Python's lock) a little ahead of the model, so that memory stays flat
however many there are. A batch is durable before the next one begins: a killed run embeds nothing twice.
"""

import functools
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from base import plugins
from base.errors import OutOfMemoryError
from catalog import db
from catalog.records import Embedding
from catalog.runs import Run
from catalog.store import Store
from curate.settings import Models
from engine.local import cores
from pixels import embed as loader
from pixels import model_names
from pixels.decode import Unreadable, header, open_picture

KINDS = ("semantic", "copy")
BATCH = 32
"""Pictures of a step of the model on a processor; more is not faster there."""
BATCH_ON_GPU = 256
AHEAD = 2
"""Batches opened ahead of the model: 2 x 256 pictures of 224 x 224 are 0.3 GB."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """Vectors made now, by kind, and pictures of which none could be made (they are named among the run's problems)."""

    made: Mapping[str, int] = field(default_factory=dict)
    failed: int = 0


class Loaded:
    """The models of a workspace, each loaded when it is first needed, and once."""

    def __init__(self, workspace: Path, models: Models) -> None:
        """Nothing is loaded yet.

        Raises:
            UsageError: a specification has no known form, or its file is not there.
        """
        self.workspace = workspace
        self.specs = {"semantic": models.embedding, "copy": models.copy_embedding}
        name = {"semantic": model_names.version, "copy": model_names.copy_version}
        self.versions: dict[str, str | None] = {
            kind: None if spec is None else name[kind](spec, folder=workspace) for kind, spec in self.specs.items()
        }

    @functools.cached_property
    def semantic(self) -> loader.Embedder:
        """The open_clip model."""
        return loader.load(self.specs["semantic"] or "", folder=self.workspace)

    @functools.cached_property
    def copy(self) -> loader.PictureEmbedder:
        """The model that tells copies."""
        return loader.load_copy(self.specs["copy"] or "", folder=self.workspace)

    def of(self, kind: str) -> loader.PictureEmbedder:
        """The model of one kind."""
        return self.semantic if kind == "semantic" else self.copy


def embed(workspace: Path, run: Run, models: Loaded, *, progress: Progress | None = None) -> Embedded:
    """Make the missing vectors of each model that is set; without one, nothing is done and no library is loaded."""
    made: dict[str, int] = {}
    failed = 0
    for kind in KINDS:
        version = models.versions[kind]
        asks = [] if version is None else missing(workspace, kind, version)
        if asks:
            made[kind], lost = _embed(workspace, run, kind, models.of(kind), asks, progress)
            failed += lost
    return Embedded(made=made, failed=failed)


def missing(workspace: Path, kind: str, version: str) -> list[str]:
    """SHA-256 of every readable picture without a vector of this kind and version, in order."""
    decode_version = plugins.load("curate.measures", "full_decode").VERSION
    with db.reading(workspace) as connection:
        values = {"kind": kind, "version": version, "decode_version": decode_version}
        return [sha256 for (sha256,) in connection.execute(MISSING, values).fetchall()]


MISSING = """
SELECT sha256
FROM images
WHERE sha256 IN (SELECT sha256 FROM measures WHERE measure = 'decode' AND version = $decode_version AND word = 'ok')
  AND sha256 NOT IN (SELECT sha256 FROM embeddings WHERE kind = $kind AND version = $version)
ORDER BY sha256
"""


def _embed(
    workspace: Path, run: Run, kind: str, model: loader.PictureEmbedder, asks: Sequence[str], progress: Progress | None
) -> tuple[int, int]:
    made = done = 0
    for batch in _prepared(Store(workspace), model, asks):
        ready = [(sha256, tensor) for sha256, tensor, _ in batch if tensor is not None]
        rows: list[Embedding] = []
        for sha256, vector in zip([one for one, _ in ready], _vectors(model, [tensor for _, tensor in ready]), strict=True):
            if vector is not None and np.isfinite(vector).all():
                rows.append(Embedding(sha256=sha256, kind=kind, version=model.version, vector=_numbers(vector)))
            else:
                run.problem(where=sha256, what=f"{model.version} makes no vector of it.")
        for sha256, _, trouble in batch:
            if trouble is not None:
                run.problem(where=sha256, what=trouble)
        run.add_all("embeddings", rows, durable=True)
        made += len(rows)
        done += len(batch)
        if progress is not None:
            progress(f"embed ({kind})", done, len(asks))
    return made, done - made


Opened = tuple[str, Any | None, str | None]
"""sha256, what the model takes, or else why there is none."""


def _prepared(store: Store, model: loader.PictureEmbedder, asks: Sequence[str]) -> Iterator[list[Opened]]:
    """The pictures in order, by batches, opened by threads a few batches ahead and no more."""
    size = BATCH_ON_GPU if model.device.startswith("cuda") else BATCH
    waiting: deque[Future[Opened]] = deque()
    with ThreadPoolExecutor(max_workers=cores(), thread_name_prefix="open") as pool:
        try:
            following = 0
            while following < len(asks) or waiting:
                while following < len(asks) and len(waiting) < AHEAD * size:
                    waiting.append(pool.submit(_opened, store, model, asks[following]))
                    following += 1
                yield [waiting.popleft().result() for _ in range(min(size, len(waiting)))]
        finally:
            for one in waiting:
                one.cancel()


def _opened(store: Store, model: loader.PictureEmbedder, sha256: str) -> Opened:
    path = store.path(sha256)
    try:
        data = path.read_bytes()
    except OSError:
        return sha256, None, f"its bytes are not in the store ({path}): run `fototeca check`."
    first = header(data)
    side_px = None if first is None else model.opening_side_px(first.width_px, first.height_px)
    picture = open_picture(data, side_px=side_px)
    if isinstance(picture, Unreadable):
        return sha256, None, f"it could not be opened for {model.version}: {picture.detail}."
    try:
        return sha256, model.prepared(picture.rgb), None
    except (ValueError, RuntimeError, MemoryError) as error:
        return sha256, None, f"it could not be prepared for {model.version}: {error}"


def _vectors(model: loader.PictureEmbedder, prepared: Sequence[Any]) -> list[Any | None]:
    """A vector each; a batch that the model or the memory refuses is halved, down to single pictures (None: refused alone)."""
    if not prepared:
        return []
    try:
        return list(model.vectors(prepared))
    except (OutOfMemoryError, RuntimeError) as error:
        if len(prepared) > 1:
            half = len(prepared) // 2
            return _vectors(model, prepared[:half]) + _vectors(model, prepared[half:])
        if isinstance(error, OutOfMemoryError):
            raise
        return [None]


def _numbers(vector: loader.Vectors) -> tuple[float, ...]:
    """The shortest decimals that give back the same float32: half the spool of Python's own."""
    return tuple(map(float, vector.astype(str)))
