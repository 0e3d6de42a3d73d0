"""SIGKILL at each kill point that an augmentation passes, then once more: content and bytes as undisturbed."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from small_catalogue import content

from catalog.store import Store

ROOT = Path(__file__).parents[2]
POINTS = (
    "store.before_group_sync",
    "store.before_rename",
    "store.after_rename",
    "spool.mid_line:10",  # in the rows of the second variation: five requests, then four rows for each
    "spool.after_line:6",  # the requests of those that are left, then rows
    "pour.before",
    "pour.inside",
    "pour.after",
)
"""Where the starts die, one after another in one workspace. Five variations are made, in batches of 2, 2 and 1."""
CHANGES = "long_side_px=32, steps=4, strength=0.5, guidance=3.0, batch_size=2, scheduler='DDIMScheduler'"
SCRIPT = f"""
import os, sys, json
from pathlib import Path
import duckdb
import augment.resolve, augment.vary, base.faults, catalog.runs, PIL.Image
from augment.recipe import AugmentSettings
from drawn_model import PLUG_IN
augment.resolve.plug_in = augment.vary.plug_in = lambda name: PLUG_IN
settings = AugmentSettings(model="drawn", plug_in="stable_diffusion", {CHANGES})
for place in sys.argv[2:]:
    if (child := os.fork()) == 0:
        base.faults._wanted, _, count = place.partition(":")
        base.faults._left = int(count or 1)
        report = augment.vary.augment(Path(sys.argv[1]), settings)
        print(json.dumps([report.made_before, report.made]), flush=True)
        os._exit(0)
    print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])), flush=True)
"""


def started(workspace: Path, *places: str) -> list[Any]:
    """What each start said of what was made before and now, and its exit status."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'support'}"}
    words = [sys.executable, "-c", SCRIPT, str(workspace), *places]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def digests(workspace: Path) -> dict[str, str]:
    """Every file of the store, by its SHA-256."""
    store = Store(workspace)
    return {name: hashlib.sha256(store.read(name)).hexdigest() for name in store.names()}


def test_killed_at_every_point_in_turn_it_ends_as_if_undisturbed(curated: Path, tmp_path: Path) -> None:
    undisturbed, killed = (shutil.copytree(curated, tmp_path / name) for name in ("undisturbed", "killed"))
    assert started(undisturbed, "") == [[0, 5], 0]
    assert started(killed, *POINTS) == [-9] * len(POINTS)
    assert started(killed, "") == [[5, 0], 0]
    assert content(killed) == content(undisturbed)
    assert digests(killed) == digests(undisturbed)
    assert list((killed / "store" / "incoming").iterdir()) == []
