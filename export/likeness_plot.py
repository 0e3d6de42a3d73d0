"""Figure 5 of Cioni et al. 2023 for an export: three likenesses (cosines of one model), as a table and as a plot.

(a) real–caption: a picture and its own caption; (b) synthetic–caption: a variation and its prompt; (c) real–synthetic: a
variation and the picture it varies. (b) not below (a) says that the captions still hold, (c) says how far the pictures moved.
The paper shows means; here are distributions too, by concept and by the settings that made the variations.
"""

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from base import seeds
from catalog import db

MEASURES = ("real–caption", "synthetic–caption", "real–synthetic")
ALL = "(all)"
RESAMPLES = 1000
INTERVAL = (2.5, 97.5)
QUANTILES = (5, 25, 50, 75, 95)
DIGITS = 4

MOST_GROUPS = 12
"""More boxes than that nobody reads; the table has them all."""
COLOURS = ("#0072b2", "#e69f00", "#009e73")
"""Of Okabe and Ito: told apart by people who do not see red or green, and by lightness in print."""
SIZE_IN = (9.0, 1.4, 0.95)
"""Width; height without groups; height of a group."""
DPI = 100

Row = Mapping[str, Any]


def table(connection: duckdb.DuckDBPyConnection, keys: Iterable[str], *, seed: int = 0) -> tuple[Row, ...]:
    """One row for each measure, concept and way of making; empty where no model has compared any of these pictures.

    Args:
        connection: to the catalogue, for reading.
        keys: sha256 of the pictures and variations of the export.
        seed: of the resamples; the same rows and seed give the same intervals, whatever else is in the export.

    Returns:
        Rows with `measure` (of `MEASURES`), `concept` (or `(all)`), `made_by` (model and settings; empty for real pictures),
        `n`, `mean`, `low` and `high` (95 % bootstrap interval of the mean; None for fewer than two parents), the
        quantiles `p5`, `p25`, `p50`, `p75`, `p95`, and `model` (which took the cosines). Variations of one parent resemble
        each other, so families are resampled and not single variations.
    """
    groups: dict[tuple[str, str, str], list[tuple[str, float]]] = defaultdict(list)
    version = ""
    for row in db.fetch(connection, (Path(__file__).parent / "likeness.sql").read_text(encoding="utf-8"), {"keys": list(keys)}):
        groups[row["concept"] or ALL, _made_by(row), row["measure"]].append((row["family"], row["value"]))
        version = row["version"]
    ordered = sorted(groups, key=lambda one: (one[0] != ALL, one[0], one[1], MEASURES.index(one[2])))
    return tuple(
        {"measure": measure, "concept": concept, "made_by": made_by}
        | _described(groups[concept, made_by, measure], seeds.derive(seed, concept, made_by, measure))
        | {"model": version}
        for concept, made_by, measure in ordered
    )


def plot(rows: Sequence[Row]) -> bytes:
    """The rows of `table` as a PNG: boxes from the 25th to the 75th per cent, whiskers from the 5th to the 95th, means as dots.

    Equal rows give equal bytes with the same matplotlib. Nothing outside is changed, and no screen is needed.

    Raises:
        ModuleNotFoundError: matplotlib is not installed (the extra `models`).
        ValueError: no rows.
    """
    import matplotlib
    from matplotlib.figure import Figure

    if not rows:
        raise ValueError("there is nothing to plot: no model has compared any of these pictures")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a person's own settings of matplotlib would give other bytes
        groups, left_out = _groups(rows)
        width, base, each = SIZE_IN
        figure = Figure(figsize=(width, base + each * len(groups)), dpi=DPI, layout="constrained")
        axes = figure.add_subplot()
        for place, (_, members) in enumerate(groups):
            for row in members:
                _box(axes, place, row)
        for at, measure in enumerate(MEASURES):
            axes.plot([], [], "s", color=COLOURS[at], label=f"({'abc'[at]}) {measure}")
        axes.set_yticks(range(len(groups)), [label for label, _ in groups], parse_math=False)
        axes.set_ylim(len(groups) - 0.5, -0.5)
        axes.set_xlabel(f"cosine, by {rows[0]['model']}", parse_math=False, wrap=True)
        axes.margins(x=0.08)  # room for the numbers behind the boxes
        axes.grid(axis="x", color="0.9")
        axes.set_axisbelow(True)
        title = "How like pictures, captions and variations are (after figure 5 of Cioni et al. 2023)"
        axes.set_title(title + (f"; {left_out} more groups in the table" if left_out else ""), loc="left", fontsize="medium")
        figure.legend(handles=axes.get_legend_handles_labels()[0], loc="outside lower center", ncols=3, frameon=False)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})  # the version of matplotlib is no part of the picture
    return stream.getvalue()


def _made_by(row: Row) -> str:
    if row["model"] is None:
        return ""
    name = str(row["model"]).rstrip("/").rsplit("/", 1)[-1]
    told = f"{name}, strength {row['strength']:g}, guidance {row['guidance']:g}, {row['steps']} steps, {row['scheduler']}"
    return f"{told}, {row['additions']}" if row["additions"] else told


def _described(found: Sequence[tuple[str, float]], seed: int) -> dict[str, Any]:
    values = np.array([value for _, value in found])
    low, high = _interval(found, seed)
    quantiles = np.percentile(values, QUANTILES)
    return {
        "n": len(values),
        "mean": _rounded(values.mean()),
        "low": low,
        "high": high,
        **{f"p{name}": _rounded(value) for name, value in zip(QUANTILES, quantiles, strict=True)},
    }


def _interval(found: Sequence[tuple[str, float]], seed: int) -> tuple[float | None, float | None]:
    """Of the mean, by drawing families with replacement; one family says nothing of others."""
    families: dict[str, list[float]] = defaultdict(list)
    for family, value in found:
        families[family].append(value)
    if len(families) < 2:
        return None, None
    sums = np.array([sum(values) for values in families.values()])
    counts = np.array([len(values) for values in families.values()])
    chance = np.random.default_rng(seed)
    means: NDArray[np.float64] = np.empty(RESAMPLES)
    for at in range(RESAMPLES):
        drawn = chance.integers(0, len(sums), len(sums))
        means[at] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.percentile(means, INTERVAL)
    return _rounded(low), _rounded(high)


def _groups(rows: Sequence[Row]) -> tuple[list[tuple[str, list[Row]]], int]:
    """What is drawn side by side: each concept and way of making, beside the concept's real pictures; and how many are not."""
    real = {row["concept"]: row for row in rows if row["measure"] == MEASURES[0]}
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["measure"] != MEASURES[0]:
            beside = [real[row["concept"]]] if row["concept"] in real else []
            found.setdefault((row["concept"], row["made_by"]), beside).append(row)
    varied = {concept for concept, _ in found}
    found |= {(concept, ""): [row] for concept, row in real.items() if concept not in varied}
    # All together first, then whatever is made of most pictures.
    ordered = sorted(found, key=lambda group: (group[0] != ALL, -max(row["n"] for row in found[group]), group))
    return [(_label(*group), found[group]) for group in ordered[:MOST_GROUPS]], max(0, len(ordered) - MOST_GROUPS)


def _label(concept: str, made_by: str) -> str:
    return concept + "\n" + made_by.replace(", guidance", ",\nguidance") if made_by else concept


def _box(axes: Any, place: int, row: Row) -> None:
    measure = MEASURES.index(row["measure"])
    colour, at = COLOURS[measure], place + 0.25 * (measure - 1)
    stats = {"med": row["p50"], "q1": row["p25"], "q3": row["p75"], "whislo": row["p5"], "whishi": row["p95"], "fliers": []}
    line = {"color": colour}
    axes.bxp(
        [stats],
        positions=[at],
        widths=0.17,
        orientation="horizontal",
        showfliers=False,
        manage_ticks=False,
        patch_artist=True,
        boxprops={"facecolor": colour, "edgecolor": colour, "alpha": 0.35},
        medianprops=line,
        whiskerprops=line,
        capprops=line,
    )
    low, high = (row["mean"] if row[name] is None else row[name] for name in ("low", "high"))
    axes.errorbar(row["mean"], at, xerr=[[row["mean"] - low], [high - row["mean"]]], fmt="o", ms=4, color="black", capsize=3)
    axes.annotate(f" n = {row['n']}", (row["p95"], at), va="center", fontsize="x-small", color="0.4")


def _rounded(value: Any) -> float:
    return round(float(value), DIGITS)
