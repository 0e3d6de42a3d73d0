"""Keeps what a harvest found: bytes into the store in groups, then their lines into the spool, and counts that add up."""

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from catalog import db, records
from catalog.records import Candidate, Image
from catalog.runs import Run
from catalog.store import Store
from harvest import room
from harvest.credit import licence_in_words
from harvest.embedded_rights import completed
from harvest.gate import still_excused
from harvest.known import Known
from harvest.source import Problem
from harvest.wire import Answered
from pixels.header import Header, header
from pixels.jpeg_size import jpeg_size

log = logging.getLogger(__name__)

GROUP_ITEMS = 512
GROUP_SIZE_BYTES = 128 << 20
GROUP_AGE_S = 2.0
"""A group is made durable when it holds this many items or bytes, or when its first item has waited this long.

Large, because every group fsyncs each shelf of the store that it touched: 4,000 pictures in groups of 64 cost 3,700
fsyncs of folders beside their own (2026-11-21, 2.7 ms each).
"""


@dataclass(frozen=True, kw_only=True)
class HarvestReport:
    """What a harvest did. `outcomes` add up to `candidates`, and so do new, changed and unchanged statements, and `licences`."""

    run_id: str
    source: str
    candidates: int
    outcomes: Mapping[str, int]
    new: int
    changed: int
    unchanged: int
    images_added: int
    bytes_added: int
    problems: tuple[Mapping[str, str], ...]
    licences: Mapping[str, int] = field(default_factory=dict)

    def sentence(self) -> str:
        """Such as: 312 candidates: 280 stored, 20 opted out, 9 not an image, 3 failed (404)."""
        parts = [f"{count} {in_words(outcome)}" for outcome, count in self.outcomes.items()]
        return f"{self.candidates} candidate{'s' if self.candidates != 1 else ''}: {', '.join(parts) or 'none'}"


OUTCOME_WORDS = {
    "stored": "stored",
    "metadata_only": "noted without bytes",
    "not_fetched_rights": "not taken for their rights",
    "not_fetched_opt_out": "opted out",
    "robots": "kept away by robots.txt",
    "not_an_image": "not an image",
    "too_large": "too large",
    "withdrawn": "withdrawn earlier and left alone",
}


def in_words(outcome: str) -> str:
    """An outcome for people: failed_404 is 'failed (404)'."""
    return OUTCOME_WORDS.get(outcome) or f"failed ({outcome.removeprefix('failed_').replace('_', ' ')})"


class Withdrawn(Protocol):
    """What was withdrawn: never fetched nor stated again."""

    @property
    def candidate_ids(self) -> frozenset[str]:
        """Items."""

    @property
    def sha256s(self) -> frozenset[str]:
        """Bytes."""


class Keeper:
    """Takes finished candidates one by one. The caller calls `flush` at the end, also when an error ends the harvest."""

    def __init__(
        self,
        run: Run,
        known: Mapping[str, Known],
        *,
        stated: Callable[[str], records.Source],
        withdrawn: Withdrawn | None = None,
        concept: str | None = None,
    ) -> None:
        """`stated` describes a source by its name; `concept` is claimed for every candidate."""
        self.run = run
        self.known = known
        self._knows_any = bool(known)  # the first harvest need not look up each item
        self.store = Store(run.workspace)
        self.outcomes: Counter[str] = Counter()
        self.licences: Counter[str] = Counter()
        self.statements: Counter[str] = Counter()
        self.images_added = 0
        self.bytes_added = 0
        self._stated = stated
        self._withdrawn = withdrawn
        self._concept = concept
        self._seen: set[int] = set()  # candidate ids as numbers: 45 bytes each where the text takes 81
        self._sources: set[str] = set()
        self._images: list[Mapping[str, Any]] = []
        self._taken_in: set[str] = set()
        self._candidates: list[dict[str, Any]] = []
        self._answers: list[dict[str, Any]] = []
        self._waiting_bytes = 0
        self._oldest = time.monotonic()
        self._prepared = False

    def take(self, candidate: Candidate, body: bytes | None = None, answered: Answered | None = None) -> None:
        """Keep one candidate; with `body` its outcome becomes stored, without, it is what the candidate says.

        `answered` is what the server of its image said, if it was asked.
        """
        number = int(candidate.candidate_id, 16)
        if number in self._seen:
            what = "stated twice in this harvest: the first statement counts"
            self.problem(Problem(where=f"{candidate.source} {candidate.source_id}", what=what))
            return
        self._seen.add(number)
        if self._concept and self._concept not in candidate.concepts:
            candidate = replace(candidate, concepts=(*candidate.concepts, self._concept))
        if self._is_withdrawn(candidate, body):
            self.statements["unchanged"] += 1
            self.outcomes["withdrawn"] += 1
            self.licences[licence_in_words(candidate.rights)] += 1
            return
        if body is not None:
            candidate = self._store(candidate, body)
        before = self.known.get(candidate.candidate_id) if self._knows_any else None
        if before is not None:
            candidate = _with_what_asking_taught(candidate, before)
        row = candidate.as_row()
        statement = "new" if before is None else "unchanged" if before.digest == row["digest"] else "changed"
        self.statements[statement] += 1
        self.outcomes[candidate.outcome] += 1
        self.licences[licence_in_words(candidate.rights)] += 1
        self._note_source(candidate.source)
        if statement != "unchanged":
            self._candidates.append(row)
        if answered is not None:
            self.asked(candidate, answered)
        self.flush_if_due()

    def asked(self, candidate: Candidate, answered: Answered) -> None:
        """Note what a server answered; the marks only where they are those of bytes that we hold."""
        row = {"candidate_id": candidate.candidate_id, **vars(answered), "asked_at": db.utc_now().isoformat(sep=" ")}
        self._answers.append(row if candidate.outcome == "stored" else {**row, "etag": None, "last_modified": None})

    def holds(self, candidate: Candidate, sha256: str | None = None) -> Candidate | None:
        """The candidate as stored if its bytes are held already (and are `sha256`, where given); else None.

        A candidate that names bytes itself, which another item brought, is held if they are.
        """
        if candidate.sha256 is not None:
            if not self.store.has(candidate.sha256):
                return None
            held = replace(candidate, outcome="stored", outcome_detail=None)
            return completed(held, self.store.path(candidate.sha256))
        before = self.known.get(candidate.candidate_id)
        if before is None or before.sha256 is None or sha256 not in (None, before.sha256):
            return None
        if not self.store.has(before.sha256):
            return None
        elsewhere = (one for one in before.statements() if one.channel not in candidate.consulted)
        held = replace(
            candidate,
            outcome="stored",
            outcome_detail=before.outcome_detail,
            sha256=before.sha256,
            opt_outs=tuple(dict.fromkeys((*candidate.opt_outs, *elsewhere))),
        )
        held = completed(still_excused(held, before.rights_evidence), self.store.path(before.sha256))
        return still_excused(held, before.rights_evidence)

    def problem(self, problem: Problem) -> None:
        """Note source data that could not be taken as it stands."""
        log.info("problem where=%r what=%r", problem.where, problem.what)
        self.run.problem(where=problem.where, what=problem.what)

    def flush_if_due(self) -> None:
        """Flush when the group is full or has waited long enough.

        Raises:
            NoSpaceError: the disk's reserve is reached; all that was taken is durable.
        """
        waiting = max(len(self._candidates), len(self._answers))
        if (
            waiting >= GROUP_ITEMS
            or self._waiting_bytes >= GROUP_SIZE_BYTES
            or (waiting and time.monotonic() - self._oldest >= GROUP_AGE_S)
        ):
            self.flush()
            room.refuse_when_full(self.run.workspace)
        elif not waiting:
            self._oldest = time.monotonic()
            self._prepare()

    def _prepare(self) -> None:
        """Once, while nothing has come yet and the crawl is still starting: what the first line and the pour need anyway."""
        if not self._prepared:
            self._prepared = True
            db.columns("candidates")
            if not db.exists(self.run.workspace):
                with db.writing(self.run.workspace):
                    pass

    def flush(self) -> None:
        """Make the waiting group durable: first the bytes, then the images' lines, then the candidates', then the answers'.

        In this order, because a candidate whose line is there is never taken again: all it speaks of must be there before.
        And an answer's marks must never be there before the statement of its bytes: they would stand for other bytes.
        """
        self.store.sync()
        groups: tuple[tuple[str, Sequence[Any]], ...] = (
            ("images", self._images),
            ("candidates", self._candidates),
            ("answers", self._answers),
        )
        for table, rows in groups:
            self.run.add_all(table, rows, durable=True)
        self._images.clear()
        self._answers.clear()
        self._taken_in.clear()
        self._candidates.clear()
        self._waiting_bytes = 0
        self._oldest = time.monotonic()

    def finish(self, source: str) -> HarvestReport:
        """Flush, give the run its counts, and report."""
        self.flush()
        for outcome, count in sorted(self.outcomes.items()):
            self.run.count(outcome, count)
        self.run.count("candidates", self.outcomes.total())
        for kind in ("new", "changed", "unchanged"):
            self.run.count(f"statements_{kind}", self.statements[kind])
        self.run.count("images_added", self.images_added)
        self.run.count("bytes_added", self.bytes_added)
        return HarvestReport(
            run_id=self.run.run_id,
            source=source,
            candidates=self.outcomes.total(),
            outcomes=dict(self.outcomes.most_common()),
            new=self.statements["new"],
            changed=self.statements["changed"],
            unchanged=self.statements["unchanged"],
            images_added=self.images_added,
            bytes_added=self.bytes_added,
            problems=tuple(self.run.problems),
            licences=dict(self.licences.most_common()),
        )

    def _is_withdrawn(self, candidate: Candidate, body: bytes | None) -> bool:
        gone = self._withdrawn
        if candidate.outcome == "withdrawn" or (gone is not None and candidate.candidate_id in gone.candidate_ids):
            return True
        if gone is None or not gone.sha256s:
            return False
        return (candidate.sha256 if body is None else hashlib.sha256(body).hexdigest()) in gone.sha256s

    def _store(self, candidate: Candidate, body: bytes) -> Candidate:
        sha256 = self.store.put(body)
        if sha256 not in self._taken_in and not self.store.has(sha256):
            self._taken_in.add(sha256)
            self.images_added += 1
            self.bytes_added += len(body)
        self._waiting_bytes += len(body)
        size = jpeg_size(body)  # it was opened on its way here: once is enough
        found = Header(format="JPEG", width_px=size[0], height_px=size[1]) if size else header(body)
        self._images.append(
            vars(
                Image(
                    sha256=sha256,
                    origin="harvested",
                    format=found.format if found else None,
                    width_px=found.width_px if found else None,
                    height_px=found.height_px if found else None,
                    size_bytes=len(body),
                    sha1=_verified_sha1(candidate.checksum) or hashlib.sha1(body, usedforsecurity=False).hexdigest(),
                )
            )
        )
        return replace(candidate, outcome="stored", sha256=sha256)

    def _note_source(self, name: str) -> None:
        if name not in self._sources:
            self._sources.add(name)
            self.run.add("sources", self._stated(name))


def _verified_sha1(checksum: str | None) -> str | None:
    """The provider's SHA-1, which the bytes were compared with on their way (`pipelines/checksum.py`)."""
    kind, _, value = (checksum or "").partition(":")
    return value.lower() if kind == "sha1" and len(value) == 40 else None


def _with_what_asking_taught(candidate: Candidate, before: Known) -> Candidate:
    """A harvest of metadata only did not ask for the image: what an earlier answer from this address said still holds."""
    not_asked = candidate.outcome == "metadata_only" and candidate.image_url == before.image_url
    if not not_asked or before.outcome in ("stored", "metadata_only", "not_fetched_rights"):
        return candidate
    return replace(candidate, outcome=before.outcome, outcome_detail=before.outcome_detail, opt_outs=before.statements())


def too_few(report: HarvestReport, at_least: int, what: str) -> str | None:
    """The message for a harvest that gave fewer candidates than its source promises; None when it gave enough."""
    taken = sum(count for outcome, count in report.outcomes.items() if not outcome.startswith("failed_"))
    if taken >= at_least:
        return None
    first = "; ".join(f"{one['where']}: {one['what']}" for one in report.problems[:3])
    expected = "nothing could be taken" if at_least == 1 else f"{taken} taken where at least {at_least} were expected"
    return f"{what}: {expected}. {report.sentence()}. {first or 'No problem was named.'}"


def workspace_parts(workspace: Path) -> tuple[Path, ...]:
    """Files and folders of the workspace itself, which are never part of a collection."""
    names = ("catalog.duckdb", "catalog.duckdb.wal", "store", "spool", "shards", "runs", "demo", "concepts.toml", "curation.toml")
    return tuple(workspace / name for name in names)
