"""Scores by words: where curation.toml asks the embedding for watermarks or lettering, stored vectors are held against words.

No picture is opened. The score says which of two lists of words fits rather, by one model: a hint for a person's review.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb

from catalog import db
from catalog.records import Measure
from catalog.runs import Run
from curate.embed import Loaded
from curate.settings import Models
from curate.vectors import ROWS_AT_A_TIME, copy_out, mapped

WORDS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "watermark": (
        ("a photograph with a watermark across it", "an image with a stock agency's logo over it", "a watermarked picture"),
        ("a photograph without any watermark", "a clean photograph", "a clean scan of an old print"),
    ),
    "lettering": (
        ("a page of text", "a scanned document full of writing", "a poster that is mostly lettering"),
        ("a photograph of a thing or place", "a picture without any writing", "a photograph of people or nature"),
    ),
}
"""What is looked for, and what is there otherwise. An assumption, not measured."""
VERSION = "words/1"
BY_EMBEDDING = "embedding"
DIGITS = 4


def score(
    workspace: Path, run: Run, models: Models, loaded: Loaded, *, progress: Callable[[str, int, int], None] | None = None
) -> int:
    """Score every vector of the present model that has no score yet; returns how many measures that made."""
    version = loaded.versions["semantic"]
    if version is None:
        return 0
    asked = {"watermark": models.watermark, "lettering": models.lettering}
    return sum(_score(workspace, run, name, version, loaded, progress) for name, by in asked.items() if by == BY_EMBEDDING)


def _score(
    workspace: Path, run: Run, name: str, version: str, loaded: Loaded, progress: Callable[[str, int, int], None] | None
) -> int:
    scored = f"{VERSION}/{version}"
    with tempfile.TemporaryDirectory(prefix="fototeca-words-") as place:
        path = Path(place) / "vectors.parquet"
        with db.reading(workspace) as catalogue:
            copy_out(catalogue, LACKING, {"version": version, "measure": name, "scored": scored}, path)
        with duckdb.connect() as connection:
            rows = mapped(connection, path)
        positive, negative = WORDS[name]
        for at in range(0, len(rows), ROWS_AT_A_TIME):
            block = slice(at, at + ROWS_AT_A_TIME)
            found = loaded.semantic.scores_against(rows.vectors[block], positive, negative)
            for sha256, value in zip(rows.names[block], found, strict=True):
                run.add(
                    "measures", Measure(sha256=sha256.decode(), measure=name, version=scored, value=round(float(value), DIGITS))
                )
            if progress is not None:
                progress(f"score ({name})", min(at + ROWS_AT_A_TIME, len(rows)), len(rows))
        return len(rows)


LACKING = """
SELECT sha256, vector, TRUE AS fresh
FROM embeddings
WHERE kind = 'semantic' AND version = $version
  AND sha256 NOT IN (SELECT sha256 FROM measures WHERE measure = $measure AND version = $scored)
"""
