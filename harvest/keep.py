"""Keeps what a harvest found: bytes into the store in groups, then their lines into the spool, and counts that add up."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from catalog import records
from catalog.records import Candidate, Image
from catalog.runs import Run
from catalog.store import Store
from harvest.gate import still_excused
from harvest.known import Known
from harvest.source import Problem
from pixels.decode import header

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
    """What a harvest did. `outcomes` add up to `candidates`, and so do new, changed and unchanged statements."""

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
}


def in_words(outcome: str) -> str:
    """An outcome for people: failed_404 is 'failed (404)'."""
    return OUTCOME_WORDS.get(outcome) or f"failed ({outcome.removeprefix('failed_').replace('_', ' ')})"


class Keeper:
    """Takes finished candidates one by one. The caller calls `flush` at the end, also when an error ends the harvest."""

    def __init__(
        self,
        run: Run,
        known: Mapping[str, Known],
        *,
        stated: Callable[[str], records.Source],
        concept: str | None = None,
    ) -> None:
        """`stated` describes a source by its name; `concept` is claimed for every candidate."""
        self.run = run
        self.known = known
        self.store = Store(run.workspace)
        self.outcomes: Counter[str] = Counter()
        self.statements: Counter[str] = Counter()
        self.images_added = 0
        self.bytes_added = 0
        self._stated = stated
        self._concept = concept
        self._seen: set[str] = set()
        self._sources: set[str] = set()
        self._images: list[Image] = []
        self._taken_in: set[str] = set()
        self._candidates: list[Candidate] = []
        self._waiting_bytes = 0
        self._oldest = time.monotonic()

    def take(self, candidate: Candidate, body: bytes | None = None) -> None:
        """Keep one candidate; with `body` its outcome becomes stored, without, it is what the candidate says."""
        if candidate.candidate_id in self._seen:
            what = "stated twice in this harvest: the first statement counts"
            self.problem(Problem(where=f"{candidate.source} {candidate.source_id}", what=what))
            return
        self._seen.add(candidate.candidate_id)
        if self._concept and self._concept not in candidate.concepts:
            candidate = replace(candidate, concepts=(*candidate.concepts, self._concept))
        if body is not None:
            candidate = self._store(candidate, body)
        before = self.known.get(candidate.candidate_id)
        if before is not None:
            candidate = _with_what_asking_taught(candidate, before)
        digest = candidate.digest()
        statement = "new" if before is None else "unchanged" if before.digest == digest else "changed"
        self.statements[statement] += 1
        self.outcomes[candidate.outcome] += 1
        self._note_source(candidate.source)
        if statement != "unchanged":
            self._candidates.append(candidate)
        self.flush_if_due()

    def holds(self, candidate: Candidate, sha256: str | None = None) -> Candidate | None:
        """The candidate as stored if its bytes are held already (and are `sha256`, where given); else None."""
        before = self.known.get(candidate.candidate_id)
        if before is None or before.sha256 is None or sha256 not in (None, before.sha256):
            return None
        if not self.store.has(before.sha256):
            return None
        held = replace(candidate, outcome="stored", outcome_detail=None, sha256=before.sha256, opt_outs=before.statements())
        return still_excused(held, before.rights_evidence)

    def problem(self, problem: Problem) -> None:
        """Note source data that could not be taken as it stands."""
        log.info("problem where=%r what=%r", problem.where, problem.what)
        self.run.problem(where=problem.where, what=problem.what)

    def flush_if_due(self) -> None:
        """Flush when the group is full or has waited long enough."""
        if (
            len(self._candidates) >= GROUP_ITEMS
            or self._waiting_bytes >= GROUP_SIZE_BYTES
            or (self._candidates and time.monotonic() - self._oldest >= GROUP_AGE_S)
        ):
            self.flush()
        elif not self._candidates:
            self._oldest = time.monotonic()

    def flush(self) -> None:
        """Make the waiting group durable: first the bytes, then the images' lines, then the candidates'.

        In this order, because a candidate whose line is there is never taken again: all it speaks of must be there before.
        """
        self.store.sync()
        for rows, table in ((self._images, "images"), (self._candidates, "candidates")):
            for number, row in enumerate(rows, 1):
                self.run.add(table, row, durable=number == len(rows))
        self._images.clear()
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
        )

    def _store(self, candidate: Candidate, body: bytes) -> Candidate:
        sha256 = self.store.put(body)
        if sha256 not in self._taken_in and not self.store.has(sha256):
            self._taken_in.add(sha256)
            self.images_added += 1
            self.bytes_added += len(body)
        self._waiting_bytes += len(body)
        found = header(body)
        self._images.append(
            Image(
                sha256=sha256,
                origin="harvested",
                format=found.format if found else None,
                width_px=found.width_px if found else None,
                height_px=found.height_px if found else None,
                size_bytes=len(body),
            )
        )
        return replace(candidate, outcome="stored", outcome_detail=None, sha256=sha256)

    def _note_source(self, name: str) -> None:
        if name not in self._sources:
            self._sources.add(name)
            self.run.add("sources", self._stated(name))


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
