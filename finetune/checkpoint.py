"""Checkpoints that are whole or absent: written under a temporary name, flushed, renamed, and only then the old ones pruned."""

import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from base.errors import CheckFailed, UsageError
from base.faults import kill_point
from base.files import sha256_of_file, sync_folder, write_json
from finetune.mean import RunningMean
from finetune.parts import Parts, put

log = logging.getLogger(__name__)

WEIGHTS_FILE = "weights.safetensors"
OPTIMISER_FILE = "optimiser.pt"
MEAN_FILE = "mean.safetensors"
"""The running mean of the weights, where the recipe asks for one."""
STATE_FILE = "state.json"


def save(
    folder: Path, parts: Parts, optimiser: Any, scaler: Any, mean: RunningMean | None, state: dict[str, Any], *, kept: int
) -> Path:
    """Write the checkpoint of `state["step"]`, then remove all but the newest `kept`.

    Args:
        folder: the run's `checkpoints/`.
        parts: their trained weights are written.
        optimiser: with `state_dict()`.
        scaler: of fp16 training, or None.
        mean: the running mean of the weights, or None.
        state: what a person may want to read, as JSON; `load` gives it back.
        kept: checkpoints that stay, 1 or more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"step-{state['step']:08d}"
    temporary = folder / f".{place.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    weights = {name: one.detach().cpu().contiguous() for name, one in parts.trained().items()}
    save_file(weights, temporary / WEIGHTS_FILE)
    kill_point("train.mid_checkpoint")
    saved = {"optimiser": optimiser.state_dict(), "scaler": scaler.state_dict() if scaler else None}
    with (temporary / OPTIMISER_FILE).open("wb") as stream:  # torch's own writer does not say why it failed on a full disk
        torch.save(saved, stream)
    names = [WEIGHTS_FILE, OPTIMISER_FILE]
    if mean is not None:
        save_file({name: one.cpu() for name, one in mean.weights.items()}, temporary / MEAN_FILE)
        names.append(MEAN_FILE)
    for name in names:
        with (temporary / name).open("rb") as stream:
            os.fsync(stream.fileno())
    digests = {name: sha256_of_file(temporary / name) for name in names}
    write_json(temporary / STATE_FILE, {**state, "files": digests})  # fsynced, and its folder
    temporary.replace(place)
    sync_folder(folder)
    kill_point("train.after_checkpoint")
    for old in _all(folder)[:-kept]:
        shutil.rmtree(old)
    log.info("saved checkpoint=%s", place)
    return place


def latest(folder: Path, *, sweeps: bool = True) -> Path | None:
    """The newest whole checkpoint; half-written ones of a killed process are removed when `sweeps`."""
    for torn in folder.glob(".step-*.tmp") if sweeps else ():
        shutil.rmtree(torn, ignore_errors=True)
    return found[-1] if (found := _all(folder)) else None


def load(
    place: Path, parts: Parts, optimiser: Any, scaler: Any, mean: RunningMean | None = None, *, run_id: str | None = None
) -> dict[str, Any]:
    """Put weights, optimiser and running mean back as they were, and return the state.

    Raises:
        UsageError: the checkpoint is of another run than `run_id`.
        CheckFailed: a file is not the one that was saved; the message says what to remove.
    """
    before = [one for one in _all(place.parent) if one < place]
    mend = f"remove {place} to resume from {before[-1].name if before else 'the first step'}."
    try:
        state: dict[str, Any] = json.loads((place / STATE_FILE).read_text(encoding="utf-8"))
        digests = dict(state["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckFailed(f"{place / STATE_FILE} cannot be read ({type(error).__name__}: {error}): {mend}") from error
    if run_id and (other := state.get("run_id", run_id)) != run_id:
        raise UsageError(f"{place} is of run {other}, not of run {run_id}: put its run.json back, or name another folder.")
    for name, digest in digests.items():
        if not (place / name).exists() or sha256_of_file(place / name) != digest:
            raise CheckFailed(f"{place / name} is not the file that was saved: {mend}")
    put(parts, load_file(place / WEIGHTS_FILE))
    # To the CPU first: accelerate calls it "cpu:0" among several processes, which torch.load does not know
    saved = torch.load(place / OPTIMISER_FILE, map_location="cpu", weights_only=True)
    optimiser.load_state_dict(saved["optimiser"])
    if scaler and saved["scaler"]:
        scaler.load_state_dict(saved["scaler"])
    if mean is not None:
        mean.put(load_file(place / MEAN_FILE))
    return state


def remove_all(folder: Path) -> None:
    """Forget what was saved, so that a run begins again."""
    for place in _all(folder):
        shutil.rmtree(place)


def _all(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"))
