"""How many media records a second become candidates: every recorded answer, parsed again and again on one core.

Run: python benchmarks/normalise.py [--seconds 2] [--out benchmarks/results/normalise.json] [--profile SOURCE]
Counts the whole way from bytes to a candidate with its rights and its digest (what the catalogue compares), for each
source and for all together. The answers are those of ../shared/data/responses; parts of a batch are read with their whole.
"""

import argparse
import cProfile
import json
import os
import platform
import pstats
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from base import plugins  # noqa: E402
from base.files import write_json  # noqa: E402
from catalog.records import Candidate  # noqa: E402
from harvest.source import Answer  # noqa: E402

RESPONSES = Path(os.environ.get("SHARED", ROOT.parent / "shared")) / "data" / "responses"
SOURCES = {"wikimedia": "commons", "iiif2": "iiif", "iiif3": "iiif"}
TARGET = 5_000  # media records a second, all sources together


def main() -> None:
    """Measure each source, print a table, write it down; exit 6 below the target."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=float, default=2.0, help="for each source")
    words.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "normalise.json")
    words.add_argument("--profile", metavar="FOLDER", help="print where the time goes for one source's answers")
    given = words.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    answers = {folder: loaded(folder) for folder in sorted(path.name for path in RESPONSES.iterdir() if path.is_dir())}
    if given.profile:
        profiled(lambda: parsed(given.profile, answers[given.profile]))
        return
    rows = [measured(folder, found, given.seconds) for folder, found in answers.items()]
    once = [sum(row["seconds_once"] for row in rows), sum(row["records"] for row in rows)]
    overall = round(once[1] / once[0])
    for row in rows:
        print(f"{row['answers']:12} {row['records']:5} records  {row['records_a_second']:8} a second")
    print(f"{'all':12} {once[1]:5} records  {overall:8} a second (at least {TARGET:,} are wanted)")
    machine = {"cores_used": 1, "python": platform.python_version(), "machine": platform.machine()}
    command = f"python benchmarks/normalise.py --seconds {given.seconds:g}"
    write_json(given.out, {"records_a_second": overall, "target": TARGET, "rows": rows, "machine": machine, "command": command})
    if overall < TARGET:
        raise SystemExit(6)


def measured(folder: str, answers: list[Answer], seconds: float) -> dict[str, Any]:
    """Records a second over all of a folder's answers: the fastest round counts, as the machine may be shared."""
    records = parsed(folder, answers)
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        begun = time.perf_counter()
        parsed(folder, answers)
        best = min(best, time.perf_counter() - begun)
    return {
        "answers": folder,
        "size_bytes": sum(len(one.body) for one in answers),
        "records": records,
        "seconds_once": best,
        "records_a_second": round(records / best),
    }


def parsed(folder: str, answers: list[Answer]) -> int:
    """How many candidates the answers give; each gets its digest, as in a harvest."""
    source = plugins.load("harvest.sources", SOURCES.get(folder, folder)).Source()
    count = 0
    for answer in answers:
        fresh = Answer(answer.url, answer.body)  # its hash is worked out anew, as it is in a harvest
        for found in source.parse(fresh, {}):
            if isinstance(found, Candidate):
                found.digest()
                count += 1
    return count


def loaded(folder: str) -> list[Answer]:
    """The folder's answers; cuttings of a page and parts of a batch are left out, as nothing comes of them."""
    table = json.loads((RESPONSES / folder / "expected.json").read_text(encoding="utf-8"))
    found = []
    for name, row in table.items():
        if row["what"].startswith("fragment") or row.get("complete") is False or "pages" in row:
            continue
        body = (RESPONSES / folder / name).read_bytes()
        whole = json.loads(body)
        url = (whole.get("id") or whole.get("@id")) if folder.startswith("iiif") else None
        found.append(Answer(url or f"https://{folder}.example/answer", body))
    return found


def profiled(work: Callable[[], int]) -> None:
    """Print the costliest functions of twenty rounds."""
    work()
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(20):
        work()
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
