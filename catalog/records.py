"""The nouns of the catalogue as frozen dataclasses; each is one row (or one part of a row) in `tables/`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from base.files import canonical_json

OUTCOMES = (
    "stored",
    "metadata_only",
    "not_fetched_rights",
    "not_fetched_opt_out",
    "robots",
    "not_an_image",
    "too_large",
)
"""What became of a candidate's bytes; besides these, `failed_<class>` (timeout, 404, file_missing, …)."""


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What a source says one may do with one media file. Built by `catalog.rights.read_rights`, never by hand."""

    family: str
    version: str | None = None
    jurisdiction: str | None = None
    uri: str | None = None
    spdx: str | None = None
    raw: tuple[tuple[str, str], ...] = ()
    source_field: str = ""
    scope: str = "media"
    alternatives: tuple["Rights", ...] = ()
    flags: tuple[str, ...] = ()
    confidence: str = "none"
    credit_line: str | None = None
    evidence: str | None = None

    def as_row(self) -> dict[str, Any]:
        """The same facts as plain JSON values; `alternatives` become rows too."""
        row: dict[str, Any] = {name.name: getattr(self, name.name) for name in fields(self)}
        row["raw"] = [list(pair) for pair in self.raw]
        row["flags"] = list(self.flags)
        row["alternatives"] = [other.as_row() for other in self.alternatives]
        return row


@dataclass(frozen=True, kw_only=True)
class Source:
    """An institution's collection as a source plug-in declares it; `checked_on` is when a person last read its terms."""

    name: str
    institution: str
    home_url: str
    terms_url: str
    checked_on: str


@dataclass(frozen=True, kw_only=True)
class OptOut:
    """One statement against use by models: where it was read (`robots`, `x-robots-tag`), its words, and what it denies."""

    channel: str
    value: str
    where: str


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What a source said about one image at one time, and what became of its bytes.

    `candidate_id` is `candidate_id(source, source_id)`. `outcome` is one of `OUTCOMES` or `failed_<class>`.
    `sha256` is present exactly when the bytes are held. `concepts` are claims of the source (sheet, query), by name.
    `checksum` is the provider's own, as `sha1:<hex>`. `consulted` names the opt-out channels that were read for it.
    """

    source: str
    source_id: str
    rights: Rights
    outcome: str
    outcome_detail: str | None = None
    page_url: str | None = None
    image_url: str | None = None
    title: str | None = None
    creator: str | None = None
    creation_date: str | None = None
    caption: str | None = None
    caption_language: str | None = None
    concepts: tuple[str, ...] = ()
    opt_outs: tuple[OptOut, ...] = ()
    other: Mapping[str, str] = field(default_factory=dict)
    sha256: str | None = None
    checksum: str | None = None
    answer_sha256: str | None = None
    consulted: tuple[str, ...] = ()

    @property
    def candidate_id(self) -> str:
        """The key of this item, the same at every harvest."""
        return candidate_id(self.source, self.source_id)

    def statement(self) -> dict[str, Any]:
        """Everything said of this one medium, as canonical JSON values; `answer_sha256` and `consulted` are not part of it."""
        row: dict[str, Any] = {name.name: getattr(self, name.name) for name in fields(self)}
        row.pop("answer_sha256")
        row.pop("consulted")
        if self.checksum is None:
            row.pop("checksum")  # as in statements made before there was such a field: their digests still hold
        row["rights"] = self.rights.as_row()
        row["opt_outs"] = [{"channel": one.channel, "value": one.value, "where": one.where} for one in self.opt_outs]
        row["concepts"] = list(self.concepts)
        row["other"] = dict(self.other)
        return row

    def digest(self) -> str:
        """SHA-256 of the statement: equal digests mean that the source said nothing new."""
        return hashlib.sha256(canonical_json(self.statement()).encode()).hexdigest()

    def as_row(self) -> dict[str, Any]:
        """One line of `candidates.jsonl`, with the columns of the table `candidates` (but `run_id` and `stated_at`)."""
        row = self.statement()
        row["digest"] = hashlib.sha256(canonical_json(row).encode()).hexdigest()
        rights = row.pop("rights")
        for name in ("family", "version", "jurisdiction", "uri", "spdx", "raw", "source_field", "scope", "flags"):
            row[f"rights_{name}"] = rights[name]
        row["rights_alternatives"] = rights["alternatives"]
        row["rights_confidence"] = rights["confidence"]
        row["rights_evidence"] = rights["evidence"]
        row["credit_line"] = rights["credit_line"]
        row["candidate_id"] = self.candidate_id
        row["answer_sha256"] = self.answer_sha256
        row["consulted"] = list(self.consulted)
        return row


@dataclass(frozen=True, kw_only=True)
class Image:
    """Bytes we hold. `width_px`, `height_px` are the header's, before any EXIF orientation; None when unreadable.

    `sha1` is hexadecimal: some providers name it before a download, so that nothing is fetched twice.
    """

    sha256: str
    origin: str  # harvested | generated
    format: str | None
    width_px: int | None
    height_px: int | None
    size_bytes: int
    sha1: str | None = None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measured fact of one image: a number, 64 bits of a hash, or a word; exactly one of the three is present."""

    sha256: str
    measure: str
    version: str
    value: float | None = None
    bits: int | None = None
    word: str | None = None


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """A vector of unit length that a model makes of an image; `kind` is semantic or copy."""

    sha256: str
    kind: str
    version: str
    vector: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How like a subject's picture is to its caption, a concept or its parent: a cosine, -1 to 1, between embeddings."""

    subject: str
    kind: str
    other: str
    version: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Link:
    """A person's word on two images, `a < b`; `kind` is must (the same picture) or cannot."""

    a: str
    b: str
    kind: str
    reason: str
    who: str


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two images close by a measure, `a < b`; `distance` in the measure's unit, `verified` is the second measure's value."""

    a: str
    b: str
    kind: str
    version: str
    distance: float
    orientation: str
    verified: float | None
    verified_by: str | None


@dataclass(frozen=True, kw_only=True)
class Group:
    """`member` must share a split with `anchor`; both are sha256 of harvested images."""

    anchor: str
    member: str


@dataclass(frozen=True, kw_only=True)
class Split:
    """The split that was drawn, once, for the leakage group of `anchor`: train, val or test."""

    anchor: str
    split: str


@dataclass(frozen=True, kw_only=True)
class Depiction:
    """A claim, by `source`, that the subject shows the concept; `score` in [0, 1], 1 when a person or source says so."""

    subject: str
    concept: str
    source: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Caption:
    """Words for a subject; `origin` is source, archivist, community or `model:<name>@<revision>`."""

    subject: str
    origin: str
    language: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One verdict on one subject: keep, exclude or review, with a sentence and the numbers behind it."""

    subject: str
    criterion: str
    version: str
    verdict: str
    reason: str
    evidence: Mapping[str, Any]
    who: str


@dataclass(frozen=True, kw_only=True)
class Concept:
    """Something depicted, from the workspace's `concepts.toml`."""

    name: str
    words: Mapping[str, tuple[str, ...]]
    class_noun: str
    rare_token: str
    target: int
    uri: str | None = None
    notes: str | None = None


@dataclass(frozen=True, kw_only=True)
class Request:
    """Make one variation: every field that can change a pixel is here, so the digest names the picture to come."""

    parent: str
    concept: str
    prompt: str
    negative_prompt: str
    model: str
    revision: str
    seed: int
    strength: float
    guidance: float
    steps: int
    scheduler: str
    width_px: int
    height_px: int
    lora: str | None = None
    control: str | None = None
    sampler: str | None = None

    def digest(self) -> str:
        """SHA-256 over all fields, but for additions that there are none of: requests of before these could be keep theirs."""
        additions = ("lora", "control", "sampler")
        row = {name.name: getattr(self, name.name) for name in fields(self)}
        row = {name: value for name, value in row.items() if value is not None or name not in additions}
        return hashlib.sha256(canonical_json(row).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Variation:
    """A generated image and the request that made it."""

    request: str
    parent: str
    sha256: str


def candidate_id(source: str, source_id: str) -> str:
    """32 hexadecimal digits that name this item of this source for ever; no secret, no order."""
    return hashlib.sha256(f"{source}\x1f{source_id}".encode()).hexdigest()[:32]
