"""Images a second: `fototeca harvest` against img2dataset on the same list, both storing originals; and how memory grows.

Run: python benchmarks/harvest_speed.py [--out benchmarks/results/harvest_speed.json]
 or: python benchmarks/harvest_speed.py --memory --images 1000 20000 [--out benchmarks/results/harvest_memory.json]

Both ask one server on loopback (`loopback_museum.py`, a process of its own) for the same JPEGs of mixed sizes. fototeca reads
IIIF manifests, with every check on, makes each picture durable and fills the catalogue; its host is opened with --allow-host,
which takes the pace off. img2dataset gets the bare list and keeps the bytes as they are; it runs with two processes and the
best of the settings in PEER_SETTINGS, tried first on a fifth of the list; once as it comes, reading EXIF, and once with that
switched off (fototeca reads EXIF when it curates). Runs alternate, the best of each counts, and what each stored is compared
with what was served. A time is that of the whole command, start and end included; `start_s` is the
time of the same command for one picture. Needs uv (it makes the peer's environment) and room on the disk for eight lists.
Let ext4 rest before: for five minutes after many files were deleted there, a new one costs 0.2 ms more, which is a fifth of
what fototeca takes for a picture, and nothing to a peer that writes tar files (`recently_deleted` in its ialloc.c).
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from loopback_museum import Pictures  # noqa: E402

from base.files import write_json  # noqa: E402

PEER = "img2dataset==1.47.0"
PEER_PROCESSES = 2
PEER_SETTINGS = tuple(product(("files", "webdataset"), (16, 32, 64)))  # output format, threads a process
SIZES = (20_000, 1_500_000)  # bytes, smallest and largest picture
SMALL_SIZES = (2_000, 40_000)  # for the memory: the number of pictures is what counts there

# Where a sandbox forbids bytecode files, every start would compile every module again; for both alike.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT |= {"PYTHONPATH": str(ROOT), "NO_ALBUMENTATIONS_UPDATE": "1"}


@dataclass
class Museum:
    """The server at work."""

    images: int
    port: int
    size_bytes: int
    log: Path | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def museum(images: int, sizes: tuple[int, int], log: Path | None = None) -> Iterator[Museum]:
    """Serve `images` pictures of these sizes in a process of its own; with `log`, every path that is asked for is noted there."""
    command = [sys.executable, str(ROOT / "benchmarks" / "loopback_museum.py"), "--images", str(images)]
    command += ["--smallest", str(sizes[0]), "--largest", str(sizes[1]), *(["--log", str(log)] if log else [])]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT)
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        ready = json.loads(server.stdout.readline())
        yield Museum(images, ready["port"], ready["size_bytes"], log)
    finally:
        server.stdin.close()
        server.wait()


def main() -> None:
    """Measure, print, and write it down."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--images", type=int, nargs="+", default=[5000])
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--memory", action="store_true", help="measure fototeca's memory, not its speed")
    words.add_argument("--room", type=Path, help="folder for what is stored; a temporary one by default")
    words.add_argument("--out", type=Path)
    given = words.parse_args()
    with tempfile.TemporaryDirectory(dir=given.room) as room:
        folder = Path(room)
        measured = memory(folder, given.images) if given.memory else speed(folder, given.images[0], given.rounds)
    measured["machine"] = machine()
    print(json.dumps(measured, indent=2))
    if given.out:
        write_json(given.out, measured)


def speed(room: Path, images: int, rounds: int) -> dict[str, Any]:
    """Both on the same pictures, by turns."""
    peer = peer_command(room)
    with museum(1, SIZES) as one:
        start = {"fototeca": timed(harvest(one, room / "start"), images=1)["wall_s"]}
        start["fototeca"] = timed(harvest(one, room / "start_again"), images=1)["wall_s"]  # the first compiled its modules
        for again in ("peer_start", "peer_start_again"):
            start["img2dataset"] = timed(peer(one, room / again, 1, *PEER_SETTINGS[0]), images=1)["wall_s"]
    with museum(images, SIZES) as served:
        tries = []
        for output_format, threads in PEER_SETTINGS:
            tried = timed(peer(served, room / f"try-{output_format}-{threads}", images // 5, output_format, threads), images // 5)
            tries.append({"output_format": output_format, "threads": threads, **tried})
            print(tries[-1], flush=True)
        best = max(tries, key=lambda one: one["images_per_s"])
        runs: dict[str, list[dict[str, float]]] = {"fototeca": [], "img2dataset": [], "img2dataset_without_exif": []}
        for number in range(rounds):
            runs["fototeca"].append(timed(harvest(served, room / f"fototeca-{number}"), images))
            for name, reads_exif in (("img2dataset", True), ("img2dataset_without_exif", False)):
                folder = room / f"{name}-{number}"
                command = peer(served, folder, images, best["output_format"], best["threads"], reads_exif)
                runs[name].append(timed(command, images))
                if number:
                    shutil.rmtree(folder)
            print({name: each[-1] for name, each in runs.items()}, flush=True)
        expected = {hashlib.sha256(body).hexdigest() for body in bodies(images, SIZES)}
        stored = {"fototeca": stored_here(room / "fototeca-0"), "img2dataset": stored_by_peer(room / "img2dataset-0")}
        stored["img2dataset_without_exif"] = stored_by_peer(room / "img2dataset_without_exif-0")
    rows = {
        name: {**min(each, key=lambda one: one["wall_s"]), "start_s": start[name.removesuffix("_without_exif")]}
        for name, each in runs.items()
    }
    for name, row in rows.items():
        row["images_per_s_without_start"] = round((images - 1) / (row["wall_s"] - row["start_s"]), 1)
        row["originals_byte_exact"] = len(stored[name] & expected)
    return {
        "images": images,
        "size_mb": round(served.size_bytes / 1e6),
        "ratio": round(rows["fototeca"]["images_per_s"] / rows["img2dataset"]["images_per_s"], 2),
        "ratio_without_exif": round(rows["fototeca"]["images_per_s"] / rows["img2dataset_without_exif"]["images_per_s"], 2),
        "ratio_without_start": round(
            rows["fototeca"]["images_per_s_without_start"] / rows["img2dataset"]["images_per_s_without_start"], 2
        ),
        "every_run": runs,
        "rounds": rounds,
        **rows,
        "img2dataset_settings": {"version": PEER, "processes": PEER_PROCESSES, "tried_on_a_fifth": tries},
        "command": "python benchmarks/harvest_speed.py",
    }


def memory(room: Path, images: list[int]) -> dict[str, Any]:
    """Peak resident memory of the command and of its crawling process, for growing numbers of pictures."""
    rows = []
    for number in images:
        with museum(number, SMALL_SIZES) as served:
            rows.append({"images": number, **timed(harvest(served, room / str(number)), number, peaks=True)})
        print(rows[-1], flush=True)
    return {"rows": rows, "command": f"python benchmarks/harvest_speed.py --memory --images {' '.join(map(str, images))}"}


def harvest(served: Museum, workspace: Path) -> list[str]:
    """Our command; --allow-host opens the host, so that no pause is kept."""
    command = [sys.executable, "-m", "fototeca", "harvest", "iiif", f"{served.url}/collection"]
    return [*command, "--allow-host", f"127.0.0.1:{served.port}", "--workspace", str(workspace), "--json"]


def peer_command(room: Path) -> Any:
    """Makes the peer's commands, in an environment of its own."""
    python = room / "peer" / "bin" / "python"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, str(room / "peer")], check=True)
    install = ["uv", "--no-config", "pip", "install", "--quiet", "--python", str(python), PEER]
    subprocess.run(install, check=True, cwd=room)  # not in the checkout, whose versions are not the peer's

    def command(
        served: Museum, folder: Path, images: int, output_format: str, threads: int, reads_exif: bool = False
    ) -> list[str]:
        urls = room / f"{folder.name}.txt"
        urls.write_text("".join(f"{served.url}/image/{number}.jpg\n" for number in range(images)))
        settings = {
            "url_list": urls,
            "output_folder": folder,
            "output_format": output_format,
            "processes_count": PEER_PROCESSES,
            "thread_count": threads,
            "resize_mode": "no",
            "disable_all_reencoding": True,
            "extract_exif": reads_exif,
            "compute_hash": "sha256",
            "number_sample_per_shard": max(1, images // (2 * PEER_PROCESSES)),
        }
        return [str(python.with_name("img2dataset")), *(f"--{name}={value}" for name, value in settings.items())]

    return command


def timed(command: list[str], images: int, *, peaks: bool = False) -> dict[str, float]:
    """Run a command to its end: wall and processor seconds of it and its children, and images a second."""
    os.sync()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seen: dict[str, float] = {}
    watcher = threading.Thread(target=_watch, args=(process, seen), daemon=True)
    if peaks:
        watcher.start()
    said, _ = process.communicate()
    wall_s = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with exit code {process.returncode}: {said[-2000:].decode()}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(wall_s, 2), "cpu_s": round(cpu_s, 2), "images_per_s": round(images / wall_s, 1), **seen}


def _watch(process: subprocess.Popen[bytes], seen: dict[str, float]) -> None:
    """Note the peaks of the command and of its newest child, as the kernel keeps them, until they are gone."""
    while process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        try:
            numbers = {"command": str(process.pid), "crawl": children.read_text().split()[-1]}
        except (OSError, IndexError):  # no child yet, or no longer
            numbers = {"command": str(process.pid)}
        for name, number in numbers.items():
            try:
                status = Path(f"/proc/{number}/status").read_text()
            except OSError:
                continue
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    seen[f"{name}_peak_mb"] = max(seen.get(f"{name}_peak_mb", 0), round(int(line.split()[1]) / 1024))
        time.sleep(0.05)


def bodies(images: int, sizes: tuple[int, int]) -> Iterator[bytes]:
    """What the server serves."""
    pictures = Pictures(images, *sizes)
    return (pictures.body(number) for number in range(images))


def stored_here(workspace: Path) -> set[str]:
    """SHA-256 of every file in our store, computed from its bytes."""
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in (workspace / "store").glob("[0-9a-f][0-9a-f]/*")}


def stored_by_peer(folder: Path) -> set[str]:
    """SHA-256 of every picture that the peer stored, in folders or in tar files."""
    found = {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.jpg")}
    for archive in folder.glob("*.tar"):
        with tarfile.open(archive) as shard:
            for member in shard:
                if member.name.endswith(".jpg") and (stream := shard.extractfile(member)):
                    found.add(hashlib.sha256(stream.read()).hexdigest())
    return found


def machine() -> dict[str, Any]:
    """What the figures were measured on, without names."""
    import scrapy
    import twisted

    processors = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in processors.read_text().splitlines() if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "processor": models[0] if models else platform.machine(),
        "python": platform.python_version(),
        "scrapy": scrapy.__version__,
        "twisted": twisted.__version__,
    }


if __name__ == "__main__":
    main()
