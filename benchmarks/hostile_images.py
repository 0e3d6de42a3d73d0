"""Thousands of damaged pictures through the real decoding, measuring and readers: what broke, and what it cost.

    uv run python benchmarks/hostile_images.py --mutations 500 --seed 1

Each picture is made again from its seed (format, number): one that breaks anything is named, and can be looked at alone.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "tests" / "support")]

from hostile_images import corpus, wholes  # noqa: E402
from hostile_run import peak_kb  # noqa: E402

from base import plugins  # noqa: E402
from curate.measure import MEASURES, without_model  # noqa: E402
from engine.local import run_batches  # noqa: E402
from pixels.c2pa import training_assertions  # noqa: E402
from pixels.decode import Unreadable, open_picture  # noqa: E402
from pixels.hashes import HASH_SIDE_PX  # noqa: E402
from pixels.look import look  # noqa: E402
from pixels.marks import read_marks  # noqa: E402

BATCH = 100
SMALL_BYTES = 100_000
Job = tuple[str, int, int]
Found = tuple[str, int, str, float, int, int]
"""Parent, number, what came of it, seconds, the process's peak of memory in kB, peak before it."""


def parents() -> dict[str, bytes]:
    """Good pictures of each format, and every small file of the corpus: damage upon damage."""
    return wholes() | {name: hostile.data for name, hostile in corpus().items() if 100 < len(hostile.data) < SMALL_BYTES}


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes with some damage: bits flipped, numbers made extreme, parts cut out, doubled, moved or filled."""
    hurt = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        at = chance.randrange(min(len(hurt), chance.choice((64, 700, len(hurt)))) or 1)
        kind = chance.randrange(6)
        if kind == 0:
            hurt[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            hurt[at] = chance.choice((0, 1, 127, 128, 255))
        elif kind == 2:
            extreme = chance.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4), b"\xff\xff", b"\0\1"))
            hurt[at : at + len(extreme)] = extreme
        elif kind == 3:
            del hurt[at : at + chance.choice((1, 2, 4, 100))]
        elif kind == 4:
            hurt[at:at] = hurt[at : at + chance.choice((1, 4, 64, 1_000))]
        else:
            hurt = hurt[: max(4, at)]
        if len(hurt) < 8:
            break
    return bytes(hurt)


_PARENTS: dict[str, bytes] = {}


def tried(batch: Sequence[Job]) -> list[Found]:
    """What came of each; runs in a worker."""
    if not _PARENTS:
        _PARENTS.update(parents())
    modules: list[ModuleType] = [plugins.load(MEASURES, name) for name in without_model()]
    found = []
    for parent, number, seed in batch:
        data = mutated(_PARENTS[parent], random.Random(f"{seed} {parent} {number}"))
        before, begun = peak_kb(), time.perf_counter()
        look(data)
        read_marks(data)
        training_assertions(data)
        picture = open_picture(data, side_px=HASH_SIDE_PX)
        if isinstance(picture, Unreadable):
            end = picture.kind
        else:
            end = "readable"
            for module in modules:
                module.measure(picture)
        peak = peak_kb()
        found.append((parent, number, end, time.perf_counter() - begun, peak, before))
    return found


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--mutations", type=int, default=500, help="of each good picture; of each file of the corpus a tenth")
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--workers", type=int, default=2)
    asked = reader.parse_args()
    good = wholes().keys()
    jobs = [
        (name, number, asked.seed)
        for name in parents()
        for number in range(asked.mutations if name in good else asked.mutations // 10)
    ]
    random.Random(asked.seed).shuffle(jobs)
    batches = [jobs[at : at + BATCH] for at in range(0, len(jobs), BATCH)]
    begun, ends, failed, rows = time.perf_counter(), Counter[str](), [], []
    for done in run_batches(tried, batches, workers=max(2, asked.workers), patience_s=600):
        if done.result is None:
            failed += batches[done.index]
        else:
            rows += done.result
    for done in run_batches(tried, [[job] for job in failed], workers=2, patience_s=60):
        if done.result is None:
            print("BROKE", failed[done.index], done.error)
            ends["broke"] += 1
        else:
            rows += done.result
    ends.update(end for _, _, end, *_ in rows)
    slowest = max(rows, key=lambda row: row[3])
    print(f"{len(jobs)} damaged pictures in {time.perf_counter() - begun:.0f} s: {dict(ends.most_common())}")
    print(
        f"slowest {slowest[3]:.2f} s ({slowest[0]} {slowest[1]}); peak of a process {max(row[4] for row in rows) / 1024:.0f} MiB"
    )
    print(
        "the five that raised it most:",
        [(f"{a} {b}", (e - f) >> 10) for a, b, _, _, e, f in sorted(rows, key=lambda r: r[5] - r[4])[:5]],
    )


if __name__ == "__main__":
    main()
