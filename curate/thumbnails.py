"""Small JPEGs of stored pictures for the pages that people look at, made in worker processes."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from base.files import written_whole
from catalog.runs import Progress
from catalog.store import Store
from engine.local import run_batches
from pixels import decode

SIDE_PX = 480
"""Longer side at most: enough to compare two scans side by side on a screen."""
QUALITY = 82
BATCH = 32

Ask = tuple[str, str, str]
"""One thumbnail to make: sha256, path of the picture, path of the thumbnail."""


def make_thumbnails(
    workspace: Path, pictures: Iterable[str], folder: Path, *, progress: Progress | None = None
) -> frozenset[str]:
    """Make what is missing of `folder/<sha256>.jpg` and return the pictures that have one; those of other pictures go.

    A picture that is not held, or cannot be decoded, has none; nor has one whose decoder kills its worker.
    """
    store = Store(workspace)
    wanted = sorted(set(pictures))
    there = {path.stem for path in folder.glob("*.jpg")}
    asks = [
        (sha256, str(store.path(sha256)), str(folder / f"{sha256}.jpg"))
        for sha256 in wanted
        if sha256 not in there and store.has(sha256)
    ]
    batches = [asks[at : at + BATCH] for at in range(0, len(asks), BATCH)]
    made: set[str] = set()
    failed: list[Ask] = []
    for done in run_batches(thumbnail_batch, batches, workers=1 if len(batches) < 2 else None):
        made |= set(done.result or ())
        failed += batches[done.index] if done.result is None else []
        if progress is not None:
            progress("thumbnails", min((done.index + 1) * BATCH, len(asks)), len(asks))
    for done in run_batches(thumbnail_batch, [[ask] for ask in failed], workers=2):  # one bad file costs no other its thumbnail
        made |= set(done.result or ())
    for sha256 in there - set(wanted):
        (folder / f"{sha256}.jpg").unlink()
    return frozenset(made | (there & set(wanted)))


def thumbnail_batch(batch: Sequence[Ask]) -> list[str]:
    """The pictures of which a thumbnail was written. Runs in a worker."""
    made = []
    for sha256, source, target in batch:
        picture = decode.open_picture(Path(source), side_px=2 * SIDE_PX)
        if isinstance(picture, decode.Unreadable):
            continue
        small = picture.rgb.copy()
        small.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
        small.info = {}  # Pillow writes a comment that it finds there: nothing of the source's bytes goes along
        stream = io.BytesIO()
        small.save(stream, "JPEG", quality=QUALITY, optimize=True)
        with written_whole(Path(target), sync=False) as file:
            file.write(stream.getvalue())
        made.append(sha256)
    return made
