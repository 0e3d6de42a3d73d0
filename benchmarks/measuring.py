"""How fast pictures are measured, beside Pillow's bare decode, imagededup's PHash and cleanvision's default issues.

Run: python benchmarks/measuring.py [--out benchmarks/results/measuring.json]
Photographs of ../shared/data/photos are re-encoded at 0.3, 1, 2 and 4 megapixels (JPEG, quality 88). The larger ones are
enlarged: they have fewer bytes than a camera's, Pillow decodes them faster, and the comparison is the harder for us.
All ways use as many processes and read the same files in the same run; rounds alternate, and the fastest of each counts.
imagededup and cleanvision run in environments of their own, in rounds of their own; importing them is not timed.
"""

import argparse
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
ROUNDS = 5
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
    words.add_argument("--tool", nargs=2, metavar=("NAME", "FOLDER"), help="used by this script itself")
    words.add_argument("--out", type=Path)
    given = words.parse_args()
    if given.tool:
        print(TIMED[given.tool[0]](given.tool[1], given.processes))
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
        rows = [row for size, folder in folders.items() for row in _rows(size, folder, given)]
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


def _rows(size: str, folder: Path, given: argparse.Namespace) -> list[dict[str, object]]:
    """One row a way: seconds, pictures a second, and the speed as a share of the bare decode's."""
    files = sorted(str(path) for path in folder.iterdir())
    ways: dict[str, Callable[[], float]] = _ours(files, given.processes)
    if not given.without_tools:
        ways |= {tool: _tool(tool, folder, given.processes) for tool in TOOLS}
    best = dict.fromkeys(ways, float("inf"))
    for number in range(given.rounds):
        for way, timed in ways.items():
            if number < (1 if way in TOOLS else given.rounds):
                best[way] = min(best[way], timed())
    return [
        {
            "megapixels": size,
            "way": way,
            "pictures": len(files),
            "seconds": round(seconds, 3),
            "per_s": round(len(files) / seconds, 1),
            "share_of_decode": round(best["pillow_decode"] / seconds, 3),
        }
        for way, seconds in best.items()
    ]


def _ours(files: Sequence[str], processes: int) -> dict[str, Callable[[], float]]:
    """The bare decode and our measuring, each through the engine's pool of processes, which is started beforehand."""
    from curate.measure import measure_batch
    from engine.local import _pool

    pool = _pool(processes)
    paths = [tuple(files[at : at + BATCH]) for at in range(0, len(files), BATCH)]

    def timed(function: Callable[[object], object], batches: Sequence[object]) -> Callable[[], float]:
        def run() -> float:
            list(pool.map(function, batches[:1] * processes))  # started, imported, files in the page cache
            begun = time.perf_counter()
            list(pool.map(function, batches))
            return time.perf_counter() - begun

        return run

    asks = {
        way: [[(file, file, names) for file in batch] for batch in paths]
        for way, names in {"fototeca_measures": tuple(_names(APART)), "with_colour_target": tuple(_names(APART[1:]))}.items()
    }
    return {"pillow_decode": timed(decode_batch, paths), **{way: timed(measure_batch, ask) for way, ask in asks.items()}}


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


def decode_batch(batch: Sequence[str]) -> int:
    """What the measures are held against: every file decoded, and nothing else."""
    for file in batch:
        Image.open(file).load()
    return len(batch)


def _names(without: Sequence[str]) -> list[str]:
    from base import plugins
    from curate.measure import MEASURES

    return [name for name in plugins.names(MEASURES) if name not in without]


def _tool(tool: str, folder: Path, processes: int) -> Callable[[], float]:
    def run() -> float:
        command = ["uv", "run", "--isolated", "--no-project", "--python", platform.python_version(), "--with", TOOLS[tool]]
        command += ["python", __file__, "--tool", tool, str(folder), "--processes", str(processes)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])

    return run


def _imagededup(folder: str, processes: int) -> float:
    from imagededup.methods import PHash

    begun = time.perf_counter()
    PHash(verbose=False).encode_images(folder, num_enc_workers=processes)
    return time.perf_counter() - begun


def _cleanvision(folder: str, processes: int) -> float:
    from cleanvision import Imagelab

    lab = Imagelab(data_path=folder)
    begun = time.perf_counter()
    lab.find_issues(n_jobs=processes, verbose=False)
    return time.perf_counter() - begun


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
