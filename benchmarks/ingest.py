"""How fast is a spool poured, beside a plain COPY of the same JSON lines into a table without keys and checks?

Run: python benchmarks/ingest.py [--measures 1000000] [--candidates 200000] [--out benchmarks/results/ingest.json]
Both ways read the same file, in turn, in a process of its own each time, into a new catalogue and a new file, checkpoint
included; of each the fastest round counts. Pouring also finds what the catalogue knows already: the file is poured once more
to show what that costs, and the rows are counted. At least a third of COPY's speed is wanted (exit 6 below).
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import duckdb  # noqa: E402

from base.files import write_json  # noqa: E402
from catalog import db, spool  # noqa: E402
from catalog.records import Candidate, Decision, Measure, OptOut  # noqa: E402
from catalog.rights import read_rights  # noqa: E402

TARGET = 1 / 3
ROUNDS = 3
LINES_AT_ONCE = 1000
FACTS_A_PICTURE = 36


def main() -> None:
    """Write the files, time both ways, print a table, write it down; exit 6 below the target."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--measures", type=int, default=1_000_000)
    words.add_argument("--candidates", type=int, default=200_000)
    words.add_argument("--decisions", type=int, default=200_000)
    words.add_argument("--rounds", type=int, default=ROUNDS)
    words.add_argument("--out", type=Path)
    words.add_argument("--way", nargs=3, metavar=("WAY", "TABLE", "FOLDER"), help="used by this script itself")
    given = words.parse_args()
    if given.way:
        way, table, folder = given.way
        print(json.dumps(WAYS[way](table, Path(folder))))
        return
    with tempfile.TemporaryDirectory(prefix="fototeca-ingest-") as name:
        rows = [
            _table(Path(name), table, made, wanted, given.rounds)
            for table, made, wanted in (
                ("measures", _measures, given.measures),
                ("candidates", _candidates, given.candidates),
                ("decisions", _decisions, given.decisions),
            )
        ]
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    if given.out:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "duckdb": duckdb.__version__}
        asked = f"--measures {given.measures} --candidates {given.candidates} --decisions {given.decisions}"
        command = f"python benchmarks/ingest.py {asked} --out {given.out}"
        write_json(given.out, {"rows": rows, "target": round(TARGET, 3), "machine": machine, "command": command})
    if min(row["share_of_copy"] for row in rows) < TARGET:
        raise SystemExit(6)


def _table(folder: Path, table: str, made: Any, wanted: int, rounds: int) -> dict[str, Any]:
    """Both ways for one table."""
    place = folder / table
    begun = time.perf_counter()
    lines = spool.Spool(place, "20261101T080000000000-harvest-000001")
    for at in range(0, wanted, LINES_AT_ONCE):
        lines.add_all(table, made(at, min(at + LINES_AT_ONCE, wanted)))
    lines.close()
    spooled_s = time.perf_counter() - begun
    best: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for way in WAYS:
            found = _in_a_process(way, table, place)
            if way not in best or found["seconds"] < best[way]["seconds"]:
                best[way] = found
    pour, copy = best["pour"], best["copy"]
    assert pour["rows"] == copy["rows"] == wanted
    return {
        "table": table,
        "rows": wanted,
        "line_bytes": (place / f"{table}.jsonl").stat().st_size // wanted,
        "spool_rows_per_s": round(wanted / spooled_s),
        "copy_s": round(copy["seconds"], 2),
        "copy_rows_per_s": round(wanted / copy["seconds"]),
        "pour_s": round(pour["seconds"], 2),
        "pour_rows_per_s": round(wanted / pour["seconds"]),
        "share_of_copy": round(copy["seconds"] / pour["seconds"], 3),
        "pour_again_s": round(pour["again_s"], 2),
        "copy_peak_mb": round(copy["peak_mb"]),
        "pour_peak_mb": round(pour["peak_mb"]),
    }


def _in_a_process(way: str, table: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--way", way, table, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def copy(table: str, folder: Path) -> dict[str, float]:
    """What pouring is held against: every column of the lines into a table without keys, checks and defaults."""
    columns = {**db.columns(table), "line": "BIGINT"}
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        file = Path(place) / "copied.duckdb"
        begun = time.perf_counter()
        config = {"storage_compatibility_version": db.STORAGE_VERSION}
        with duckdb.connect(str(file), config=config) as connection:
            connection.execute(f"CREATE TABLE copied ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
            connection.execute(f"COPY copied FROM '{folder / table}.jsonl' (FORMAT json)")
            connection.execute("CHECKPOINT")
            seconds = time.perf_counter() - begun
            rows = connection.execute("SELECT count(*) FROM copied").fetchone()
    return {"seconds": seconds, "rows": rows[0] if rows else 0, "peak_mb": _peak_mb()}


def pour(table: str, folder: Path) -> dict[str, float]:
    """As a run pours its spool: twice, the second time to find nothing new."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        workspace = Path(place)
        with db.writing(workspace):
            pass  # the empty catalogue, as any run but the first finds one
        db.columns(table)  # whoever has spooled a row has read it already
        seconds: list[float] = []
        peak_mb = 0.0
        for _ in range(2):
            begun = time.perf_counter()
            with db.writing(workspace) as connection:
                connection.execute("BEGIN")
                spool.pour(connection, folder)
                connection.execute("COMMIT")
            seconds.append(time.perf_counter() - begun)
            peak_mb = peak_mb or _peak_mb()
        rows = db.rows(workspace, f"SELECT count(*) AS rows FROM {table}")[0]["rows"]
    return {"seconds": seconds[0], "again_s": seconds[1], "rows": rows, "peak_mb": peak_mb}


WAYS = {"copy": copy, "pour": pour}


def _peak_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _measures(start: int, end: int) -> Iterator[Measure]:
    for number in range(start, end):
        picture, fact = divmod(number, FACTS_A_PICTURE)
        name, version = f"measure_{fact}", f"family_{fact % 8}/pil-draft-reduce/2/1"
        sha256 = f"{picture * 0x9E3779B97F4A7C15 % (1 << 64):016x}" * 4
        if fact % 4 == 0:
            yield Measure(sha256=sha256, measure=name, version=version, bits=hash((number, "bits")) & 0xFFFFFFFFFFFFFFFF)
        elif fact % 9 == 0:
            yield Measure(sha256=sha256, measure=name, version=version, word="ok")
        else:
            yield Measure(sha256=sha256, measure=name, version=version, value=number * 0.317)


def _candidates(start: int, end: int) -> Iterator[Candidate]:
    licences = [read_rights(words) for words in ("CC BY-SA 4.0", "CC BY 4.0", "CC0", "Public Domain Mark 1.0", "CC BY-NC 4.0")]
    for number in range(start, end):
        held = number % 10 != 0
        opted_out = (OptOut(channel="x-robots-tag", value="noai", where="https://a.example/"),) if number % 300 == 0 else ()
        yield Candidate(
            source="commons",
            source_id=f"File:Retrato {number}.jpg",
            rights=licences[number % 5],
            outcome="stored" if held else "metadata_only",
            page_url=f"https://commons.example/wiki/File:Retrato_{number}.jpg",
            image_url=f"https://upload.example/{number % 16:x}/{number % 256:02x}/Retrato_{number}.jpg",
            title=f"Retrato de família em frente à casa, n.º {number}",
            creator="Irmãos Ferrari",
            creation_date=str(1860 + number % 90),
            caption="Homens e mulheres tomam chimarrão junto ao galpão da estância, à tarde.",
            caption_language="pt",
            concepts=("chimarrão",) if number % 3 == 0 else (),
            opt_outs=opted_out,
            other={"credit_line": "composed: title, creator, licence", "shelf": f"A{number % 1000}"},
            sha256=f"{number:064x}" if held else None,
            consulted=("robots.txt", "x-robots-tag"),
        )


def _decisions(start: int, end: int) -> Iterator[Decision]:
    for number in range(start, end):
        yield Decision(
            subject=f"{number * 0x9E3779B97F4A7C15 % (1 << 64):016x}" * 2,
            criterion="too_small",
            version="1+0506b951",
            verdict="exclude",
            reason=f"The picture is {number % 190} x 300 pixels; its shorter side should have at least 200.",
            evidence={"height_px": 300, "min_side_px": 200, "width_px": number % 190},
            who="criteria",
        )


if __name__ == "__main__":
    main()
