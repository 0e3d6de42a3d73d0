"""What a run leaves behind: run.json, samples.jsonl and metrics.jsonl, in the form that `fototeca record` takes.

runs/<id>/  run.json  recipe.resolved.json  samples.jsonl  metrics.jsonl  README.md  checkpoints/  and the weights
"""

import contextlib
import json
import logging
import os
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from base import locks
from base.errors import SourceError, UsageError
from base.files import canonical_json, write_json, write_text

log = logging.getLogger(__name__)

RUN_FILE = "run.json"
SAMPLES_FILE = "samples.jsonl"
METRICS_FILE = "metrics.jsonl"
RECIPE_FILE = "recipe.resolved.json"
CHECKPOINTS = "checkpoints"
LOCK_FILE = ".lock"
BEGUN_WITH = {
    "processes": "whose batches are divided over {was} processes, not {here}: it would draw other pictures from here on.",
    "precision": "which computes in {was}, not in {here} as this machine would: it would not go on as it began.",
}
PLACES = {"recipe.name", "recipe.model.id", "inputs.base.id", *(f"inputs.{name}" for name in BEGUN_WITH)}
"""What may differ when a run goes on: where things stand on this machine. The digests in `inputs` decide.
Those it was begun with are looked at by themselves, because `--check` and older runs do not say them."""
RUN_ID = re.compile(r"\d{8}T\d{12}-finetune-[0-9a-f]{6}")


class RunFolder:
    """The folder of one run at work. Made by `begin` only; on processes but the main one it reads and never writes."""

    def __init__(self, path: Path, *, writes: bool) -> None:
        """Nothing is touched before `open`."""
        self.path, self.writes = path, writes
        self.run: dict[str, Any] = {}
        self.drawn: Callable[[], Counter[str]] | None = None
        """How often each picture has been drawn so far; set by the loop. None: not known yet, and samples.jsonl stays."""
        self._metrics: IO[bytes] | None = None

    @property
    def checkpoints(self) -> Path:
        """Where the checkpoints stand."""
        return self.path / CHECKPOINTS

    def open(self, settings: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
        """Take the run that is in the folder, or write down a new one; True when it is there and done.

        Args:
            settings: the resolved recipe, with its "seed".
            inputs: "base" and "shards", each with digests, and "processes", over which batches are divided.

        Raises:
            UsageError: another run lives in the folder; the message names what differs.
            SourceError: its run.json is damaged.
        """
        if (self.path / RUN_FILE).exists():
            run = read_run(self.path)  # not yet ours: an error here must not be written into it
            old = {"recipe": run.get("settings"), "inputs": run.get("inputs")}
            if differing := sorted(_differences(old, {"recipe": settings, "inputs": inputs}) - PLACES):
                keys = ", ".join(differing)
                raise UsageError(f"{self.path} holds run {run['run_id']} with other settings ({keys}): name another folder.")
            for name, words in BEGUN_WITH.items():
                was, here = run["inputs"].get(name), inputs.get(name)
                if run["outcome"] != "done" and was and here and was != here:
                    raise UsageError(
                        f"{self.path} holds run {run['run_id']}, {words.format(was=was, here=here)} "
                        f"Start it as it was begun, or name another folder."
                    )
            self.run = run
            if self.run["outcome"] == "done":
                return True
            self.run |= {"outcome": "running", "error": None, "ended_at": None}
            if self.writes:
                write_json(self.path / RUN_FILE, self.run)
            return False
        self.run = {
            "run_id": self.path.name if RUN_ID.fullmatch(self.path.name) else new_run_id(),
            "command": "finetune",
            "settings": dict(settings),
            "inputs": dict(inputs),
            "seed": settings["seed"],
            "code_version": _code_version(),
            "outcome": "running",
            "started_at": now(),
        }
        if self.writes:
            write_json(self.path / RECIPE_FILE, settings)
            write_json(self.path / RUN_FILE, self.run)
        return False

    def start_metrics(self, size_bytes: int) -> None:
        """Go on with metrics.jsonl after its first `size_bytes`: what a killed process wrote beyond its checkpoint goes."""
        if self.writes:
            path = self.path / METRICS_FILE
            self._metrics = path.open("ab")
            if self._metrics.tell() < size_bytes:
                size_bytes = path.read_bytes().rfind(b"\n") + 1  # somebody has cut it: its whole lines stay
                log.warning("metrics_cut file=%s: the lines of earlier steps are lost, the weights are not", path)
            self._metrics.truncate(size_bytes)

    def add_metrics(self, line: Mapping[str, Any]) -> None:
        """Write one step's line, at once."""
        if self._metrics is not None:
            self._metrics.write(canonical_json(line).encode() + b"\n")
            self._metrics.flush()

    def sync_metrics(self) -> int:
        """Make the lines durable; returns their length in bytes."""
        if self._metrics is None:
            return 0
        os.fsync(self._metrics.fileno())
        return os.fstat(self._metrics.fileno()).st_size

    def write_samples(self) -> None:
        """Write which pictures have been drawn so far, so that a killed run says it, too."""
        if self.writes:
            drawn = self.drawn() if self.drawn else {}
            lines = [canonical_json({"sha256": key, "times_drawn": times}) for key, times in sorted(drawn.items())]
            write_text(self.path / SAMPLES_FILE, "".join(line + "\n" for line in lines))

    def close(self, **ending: Any) -> None:
        """Write which pictures were drawn, then the run's end: outcome, error, counts and whatever else is given."""
        self.run |= {"ended_at": now(), **ending}
        if self.writes:
            if self.drawn or not (self.path / SAMPLES_FILE).exists():
                self.write_samples()
            write_json(self.path / RUN_FILE, self.run)


@contextlib.contextmanager
def begin(path: Path, *, writes: bool, named: Callable[[BaseException], BaseException]) -> Iterator[RunFolder]:
    """The run's folder, locked. An error is named, written into run.json, and goes on.

    Args:
        path: the folder; made when absent.
        writes: False on every process but the main one.
        named: gives an error of our own tree for a library's.

    Raises:
        BusyError: another process trains into the folder.
    """
    alone = locks.held(path / LOCK_FILE, f"a training run in {path}") if writes else contextlib.nullcontext()
    folder = RunFolder(path, writes=writes)
    with alone:
        try:
            yield folder
        except BaseException as error:
            better = named(error)
            if folder.run and folder.run["outcome"] != "done":
                outcome = "failed" if isinstance(error, Exception) else "interrupted"
                with contextlib.suppress(OSError):  # a full disk must not hide the error
                    folder.close(outcome=outcome, error=str(better))
            if better is error:
                raise
            raise better from error
        finally:
            if folder._metrics is not None:
                with contextlib.suppress(OSError):  # what a full disk did not take is tried again, and must not hide the error
                    folder._metrics.close()


def read_run(path: Path) -> dict[str, Any]:
    """The run.json of a run folder.

    Raises:
        UsageError: the folder holds no run.
        SourceError: the file is damaged.
    """
    try:
        run: dict[str, Any] = json.loads((path / RUN_FILE).read_text(encoding="utf-8"))
        return {**run, "run_id": run["run_id"], "outcome": run["outcome"]}
    except FileNotFoundError:
        raise UsageError(f"{path} holds no training run ({RUN_FILE} is missing): name a folder such as runs/<id>.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise SourceError(f"{path / RUN_FILE} is damaged: {error}. Name another run, or train again in a new folder.") from error


def new_run_id() -> str:
    """UTC time, command and six random digits: sorts by time, and says what it was."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-finetune-{secrets.token_hex(3)}"


def now() -> str:
    """The time in UTC, as DuckDB reads it."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ")


def _differences(old: Any, new: Any, prefix: str = "") -> set[str]:
    """Dotted keys whose values differ, compared as JSON."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = set(old) | set(new)
        return {found for key in keys for found in _differences(old.get(key), new.get(key), f"{prefix}{key}.")}
    return set() if canonical_json(old) == canonical_json(new) else {prefix.rstrip(".")}


def _code_version() -> str:
    try:
        return metadata.version("fototeca")
    except metadata.PackageNotFoundError:
        return "not installed"
