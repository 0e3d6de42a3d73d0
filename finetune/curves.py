"""One picture of how a run went: the training loss step by step, and the held-out loss beside it."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from base.files import written_whole
from finetune.run_folder import METRICS_FILE

CURVES_FILE = "curves.png"
PREFIX = "held_out_"
SMOOTHED = 20
"""The smooth line is the mean of so many parts of all steps around each step."""
HELD_OUT = {
    "concept": ("concept", "#d55e00", "o"),
    "class_caption": ("concept by class captions", "#0072b2", "s"),
    "others": ("other pictures", "#009e73", "^"),
    "gap": ("class captions minus own captions", "#555555", "D"),
}
"""Label, colour (of Okabe and Ito: told apart by people who do not see red or green) and dot of each number."""
GAP = "gap"
TRAINING = "#0072b2"
SIZE_IN = (9.0, 8.4)
HEIGHTS = (3, 3, 1.6)  # of the three parts
MARGINS = {"left": 0.08, "right": 0.98, "top": 0.94, "bottom": 0.06, "hspace": 0.36}  # fixed: to fit them costs half a second
DPI = 100


def lines(folder: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl, a step each; none where there is no such file."""
    path = folder / METRICS_FILE
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def held_out(steps: Sequence[Mapping[str, Any]], run: Mapping[str, Any]) -> dict[str, list[tuple[int, float]]]:
    """(step, value) of each held-out number: before, on the way where it was asked for, and after.

    Args:
        steps: what `lines` returned.
        run: with "held_out_before", "held_out_after" and "counts" of its run.json.
    """
    ends = [(0, run.get("held_out_before") or {}), (run["counts"]["steps"], run.get("held_out_after") or {})]
    found: dict[str, list[tuple[int, float]]] = {}
    for name in HELD_OUT:
        points = {step: score[name] for step, score in ends if score.get(name) is not None}
        points |= {line["step"]: line[PREFIX + name] for line in steps if PREFIX + name in line}
        if points:
            found[name] = sorted(points.items())
    return found


def draw(folder: Path, run: Mapping[str, Any]) -> Path | None:
    """Write `curves.png` into the run's folder; None when no step was recorded.

    Equal runs give equal bytes with the same matplotlib. Nothing outside is changed, and no screen is needed.

    Args:
        folder: of the run, with its metrics.jsonl.
        run: as `held_out` wants it.
    """
    import matplotlib
    from matplotlib.figure import Figure

    steps = lines(folder)
    if not steps:
        return None
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a person's own settings of matplotlib would give other bytes
        figure = Figure(figsize=SIZE_IN, dpi=DPI)
        parts = figure.subplots(3, 1, sharex=True, height_ratios=HEIGHTS)
        figure.subplots_adjust(**MARGINS)
        _training(parts[0], steps)
        _held_out(parts[1], parts[2], held_out(steps, run), (run.get("held_out_after") or {}).get("split"))
        for axes in parts:
            axes.grid(color="0.9")
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, borderaxespad=0, fontsize="small")
        parts[2].set_xlabel("step")
        last = max(steps[-1]["step"], run["counts"]["steps"])
        parts[2].set_xlim(-0.01 * last, 1.01 * last)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})  # the version of matplotlib is no part of the picture
    with written_whole(folder / CURVES_FILE, sync=False) as out:
        out.write(stream.getvalue())
    return folder / CURVES_FILE


def smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over a window around each value; NaN at both ends, where half of it is missing and single steps would show."""
    half = max(1, len(values) // SMOOTHED) // 2 + 1
    if len(values) <= 2 * half:
        return values
    window = np.full(2 * half + 1, 1 / (2 * half + 1))
    return np.pad(np.convolve(values, window, mode="valid"), half, constant_values=np.nan)


def _training(axes: Any, steps: Sequence[Mapping[str, Any]]) -> None:
    at = [line["step"] for line in steps]
    loss = np.array([line["loss"] for line in steps], dtype=np.float64)
    axes.plot(at, loss, color=TRAINING, alpha=0.3, linewidth=0.8, label="each step")
    axes.plot(at, smooth(loss), color=TRAINING, linewidth=2, label="smoothed")
    axes.set_title("Training loss, at random noise", loc="left", fontsize="medium", pad=22)
    axes.set_ylim(0, float(np.percentile(loss, 99)) * 1.15 or 1.0)  # one spike must not flatten the rest


def _held_out(axes: Any, below: Any, found: Mapping[str, Sequence[tuple[int, float]]], split: str | None) -> None:
    """Losses as parts of what they were before training, so that small changes are seen; the gap as it is."""
    for name, points in found.items():
        label, colour, dot = HELD_OUT[name]
        at, values = zip(*points, strict=True)
        label += f" ({values[0]:.4f} → {values[-1]:.4f})"
        style = {"color": colour, "marker": dot, "markersize": 5, "linewidth": 1.5, "label": label}
        if name == GAP:
            below.plot(at, values, **style)
        elif values[0]:
            axes.plot(at, [100 * value / values[0] for value in values], **style)
    if split == "train":
        title = "Loss of the training pictures (none was held out) at fixed noise, in % of the start"
    else:
        title = "Held-out loss at fixed noise, in % of the start: where it rises again, the run overfits"
    axes.set_title(title, loc="left", fontsize="medium", pad=22)
    below.set_title("Gap: the wider, the more the concept is bound to its token", loc="left", fontsize="medium", pad=22)
