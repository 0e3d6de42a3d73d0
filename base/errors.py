"""Every error that fototeca raises on purpose, with the exit code of the command that meets it.

    FototecaError                 1  something that should not happen
    ├── UsageError                2  a wrong option, an unknown name or key
    ├── SourceError               3  bad source data, a corrupted shard
    ├── BusyError                 4  the catalogue or a folder is in use
    ├── OutOfMemoryError          5  the GPU's memory does not suffice
    ├── CheckFailed               6  verification or the export gate failed
    ├── NotFiniteError            7  training stopped on a loss that is no number
    └── NoSpaceError              8  the disk is full, or would be

A message says what was wrong, the value, where, and what to do. Expected refusals (robots, an opt-out, not an image)
are never errors: they are Candidates with an outcome, or Decisions.
"""

import difflib
import errno
from collections.abc import Iterable, Sequence


class FototecaError(Exception):
    """Base of all; `exit_code` is what the command returns."""

    exit_code = 1
    each: "tuple[FototecaError, ...]" = ()
    """The errors that `together` made one of."""


class UsageError(FototecaError):
    """A wrong option, an unknown plug-in, an unknown key: nothing was done."""

    exit_code = 2


class SourceError(FototecaError):
    """The data given cannot be used: a sheet without its columns, a shard that is not what its manifest says."""

    exit_code = 3


class BusyError(FototecaError):
    """Another process holds the catalogue or a folder; what was gathered is safe in the spool."""

    exit_code = 4


class OutOfMemoryError(FototecaError):
    """The device's memory does not suffice; the message names the settings to change."""

    exit_code = 5


class CheckFailed(FototecaError):
    """A verification or a gate failed; the message names what."""

    exit_code = 6


class NotFiniteError(FototecaError):
    """A loss was NaN or infinite; the message names step, keys and learning rate."""

    exit_code = 7


class NoSpaceError(FototecaError):
    """The disk is full, or too small for what is asked."""

    exit_code = 8


def nearest(name: str, known: Iterable[str]) -> str:
    """A phrase that helps with a wrong name: the nearest right one if any is near, and all right ones."""
    choices = sorted(known)
    close = difflib.get_close_matches(name, choices, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(choices) or 'none'}."


def together(errors: Sequence[FototecaError], *, what: str) -> FototecaError:
    """One error for several: of the class with the highest exit code, and its message numbers all of them.

    Args:
        errors: one or more; a single one is returned as it is.
        what: what has the faults, such as "recipe demo".
    """
    flat = tuple(one for error in errors for one in (error.each or (error,)))
    if len(flat) == 1:
        return flat[0]
    worst = max(flat, key=lambda one: one.exit_code)
    lines = [f"  {number}. {error}" for number, error in enumerate(flat, start=1)]
    whole = type(worst)("\n".join([f"{what} has {len(flat)} faults:", *lines]))
    whole.each = flat
    return whole


def from_os_error(error: OSError, doing: str) -> FototecaError | None:
    """The full disk as its own error; None for every other cause."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpaceError(f"no space left while {doing} ({error.filename or 'file unknown'}): free some and run again.")
    return None
