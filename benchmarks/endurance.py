"""Kills a stage at random points, starts it again each time, and compares what comes out with a run that nothing disturbed.

Run: python benchmarks/endurance.py [--stage harvest] [--kills 20] [--seed 0] [--out benchmarks/results/endurance_harvest.json]

A point is a random amount of work and then a random moment; at each, SIGKILL goes to the command, to its child processes, or
to both (the seed chooses points and victims, the machine's pace decides what they hit). In the end the same command runs
through, and once more. Then the content must be the same: all tables but runs and the log of answers, without run ids and
times; every byte in the store and in the folder of shards. What the stage promises must have held, too: a harvest asks for no
picture again once its line was written, an augmentation makes no variation twice, whoever opens a folder that is being
exported finds every shard that its manifest names, and a training has losses, weights and pictures drawn as if nothing had been,
and its newest checkpoint is whole at any moment. Stages are in `endurance_stages.py`.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from endurance_stages import DISTURBED, STAGES, UNDISTURBED, Stage, differences
from harvest_speed import ENVIRONMENT, machine

from base.files import write_json
from catalog.store import Store

VICTIMS = ("command", "children", "command and children")


def main() -> None:
    """Try one stage, print what happened, and write it down."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--stage", choices=sorted(STAGES), default="harvest")
    words.add_argument("--kills", type=int, default=20)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--out", type=Path)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, STAGES[given.stage](Path(folder)) as stage:
        found = endured(stage, Path(folder), given.kills, given.seed)
    command = f"python benchmarks/endurance.py --stage {given.stage} --kills {given.kills} --seed {given.seed}"
    found |= {"stage": given.stage, "machine": machine(), "command": command}
    print(json.dumps(found, indent=2))
    if given.out:
        write_json(given.out, found)
    if found["differences"] or found["broken_promises"]:
        raise SystemExit("The stage did not endure.")


def endured(stage: Stage, room: Path, kills: int, seed: int) -> dict[str, Any]:
    """Run undisturbed, then killed again and again, and compare."""
    chance = random.Random(seed)
    undisturbed, disturbed = room / UNDISTURBED, room / DISTURBED
    begun, before = time.monotonic(), stage.work()
    finished(stage.command(undisturbed))
    undisturbed_s, whole = time.monotonic() - begun, stage.work() - before
    if not whole:
        raise SystemExit(f"{' '.join(stage.command(undisturbed))} found nothing to do: nothing would be tried.")
    points = []
    started, ended, after_the_end = 0, False, 0
    while len(points) < kills:
        started += 1
        share, pause_s, victim = chance.uniform(0, 1 / kills), chance.uniform(0, stage.longest_pause_s), chance.choice(VICTIMS)
        point = killed_at(stage, disturbed, 0 if ended else round(share * whole), pause_s, victim)
        print(point, flush=True)
        if point:
            points.append(point)
            after_the_end += ended
        else:
            ended = True  # before the kill; the next ones hit a command that finds nothing left to do
        stage.killed(disturbed)
    finished(stage.command(disturbed))
    stage.killed(disturbed)
    finished(stage.command(disturbed))  # once more: there is nothing left to do
    return {
        "kills": points,
        "seed": seed,
        "starts": started + 2,
        "kills_with_nothing_left_to_do": after_the_end,
        "work": {"undisturbed": whole, "disturbed": stage.work() - before - whole},
        "undisturbed_s": round(undisturbed_s, 1),
        "store_files": len(Store(disturbed).names()),
        "differences": differences(undisturbed, disturbed),
        "broken_promises": stage.broken(),
    }


def killed_at(stage: Stage, workspace: Path, amount: int, pause_s: float, victim: str) -> dict[str, Any] | None:
    """Start the command and kill the victim after so much work and then so long; None when it ended by itself before."""
    before = stage.work()
    process = subprocess.Popen(stage.command(workspace), env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while process.poll() is None and stage.work() - before < amount:
        time.sleep(0.01)
    children: list[int] = []
    ends = time.monotonic() + pause_s
    while process.poll() is None and time.monotonic() < ends:
        time.sleep(0.01)
    if alive := process.poll() is None:
        children = children_of(process.pid)
        if victim != "children" or not children:
            os.kill(process.pid, signal.SIGKILL)
        if victim != "command":
            for child in children:
                os.kill(child, signal.SIGKILL)
    process.communicate()
    while any(Path(f"/proc/{child}").exists() for child in children):
        time.sleep(0.01)
    return {"work": stage.work() - before, "pause_s": round(pause_s, 2), "victim": victim} if alive else None


def children_of(number: int) -> list[int]:
    """The child processes of a process."""
    found: list[int] = []
    for task in Path(f"/proc/{number}/task").iterdir():
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def finished(command: list[str]) -> None:
    """Run a command to its end, which must be a good one."""
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with exit code {done.returncode}: {done.stderr[-2000:]}")


if __name__ == "__main__":
    main()
