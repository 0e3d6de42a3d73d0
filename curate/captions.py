"""`caption`: a model writes words for pictures that nobody has described, marked as the model's; nobody's words are replaced.

Done only when asked for. A caption that a source or a person gives later comes before the model's (view best_captions).
"""

import logging
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from base.errors import OutOfMemoryError, UsageError, nearest
from catalog import db, runs
from catalog.records import Caption
from catalog.store import Store
from curate import captioner, settings
from curate.captioner import Captioner
from pixels.decode import Unreadable, open_picture

log = logging.getLogger(__name__)

BATCH = 8
"""Pictures captioned at a time: assumption, not measured; more gain nothing on a processor and little on a GPU."""
SIDE_PX = 768
"""Pictures are decoded to at most this, and at least half of it: BLIP looks at 384 px, GIT at 224."""
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class CaptionReport:
    """What was captioned, counted in pictures: lacking = captioned + failed + beyond_limit + unjudged + left_out.

    `lacking` have no caption from anybody. `unjudged` wait for a curation, `left_out` are excluded; neither is shown to the
    model. `model` is None when there was nothing to caption. `failed` have their reasons in `problems`.
    """

    run_id: str | None = None
    model: str | None = None
    lacking: int = 0
    captioned: int = 0
    failed: int = 0
    beyond_limit: int = 0
    unjudged: int = 0
    left_out: int = 0
    problems: tuple[dict[str, str], ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """Pictures without a caption: those to caption, as (sha256, its subjects), and how many others there are, and why."""

    asks: tuple[tuple[str, tuple[str, ...]], ...]
    unjudged: int
    left_out: int


def fill(
    workspace: Path,
    *,
    model: str | None = None,
    concept: str | None = None,
    limit: int | None = None,
    device: str = "auto",
    progress: Callable[[str, int, int], None] | None = None,
) -> CaptionReport:
    """Caption what lacks a caption, batch by batch; a run that was killed is taken up where it was.

    Args:
        workspace: With a catalogue.
        model: `blip:ID_OR_PATH@REVISION`, a relative path from the folder that the program runs in; None takes
            `[models] captioner` of curation.toml, whose relative paths begin at the workspace.
        concept: only pictures of this concept.
        limit: at most so many pictures.
        device: `auto` takes cuda where there is one.
        progress: told what, done, of how many.

    Raises:
        UsageError: no model is named, or none such can be had; no such concept; no catalogue here.
        BusyError: another `caption` runs here, or another program holds the catalogue.
        OutOfMemoryError: the device cannot hold even one picture.
    """
    spec = model or settings.read(workspace).models.captioner
    if spec is None:
        raise UsageError(
            f"no captioner is named: set `captioner` under [models] in {settings.FILE_NAME}, or use --model; {captioner.FORM}."
        )
    captioner.asked(spec)
    found = gaps(workspace, concept)
    if not found.asks:
        return CaptionReport(lacking=found.unjudged + found.left_out, unjudged=found.unjudged, left_out=found.left_out)
    writer = captioner.load(spec, folder=Path() if model else workspace, device=device)
    origin = f"model:{writer.name}@{writer.revision}"
    with runs.begin(workspace, "caption", {"model": spec, "origin": origin, "concept": concept, "limit": limit}) as run:
        found = gaps(workspace, concept)  # again: what a killed run left in its spool has been poured by now
        asks = found.asks[:limit]
        captioned = failed = 0
        for done, (subjects, text) in enumerate(_captions(workspace, writer, asks, run), start=1):
            captioned += text is not None
            failed += text is None
            for subject in subjects if text is not None else ():
                run.add("captions", Caption(subject=subject, origin=origin, language=writer.language, text=text or ""))
            if progress is not None:
                progress("caption", done, len(asks))
        counts = {
            "lacking": len(found.asks) + found.unjudged + found.left_out,
            "captioned": captioned,
            "failed": failed,
            "beyond_limit": len(found.asks) - len(asks),
            "unjudged": found.unjudged,
            "left_out": found.left_out,
        }
        for what, number in counts.items():
            run.count(what, number)
    log.info("captioned run_id=%s origin=%s captioned=%d failed=%d", run.run_id, origin, captioned, failed)
    return CaptionReport(run_id=run.run_id, model=origin.removeprefix("model:"), problems=tuple(run.problems), **counts)


def gaps(workspace: Path, concept: str | None = None) -> Gaps:
    """Which pictures have no caption from anybody, in the order of their sha256; copies of the same bytes are one.

    Raises:
        UsageError: no such concept, or no catalogue here.
    """
    sql = (HERE / "lacking_captions.sql").read_text(encoding="utf-8")
    with db.reading(workspace) as connection:
        if concept is not None:
            known = [row["name"] for row in db.fetch(connection, KNOWN_CONCEPTS)]
            if concept not in known:
                raise UsageError(f"there is no concept {concept!r}; {nearest(concept, known)}")
        rows = db.fetch(connection, sql, {"concept": concept})
    asks = tuple((row["sha256"], tuple(row["subjects"])) for row in rows if row["subjects"])
    others = [row for row in rows if not row["subjects"]]
    unjudged = sum(row["unjudged"] > 0 for row in others)
    return Gaps(asks=asks, unjudged=unjudged, left_out=len(others) - unjudged)


KNOWN_CONCEPTS = "SELECT DISTINCT unnest(concepts) AS name FROM records UNION SELECT name FROM current_concepts"

Written = tuple[tuple[str, ...], str | None]
"""One picture: its subjects and the caption; None where there is none, with the reason among the run's problems."""


def _captions(
    workspace: Path, writer: Captioner, asks: Sequence[tuple[str, tuple[str, ...]]], run: runs.Run
) -> Iterator[Written]:
    """Each picture with its caption. One that cannot be opened or read is named and stops nothing."""
    store = Store(workspace)
    for at in range(0, len(asks), BATCH):
        opened: dict[str, Image.Image] = {}
        batch = asks[at : at + BATCH]
        for sha256, _ in batch:
            try:
                picture = open_picture(store.path(sha256), side_px=SIDE_PX)
            except OSError:
                run.problem(where=sha256, what="its bytes are not in the store: run `fototeca check`.")
                continue
            if isinstance(picture, Unreadable):
                run.problem(where=sha256, what=f"not captioned: {picture.detail}.")
            else:
                opened[sha256] = picture.rgb
        texts = dict(zip(opened, _texts(writer, list(opened.values())), strict=True))
        for sha256, subjects in batch:
            text = texts.get(sha256)
            if isinstance(text, Exception):
                run.problem(where=sha256, what=f"the model failed on it: {' '.join(str(text).split())[:200]}")
            elif text == "":
                run.problem(where=sha256, what="the model found no words for it.")
            yield subjects, text if text and isinstance(text, str) else None


def _texts(writer: Captioner, pictures: Sequence[Image.Image]) -> list[str | Exception]:
    """One line each; a batch that is too large or fails is halved until only the picture that fails is left out."""
    if not pictures:
        return []
    try:
        return [_one_line(text) for text in writer.caption(pictures)]
    except OutOfMemoryError:
        if len(pictures) == 1:
            raise
    except MODEL_FAILS as error:
        if len(pictures) == 1:
            return [error]
    half = len(pictures) // 2
    return [*_texts(writer, pictures[:half]), *_texts(writer, pictures[half:])]


MODEL_FAILS: tuple[Any, ...] = (RuntimeError, ValueError, TypeError, IndexError)
"""What transformers 5 and torch raise on a picture or on numbers that they cannot take."""


def _one_line(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))
