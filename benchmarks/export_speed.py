"""How fast an export is written, beside `cp -r` of the same pictures and webdataset's ShardWriter; and after a small change.

Run: python benchmarks/export_speed.py [--pictures 20000] [--out benchmarks/results/export_speed.json]
A workspace of so many drawn-by-chance files of mixed sizes (about 2 GB) is stated as harvested, kept and split. Each way writes
into an empty folder of the same disk, by turns, three rounds, and the fastest counts; files are read once before, so that all
find them in memory. `fototeca export` is the whole command's work: questions to the catalogue, each picture checked against its
name, shards, manifest, credits, licence table, card and sums, all made durable; cp makes nothing durable, so it is given once
alone and once with `sync` after it, and the same for ShardWriter. `after_change`: 1 % of the pictures are excluded by a person,
or taken in again, and the export is brought up to date, beside a whole export of the same collection; once pictures of one
bucket (as when one album or one owner's pictures go), once scattered over all of them, once nothing; in this process, and as
the command with the start of Python. Two exports into two folders, and each brought up to date and made anew, are compared
byte by byte.
"""

import argparse
import filecmp
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import webdataset

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from base.files import canonical_json, write_json  # noqa: E402
from catalog import db, runs  # noqa: E402
from catalog.records import Candidate, Decision, Group, Image, Measure, Split  # noqa: E402
from catalog.rights import read_rights  # noqa: E402
from catalog.store import Store  # noqa: E402
from export.shards import ExportReport, ExportSettings, export  # noqa: E402
from shardset.read import open_shards  # noqa: E402

SIZES = (20_000, 180_000)  # bytes of the smallest and the largest file: 0.1 MB a picture
SMALL_CHANGE = 0.01


def main() -> None:
    """Build, measure, print, write it down."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--pictures", type=int, default=20_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--room", type=Path, help="folder on the disk to measure; a temporary one by default")
    words.add_argument("--out", type=Path)
    given = words.parse_args()
    with tempfile.TemporaryDirectory(dir=given.room) as room:
        measured = measure(Path(room), given.pictures, given.rounds)
    measured["machine"] = {"cores": os.cpu_count(), "processor": platform.processor(), "python": platform.python_version()}
    measured["command"] = "python benchmarks/export_speed.py"
    print(json.dumps(measured, indent=2))
    if given.out:
        write_json(given.out, measured)


def measure(room: Path, pictures: int, rounds: int) -> dict[str, Any]:
    """Every way by turns, then the small change, then two exports side by side."""
    workspace = room / "workspace"
    sha256s = fill(workspace, pictures)
    size_bytes = sum(path.stat().st_size for path in (workspace / "store").rglob("*") if path.is_file())
    for path in (workspace / "store").rglob("*"):
        if path.is_file():
            path.read_bytes()
    ways: dict[str, Callable[[Path], object]] = {
        "cp": lambda target: subprocess.run(["cp", "-r", str(workspace / "store"), str(target)], check=True),
        "cp_and_sync": lambda target: subprocess.run(
            f"cp -r '{workspace / 'store'}' '{target}' && sync -f '{room}'", shell=True, check=True
        ),
        "webdataset_shard_writer": lambda target: with_shard_writer(workspace, sha256s, target),
        "webdataset_shard_writer_and_sync": lambda target: synced(with_shard_writer(workspace, sha256s, target), room),
        "fototeca_export": lambda target: export(workspace, target, ExportSettings()),
    }
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            target = room / "target"
            os.sync()
            begun = time.perf_counter()
            way(target)
            seconds = time.perf_counter() - begun
            best[name] = min(best.get(name, seconds), seconds)
            print(name, round(seconds, 2), flush=True)
            shutil.rmtree(target)
    rows = {
        name: {
            "seconds": round(seconds, 2),
            "mb_per_s": round(size_bytes / 1e6 / seconds),
            "of_cp": round(best["cp"] / seconds, 2),
            "of_cp_and_sync": round(best["cp_and_sync"] / seconds, 2),
        }
        for name, seconds in best.items()
    }
    same = identical(workspace, room)
    number = max(1, int(pictures * SMALL_CHANGE))
    return {
        "pictures": pictures,
        "size_mb": round(size_bytes / 1e6),
        "rounds": rounds,
        "ways": rows,
        "ratio_to_cp": rows["fototeca_export"]["of_cp"],
        "ratio_to_cp_and_sync": rows["fototeca_export"]["of_cp_and_sync"],
        "ratio_to_shard_writer": round(best["webdataset_shard_writer"] / best["fototeca_export"], 2),
        "ratio_to_shard_writer_and_sync": round(best["webdataset_shard_writer_and_sync"] / best["fototeca_export"], 2),
        "two_exports_identical": same,
        "after_change": {
            "nothing": after_change(workspace, room, [], rounds),
            "one_bucket": after_change(workspace, room, of_one_shard(room / "one", number), rounds),
            "scattered": after_change(workspace, room, sha256s[:number], rounds),
        },
    }


def fill(workspace: Path, pictures: int) -> list[str]:
    """Files of chance behind a JPEG's first bytes, stated, measured as far as an export asks, and split."""
    chance = np.random.default_rng(7)
    store = Store(workspace)
    rights = read_rights("CC BY 4.0")
    sha256s = []
    with runs.begin(workspace, "harvest", {}) as run:
        for number in range(pictures):
            data = b"\xff\xd8\xff\xe0" + chance.bytes(int(chance.integers(*SIZES)))
            sha256 = store.put(data)
            sha256s.append(sha256)
            sizes = {"width_px": 640, "height_px": 480, "size_bytes": len(data)}
            run.add("images", Image(sha256=sha256, origin="harvested", format="JPEG", **sizes))
            title = f"Picture {number}"
            run.add(
                "candidates",
                Candidate(
                    source="folder:drawn", source_id=str(number), rights=rights, outcome="stored", sha256=sha256,
                    title=title, creator="Nobody", caption=f"{title}, drawn by chance.", caption_language="en",
                ),
            )  # fmt: skip
        store.sync()
    with runs.begin(workspace, "curate", {}) as run:
        for number, sha256 in enumerate(sha256s):
            run.add("measures", Measure(sha256=sha256, measure="decode", version="drawn", word="ok"))
            run.add("groups", Group(anchor=sha256, member=sha256))
            run.add("splits", Split(anchor=sha256, split="val" if number % 10 == 0 else "train"))
    return sha256s


def with_shard_writer(workspace: Path, sha256s: list[str], target: Path) -> None:
    """The same pictures and texts through webdataset's own writer, one shard a quarter of a gigabyte, as ours."""
    target.mkdir()
    store = Store(workspace)
    with webdataset.ShardWriter(str(target / "%06d.tar"), maxcount=100_000, maxsize=250_000_000, verbose=0) as writer:
        for sha256 in sha256s:
            record = canonical_json({"sha256": sha256, "credit_line": "Nobody, CC BY 4.0"}).encode()
            writer.write({"__key__": sha256, "jpg": store.path(sha256).read_bytes(), "txt": b"drawn by chance", "json": record})


def synced(done: None, room: Path) -> None:
    """All that is written stands on the disk."""
    subprocess.run(["sync", "-f", str(room)], check=True)


def identical(workspace: Path, room: Path) -> bool:
    """Whether two exports into two folders hold the same bytes."""
    for name in ("one", "two"):
        export(workspace, room / name, ExportSettings())
    same = same_bytes(room / "one", room / "two")
    shutil.rmtree(room / "two")
    return same


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files."""
    listed = sorted(path.name for path in one.iterdir())
    _, differing, missing = filecmp.cmpfiles(one, other, listed, shallow=False)
    return listed == sorted(path.name for path in other.iterdir()) and not differing and not missing


def after_change(workspace: Path, room: Path, sha256s: list[str], rounds: int) -> dict[str, Any]:
    """Leave pictures out and take them in again, and bring the export `one` up to date each time, by turns with a whole export.

    Both are timed in this process and as a command; the fastest of all rounds counts. No picture: nothing has changed.
    """
    best: dict[str, float] = {}
    report = None
    for number in range(2 * rounds):
        for how, way in (("", here), ("command_", as_command)):
            decide(workspace, sha256s, f"{how}{number}")
            shutil.rmtree(room / "whole", ignore_errors=True)
            for name, folder in (("seconds", room / "one"), ("whole_seconds", room / "whole")):
                os.sync()
                begun, used = time.perf_counter(), processor_s()
                done = way(workspace, folder)
                took = {how + name: time.perf_counter() - begun, f"{how}processor_{name}": processor_s() - used}
                best |= {what: min(best.get(what, seconds), seconds) for what, seconds in took.items()}
                report = done if done and name == "seconds" else report
    assert report is not None
    return {
        "pictures_changed": len(sha256s),
        "shards_written": len(report.written),
        "shards_kept": len(report.kept),
        **{name: round(seconds, 2) for name, seconds in best.items()},
        "of_the_processor": round(best["processor_whole_seconds"] / best["processor_seconds"], 1),
        "times_as_fast": round(best["whole_seconds"] / best["seconds"], 1),
        "command_times_as_fast": round(best["command_whole_seconds"] / best["command_seconds"], 1),
        "as_if_made_anew": same_bytes(room / "one", room / "whole"),
    }


def processor_s() -> float:
    """Seconds that all cores have worked for this process and its children; on a machine that others use, too, it says more."""
    mine = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in mine)


def here(workspace: Path, folder: Path) -> ExportReport:
    """The export in this process."""
    return export(workspace, folder, ExportSettings())


def as_command(workspace: Path, folder: Path) -> None:
    """The export as people run it, with the start of Python."""
    words = [sys.executable, "-m", "fototeca", "export", str(folder), "--workspace", str(workspace)]
    subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def decide(workspace: Path, sha256s: list[str], round_name: str) -> None:
    """A person leaves these pictures out, or, where they are out, takes them in again."""
    if not sha256s:
        return
    subjects = subjects_of(workspace, sha256s)
    verdict = "exclude" if subjects_of(workspace, sha256s, "kept") else "keep"
    evidence = {"evidence": "drawn"}
    with runs.begin(workspace, "decide", {}) as run:
        for subject in subjects:
            said = {"version": "1", "verdict": verdict, "reason": round_name, "evidence": evidence, "who": "Benchmark"}
            run.add("decisions", Decision(subject=subject, criterion="person", **said))  # type: ignore[arg-type]  # one dictionary


def of_one_shard(folder: Path, number: int) -> list[str]:
    """The first pictures of the export's largest shard: as when one album or one owner's pictures go."""
    largest = max(open_shards(folder).manifest["shards"], key=lambda shard: int(shard["size_bytes"]))
    return [str(row["key"]) for row in largest["samples"][:number]]


def subjects_of(workspace: Path, sha256s: list[str], view: str = "records") -> list[str]:
    """The candidates of these files, as far as the view has them."""
    rows = db.rows(workspace, f"SELECT subject FROM {view} WHERE list_contains($wanted, sha256)", {"wanted": sha256s})
    return [row["subject"] for row in rows]


if __name__ == "__main__":
    main()
