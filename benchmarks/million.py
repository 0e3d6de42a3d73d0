"""A million measured pictures: how long judging, judging again, `why`, `status` and `--what-if` take, in one run.

Run: python benchmarks/million.py [--pictures 1000000] [--out benchmarks/results/million.json]
The catalogue is drawn in SQL (`drawn_catalogue.py`), every fact that measuring writes included; its store does not exist, and
opens of files are counted, so that whatever answers has opened no picture. Commands run as people run them, in a process of
their own, several times: the first and the fastest are given. `status` is timed right after the catalogue has changed, when it
must count, and again.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import drawn_catalogue  # noqa: E402
import duckdb  # noqa: E402

from base.files import write_json  # noqa: E402
from catalog import db, runs  # noqa: E402

ROUNDS = 5
ANSWERS_WITHIN_S = 1.5
"""What "about a second" may be, the start of Python included."""
SCAN = "SELECT bit_xor(hash(sha256, measure, version, value, bits, word, run_id, measured_at)) FROM measures"
PICTURES_OPENED = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")


def main() -> None:
    """Draw the catalogue, time everything, print it, write it down."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--pictures", type=int, default=1_000_000)
    words.add_argument("--rounds", type=int, default=ROUNDS)
    words.add_argument("--keep", type=Path, help="a folder to leave the catalogue in")
    words.add_argument("--out", type=Path)
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="fototeca-million-") as name:
        workspace = given.keep or Path(name)
        found = measured(workspace, given.pictures, given.rounds)
    for key, value in found.items():
        print(f"{key:28} {json.dumps(value, ensure_ascii=False)}")
    if given.out:
        machine = {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "duckdb": duckdb.__version__,
            "command": f"python benchmarks/million.py --pictures {given.pictures} --rounds {given.rounds} --out {given.out}",
        }
        write_json(given.out, {**found, "machine": machine})


def measured(workspace: Path, pictures: int, rounds: int) -> dict[str, Any]:
    """Everything that this benchmark says, by name."""
    from curate.settings import FILE_NAME

    found: dict[str, Any] = {"pictures": pictures, "drawing_s": _seconds(lambda: drawn_catalogue.build(workspace, pictures))}
    opened = _count_opens()
    (workspace / FILE_NAME).write_text(_threshold(drawn_catalogue.BEFORE_PX), encoding="utf-8")
    found["judging_once"] = judged(workspace)
    drawn_catalogue.draw_groups(workspace)
    found["measures"] = db.rows(workspace, "SELECT count(*) AS rows FROM measures")[0]["rows"]
    found["catalogue_mb"] = db.catalogue_path(workspace).stat().st_size // 1_000_000
    found["scan_of_measures_s"] = scanned(workspace, rounds)
    found["judging_the_same_again"] = judged(workspace)
    before = verdicts(workspace)
    (workspace / FILE_NAME).write_text(_threshold(drawn_catalogue.AFTER_PX), encoding="utf-8")
    found["judging_after_a_change"] = judged(workspace)
    after = verdicts(workspace)
    moved = sum(abs(after.get(name, 0) - before.get(name, 0)) for name in before.keys() | after.keys()) // 2
    found["verdicts_before"], found["verdicts_after"] = before, after
    found["share_of_verdicts_altered"] = round(moved / pictures, 4)
    found["store_exists"] = (workspace / "store").exists() and any((workspace / "store").rglob("*.*"))
    found["pictures_opened"] = len([path for path in opened if path.lower().endswith(PICTURES_OPENED)])
    found["status_after_a_change"] = commanded(workspace, ["status"], 1)
    found["status"] = commanded(workspace, ["status"], rounds)
    for name, text in names(workspace).items():
        found[f"why_by_{name}"] = commanded(workspace, ["why", text], rounds)
    found["sql"] = commanded(workspace, ["sql", "SELECT rights_family, count(*) FROM current_candidates GROUP BY ALL"], 1)
    found["what_if"] = commanded(workspace, ["curate", "--what-if", "too_small.min_side_px=400"], 1)
    found["answers_within_s"] = ANSWERS_WITHIN_S
    waited = [found["status"], *(value for key, value in found.items() if key.startswith("why_by_"))]
    found["answers_in_time"] = all(one["fastest_s"] <= ANSWERS_WITHIN_S for one in waited)
    return found


def judged(workspace: Path) -> dict[str, Any]:
    """One judging, as `curate` does it, and the pouring of what changed."""
    from curate import judge, settings

    chosen = settings.read(workspace)
    with runs.begin(workspace, "curate", {}) as run:
        run.pour()
        begun = time.perf_counter()
        said = judge.judge(workspace, run, chosen)
        judging_s = time.perf_counter() - begun
        begun = time.perf_counter()
        run.pour()
        pouring_s = time.perf_counter() - begun
    return {
        "judging_s": round(judging_s, 2),
        "pouring_s": round(pouring_s, 2),
        "new_verdicts": sum(said.new.values()),
        "by_criterion": {name: number for name, number in said.new.items() if number},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000,
    }


def verdicts(workspace: Path) -> dict[str, int]:
    """How many subjects stand under each verdict."""
    with db.reading(workspace) as connection:
        return dict(connection.execute("SELECT verdict, count(*) FROM verdicts GROUP BY ALL ORDER BY ALL").fetchall())


def scanned(workspace: Path, rounds: int) -> float:
    """One look at every value of the measures: what no answer about all of them could undercut."""
    with db.reading(workspace) as connection:
        return min(_seconds(lambda: connection.execute(SCAN).fetchall()) for _ in range(rounds))


def names(workspace: Path) -> dict[str, str]:
    """The ways to name one picture in the middle of the collection."""
    sql = "SELECT candidate_id, sha256, image_url, source_id FROM candidates WHERE sha256 IS NOT NULL ORDER BY rowid"
    middle = db.rows(workspace, "SELECT count(*) // 2 AS place FROM candidates WHERE sha256 IS NOT NULL")[0]["place"]
    row = db.rows(workspace, f"{sql} LIMIT 1 OFFSET {middle}")[0]
    return {
        "sha256_prefix": row["sha256"][:12],
        "candidate_id": row["candidate_id"],
        "file_name": row["source_id"].rsplit("/", 1)[-1],
        "url": row["image_url"],
    }


def commanded(workspace: Path, asked: Sequence[str], rounds: int) -> dict[str, Any]:
    """The wall time of a command, start of Python included."""
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "fototeca", *asked, "--workspace", str(workspace)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds.append(time.perf_counter() - begun)
        if done.returncode:
            raise SystemExit(f"fototeca {' '.join(asked)} ended with {done.returncode}: {done.stderr[-500:]}")
    return {
        "first_s": round(seconds[0], 2),
        "fastest_s": round(min(seconds), 2),
        "median_s": round(statistics.median(seconds), 2),
    }


def _threshold(side_px: int) -> str:
    return f"[criteria.too_small]\nmin_side_px = {side_px}\n"


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return round(time.perf_counter() - begun, 2)


def _count_opens() -> list[str]:
    """Every file that Python opens from now on; DuckDB opens its own."""
    opened: list[str] = []

    def hook(event: str, words: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(words[0], str):
            opened.append(words[0])

    sys.addaudithook(hook)
    return opened


if __name__ == "__main__":
    main()
