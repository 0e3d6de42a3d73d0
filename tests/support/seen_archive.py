"""A catalogue of pictures with the numbers that models would have given them, written down by hand; no bytes are held."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from catalog import db, runs
from catalog.records import Candidate, Embedding, Likeness, Link, Measure, Pair, Request, Variation
from catalog.records import Image as HeldImage
from catalog.rights import read_rights
from curate import concepts
from curate.curate import CurateReport, curate
from curate.likeness import CONCEPT_IN_WORDS
from curate.what_if import what_if
from pixels.hashes import PHASH_VERSION

SEMANTIC, COPY = "shown/1", "copied/1"
"""Versions of two models that never were."""


class SeenArchive:
    """Items by name: their sha256 is that of their name, whatever they show."""

    def __init__(self, folder: Path, criterion: str) -> None:
        self.folder = folder
        self.criterion = criterion
        self.lines: list[tuple[str, Any]] = []
        self.names: dict[str, str] = {}  # by subject

    def item(self, name: str, *, side_px: int = 400, **fields: Any) -> str:
        """State a harvested item; returns its subject."""
        rights = read_rights("CC BY 4.0")
        said = {"source": "folder:test", "source_id": name, "title": name, "outcome": "stored", "rights": rights, **fields}
        candidate = Candidate(**said, sha256=sha256_of(name))
        self._held(name, "harvested", side_px)
        self.lines.append(("candidates", candidate))
        self.names[candidate.candidate_id] = name
        return candidate.candidate_id

    def variation(self, name: str, parent: str, prompt: str = "a gourd") -> str:
        """State a variation of the item `parent`; returns its subject."""
        asked = Request(
            parent=sha256_of(parent), concept="cuia", prompt=prompt, negative_prompt="", model="tiny", revision=name, seed=1,
            strength=0.3, guidance=1.0, steps=2, scheduler="DDIM", width_px=256, height_px=256,
        )  # fmt: skip
        self._held(name, "generated", 400)
        self.lines.append(("requests", {**vars(asked), "digest": asked.digest()}))
        self.lines.append(("variations", Variation(request=asked.digest(), parent=sha256_of(parent), sha256=sha256_of(name))))
        self.names[sha256_of(name)] = name
        return sha256_of(name)

    def embedded(self, names: Iterable[str], kind: str = "semantic", version: str | None = None) -> None:
        """State that a model of this kind has seen these pictures."""
        seen = version or {"semantic": SEMANTIC, "copy": COPY}[kind]
        for name in names:
            self.lines.append(("embeddings", Embedding(sha256=sha256_of(name), kind=kind, version=seen, vector=(1.0, 0.0))))

    def likeness(self, subject: str, kind: str, other: str, value: float | None, version: str = SEMANTIC) -> None:
        """State a cosine; None: it is missing."""
        if value is not None:
            self.lines.append(("likeness", Likeness(subject=subject, kind=kind, other=other, version=version, value=value)))

    def pair(self, one: str, other: str, kind: str, distance: float, verified: float | None = None) -> None:
        """State that two pictures are near."""
        a, b = sorted((sha256_of(one), sha256_of(other)))
        version = {"semantic": SEMANTIC, "copy": COPY, "phash": PHASH_VERSION}[kind]
        near = Pair(
            a=a, b=b, kind=kind, version=version, distance=distance, orientation="upright", verified=verified, verified_by=None
        )
        self.lines.append(("pairs", near))

    def link(self, one: str, other: str, kind: str) -> None:
        """State a person's word on two pictures."""
        a, b = sorted((sha256_of(one), sha256_of(other)))
        self.lines.append(("links", Link(a=a, b=b, kind=kind, reason="Seen.", who="Ana")))

    def fact(self, name: str, measure: str, **value: Any) -> None:
        """State a measure of a picture."""
        self.lines.append(("measures", Measure(sha256=sha256_of(name), measure=measure, version="by hand", **value)))

    def concepts(self) -> Mapping[str, str]:
        """State the concepts of concepts.toml; returns what stands in likeness.other for each."""
        with runs.begin(self.folder, "test", {}) as run:
            for concept in concepts.read(self.folder):
                run.add("concepts", concept)
        sql = f"SELECT name, {CONCEPT_IN_WORDS} AS other FROM current_concepts AS concept"
        return {row["name"]: row["other"] for row in db.rows(self.folder, sql)}

    def curate(self) -> CurateReport:
        """Write everything that was stated since, and judge it."""
        with runs.begin(self.folder, "test", {}) as run:
            for table, row in self.lines:
                run.add(table, row)
        self.lines = []
        return curate(self.folder)

    def decided(self) -> dict[str, tuple[str, str]]:
        """Verdict and reason of the criterion, by name; names on which it says nothing are absent."""
        sql = "SELECT subject, verdict, reason FROM current_decisions WHERE criterion = $criterion"
        rows = db.rows(self.folder, sql, {"criterion": self.criterion})
        return {self.names[row["subject"]]: (row["verdict"], row["reason"]) for row in rows}

    def evidence(self, name: str) -> dict[str, Any]:
        """The numbers behind the criterion's verdict on this name."""
        subject = next(subject for subject, known in self.names.items() if known == name)
        sql = "SELECT evidence FROM current_decisions WHERE criterion = $criterion AND subject = $subject"
        row = db.rows(self.folder, sql, {"criterion": self.criterion, "subject": subject})[0]
        return dict(json.loads(row["evidence"]))

    def moved(self, change: str) -> dict[str, str]:
        """What would stand under another setting, by name; only what would move (up to ten)."""
        found = what_if(self.folder, [f"{self.criterion}.{change}"])
        return {self.names[row["subject"]]: f"{row['before']} → {row['after']}" for row in found.examples}

    def _held(self, name: str, origin: str, side_px: int) -> None:
        image = HeldImage(sha256=sha256_of(name), origin=origin, format="JPEG", width_px=side_px, height_px=side_px, size_bytes=1)
        self.lines.append(("images", image))


def sha256_of(text: str) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
