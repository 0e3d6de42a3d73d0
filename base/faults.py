"""Named places where a test may kill the process, so that every promise about crashes is tried at its worst moment.

`FOTOTECA_KILL_AT=name` (or `name:3`, the third time it is reached) sends SIGKILL to the process itself at that place.
Unset, a kill point costs one comparison.
"""

import os
import signal

KILL_POINTS = {
    "store.before_rename": "bytes written under a temporary name, not yet under their SHA-256",
    "store.after_rename": "bytes in the store, their spool line not yet written",
    "spool.mid_line": "half a JSON line written",
    "spool.after_line": "one spool line written and flushed",
    "pour.before": "the spool is whole, the catalogue not yet opened",
    "pour.inside": "rows inserted, the transaction not yet committed",
    "pour.after": "rows committed, the spool folder not yet moved away",
    "store.before_group_sync": "bytes of a group written, none of them durable",
    "withdraw.after_tombstone": "the tombstone in the catalogue, the bytes still in the store",
    "withdraw.after_bytes": "bytes gone, the words still in the spools and the catalogue",
    "withdraw.after_spool": "one poured spool file without the words, the others not yet",
    "withdraw.inside": "rows blanked, the transaction not yet committed",
    "withdraw.before_replace": "the catalogue written anew, the file that still holds deleted words not yet replaced",
    "restore.after_ready": "a backup unpacked and checked, nothing of it in its place yet",
    "restore.after_one": "one part of a backup in its place, the others not yet",
    "export.after_shard": "one shard renamed to its name, the manifest not yet written",
    "export.before_manifest": "all shards in place, the manifest still the old one",
    "train.mid_checkpoint": "a checkpoint half written under its temporary name",
    "train.after_checkpoint": "the new checkpoint in place, the old one not yet removed",
}

_wanted, _, _count = os.environ.get("FOTOTECA_KILL_AT", "").partition(":")
_left = int(_count or 1)


def wanted(name: str) -> bool:
    """Whether the process is to die at this place now; the caller may first do half of something."""
    global _left
    if not _wanted or name != _wanted:
        return False
    if name not in KILL_POINTS:
        raise KeyError(f"unknown kill point {name!r}: {', '.join(KILL_POINTS)}")
    _left -= 1
    return _left == 0


def kill_point(name: str) -> None:
    """Die here, at once and without clean-up, if a test has asked for it."""
    if _wanted and wanted(name):
        die()


def die() -> None:
    """SIGKILL to this process: no handler, no flush, no `finally`."""
    os.kill(os.getpid(), signal.SIGKILL)
