"""A small workspace to curate: pictures drawn in code, stated as a harvest would state them."""

import io
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from catalog import db, runs
from catalog.records import Candidate, Request, Rights, Variation
from catalog.records import Image as HeldImage
from catalog.rights import read_rights
from catalog.store import Store
from pixels.decode import header


def drawn(seed: int, side_px: int = 256) -> Image.Image:
    """A picture of soft coloured clouds: as rich in detail at all scales as a photograph, and the same every time."""
    chance = np.random.default_rng(seed)
    layers = np.zeros((side_px, side_px, 3))
    for cells in (4, 8, 16, 32, 64, 128):
        noise = Image.fromarray(chance.integers(0, 255, (cells, cells, 3), dtype=np.uint8))
        layers += np.asarray(noise.resize((side_px, side_px), Image.Resampling.BICUBIC), dtype=float) * max(4 / cells, 0.08)
    layers -= layers.min()
    return Image.fromarray((layers * 255 / layers.max()).astype(np.uint8))


def encoded(picture: Image.Image, format_name: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file of it."""
    stream = io.BytesIO()
    picture.save(stream, format_name, **options)
    return stream.getvalue()


@cache
def empty_catalogue() -> bytes:
    """The file of a catalogue without rows: to make one takes most of a second, to copy it nothing."""
    with tempfile.TemporaryDirectory() as name:
        with db.writing(Path(name)):
            pass
        return db.catalogue_path(Path(name)).read_bytes()


class Archive:
    """A workspace and short ways to put things into it and to ask it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder)

    def add(self, name: str, data: bytes | None = None, *, licence: str | Rights = "CC BY 4.0", **fields: Any) -> Candidate:
        """State one item, with its bytes when given; returns what was stated."""
        rights = licence if isinstance(licence, Rights) else read_rights(licence)
        sha256 = None if data is None else self.store.put(data)
        self.store.sync()
        fields.setdefault("source", "folder:test")
        fields.setdefault("outcome", "stored" if data is not None else "metadata_only")
        candidate = Candidate(source_id=name, rights=rights, sha256=sha256, **{"title": name, **fields})
        with runs.begin(self.folder, "harvest", {}) as run:
            if data is not None and sha256 is not None:
                run.add("images", _held(sha256, data, "harvested"))
            run.add("candidates", candidate)
        return candidate

    def add_all(self, files: Mapping[str, bytes]) -> None:
        """State many items under one licence in one harvest."""
        rights = read_rights("CC BY 4.0")
        with runs.begin(self.folder, "harvest", {}) as run:
            for name, data in files.items():
                sha256 = self.store.put(data)
                self.store.sync()
                run.add("images", _held(sha256, data, "harvested"))
                run.add(
                    "candidates",
                    Candidate(source="folder:test", source_id=name, rights=rights, outcome="stored", title=name, sha256=sha256),
                )

    def vary(self, parent: str, data: bytes, concept: str = "cuia", seed: int = 1) -> str:
        """State one variation of the image `parent`; returns its sha256."""
        sha256 = self.store.put(data)
        self.store.sync()
        asked = Request(
            parent=parent, concept=concept, prompt="a gourd", negative_prompt="", model="tiny", revision="r", seed=seed,
            strength=0.3, guidance=1.0, steps=2, scheduler="DDIM", width_px=256, height_px=256,
        )  # fmt: skip
        with runs.begin(self.folder, "augment", {}) as run:
            run.add("images", _held(sha256, data, "generated"))
            run.add("requests", {**vars(asked), "digest": asked.digest()})
            run.add("variations", Variation(request=asked.digest(), parent=parent, sha256=sha256))
        return sha256

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Ask the catalogue."""
        return db.rows(self.folder, sql, parameters or {})

    def verdict(self, candidate: Candidate) -> tuple[str, str | None, str | None]:
        """Verdict, criterion and reason that stand for an item."""
        sql = "SELECT verdict, criterion, reason FROM verdicts WHERE subject = $subject"
        row = self.rows(sql, {"subject": candidate.candidate_id})[0]
        return row["verdict"], row["criterion"], row["reason"]


def _held(sha256: str, data: bytes, origin: str) -> HeldImage:
    found = header(data)
    return HeldImage(
        sha256=sha256,
        origin=origin,
        format=found.format if found else None,
        width_px=found.width_px if found else None,
        height_px=found.height_px if found else None,
        size_bytes=len(data),
    )
