"""Kills a stage at random points, starts it again each time, and compares what comes out with a run that nothing disturbed.

Run: python benchmarks/endurance.py [--stage harvest] [--kills 10] [--seed 0] [--out benchmarks/results/endurance_harvest.json]

A point is a random amount of work and then a random moment; at each, SIGKILL goes to the command, to its child processes, or
to both (the seed chooses points and victims, the machine's pace decides what they hit). In the end the same command runs
through. Then the content must be the same (all tables but runs and the log of answers, without run ids and times; the store's
files), and what the stage promises must have held: a harvest asks for no picture again once its line was written.
A later stage is added to STAGES.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from harvest_speed import ENVIRONMENT, Museum, harvest, machine, museum  # noqa: E402
from small_catalogue import content  # noqa: E402

from base.files import write_json  # noqa: E402
from catalog.store import Store  # noqa: E402

PICTURES = 4000
SIZES = (5_000, 400_000)  # bytes, smallest and largest picture
LONGEST_PAUSE_S = 1.0  # after the work that was waited for, so that a kill falls into any step of it
VICTIMS = ("command", "children", "command and children")
LOGS = ("answers",)  # tables that note each asking, so that a killed and repeated stage may say more


class Stage(Protocol):
    """What is killed: a command, how far it is, and what it promises besides the same content."""

    def command(self, workspace: Path) -> list[str]:
        """The command."""

    def work(self) -> int:
        """A number that grows with the work done."""

    def killed(self, workspace: Path) -> None:
        """Called after each kill, when nothing runs any more."""

    def broken(self) -> list[str]:
        """The promises that did not hold, in words."""


class Harvest:
    """A IIIF museum on loopback; what the server was asked for is its work."""

    def __init__(self, served: Museum, log: Path) -> None:
        self._served = served
        self._log = log
        self._stored: dict[str, int] = {}  # by path: how much had been asked for when its line was first seen

    def command(self, workspace: Path) -> list[str]:
        return harvest(self._served, workspace)

    def work(self) -> int:
        return self._log.read_bytes().count(b"\n")

    def killed(self, workspace: Path) -> None:
        asked = self.work()
        for path in stored_paths(workspace):
            self._stored.setdefault(path, asked)

    def broken(self) -> list[str]:
        asked = self._log.read_text().splitlines()
        again = Counter(path for number, path in enumerate(asked) if number >= self._stored.get(path, len(asked)))
        return [f"{path} was asked for {count} times after it was stored" for path, count in sorted(again.items())]


@contextmanager
def harvest_stage(room: Path) -> Iterator[Harvest]:
    """The museum stands while the stage is tried."""
    log = room / "asked.txt"
    log.touch()
    with museum(PICTURES, SIZES, log) as served:
        yield Harvest(served, log)


STAGES: Mapping[str, Callable[[Path], AbstractContextManager[Stage]]] = {"harvest": harvest_stage}


def main() -> None:
    """Try one stage, print what happened, and write it down."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--stage", choices=sorted(STAGES), default="harvest")
    words.add_argument("--kills", type=int, default=10)
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
    undisturbed, disturbed = room / "undisturbed", room / "disturbed"
    begun, before = time.monotonic(), stage.work()
    finished(stage.command(undisturbed))
    undisturbed_s, whole = time.monotonic() - begun, stage.work() - before
    points = []
    started, ended = 0, False
    while len(points) < kills:
        started += 1
        share, pause_s, victim = chance.uniform(0, 1 / kills), chance.uniform(0, LONGEST_PAUSE_S), chance.choice(VICTIMS)
        point = killed_at(stage, disturbed, 0 if ended else round(share * whole), pause_s, victim)
        print(point, flush=True)
        if point:
            points.append(point)
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


def stored_paths(workspace: Path) -> set[str]:
    """Paths of the pictures whose line of the spool is whole and says that they are stored."""
    found = set()
    for spool in (workspace / "spool").glob("**/candidates.jsonl"):
        for line in spool.read_bytes().split(b"\n")[:-1]:
            row = json.loads(line)
            if row["outcome"] == "stored":
                found.add("/" + row["image_url"].split("/", 3)[3])
    return found


def differences(undisturbed: Path, disturbed: Path) -> list[str]:
    """What is not the same in two workspaces, in words."""
    one, other = content(undisturbed), content(disturbed)
    found = [f"table {name}" for name in one if name not in LOGS and one[name] != other[name]]
    if Store(undisturbed).names() != Store(disturbed).names():
        found.append("the store's files")
    if left := list((disturbed / "store" / "incoming").glob("*")):
        found.append(f"{len(left)} files left in store/incoming")
    return found


if __name__ == "__main__":
    main()
