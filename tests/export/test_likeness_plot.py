"""Figure 5 of Cioni et al. for an export: three distributions of likeness, by concept and by how the variations were made."""

import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from seen_archive import COPY, SeenArchive, sha256_of

from catalog import db, runs
from export.likeness_plot import ALL, MEASURES, plot, table

MADE_BY = "tiny, strength 0.3, guidance 1, 2 steps, DDIM"
REAL = {f"r{number}": 0.20 + 0.02 * number for number in range(5)}
"""Likeness of pictures and captions; r4 is of another concept."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> SeenArchive:
    archive = SeenArchive(tmp_path_factory.mktemp("figure"), "strayed_from_caption")
    for name, value in REAL.items():
        concepts = ("araucária",) if name == "r4" else ("cuia", "pampas")
        item = archive.item(name, caption="Uma cuia", concepts=concepts)
        archive.likeness(item, "caption", sha256_of("Uma cuia"), value)
        archive.likeness(item, "caption", sha256_of("a gourd"), 0.9)  # the prompt of its variations, not its caption
        for number in range(2):
            made = archive.variation(f"{name}v{number}", name)
            archive.likeness(made, "caption", sha256_of("a gourd"), value + 0.01 * number)
            archive.likeness(made, "parent", sha256_of(name), 0.8 + value / 10)
            archive.likeness(made, "parent", sha256_of(name), 0.1, COPY)  # of another kind of model
    archive.embedded(REAL)
    archive.embedded(REAL, "copy")
    with runs.begin(archive.folder, "test", {}) as run:
        for where, row in archive.lines:
            run.add(where, row)
    return archive


def _rows(archive: SeenArchive, names: Any, **settings: Any) -> dict[tuple[str, str], Mapping[str, Any]]:
    with db.reading(archive.folder) as connection:
        rows = table(connection, [sha256_of(name) for name in names], **settings)
    return {(row["concept"], row["measure"]): row for row in rows}


def test_each_likeness_stands_under_its_concept_and_under_all(seen: SeenArchive) -> None:
    rows = _rows(seen, seen.names.values())
    counts = {key: row["n"] for key, row in rows.items()}
    real, worded, moved = MEASURES
    assert counts == {
        (ALL, real): 5, (ALL, worded): 10, (ALL, moved): 10,
        ("araucária", real): 1, ("pampas", real): 4,
        ("cuia", real): 4, ("cuia", worded): 10, ("cuia", moved): 10,  # variations show what they were asked for
    }  # fmt: skip
    assert {row["made_by"] for key, row in rows.items() if key[1] != real} == {MADE_BY}
    assert {row["made_by"] for key, row in rows.items() if key[1] == real} == {""}
    assert {row["model"] for row in rows.values()} == {"shown/1"}


def test_means_and_quantiles_are_of_the_values(seen: SeenArchive) -> None:
    row = _rows(seen, seen.names.values())[ALL, MEASURES[0]]
    assert row["mean"] == pytest.approx(0.24)
    assert [row[name] for name in ("p25", "p50", "p75")] == pytest.approx([0.22, 0.24, 0.26])
    assert row["p5"] == pytest.approx(np.percentile(list(REAL.values()), 5), abs=1e-4)
    assert row["low"] < row["mean"] < row["high"]


def test_only_what_is_exported_counts(seen: SeenArchive) -> None:
    rows = _rows(seen, ["r0", "r0v1"])
    assert {key[1]: row["n"] for key, row in rows.items() if key[0] == ALL} == dict.fromkeys(MEASURES, 1)
    assert rows[ALL, MEASURES[1]]["mean"] == pytest.approx(0.21)
    assert _rows(seen, []) == {}


def test_variations_of_one_parent_are_one_witness(seen: SeenArchive) -> None:
    alone = _rows(seen, ["r0", "r0v0", "r0v1"])[ALL, MEASURES[1]]
    assert (alone["n"], alone["low"], alone["high"]) == (2, None, None)
    # Five families with 0.20, 0.22 … 0.28: the mean of five draws has a standard error of 0.02 * sqrt(2 / 5) = 0.0126; as if
    # the ten variations were strangers it would be 0.009.
    row = _rows(seen, seen.names.values())[ALL, MEASURES[1]]
    assert (row["high"] - row["low"]) / (2 * 1.96) == pytest.approx(0.0126, rel=0.1)


def test_intervals_are_the_same_again_and_follow_the_seed(seen: SeenArchive) -> None:
    key = ("cuia", MEASURES[1])
    first, again, other = (_rows(seen, seen.names.values(), seed=seed)[key] for seed in (0, 0, 1))
    assert first == again
    assert (first["low"], first["high"]) != (other["low"], other["high"])
    without = _rows(seen, [name for name in seen.names.values() if name not in ("r1", "r2")])[key]
    assert without == first  # what else is in the export moves nothing


@pytest.fixture(scope="module")
def rows(seen: SeenArchive) -> list[Mapping[str, Any]]:
    return list(_rows(seen, seen.names.values()).values())


def test_the_plot_is_the_same_again_and_needs_no_screen(rows: list[Mapping[str, Any]]) -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="the extra 'models' is not installed")
    before = dict(matplotlib.rcParams)
    drawn = plot(rows)
    with matplotlib.rc_context({"axes.facecolor": "black", "savefig.dpi": 17}):  # a person's own taste
        assert plot(rows) == drawn
    assert dict(matplotlib.rcParams) == before
    picture = Image.open(io.BytesIO(drawn))
    assert (picture.format, picture.size) == ("PNG", (900, 520))  # four groups: (1.4 + 4 * 0.95) inches at 100 px
    assert "Software" not in picture.info


def test_names_with_signs_of_mathematics_are_plain_and_a_crowd_is_counted(rows: list[Mapping[str, Any]]) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'models' is not installed")
    crowd = [{**row, "concept": f"$x_{number}{{"} for number in range(20) for row in rows[:3]]
    picture = Image.open(io.BytesIO(plot(crowd)))
    assert picture.size == (900, 1280)  # twelve groups


def test_without_any_row_there_is_no_plot() -> None:
    with pytest.raises(ValueError, match="no model has compared"):
        plot([])


def test_the_table_needs_no_matplotlib() -> None:
    code = "import sys, export.likeness_plot\nprint('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout == "False\n"
