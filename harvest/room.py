"""Room on the disk: an estimate before a harvest begins, and a reserve that is never used up."""

import shutil
from pathlib import Path

from base.errors import NoSpaceError
from catalog import db

RESERVE_BYTES = 256 << 20
"""Always left free: twice a group of waiting pictures (`harvest.keep`), and the catalogue must still be poured."""

MEAN_BYTES = 4 << 20
"""One picture, where this source has given none yet (assumption: a photograph in full size; not measured)."""

FEWEST = 20
"""Pictures of a source from which on their own mean counts."""


def free_bytes(path: Path) -> int:
    """What the file system of `path`, or of the nearest folder above that exists, still takes."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def refuse_without_room(workspace: Path, needed_bytes: int, what: str) -> None:
    """Check before anything is fetched.

    Raises:
        NoSpaceError: it cannot fit; nothing was done.
    """
    free = free_bytes(workspace)
    if needed_bytes + RESERVE_BYTES > free:
        raise NoSpaceError(
            f"{what} needs about {_in_words(needed_bytes)}, and {_in_words(RESERVE_BYTES)} must stay free, but the disk of"
            f" {workspace} has {_in_words(free)}: free some, take fewer (--limit), or use a larger disk. Nothing was fetched."
        )


def refuse_when_full(workspace: Path) -> None:
    """Check while pictures come in, when a group of them is durable.

    Raises:
        NoSpaceError: the reserve is reached; what came is kept.
    """
    free = free_bytes(workspace)
    if free < RESERVE_BYTES:
        raise NoSpaceError(
            f"the disk of {workspace} has {_in_words(free)} left, and {_in_words(RESERVE_BYTES)} must stay free. What came is"
            f" kept: free some, and the same command goes on from there."
        )


def estimate_bytes(workspace: Path, plug_in: str, items: int | None) -> int:
    """Bytes that so many items of a source will take, as far as its pictures so far tell.

    Args:
        workspace: Whose catalogue is asked; items that are held already take nothing again.
        plug_in: Its sources' names begin so.
        items: At most so many; None when nobody knows: then room for one picture is asked for, and the reserve guards the rest.
    """
    held, mean = _so_far(workspace, plug_in)
    expected = 1 if items is None else max(0, items - held)
    return round(expected * mean)


def _so_far(workspace: Path, plug_in: str) -> tuple[int, float]:
    if not db.exists(workspace):
        return 0, MEAN_BYTES
    sql = """
        SELECT count(*) AS held, avg(images.size_bytes) AS mean
        FROM current_candidates
        JOIN images USING (sha256)
        WHERE split_part(source, ':', 1) = ?
        """
    (row,) = db.rows(workspace, sql, [plug_in])
    return row["held"], row["mean"] if row["held"] >= FEWEST else MEAN_BYTES


def _in_words(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):.1f} GB" if size_bytes >= 1 << 30 else f"{size_bytes / (1 << 20):.0f} MB"
