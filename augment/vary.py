"""Make the variations of a plan: parents in batches through the model, each picture stored with its provenance and its rows."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import Image

from augment.estimate import Estimate
from augment.model import Asked, Model, plug_in
from augment.picture import as_file
from augment.plan import ConceptPlan, Plan, Work, plan
from augment.recipe import AugmentSettings
from augment.resolve import resolved
from augment.size import fitted
from base.errors import OutOfMemoryError
from catalog import runs
from catalog.records import Caption, Depiction, Variation
from catalog.records import Image as ImageRow
from catalog.store import Store
from pixels.decode import Unreadable, open_picture

log = logging.getLogger(__name__)

PICTURES_KEPT = 256  # parents in memory, in the size of their variations: about 1 MB each at 576 px


@dataclass(frozen=True, kw_only=True)
class AugmentReport:
    """What was done. planned = made_before + made + failed (+ what a plan_only call left to do).

    `batch_size` is the one that fitted into memory at the end. `seconds` is the time in the model, files included.
    """

    run_id: str | None
    model: str
    revision: str
    purpose: str
    device: str | None
    precision: str | None
    batch_size: int
    planned: int
    made_before: int
    made: int
    failed: int
    short: int
    seconds: float
    estimate: Estimate
    concepts: tuple[ConceptPlan, ...]
    notes: tuple[str, ...]
    problems: tuple[dict[str, str], ...]


def augment(
    workspace: Path, settings: AugmentSettings, *, plan_only: bool = False, progress: runs.Progress | None = None
) -> AugmentReport:
    """Vary the pictures of scarce concepts until the targets are reached; a rerun makes only what is missing.

    The catalogue is closed while the model works. A picture is spooled when its bytes are durable, so a killed run loses at most
    its unfinished batch; the next one cuts the same batches again and takes up there.

    Args:
        workspace: with a catalogue that has been curated.
        settings: see there.
        plan_only: say what would be made, and write nothing.
        progress: is told ("varied", variations done, variations to make).

    Raises:
        UsageError: see `augment.plan.plan` and `augment.resolve.resolved`; or the model cannot be loaded.
        BusyError: another `augment` runs in this workspace, or the catalogue is held.
        OutOfMemoryError: the device cannot hold a batch of one.
        NoSpaceError: the disk is full; what was made is in the catalogue.
    """
    settings, facts = resolved(settings)
    if plan_only:
        return _report(plan(workspace, settings, facts=facts), None, None, settings.batch_size)
    with runs.begin(workspace, "augment", asdict(settings), seed=settings.seed) as run:
        planned = plan(workspace, settings, facts=facts)
        run.count("planned", len(planned.work))
        run.count("made_before", len(planned.work) - len(planned.to_make))
        for one in planned.to_make:
            run.add("requests", {**asdict(one.request), "digest": one.digest})
        model, batch_size = None, settings.batch_size
        if planned.to_make:
            log.info("augment_begins model=%s revision=%s variations=%d", facts.name, facts.revision, len(planned.to_make))
            model = plug_in(settings.plug_in).load(
                settings.model,
                facts.revision,
                device=settings.device,
                precision=settings.precision,
                scheduler=settings.scheduler,
                additions=settings.additions,
            )
            batch_size = _make(run, workspace, planned, model, progress)
    return _report(planned, run, model, batch_size)


def _make(run: runs.Run, workspace: Path, planned: Plan, model: Model, progress: runs.Progress | None) -> int:
    """Every batch with something still to make, one after another; returns the batch size that fitted."""
    store = Store(workspace)
    batch_size = planned.settings.batch_size
    total = len(planned.to_make)
    done = 0

    @lru_cache(maxsize=PICTURES_KEPT)
    def parent_picture(sha256: str, width_px: int, height_px: int) -> Image.Image | None:
        picture = open_picture(store.path(sha256))
        if isinstance(picture, Unreadable):
            run.problem(where=f"parent {sha256}", what=f"cannot be varied, it is {picture.kind}: {picture.detail}")
            return None
        return fitted(picture.rgb, width_px, height_px)

    for batch in batches(planned.work, planned.settings.batch_size):
        if all(one.made for one in batch):
            continue
        begun = time.monotonic()
        ready: list[tuple[Work, Asked]] = []
        for one in batch:
            picture = parent_picture(one.parent.sha256, one.request.width_px, one.request.height_px)
            if picture is not None:
                ready.append((one, _asked(one, picture)))
            elif not one.made:
                run.count("failed")
        # Those made before are made again with the rest: a batch of the same shape gives the same bytes as undisturbed.
        pictures, batch_size = varied(model, [asked for _, asked in ready], batch_size)
        new = [(one, picture, as_file(picture, one)) for (one, _), picture in zip(ready, pictures, strict=True) if not one.made]
        names = [store.put(data) for _, _, data in new]
        store.sync()
        for (one, picture, data), sha256 in zip(new, names, strict=True):
            _spool(run, one, picture, data, sha256)
        run.count("made", len(new))
        run.count("making_ms", round(1000 * (time.monotonic() - begun)))
        done += sum(not one.made for one in batch)
        log.info("batch_varied size=%d new=%d done=%d total=%d", len(batch), len(new), done, total)
        if progress is not None:
            progress("varied", done, total)
    return batch_size


def batches(work: Sequence[Work], batch_size: int) -> Iterator[list[Work]]:
    """The work in its order, cut into batches of one size in pixels; the same work gives the same batches."""
    for _, group in groupby(work, key=lambda one: (one.request.height_px, one.request.width_px)):
        same_size = list(group)
        for start in range(0, len(same_size), batch_size):
            yield same_size[start : start + batch_size]


def varied(model: Model, asked: Sequence[Asked], batch_size: int) -> tuple[list[Image.Image], int]:
    """A picture for each, in pieces of at most `batch_size`; when memory does not suffice the pieces are halved.

    Returns:
        The pictures, and the batch size that fitted.

    Raises:
        OutOfMemoryError: not even one picture fits.
    """
    pictures: list[Image.Image] = []
    while len(pictures) < len(asked):
        piece = asked[len(pictures) : len(pictures) + batch_size]
        try:
            pictures += model.vary(piece)
        except OutOfMemoryError:
            if len(piece) == 1:
                raise
            batch_size = len(piece) // 2
            log.warning("batch_halved from=%d to=%d", len(piece), batch_size)
    return pictures, batch_size


def _asked(one: Work, picture: Image.Image) -> Asked:
    request = one.request
    return Asked(
        source=request.parent,
        picture=picture,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        seed=request.seed,
        strength=request.strength,
        guidance=request.guidance,
        steps=request.steps,
    )


def _spool(run: runs.Run, one: Work, picture: Image.Image, data: bytes, sha256: str) -> None:
    """The rows of one variation; its own row last, so that a variation is never without its picture."""
    run.add(
        "images",
        ImageRow(
            sha256=sha256,
            origin="generated",
            format="PNG",
            width_px=picture.width,
            height_px=picture.height,
            size_bytes=len(data),
        ),
    )
    run.add("captions", Caption(subject=sha256, origin="prompt", language=one.prompt.language, text=one.prompt.text))
    run.add("depictions", Depiction(subject=sha256, concept=one.request.concept, source="parent", score=1.0))
    run.add("variations", Variation(request=one.digest, parent=one.request.parent, sha256=sha256))


def _report(planned: Plan, run: runs.Run | None, model: Model | None, batch_size: int) -> AugmentReport:
    counts = run.counts if run is not None else {}
    return AugmentReport(
        run_id=run.run_id if run is not None else None,
        model=planned.model,
        revision=planned.revision,
        purpose=planned.purpose,
        device=model.device if model is not None else None,
        precision=model.precision if model is not None else None,
        batch_size=batch_size,
        planned=len(planned.work),
        made_before=len(planned.work) - len(planned.to_make),
        made=counts.get("made", 0),
        failed=counts.get("failed", 0),
        short=sum(one.short for one in planned.concepts),
        seconds=counts.get("making_ms", 0) / 1000,
        estimate=planned.estimate,
        concepts=planned.concepts,
        notes=planned.notes,
        problems=tuple(run.problems) if run is not None else (),
    )
