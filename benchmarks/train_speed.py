"""Our trainer's speed beside diffusers' own `train_dreambooth_lora.py`: same model, pictures, batch, precision, rank and steps.

Run: python benchmarks/train_speed.py --peer-script train_dreambooth_lora.py [--out benchmarks/results/train_speed.json]
On a GPU, Stable Diffusion 1.5's shape at 512 px in bf16, batch 4, rank 16, nothing fetched: add `--device cuda`.
The script is not ours and not kept here; without --peer-script its rows read "not measured". It runs with this interpreter, so
with the same torch and diffusers. Prior preservation and gradient checkpointing are off on both sides; no validation is drawn.

Rows, by turns in one run, the fastest of the rounds each: ours with nothing cached, ours again with what the first left in the
cache, the peer as it comes, and the peer with its own cache of texts (--pre_compute_text_embeddings). `steps_per_s` counts from
the end of the first step to the end of the last. `cpu_s_a_step` is the processor's time, which a busy machine hardly changes:
where its ratio and that of steps/s differ, measure again when nothing else runs. `whole_s` is the command from start to end with
its imports, loading, encoding and saving, ours with a held-out score of one picture, no audit and a last grid of two pictures
with two steps each, since the peer has none of them.
`whole_500_steps_s` is derived: the whole command's time with 500 steps in the place of those run. Models have Stable Diffusion
1.5's build and widths divided by `divide`; their parts' shares of the multiplications stand beside those of the real shape,
because what a cache of latents saves is the VAE's share. Processes compute with --threads threads.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests" / "support")]

import drawn_concept  # noqa: E402
import train_speed_model  # noqa: E402

from base.files import write_json  # noqa: E402

NOT_MEASURED = "not measured"
DIVIDES = {"cpu": (4, 8), "cuda": (1,)}
STEPS = {1: 100, 2: 6, 4: 16, 8: 40}
STATED_AT = {"cpu": 4, "cuda": 1}
"""Of these widths the ratio is judged. At an eighth the UNet's many small calls cost more than what they compute, and the VAE's
few large ones do not: what the peer does beside its UNet took 21 % of its step there, and 35 % at a quarter and at a half
(measured 2026-11-21), of about 40 % of the multiplications in every size, the real one included."""
WANTED = {"cpu": 1.3, "cuda": 1.5}  # times the peer's steps a second, from issue 6
PICTURES, BATCH, RANK = 8, 4, 16
LONG_RUN = 500  # steps; the recipes' default
PROMPT = "a sks disc"
CONCEPT = {"name": "sunstone", "class_noun": "disc", "rare_token": "sks"}
STATED_TFLOPS = {"H200": 989.0, "H100": 989.0, "A100": 312.0, "L40S": 362.0, "L4": 121.0, "RTX 4090": 165.0}
"""bf16 without sparsity, from the makers' data sheets; an H100 on PCIe has 756. --peak-tflops overrides."""
MATRIX_SIDE, MATRIX_ROUNDS = 8192, 50


def main() -> int:
    """Measure every size, print a table, write it down."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--peer-script", type=Path, help="diffusers' examples/dreambooth/train_dreambooth_lora.py")
    words.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    words.add_argument("--divide", type=int, action="append", help="of every width; may be given several times")
    words.add_argument("--steps", type=int)
    words.add_argument("--rounds", type=int, default=2)
    words.add_argument("--threads", type=int, default=1)
    words.add_argument("--peak-tflops", type=float, help="the card's stated bf16 peak")
    words.add_argument("--out", type=Path)
    given = words.parse_args()
    if given.device == "cuda" and not on_gpu():
        print(f"GPU: {NOT_MEASURED}, torch finds none here")
        return 0
    sizes = []
    for divide in given.divide or DIVIDES[given.device]:
        with tempfile.TemporaryDirectory() as room:
            sizes.append(measured(Path(room), divide, given.steps or STEPS.get(divide, 30), given))
    report = {"machine": machine(given), "peer": peer_of(given.peer_script), "sizes": sizes}
    if given.device == "cuda":
        report["peak"] = peak(sizes[0], given.peak_tflops)
    print(json.dumps(report, indent=2))
    if given.out:
        write_json(given.out, report)
    return judged(sizes, given.device)


def judged(sizes: list[dict[str, Any]], device: str) -> int:
    """Say whether the ratio is reached at the size that is judged; 1 when it is not."""
    for size in sizes:
        print(f"widths / {size['divide']}: steps/s {size['ratios']['steps_per_s']} x the peer's")
    stated = next((size for size in sizes if size["divide"] == STATED_AT[device]), sizes[0])
    ratio, wanted = stated["ratios"]["steps_per_s"], WANTED[device]
    if ratio == NOT_MEASURED:
        return 0
    print(f"judged at widths / {stated['divide']}: {wanted} wanted, {'reached' if ratio >= wanted else 'NOT reached'}")
    return 0 if ratio >= wanted else 1


def measured(room: Path, divide: int, steps: int, given: argparse.Namespace) -> dict[str, Any]:
    """All rows of one size."""
    side_px = 512 // divide
    model = train_speed_model.write(divide, room / "model")
    files = drawn_concept.pictures("yellow", "disc", PICTURES, seed=0, side_px=side_px)
    (room / "pictures").mkdir()
    for number, data in enumerate(files):
        (room / "pictures" / f"{number}.png").write_bytes(data)
    samples = [drawn_concept.sample(data, "a disc", split="train", concept=CONCEPT) for data in files]
    recipe = room / "recipe.toml"
    recipe.write_text(RECIPE.format(model=model, steps=steps, side_px=side_px, device=given.device), encoding="utf-8")
    rounds: dict[str, list[dict[str, Any]]] = {}
    for number in range(given.rounds):
        shards = drawn_concept.write_shards(room / f"shards-{number}", samples)  # its own, so that its cache begins empty
        for row in ("ours", "ours_again"):
            target = room / f"{row}-{number}"
            words = ["ours", "finetune", recipe, "--shards", shards, "--run", target]
            rounds.setdefault(row, []).append(timed(room, words, steps, given))
        if given.peer_script is None:
            continue
        for row, more in {"peer": [], "peer_texts_cached": ["--pre_compute_text_embeddings"]}.items():
            target = room / f"{row}-{number}"
            words = ["peer", given.peer_script.resolve(), *peer_words(room, model, target, side_px, steps, given.device), *more]
            rounds.setdefault(row, []).append(timed(room, words, steps, given))
    rows = {row: best(some, steps) for row, some in rounds.items()}
    return {
        "divide": divide,
        "steps": steps,
        "model": train_speed_model.costs(divide, RANK),
        "stable_diffusion_15": train_speed_model.costs(1, RANK)["share"],
        "rows": {row: rows.get(row, NOT_MEASURED) for row in ("ours", "ours_again", "peer", "peer_texts_cached")},
        "ratios": ratios(rows),
    }


RECIPE = """
steps = {steps}
checkpoint_every = 1000000
device = "{device}"
[model]
id = "{model}"
licence = "random weights, made in this benchmark"
[weights]
rank = 16
[data]
size_px = {side_px}
batch_size = 4
aspect_buckets = false
[objective.settings]
prior = "none"
[held_out]
timesteps = [500]
most_pictures = 1
[audit]
pictures = 0
[watch]
count = 1
[sampling]
steps = 2
"""


def peer_words(room: Path, model: Path, target: Path, side_px: int, steps: int, device: str) -> list[Any]:
    """What makes diffusers' script do the same."""
    return [
        "--pretrained_model_name_or_path", model, "--instance_data_dir", room / "pictures", "--instance_prompt", PROMPT,
        "--output_dir", target, "--resolution", side_px, "--center_crop", "--train_batch_size", BATCH, "--rank", RANK,
        "--max_train_steps", steps, "--checkpointing_steps", 10**9, "--learning_rate", 1e-4, "--lr_scheduler", "constant",
        "--lr_warmup_steps", 0, "--seed", 0, "--mixed_precision", "bf16" if device == "cuda" else "no", "--report_to", "all",
    ]  # fmt: skip


def timed(room: Path, words: list[Any], steps: int, given: argparse.Namespace) -> dict[str, Any]:
    """One run of one trainer, in a process of its own."""
    out = room / "clock.json"
    out.unlink(missing_ok=True)
    threads = str(given.threads)
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if given.device == "cpu" else {}
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "HF_HUB_OFFLINE": "1", **hidden}
    command = [sys.executable, str(ROOT / "benchmarks" / "train_speed_clock.py"), str(out), *map(str, words)]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=room)
    seconds = time.perf_counter() - began
    told = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {"steps": []}
    if done.returncode or len(told["steps"]) != steps:
        made = len(told["steps"])
        raise SystemExit(f"{words[:2]} made {made} of {steps} steps, exit {done.returncode}:\n{done.stderr[-4000:]}")
    wall, cpu = (told.pop(clock) for clock in ("steps", "cpu"))
    found = {"whole_s": seconds, "stepping_s": wall[-1] - wall[0], "stepping_cpu_s": cpu[-1] - cpu[0], **told}
    print(f"{words[0]} {Path(words[1]).name} " + "  ".join(f"{name} {value}" for name, value in found.items()), flush=True)
    return found


def best(rounds: list[dict[str, Any]], steps: int) -> dict[str, Any]:
    """The fastest of the rounds, each figure for itself."""
    stepping, whole = min(one["stepping_s"] for one in rounds), min(one["whole_s"] for one in rounds)
    memory = {name: max(one[name] for one in rounds) for name in rounds[0] if "memory" in name}
    a_step = stepping / (steps - 1)
    return {
        "steps_per_s": round(1 / a_step, 3),
        "all_rounds_steps_per_s": [round((steps - 1) / one["stepping_s"], 3) for one in rounds],
        "cpu_s_a_step": round(min(one["stepping_cpu_s"] for one in rounds) / (steps - 1), 4),
        "whole_s": round(whole, 2),
        "whole_500_steps_s": round(whole + (LONG_RUN - steps) * a_step, 1),
        **memory,
    }


def ratios(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Ours over the peer's; above 1 we are faster, or need less memory."""
    if "peer" not in rows:
        return dict.fromkeys(("steps_per_s", "cpu_s_a_step", "whole_s", "whole_500_steps_s"), NOT_MEASURED)
    ours, peer, cached = rows["ours"], rows["peer"], rows["peer_texts_cached"]
    fastest = max(ours["steps_per_s"], rows["ours_again"]["steps_per_s"])
    cheapest = min(ours["cpu_s_a_step"], rows["ours_again"]["cpu_s_a_step"])
    found = {
        "steps_per_s": fastest / peer["steps_per_s"],
        "cpu_s_a_step": peer["cpu_s_a_step"] / cheapest,
        "steps_per_s_texts_cached": fastest / cached["steps_per_s"],
        "whole_s": peer["whole_s"] / ours["whole_s"],
        "whole_s_again": peer["whole_s"] / rows["ours_again"]["whole_s"],
        "whole_500_steps_s": peer["whole_500_steps_s"] / ours["whole_500_steps_s"],
        "memory": peer["most_memory_mb"] / ours["most_memory_mb"],
    }
    if "most_card_memory_mb" in ours:
        found["card_memory"] = peer["most_card_memory_mb"] / ours["most_card_memory_mb"]
    return {name: round(value, 2) for name, value in found.items()}


def peak(size: dict[str, Any], stated: float | None) -> dict[str, Any]:
    """Share of the card's bf16 peak that the training steps reach: of the stated one, and of a large product measured here."""
    import torch

    name = torch.cuda.get_device_name()
    stated = stated or next((value for card, value in STATED_TFLOPS.items() if card in name), None)
    reached = size["model"]["gflop_a_picture"]["step"] * BATCH * size["rows"]["ours"]["steps_per_s"] / 1e3
    left, right = (torch.randn(MATRIX_SIDE, MATRIX_SIDE, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    seconds = float("inf")
    for _ in range(4):
        torch.cuda.synchronize()
        began = time.perf_counter()
        for _ in range(MATRIX_ROUNDS):
            left @ right
        torch.cuda.synchronize()
        seconds = min(seconds, time.perf_counter() - began)
    product = 2 * MATRIX_SIDE**3 * MATRIX_ROUNDS / seconds / 1e12
    return {
        "tflops_reached": round(reached, 1),
        "tflops_of_a_product": round(product, 1),
        "share_of_a_product": round(reached / product, 3),
        "tflops_stated": stated or NOT_MEASURED,
        "share_of_stated": round(reached / stated, 3) if stated else NOT_MEASURED,
    }


def peer_of(script: Path | None) -> dict[str, Any] | str:
    """Which script it was."""
    if script is None:
        return NOT_MEASURED
    return {"name": script.name, "sha256": hashlib.sha256(script.read_bytes()).hexdigest()}


def on_gpu() -> bool:
    """Whether torch finds a GPU."""
    import torch

    return torch.cuda.is_available()


def machine(given: argparse.Namespace) -> dict[str, Any]:
    """What the figures were taken on."""
    import accelerate
    import diffusers
    import peft
    import torch
    import transformers

    return {
        "device": torch.cuda.get_device_name() if given.device == "cuda" else "cpu",
        "precision": "bf16" if given.device == "cuda" else "float32",
        "threads": given.threads,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **{one.__name__: one.__version__ for one in (torch, diffusers, transformers, accelerate, peft)},
        "batch": BATCH,
        "rank": RANK,
        "pictures": PICTURES,
        "command": " ".join(["python", "benchmarks/train_speed.py", *map(shown, sys.argv[1:])]),
    }


def shown(word: str) -> str:
    """An argument; of a path that lies elsewhere, its name."""
    return Path(word).name if Path(word).is_absolute() else word


if __name__ == "__main__":
    raise SystemExit(main())
