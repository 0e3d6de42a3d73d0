"""A training run reaches the catalogue by its files: `run.json` and `samples.jsonl`, from this machine or another one."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from base import locks
from base.errors import SourceError
from base.files import canonical_json, write_json, write_text
from catalog import db, runs

NEEDED = ("run_id", "command", "settings", "code_version", "outcome", "started_at")
RUN_ID = re.compile(r"\d{8}T\d{12}-[a-z_]+-[0-9a-f]{6}")
"""As `catalog.runs.new_run_id` makes them: it becomes the name of a folder in the spool, and the file comes from anywhere."""
SHA256 = re.compile(r"[0-9a-f]{64}")
MOST = 2**31 - 1  # times drawn, as its column holds them
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The run that was recorded, how many pictures it names, and how many rows were new."""

    run_id: str
    command: str
    pictures: int
    rows_new: int


def record(workspace: Path, folder: Path) -> Recorded:
    """Pour a run folder into the catalogue; doing it again changes nothing, unless the run has gone on since.

    Raises:
        SourceError: the folder holds no finished run, or one of its files is damaged.
        BusyError: the catalogue is held; what was read waits in the spool.
    """
    run = _finished_run(folder / "run.json")
    lines = _samples(folder / "samples.jsonl", run["run_id"])
    with locks.held(runs.lock_path(workspace, "record"), "`fototeca record` in this workspace"):
        waiting = workspace / runs.SPOOL_NAME / run["run_id"]
        waiting.mkdir(parents=True, exist_ok=True)
        write_text(waiting / "trained_on.jsonl", "".join(canonical_json(line) + "\n" for line in lines))
        end = {name: run.get(name) for name in ("outcome", "error", "ended_at")}
        end |= {"counts": run.get("counts") or {}, "problems": run.get("problems") or []}
        write_json(waiting / "end.json", end)
        begun = {name: run.get(name) for name in ("run_id", "settings", "seed", "code_version", "started_at")}
        # Written last: only a folder with a run.json is ever poured. The stage is `record`, whose lock is held here.
        write_json(waiting / "run.json", {**begun, "command": run["command"]})
        _forget_unfinished(workspace, run["run_id"])
        poured = runs.pour_folder(workspace, waiting)
    return Recorded(run_id=run["run_id"], command=run["command"], pictures=len(lines), rows_new=sum(poured.values()))


def _forget_unfinished(workspace: Path, run_id: str) -> None:
    """A run that was recorded before its end says its end now. Killed in between, the spool is there to be poured."""
    if not db.exists(workspace) or not db.rows(workspace, "SELECT 1 FROM runs WHERE run_id = ? AND outcome <> 'done'", [run_id]):
        return
    with db.writing(workspace) as connection:
        connection.execute("DELETE FROM trained_on WHERE trained_run = ?", [run_id])
        connection.execute("DELETE FROM runs WHERE run_id = ?", [run_id])


def _finished_run(path: Path) -> dict[str, Any]:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist: name the folder of a training run, such as runs/<id>.") from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is no JSON: {error}. Copy the run's folder again from where it was trained.") from error
    if not isinstance(run, dict) or (missing := [name for name in NEEDED if run.get(name) is None]):
        raise SourceError(f"{path} is no finished run: {', '.join(missing if isinstance(run, dict) else NEEDED)} missing.")
    if run["outcome"] not in ("done", "failed", "interrupted"):
        raise SourceError(f"{path}: outcome is {run['outcome']!r}; record the run when it has ended.")
    if wrong := [name for name, fits in _fits(run).items() if not fits]:
        told = ", ".join(f"{name} is {str(run.get(name))[:60]!r}" for name in wrong)
        raise SourceError(f"{path} is damaged: {told}. Copy the run's folder again from where it was trained.")
    return run


def _fits(run: Mapping[str, Any]) -> dict[str, bool]:
    """Whether each value is of the kind that the catalogue takes; what cannot be poured would lie in the spool for ever."""
    seed, error = run.get("seed"), run.get("error")
    return {
        "run_id": isinstance(run["run_id"], str) and bool(RUN_ID.fullmatch(run["run_id"])),
        "command": run["command"] in ("finetune", "assess"),
        "settings": isinstance(run["settings"], Mapping),
        "code_version": isinstance(run["code_version"], str),
        "seed": seed is None or (isinstance(seed, int) and abs(seed) <= LARGEST_SEED),
        "error": error is None or isinstance(error, str),
        "counts": isinstance(run.get("counts") or {}, Mapping),
        "problems": isinstance(run.get("problems") or [], list),
        "started_at": _is_time(run["started_at"]),
        "ended_at": run.get("ended_at") is None or _is_time(run["ended_at"]),
    }


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _samples(path: Path, run_id: str) -> list[dict[str, Any]]:
    if not path.exists():
        raise SourceError(f"{path} does not exist: without it nobody can say which pictures the run was trained on.")
    lines = []
    for number, text in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            row = json.loads(text)
            sha256, times = row["sha256"], row["times_drawn"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise SourceError(f"{path} line {number} is not {{sha256, times_drawn}}: {error}") from error
        if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
            raise SourceError(f"{path} line {number}: sha256 is {str(sha256)[:80]!r}, not 64 small hexadecimal digits.")
        if isinstance(times, bool) or not isinstance(times, int) or not 0 <= times <= MOST:
            raise SourceError(f"{path} line {number}: times_drawn is {str(times)[:40]!r}, no number of draws.")
        lines.append({"trained_run": run_id, "sha256": sha256, "times_drawn": times, "run_id": run_id, "line": number})
    return lines
