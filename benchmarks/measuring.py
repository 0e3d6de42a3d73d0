"""How fast pictures are measured, beside Pillow's bare decode, imagededup's PHash and cleanvision's default issues.

Run: python benchmarks/measuring.py [--out benchmarks/results/measuring.json]
Photographs of ../shared/data/photos are re-encoded at 0.3, 1, 2 and 4 megapixels (JPEG, quality 88). The larger ones are
enlarged: they have fewer bytes than a camera's, Pillow decodes them faster, and the comparison is the harder for us.
All ways use as many processes and read the same files in the same run, in turn; of each the fastest round counts. Seconds of
processor are given too: they hardly mind what else a shared machine does. imagededup and cleanvision run in environments of
their own; importing them is not timed, starting their processes is.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
if (ROOT / "curate").is_dir():
    sys.path.insert(0, str(ROOT))

SIZES_MP = (0.3, 1.0, 2.0, 4.0)
SHAPES = (1.0, 1.5)
"""Width over height: square, as the photographs are, and cut to 3:2."""
ROUNDS = 3
BATCH = 17  # of 102 files a size: three for each of two processes
APART = ("colour_target", "embedding", "copy_embedding", "people", "lettering_score", "caption_similarity", "concept_scores")
"""Measures that the target leaves out: colour targets, and whatever a model takes."""
TOOLS = {"imagededup": "imagededup==0.3.3.post2", "cleanvision": "cleanvision==0.3.7"}
TARGET = 0.6


def main() -> None:
    """Make the files, time every way, print a table, write it down."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--photos", type=Path, default=ROOT.parent / "shared" / "data" / "photos")
    words.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    words.add_argument("--rounds", type=int, default=ROUNDS)
    words.add_argument("--without-tools", action="store_true", help="leave imagededup and cleanvision out")
    words.add_argument("--tool", nargs="+", help="used by this script itself")
    words.add_argument("--out", type=Path)
    given = words.parse_args()
    if given.tool:
        print(json.dumps([TIMED[given.tool[0]](folder, given.processes) for folder in given.tool[1:]]))
        return
    from base.files import write_json

    with tempfile.TemporaryDirectory(prefix="fototeca-measuring-") as name:
        folders = {str(size): _files(given.photos, Path(name) / str(size), size) for size in SIZES_MP}
        everything = Path(name) / "mixture"
        everything.mkdir()
        for folder in folders.values():
            for file in folder.iterdir():
                os.link(file, everything / file.name)
        folders["mixture"] = everything
        rows = _all_rows(folders, given)
        rows.append(_spooled(everything, Path(name) / "workspace"))
        for row in rows:
            print("  ".join(f"{key} {value}" for key, value in row.items()))
    if given.out:
        import numpy
        import PIL

        machine = {
            "processes": given.processes,
            "cores": os.cpu_count(),
            "rounds": given.rounds,
            "python": platform.python_version(),
            "pillow": PIL.__version__,
            "numpy": numpy.__version__,
            "tools": {} if given.without_tools else TOOLS,
            "measures": _names(APART),
            "target": f"measures at {TARGET} of pillow_decode on the mixture",
            "command": f"python benchmarks/measuring.py --out {given.out}",
        }
        write_json(given.out, {"machine": machine, "rows": rows})


Spent = tuple[float, float]
"""Seconds by the clock, and seconds of processor in all processes: the second hardly minds what else the machine does."""


def _all_rows(folders: dict[str, Path], given: argparse.Namespace) -> list[dict[str, object]]:
    """One row a size and way: the fastest round, and its speed as a share of the bare decode's."""
    best: dict[tuple[str, str], Spent] = {}
    ours = _ours(given.processes)
    for _ in range(given.rounds):
        for size, folder in folders.items():
            files = sorted(str(path) for path in folder.iterdir())
            for way, timed in ours.items():
                _keep(best, (size, way), timed(files))
        for tool in () if given.without_tools else TOOLS:
            for size, spent in zip(folders, _tool(tool, list(folders.values()), given.processes), strict=True):
                _keep(best, (size, tool), spent)
    rows = []
    for size, folder in folders.items():
        pictures = len(list(folder.iterdir()))
        bare_s, bare_cpu_s = best[size, "pillow_decode"]
        for way in [*ours, *TOOLS]:
            if (size, way) in best:
                clock_s, cpu_s = best[size, way]
                rows.append(
                    {
                        "megapixels": size,
                        "way": way,
                        "pictures": pictures,
                        "seconds": round(clock_s, 3),
                        "processor_s": round(cpu_s, 3),
                        "per_s": round(pictures / clock_s, 1),
                        "share_of_decode": round(bare_s / clock_s, 3),
                        "share_by_processor": round(bare_cpu_s / cpu_s, 3),
                    }
                )
    return rows


def _keep(best: dict[tuple[str, str], Spent], what: tuple[str, str], spent: Spent) -> None:
    """The fastest by each of the two clocks."""
    known = best.get(what, (float("inf"), float("inf")))
    best[what] = (min(known[0], spent[0]), min(known[1], spent[1]))


def _ours(processes: int) -> dict[str, Callable[[Sequence[str]], Spent]]:
    """The bare decode and our measuring, each through the engine's pool of processes, which is started beforehand."""
    from engine.local import _pool

    pool = _pool(processes)

    def way(function: Callable[..., object], names: Sequence[str]) -> Callable[[Sequence[str]], Spent]:
        def run(files: Sequence[str]) -> Spent:
            asks = [(file, file, tuple(names)) for file in files]
            batches = [asks[at : at + BATCH] for at in range(0, len(asks), BATCH)]
            # Before the clock starts: processes there, modules imported, files in the page cache.
            list(pool.map(_timed, [function] * len(batches), batches))
            here = time.process_time()
            begun = time.perf_counter()
            elsewhere = sum(spent for spent, _ in pool.map(_timed, [function] * len(batches), batches))
            return time.perf_counter() - begun, elsewhere + time.process_time() - here

        return run

    from curate.measure import measure_batch

    return {
        "pillow_decode": way(decode_batch, ()),
        "fototeca_measures": way(measure_batch, _names(APART)),
        "with_colour_target": way(measure_batch, _names(APART[1:])),
    }


def _timed(function: Callable[..., object], batch: Sequence[object]) -> tuple[float, object]:
    begun = time.process_time()
    result = function(batch)
    return time.process_time() - begun, result


def _spooled(folder: Path, workspace: Path) -> dict[str, object]:
    """What the parent process adds to the above: every fact as a line of the spool, then all of them in the catalogue."""
    from catalog import runs
    from curate.measure import measure_batch

    files = sorted(str(path) for path in folder.iterdir())
    answers = measure_batch([(f"{number:064x}", file, tuple(_names(APART))) for number, file in enumerate(files)])
    facts = [fact for _, found in answers for fact in found]
    with runs.begin(workspace, "curate", {}) as run:
        begun = time.perf_counter()
        for fact in facts:
            run.add("measures", fact)
        spooled = time.perf_counter()
        run.pour()
        poured = time.perf_counter()
    return {
        "megapixels": "mixture",
        "way": "spool_and_pour",
        "pictures": len(files),
        "facts": len(facts),
        "spool_s": round(spooled - begun, 3),
        "pour_s": round(poured - spooled, 3),
    }


def decode_batch(batch: Sequence[tuple[str, str, tuple[str, ...]]]) -> int:
    """What the measures are held against: every file decoded, and nothing else."""
    for _, file, _ in batch:
        Image.open(file).load()
    return len(batch)


def _names(without: Sequence[str]) -> list[str]:
    from curate.measure import without_model

    return [name for name in without_model() if name not in without]


def _tool(tool: str, folders: Sequence[Path], processes: int) -> list[Spent]:
    """What the tool spends on each folder, in an environment and a process of its own."""
    command = ["uv", "run", "--isolated", "--no-project", "--python", platform.python_version(), "--with", TOOLS[tool]]
    command += ["python", __file__, "--processes", str(processes), "--tool", tool, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [tuple(spent) for spent in json.loads(done.stdout.splitlines()[-1])]


def _spent(work: Callable[[], object]) -> Spent:
    def cpu_s() -> float:
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    before, begun = cpu_s(), time.perf_counter()
    work()
    return time.perf_counter() - begun, cpu_s() - before


def _imagededup(folder: str, processes: int) -> Spent:
    from imagededup.methods import PHash

    method = PHash(verbose=False)
    return _spent(lambda: method.encode_images(folder, num_enc_workers=processes))


def _cleanvision(folder: str, processes: int) -> Spent:
    from cleanvision import Imagelab

    lab = Imagelab(data_path=folder)
    return _spent(lambda: lab.find_issues(n_jobs=processes, verbose=False))


TIMED = {"imagededup": _imagededup, "cleanvision": _cleanvision}


def _files(photos: Path, folder: Path, megapixels: float) -> Path:
    """Every photograph at this size, in both shapes."""
    folder.mkdir()
    for path in sorted(photos.rglob("*.jpg")):
        whole = Image.open(path).convert("RGB")
        for shape in SHAPES:
            cut = whole.crop((0, 0, whole.width, round(whole.width / shape)))
            scale = (megapixels * 1e6 / (cut.width * cut.height)) ** 0.5
            size = (round(cut.width * scale), round(cut.height * scale))
            name = f"{megapixels}-{shape}-{path.parent.name}-{path.stem}.jpg"
            cut.resize(size, Image.Resampling.LANCZOS).save(folder / name, "JPEG", quality=88)
    return folder


if __name__ == "__main__":
    main()
