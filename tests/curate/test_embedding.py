"""Embedding: what lacks a vector gets one, a killed run goes on with the rest, and without a model nothing is loaded."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from curated_archive import Archive, drawn, encoded
from tiny_models import set_models

from base.errors import OutOfMemoryError
from catalog import runs
from curate import embed, measure, settings
from pixels.embed import Embedder

WITHOUT = """
import sys, pathlib
from curate.curate import curate
report = curate(pathlib.Path(sys.argv[1]))
print(report.embedded, [name for name in ("torch", "open_clip") if name in sys.modules])
"""


def _loaded(archive: Archive) -> embed.Loaded:
    return embed.Loaded(archive.folder, settings.read(archive.folder).models)


def _embedded(archive: Archive) -> tuple[embed.Embedded, list[dict[str, str]]]:
    with runs.begin(archive.folder, "curate", {}) as run:
        return embed.embed(archive.folder, run, _loaded(archive)), run.problems


def _measured(archive: Archive) -> None:
    with runs.begin(archive.folder, "curate", {}) as run:
        measure.measure(archive.folder, run)


def test_readable_pictures_get_a_vector_of_each_model_once(archive: Archive) -> None:
    set_models(archive.folder)
    held = archive.add("a.png", encoded(drawn(1, 90)))
    archive.add("cut.jpg", encoded(drawn(2, 90), "JPEG")[:900])
    gone = archive.add("gone.png", encoded(drawn(3, 90)))
    _measured(archive)
    assert gone.sha256
    archive.store.path(gone.sha256).unlink()
    made, problems = _embedded(archive)
    assert (made.made, made.failed) == ({"semantic": 1, "copy": 1}, 2)
    assert [one["where"] for one in problems] == [gone.sha256, gone.sha256]
    assert "not in the store" in problems[0]["what"]
    rows = archive.rows("SELECT sha256, kind, version, vector FROM embeddings ORDER BY kind")
    assert [(row["sha256"], row["kind"], len(row["vector"])) for row in rows] == [
        (held.sha256, "copy", 48),
        (held.sha256, "semantic", 32),
    ]
    model = _loaded(archive).semantic
    assert rows[1]["version"] == model.version
    prepared = model.prepared(drawn(1, 90))
    assert np.array_equal(np.asarray(rows[1]["vector"], np.float32), model.vectors([prepared])[0])
    assert embed.missing(archive.folder, "semantic", "another/1") != []


def test_without_a_model_nothing_is_loaded(archive: Archive) -> None:
    archive.add("a.png", encoded(drawn(1, 64)))
    done = subprocess.run([sys.executable, "-c", WITHOUT, str(archive.folder)], check=True, capture_output=True, text=True)
    assert done.stdout == "0 []\n"


class _Narrow(Embedder):
    """A model whose device holds two pictures, and which cannot bear a picture that begins with a white pixel."""

    def vectors(self, prepared: Sequence[Any]) -> Any:
        if len(prepared) > 2:
            raise OutOfMemoryError("too many")
        if any(float(one[0, 0, 0]) > 1.9 for one in prepared):
            raise RuntimeError("it breaks down")
        return super().vectors(prepared)


def test_a_picture_on_which_the_model_breaks_down_stops_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    set_models(archive.folder)
    for number in range(5):
        picture = drawn(number, 64)
        if number == 3:
            picture.paste((255, 255, 255), (0, 0, 40, 40))
            bad = archive.add("bad.png", encoded(picture)).sha256
        else:
            archive.add(f"{number}.png", encoded(picture))
    _measured(archive)
    loaded = _loaded(archive)
    monkeypatch.setitem(loaded.versions, "copy", None)
    loaded.__dict__["semantic"] = _Narrow(**vars(loaded.semantic))
    with runs.begin(archive.folder, "curate", {}) as run:
        assert embed.embed(archive.folder, run, loaded).made == {"semantic": 4}
        assert [one["where"] for one in run.problems] == [bad]


def test_a_spooled_vector_gives_back_every_bit(tmp_path: Path) -> None:
    chance = np.random.default_rng(1).normal(size=64).astype(np.float32)
    assert np.array_equal(np.asarray(embed._numbers(chance), np.float32), chance)
