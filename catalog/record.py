"""A training run reaches the catalogue by its files: `run.json` and `samples.jsonl`, from this machine or another one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base import locks
from base.errors import SourceError
from base.files import canonical_json, write_json, write_text
from catalog import runs

NEEDED = ("run_id", "command", "settings", "code_version", "outcome", "started_at")


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The run that was recorded, how many pictures it names, and how many rows were new."""

    run_id: str
    command: str
    pictures: int
    rows_new: int


def record(workspace: Path, folder: Path) -> Recorded:
    """Pour a run folder into the catalogue; doing it again changes nothing.

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
        poured = runs.pour_folder(workspace, waiting)
    return Recorded(run_id=run["run_id"], command=run["command"], pictures=len(lines), rows_new=sum(poured.values()))


def _finished_run(path: Path) -> dict[str, Any]:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist: name the folder of a training run, such as runs/<id>.") from None
    except ValueError as error:
        raise SourceError(f"{path} is no JSON: {error}") from error
    if not isinstance(run, dict) or (missing := [name for name in NEEDED if run.get(name) is None]):
        raise SourceError(f"{path} is no finished run: {', '.join(missing if isinstance(run, dict) else NEEDED)} missing.")
    if run["outcome"] not in ("done", "failed", "interrupted"):
        raise SourceError(f"{path}: outcome is {run['outcome']!r}; record the run when it has ended.")
    return run


def _samples(path: Path, run_id: str) -> list[dict[str, Any]]:
    if not path.exists():
        raise SourceError(f"{path} does not exist: without it nobody can say which pictures the run was trained on.")
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(text)
            lines.append(
                {
                    "trained_run": run_id,
                    "sha256": str(row["sha256"]),
                    "times_drawn": int(row["times_drawn"]),
                    "run_id": run_id,
                    "line": number,
                }
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{path} line {number} is not {{sha256, times_drawn}}: {error}") from error
    return lines
