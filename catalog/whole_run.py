"""A run whose rows are poured all or not at all: for what a person says in one breath, such as a sheet of decisions."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from base import locks
from base.faults import kill_point
from base.files import write_json
from base.version import CODE_VERSION
from catalog import db, runs
from catalog.spool import Spool


def write_whole(
    workspace: Path, command: str, settings: Mapping[str, Any], rows: Mapping[str, Sequence[Any]], counts: Mapping[str, int]
) -> str:
    """Pour these rows, by table, as one run that is done; returns its id.

    A spool is poured only when it has a `run.json`, and that is written last, whole and by one rename: killed before it,
    nothing of the rows is ever poured; killed after it, the next command pours all of them.

    Raises:
        BusyError: the same command is at work, or the catalogue is held; then all rows wait, and the message says how to go on.
    """
    with locks.held(runs.lock_path(workspace, command), f"`fototeca {command}` in this workspace"):
        _sweep(workspace, command)
        runs.pour_abandoned(workspace, stage=command)
        began = db.utc_now()
        run_id = runs.new_run_id(command, began)
        folder = workspace / runs.SPOOL_NAME / run_id
        spool = Spool(folder, run_id)
        for table, lines in rows.items():
            spool.add_all(table, lines, durable=True)
        spool.close()
        ended_at = db.utc_now().isoformat(sep=" ")
        told = {"counts": dict(counts), "problems": [], "ended_at": ended_at}
        write_json(folder / "end.json", {"outcome": "done", "error": None, **told})
        run = {"run_id": run_id, "command": command, "settings": dict(settings), "seed": None}
        write_json(folder / "run.json", {**run, "code_version": CODE_VERSION, "started_at": began.isoformat(sep=" ")})
        kill_point("pour.before")
        runs.pour_folder(workspace, folder)
        kill_point("pour.after")
    return run_id


def _sweep(workspace: Path, command: str) -> None:
    """Remove what a killed run of this command left without its `run.json`; the lock says that none is at work."""
    for folder in (workspace / runs.SPOOL_NAME).glob(f"*-{command}-*"):
        if folder.is_dir() and not (folder / "run.json").exists():
            shutil.rmtree(folder)
