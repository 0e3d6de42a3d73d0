"""Does the trainer teach? A concept from six pictures, with and without prior preservation, on a base model made here offline.

Run: OMP_NUM_THREADS=2 python benchmarks/learning.py [--out benchmarks/results/learning.json] [--room FOLDER] [--seeds 0,1,2]
On a GPU, with a larger base at 64 px: python benchmarks/learning.py --preset gpu [--out benchmarks/results/learning_gpu.json]
`--steps N` shortens base and concept to N steps each: the verdicts then mean nothing, but every part is gone through.
The base knows "a red disc", "a blue square" and so on; the concept is a yellow disc, taught as "a sks red disc" of the class
"a red disc" from six pictures. Scored is the denoising loss on pictures that nothing was trained on: of the concept under its own
and under the class caption, and of red discs under "a red disc", which is what the class may lose. Arms, each over all seeds: no
prior, the base model as teacher, class pictures drawn by the base; and one that trains every weight of the UNet far too long,
beside the same run stopped where its held-out loss was lowest. (A LoRA of rank 8 does not overfit six such pictures: in 800 steps
at 1e-2 its held-out loss only fell, measured 2026.) Everything goes through `finetune.train.train` on shards.
Verdicts have the margins that five runs of another program held (../shared/reference/training.md, section 5); each is judged on
every seed, and the exit status is 1 where one fails on any.
"""

import argparse
import dataclasses
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import drawn_concept  # noqa: E402
import tiny_base  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402

from base.files import canonical_json, write_json  # noqa: E402
from finetune import recipe as recipes  # noqa: E402
from finetune.sample import generate  # noqa: E402
from finetune.train import train  # noqa: E402

CONCEPT = {"name": "sunstone", "class_noun": "red disc", "rare_token": "sks"}
PICTURES = 6
UNSEEN = 1000  # seed of the pictures that are scored, the same for every run
LEARNED_MOST = 0.6  # concept loss after over before
CLASS_HURT_LEAST = 1.4  # class loss without prior
CLASS_KEPT_MOST = 1.35  # class loss with teacher or class pictures
GAP_LEAST = 0.03  # teacher: class caption's loss minus the concept's own
OVERFIT_LEAST = 1.1  # held-out loss at the end over its lowest: the sign of training too long
NEAR_COPIES_MORE = 0.1  # of the pictures drawn
PRIORS = ("none", "teacher", "images")
TILE_PX = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset:
    """One size of the whole experiment."""

    base: tiny_base.Size
    steps: int
    batch: int
    rank: int
    learning_rate: float
    class_images: int
    overtrained_steps: int
    overtrained_rate: float
    look_every: int
    """Steps between held-out scores of the run that trains too long."""
    audited: int
    held_out: int
    """Unseen pictures of the concept, and as many red discs."""
    device: str
    sampling_steps: int = 25


PRESETS = {
    "cpu": Preset(
        base=tiny_base.Size(
            side_px=16, colours=("red", "blue", "green"), shapes=("square", "disc"), channels=(16, 32), layers=1, width=32,
            text_layers=1, steps=500, batch=32, learning_rate=4e-3,
        ),
        steps=200, batch=16, rank=8, learning_rate=3e-3, class_images=4, overtrained_steps=800, overtrained_rate=2e-3,
        look_every=50, audited=32, held_out=32, device="cpu",
    ),
    "gpu": Preset(
        base=tiny_base.Size(
            side_px=64, colours=("red", "blue", "green", "white", "violet"), shapes=("square", "disc", "cross", "ring"),
            channels=(64, 128, 256), layers=2, width=128, text_layers=2, steps=6000, batch=64, learning_rate=1e-3, heads=4,
        ),
        steps=800, batch=16, rank=16, learning_rate=1e-3, class_images=20, overtrained_steps=4000, overtrained_rate=5e-4,
        look_every=200, audited=64, held_out=32, device="auto",
    ),
}  # fmt: skip


def main() -> int:
    """Build the base, run every arm, print, draw, write it down."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--preset", choices=tuple(PRESETS), default="cpu")
    words.add_argument("--seeds", default="0,1,2", help="of the concept's pictures, the adapter and its noise")
    words.add_argument("--base-seed", type=int, default=0)
    words.add_argument("--steps", type=int, help="at most so many steps everywhere: a trial that everything starts")
    words.add_argument("--room", type=Path, help="folder for base, shards and runs; a temporary one by default")
    words.add_argument("--out", type=Path, help="JSON; the picture goes beside it, with .png")
    given = words.parse_args()
    preset, seeds = PRESETS[given.preset], [int(one) for one in given.seeds.split(",")]
    if given.steps:
        preset = shortened(preset, given.steps)
    with tempfile.TemporaryDirectory() as temporary:
        room = given.room or Path(temporary)
        began = time.monotonic()
        base, taught = based(room, preset, given.base_seed)
        print(f"base: {taught}", flush=True)
        rows = [row for seed in seeds for row in arms(room, base, preset, seed)]
        verdicts = judged(rows)
        if given.out:
            write_json(
                given.out,
                {
                    "machine": machine(), "preset": given.preset, "base_seed": given.base_seed, "settings": settings_of(preset),
                    "base": taught, "rows": rows, "verdicts": verdicts, "seconds": round(time.monotonic() - began),
                    "command": f"python benchmarks/learning.py --preset {given.preset} --seeds {given.seeds}",
                },
            )  # fmt: skip
            draw_sheet(room, preset, seeds[0], given.out.with_suffix(".png"))
    for verdict in verdicts:
        print(json.dumps(verdict))
    return 0 if all(one["held"] for one in verdicts) else 1


def shortened(preset: Preset, steps: int) -> Preset:
    """The same with at most so many steps, and few pictures in every place."""
    return dataclasses.replace(
        preset,
        base=dataclasses.replace(preset.base, steps=min(steps, preset.base.steps), batch=4),
        batch=2,
        steps=min(steps, preset.steps),
        overtrained_steps=min(steps, preset.overtrained_steps),
        look_every=max(1, steps // 2),
        class_images=1,
        audited=1,
        held_out=2,
        sampling_steps=2,
    )


def based(room: Path, preset: Preset, seed: int) -> tuple[Path, dict[str, Any]]:
    """The base's folder and what its teaching came to; taken from the room when it is there already."""
    import torch

    folder = room / f"base-{seed}"
    note = folder / "taught.json"
    if not note.exists():
        pipe = tiny_base.build(preset.base, seed)
        device = "cuda" if preset.device == "auto" and torch.cuda.is_available() else "cpu"
        taught = tiny_base.teach(pipe, preset.base, seed=seed, device=device)
        tiny_base.save(pipe, folder)
        note.write_text(canonical_json(taught), encoding="utf-8")
    return folder, json.loads(note.read_text(encoding="utf-8"))


def shards_of(room: Path, preset: Preset, seed: int) -> Path:
    """Six pictures of the concept to learn from, as many unseen ones as are scored, and red discs; made once a seed."""
    lots = [
        ("yellow", seed, PICTURES, "train", CONCEPT),
        ("yellow", UNSEEN, preset.held_out, "val", CONCEPT),
        ("red", UNSEEN, preset.held_out, "val", None),
    ]
    samples = [
        drawn_concept.sample(data, "a red disc", split=split, concept=concept)
        for colour, own_seed, count, split, concept in lots
        for data in drawn_concept.pictures(colour, "disc", count, seed=own_seed, side_px=preset.base.side_px)
    ]
    return drawn_concept.write_shards(room / f"shards-{seed}", samples)


def asked(base: Path, preset: Preset, seed: int, prior: str, **changes: Any) -> recipes.Recipe:
    """The recipe of one arm."""
    settings: dict[str, Any] = {"prior": prior}
    if prior == "images":
        settings["class_images"] = preset.class_images
    recipe = recipes.Recipe(
        name=f"learning-{prior}",
        seed=seed,
        steps=preset.steps,
        checkpoint_every=10**9,
        device=preset.device,  # type: ignore[arg-type]
        model=recipes.Model(id=str(base.resolve()), licence="drawn and taught in this benchmark, CC0"),
        weights=recipes.Weights(rank=preset.rank),
        data=recipes.Data(size_px=preset.base.side_px, batch_size=preset.batch, aspect_buckets=False, cache=False),
        objective=recipes.Objective(settings=settings),
        optimiser=recipes.Optimiser(learning_rate=preset.learning_rate, schedule="one_cycle"),
        held_out=recipes.HeldOut(most_pictures=preset.held_out),
        sampling=recipes.Sampling(steps=preset.sampling_steps, guidance=3.0),
        watch=recipes.Watch(count=1),
        audit=recipes.Audit(pictures=preset.audited),
    )
    return dataclasses.replace(recipe, **changes)


def arms(room: Path, base: Path, preset: Preset, seed: int) -> list[dict[str, Any]]:
    """All arms of one seed."""
    shards = shards_of(room, preset, seed)
    rows = [ran(room, asked(base, preset, seed, prior), shards, prior) for prior in PRIORS]
    every_weight = asked(
        base, preset, seed, "none",
        steps=preset.overtrained_steps,
        weights=recipes.Weights(kind="full"),
        optimiser=recipes.Optimiser(learning_rate=preset.overtrained_rate, schedule="constant"),
        held_out=recipes.HeldOut(most_pictures=preset.held_out, every=preset.look_every),
    )  # fmt: skip
    rows.append(ran(room, every_weight, shards, "overtrained"))
    lowest = min(rows[-1]["curve"][1:], key=lambda one: one["held_out_concept"])
    rows.append(ran(room, dataclasses.replace(every_weight, steps=lowest["step"]), shards, "stopped"))
    return rows


def ran(room: Path, wanted: recipes.Recipe, shards: Path, arm: str) -> dict[str, Any]:
    """One run's figures, also printed."""
    folder = room / f"run-{arm}-{wanted.seed}"
    trained = train(wanted, shards, folder)
    before, after = trained.held_out_before, trained.held_out_after
    audit = json.loads((folder / "run.json").read_text(encoding="utf-8"))["audit"]
    row = {
        "arm": arm,
        "seed": wanted.seed,
        "steps": trained.steps,
        "seconds": round(trained.seconds, 1),
        "concept_before": before["concept"],
        "concept_after": after["concept"],
        "learned": after["concept"] / before["concept"],
        "class_before": before["others"],
        "class_after": after["others"],
        "class_ratio": after["others"] / before["others"],
        "gap_before": before["gap"],
        "gap_after": after["gap"],
        "class_drift": after["class_drift"],
        "near_copies": audit["drawn"]["rate"],
        "near_copies_of_held_out": audit["held_out"]["rate"],
        "median_likeness": audit["drawn"]["median_likeness"],
        "held_out_likeness": audit["held_out"]["median_likeness"],
    }
    curve = curve_of(folder)
    if curve:
        ends = [
            {"step": step, "held_out_concept": round(one["concept"], 5)} for step, one in ((0, before), (trained.steps, after))
        ]
        row["curve"] = [ends[0], *curve, ends[1]]
    row = {name: round(value, 5) if isinstance(value, float) else value for name, value in row.items()}
    print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    return row


def curve_of(folder: Path) -> list[dict[str, Any]]:
    """Held-out concept loss by step, from metrics.jsonl."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        {"step": line["step"], "held_out_concept": round(line["held_out_concept"], 5)}
        for line in lines
        if "held_out_concept" in line
    ]


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each claim with what was found on every seed."""

    def claim(words: str, arms: tuple[str, ...], find: Callable[[dict[str, Any]], float], bound: float) -> dict[str, Any]:
        found = [find(row) for row in rows if row["arm"] in arms]
        held = [one <= bound if "<=" in words else one >= bound for one in found]
        return {
            "claim": f"{words} {bound}",
            "found": [round(one, 4) for one in found],
            "median": round(statistics.median(found), 4),
            "held_on": f"{sum(held)} of {len(held)}",
            "held": all(held),
        }

    stopped = {row["seed"]: row["near_copies"] for row in rows if row["arm"] == "stopped"}
    return [
        claim("concept learned: loss over start <=", PRIORS, lambda row: row["learned"], LEARNED_MOST),
        claim("no prior: class loss over start >=", ("none",), lambda row: row["class_ratio"], CLASS_HURT_LEAST),
        claim("teacher: class loss over start <=", ("teacher",), lambda row: row["class_ratio"], CLASS_KEPT_MOST),
        claim("class pictures: class loss over start <=", ("images",), lambda row: row["class_ratio"], CLASS_KEPT_MOST),
        claim("teacher binds token and concept: gap >=", ("teacher",), lambda row: row["gap_after"], GAP_LEAST),
        claim(
            "trained too long: held-out loss over its lowest >=",
            ("overtrained",),
            lambda row: row["concept_after"] / min(one["held_out_concept"] for one in row["curve"]),
            OVERFIT_LEAST,
        ),
        claim(
            "trained too long: more near-copies than when stopped in time, by >=",
            ("overtrained",),
            lambda row: row["near_copies"] - stopped[row["seed"]],
            NEAR_COPIES_MORE,
        ),
    ]


def draw_sheet(room: Path, preset: Preset, seed: int, out: Path) -> None:
    """Before and all arms side by side: the same prompts and the same seeds."""
    prompts, count = ("a sks red disc", "a red disc", "a blue square"), 4
    columns: dict[str, list[Path]] = {}
    for arm in ("before", *PRIORS, "stopped", "overtrained"):
        run = room / f"run-{'none' if arm == 'before' else arm}-{seed}"
        columns[arm] = generate(run, prompts, seed=7, count=count, out=room / f"drawn-{arm}", use_adapter=arm != "before")
    wide, high, top, side = count * TILE_PX + 16, TILE_PX + 8, 24, 110
    sheet = Image.new("RGB", (side + wide * len(columns), top + high * len(prompts)), "white")
    pen = ImageDraw.Draw(sheet)
    for row, prompt in enumerate(prompts):
        pen.text((6, top + row * high + TILE_PX // 2), prompt, fill="black")
    for column, (arm, paths) in enumerate(columns.items()):
        pen.text((side + column * wide, 6), arm, fill="black")
        for number, path in enumerate(paths):
            with Image.open(path) as picture:
                tile = picture.resize((TILE_PX, TILE_PX), Image.Resampling.NEAREST)
            row, place = divmod(number, count)
            sheet.paste(tile, (side + column * wide + place * TILE_PX, top + row * high))
    sheet.save(out)


def settings_of(preset: Preset) -> dict[str, Any]:
    """The preset, as JSON takes it."""
    return dataclasses.asdict(preset)


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    import diffusers
    import peft
    import torch

    return {
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "peft": peft.__version__,
    }


if __name__ == "__main__":
    raise SystemExit(main())
