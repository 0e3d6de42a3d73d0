"""How long all near-duplicate pairs among 100,000 and 1,000,000 hashes take, beside imagededup, and whether none is missed.

Run: python benchmarks/pairs.py [--small] [--out benchmarks/results/pairs.json]
Hashes are random with 32 of 64 bits set, as perceptual hashes have; to each tenth one comes a copy with two to six bits
flipped. All pairs within 6 bits are looked for, each engine in a process of its own (its peak memory is that process's), the
best of three rounds counts, hashes are in memory when the clock starts, numba has compiled. `turned` is what the seven other
orientations cost besides, with a new collection: seven times as many hashes against the plain ones. imagededup gets the same
hashes, in an environment of its own; loading it is not timed, and after 20 minutes it is stopped, which then counts.
"""

import argparse
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
if (ROOT / "curate").is_dir():
    sys.path.insert(0, str(ROOT))

DISTANCE_BITS = 6
ROUNDS = 3
CHECKED = 20_000
"""So many hashes are compared by brute force as well."""
CAP_S = 1200
TOOL = "imagededup==0.3.3.post2"
METHODS = ("bktree", "brute_force_cython")
MOST_RATIO = {"kernel": 20, "sql": 30}
LEAST_FASTER = 100
HEXADECIMAL = 16


def main() -> None:
    """Time every engine and imagededup, check the pairs, print a table, write it down."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--small", action="store_true", help="a tenth of the hashes, one round, imagededup stopped after 60 s")
    words.add_argument("--without-tools", action="store_true", help="leave imagededup out")
    words.add_argument("--cap", type=int, help=f"seconds after which imagededup is stopped; {CAP_S} by default, then its time")
    words.add_argument("--out", type=Path)
    words.add_argument("--ours", nargs=4, metavar=("ENGINE", "HASHES", "ROUNDS", "CASE"), help="used by this script itself")
    words.add_argument("--tool", nargs=2, metavar=("METHOD", "HASHES"), help="used by this script itself")
    given = words.parse_args()
    if given.ours:
        engine, path, rounds, case = given.ours
        print(json.dumps(ours(engine, Path(path), int(rounds), case)))
        return
    if given.tool:
        print(json.dumps(theirs(given.tool[0], Path(given.tool[1]))))
        return
    few, many = (10_000, 100_000) if given.small else (100_000, 1_000_000)
    rounds, cap_s = (1, given.cap or 60) if given.small else (ROUNDS, given.cap or CAP_S)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="fototeca-pairs-") as name:
        paths = {}
        for count in (CHECKED, few, many):
            paths[count] = Path(name) / f"{count}.npy"
            np.save(paths[count], hashes(count))
        truth = len(brute_force(np.load(paths[CHECKED])))
        checked = {engine: _own("--ours", engine, str(paths[CHECKED]), "1", "checked") for engine in ("sql", "kernel")}
        for count in (few, many):
            for case in ("plain", "turned"):
                for engine in ("sql", "kernel"):
                    times = rounds if case == "plain" else 1
                    found = _own("--ours", engine, str(paths[count]), str(times), case)
                    rows.append({"hashes": count, "way": engine, "case": case, **found})
                    _show(rows[-1])
        for method in () if given.without_tools else METHODS:
            rows.append({"hashes": few, "way": f"imagededup {method}", "case": "plain", **_capped(method, paths[few], cap_s)})
            _show(rows[-1])
    summary = _summary(rows, few, many)
    summary["same_as_brute_force"] = {engine: bool(found["same"]) for engine, found in checked.items()}
    summary["pairs_by_brute_force"] = truth
    print(json.dumps(summary, indent=2))
    if given.out:
        import duckdb
        import numba

        from base.files import write_json

        machine = {
            "cores": len(os.sched_getaffinity(0)),
            "rounds": rounds,
            "distance_bits": DISTANCE_BITS,
            "cap_s": cap_s,
            "python": platform.python_version(),
            "duckdb": duckdb.__version__,
            "numba": numba.__version__,
            "numpy": np.__version__,
            "tool": TOOL,
            "target": f"faster at least {LEAST_FASTER}; ratio at most {MOST_RATIO}; same_as_brute_force true",
            "command": f"python benchmarks/{' '.join(['pairs.py', *sys.argv[1:]])}",
        }
        write_json(given.out, {"machine": machine, "rows": rows, "summary": summary})


def hashes(count: int, seed: int = 1) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """`count` different hashes, of which a tenth are near copies of others; signed, as DuckDB takes them."""
    chance = np.random.default_rng([seed, count])
    originals = count - count // 11
    parts = []
    for at in range(0, originals, 100_000):
        bits = np.zeros((min(100_000, originals - at), 64), np.uint8)
        np.put_along_axis(bits, np.argpartition(chance.random(bits.shape), 32, axis=1)[:, :32], 1, axis=1)
        parts.append(np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64))
    plain = np.concatenate(parts)
    copies = plain[: count // 11].copy()
    for at, flips in enumerate(np.array_split(np.arange(len(copies)), 3), start=1):
        for _ in range(2 * at):
            copies[flips] ^= np.uint64(1) << chance.integers(0, 64, len(flips), dtype=np.uint64)
    return chance.permutation(np.unique(np.concatenate([plain, copies])))


def brute_force(every: np.ndarray[Any, np.dtype[np.uint64]]) -> set[tuple[int, int, int]]:
    """All pairs within reach, the smaller hash (signed) first, by comparing each with each."""
    found, signed = set(), every.view(np.int64)
    for at in range(len(every) - 1):
        bits = np.bitwise_count(every[at + 1 :] ^ every[at])
        for other in np.flatnonzero(bits <= DISTANCE_BITS).tolist():
            a, b = sorted((int(signed[at]), int(signed[at + 1 + other])))
            found.add((a, b, int(bits[other])))
    return found


def ours(engine: str, path: Path, rounds: int, case: str) -> dict[str, Any]:
    """Seconds of the fastest round, seconds of processor of it, pairs found, peak memory; in a process of its own."""
    import duckdb

    from curate import near

    every = np.load(path)
    turned = np.unique(np.concatenate([_shuffled(every, seed) for seed in range(7)])) if case == "turned" else every[:0]
    if engine == "kernel":
        from curate import kernel

        kernel.close(every[:10], None, DISTANCE_BITS)  # compiles
        kernel.close(every[:10], every[:10], DISTANCE_BITS)
    best = (float("inf"), float("inf"))
    answer: dict[str, Any] = {}
    for _ in range(rounds):
        with duckdb.connect() as connection:
            for name, values in (("plain", every), ("turned", turned)):
                connection.register("given", {"bits": values.view(np.int64)})
                # Old ones only: with a new collection every turned hash is compared with every plain one, once.
                connection.execute(f"CREATE TABLE {name} AS SELECT bits, TRUE AS fresh FROM given")
            if case == "turned":
                connection.execute("UPDATE plain SET fresh = FALSE")
            begun, spent = time.perf_counter(), time.process_time()
            near.close_hashes(connection, DISTANCE_BITS, engine)  # type: ignore[arg-type]
            best = min(best, (time.perf_counter() - begun, time.process_time() - spent))
            found = connection.execute("SELECT laid, plain, distance FROM close").fetchall()
            answer = {"pairs": len(found)}
            if case == "checked":
                answer["same"] = set(found) == brute_force(every) and len(set(found)) == len(found)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"seconds": round(best[0], 3), "processor_s": round(best[1], 3), "peak_mb": peak_mb, **answer}


def _shuffled(every: np.ndarray[Any, np.dtype[np.uint64]], seed: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Other hashes with as many bits set: what an orientation makes of a hash is as good as drawn anew."""
    mask = np.uint64(np.random.default_rng(seed).integers(1, 64))
    return (every << mask) | (every >> (np.uint64(64) - mask))


def theirs(method: str, path: Path) -> dict[str, Any]:
    """imagededup's search over the same hashes, as its documentation calls it with encodings made before."""
    from imagededup.methods import PHash

    encodings = {str(at): f"{int(bits):0{HEXADECIMAL}x}" for at, bits in enumerate(np.load(path))}
    begun = time.perf_counter()
    found = PHash(verbose=False).find_duplicates(
        encoding_map=encodings, max_distance_threshold=DISTANCE_BITS, scores=True, search_method=method
    )
    return {"seconds": round(time.perf_counter() - begun, 1), "pairs": sum(len(near) for near in found.values()) // 2}


def _own(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _capped(method: str, path: Path, cap_s: int) -> dict[str, Any]:
    """The tool's answer, or that it was stopped; its own loading comes on top of the cap."""
    prefix = ["uv", "run", "--isolated", "--no-project", "--with", TOOL, "python"]
    subprocess.run([*prefix, "-c", "import imagededup.methods"], check=True, capture_output=True)  # installed, and warm
    words = [*prefix, __file__, "--tool", method, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
        try:
            out, errors = running.communicate(timeout=cap_s + 30)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
            return {"seconds": cap_s, "stopped": True}
    if running.returncode:
        raise SystemExit(f"imagededup ({method}) ended with {running.returncode}:\n{errors[-2000:]}")
    return dict(json.loads(out.splitlines()[-1]))


def _summary(rows: list[dict[str, Any]], few: int, many: int) -> dict[str, Any]:
    plain = {(row["hashes"], row["way"]): row["seconds"] for row in rows if row["case"] == "plain"}
    others = [seconds for (_, way), seconds in plain.items() if way.startswith("imagededup")]
    return {
        "ratio": {engine: round(plain[many, engine] / plain[few, engine], 1) for engine in MOST_RATIO},
        "faster": {engine: round(min(others) / plain[few, engine]) for engine in MOST_RATIO} if others else None,
    }


def _show(row: dict[str, Any]) -> None:
    print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
