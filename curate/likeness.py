"""Likeness: how near a subject's picture is to its caption, to each concept's words and to the picture it varies.

Cosines of embeddings, raw. What is high differs from model to model (CLIP's run from 0.1 to 0.35 where a text fits, others'
higher), so a threshold belongs to one model; a cosine is evidence for a person or a criterion and no proof.
"""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from catalog import db
from catalog.records import Depiction, Likeness
from catalog.runs import Run
from curate.concepts import GONE
from curate.embed import KINDS, Loaded
from curate.vectors import Rows, blocks, copy_out, mapped, quoted
from pixels.embed import Vectors

HERE = Path(__file__).parent
DIGITS = 6
"""A cosine in float32 is good to seven digits."""
PROMPTS = ("a photograph of {word}", "{word}, a kind of {noun}")
"""How a concept's words are put before a model that learned from captions. An assumption, not measured here."""
SOURCE = "embedding"
"""Who claims what `claim` claims."""

CONCEPT_IN_WORDS = "concept.name || ' ' || sha256(concept.words::VARCHAR || ' ' || concept.class_noun)"
"""What stands in likeness.other for a concept: with other words it is compared anew."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Claims of concepts that follow from cosines, new (or with another score) and taken back."""

    claimed: int = 0
    taken_back: int = 0


def compare(workspace: Path, run: Run, models: Loaded, *, progress: Progress | None = None) -> int:
    """Take every cosine that is missing for the models in force, and spool it; returns how many."""
    return sum(_compare(workspace, run, models, kind, version, progress) for kind in KINDS if (version := models.versions[kind]))


def concept_prompts(name: str, words: Mapping[str, Sequence[str]], class_noun: str) -> list[str]:
    """The sentences whose mean stands for a concept: its words in all languages, else its name, with and without class noun."""
    found = sorted({word.replace("_", " ") for one in words.values() for word in one}) or [name.replace("_", " ")]
    return [prompt.format(word=word, noun=class_noun) for word in found for prompt in PROMPTS]


def claim(workspace: Path, run: Run, version: str | None, least: float | None) -> Claims:
    """Claim that a harvested picture shows a concept where their cosine reaches `least`; take back what no longer holds.

    Claims stay as they are while a threshold is set and no model: then nothing new is known. Without a threshold (the
    default) an embedding claims nothing.
    """
    if least is not None and version is None:
        return Claims()
    with db.reading(workspace) as connection:
        values = {"version": version or "", "least": 2.0 if least is None else least, "gone": GONE}
        rows = db.fetch(connection, CLAIMS, values)
    run.add_all(
        "depictions",
        [Depiction(subject=one["subject"], concept=one["concept"], source=SOURCE, score=one["score"]) for one in rows],
    )
    back = sum(row["score"] == 0 for row in rows)
    return Claims(claimed=len(rows) - back, taken_back=back)


CLAIMS = f"""
WITH due AS (
  SELECT taken.subject, concept.name AS concept, least(1.0, taken.value) AS score
  FROM likeness AS taken
  JOIN current_concepts AS concept
    ON taken.other = {CONCEPT_IN_WORDS}
  WHERE taken.kind = 'concept'
    AND taken.version = $version
    AND taken.value >= $least
    AND taken.value > 0
    AND concept.notes IS DISTINCT FROM $gone
    AND taken.subject IN (SELECT candidate_id FROM current_candidates)
),
held AS (
  SELECT subject, concept, score FROM current_depictions WHERE source = '{SOURCE}' AND score > 0
)
SELECT
  coalesce(due.subject, held.subject) AS subject,
  coalesce(due.concept, held.concept) AS concept,
  coalesce(due.score, 0) AS score
FROM due
FULL JOIN held ON due.subject = held.subject AND due.concept = held.concept
WHERE due.score IS DISTINCT FROM held.score
ORDER BY ALL
"""


def _compare(workspace: Path, run: Run, models: Loaded, kind: str, version: str, progress: Progress | None) -> int:
    with tempfile.TemporaryDirectory(prefix="fototeca-likeness-") as place:
        asks, seen = Path(place) / "asks.parquet", Path(place) / "seen.parquet"
        sql = (HERE / "likeness_to_take.sql").read_text(encoding="utf-8")
        # Words are compared in the space of open_clip alone: a copy embedding knows none.
        values = {"embedding": kind, "version": version, "gone": GONE, "with_words": kind == "semantic"}
        with db.reading(workspace) as catalogue:
            copy_out(catalogue, sql, values, asks)
            total = int(catalogue.execute(f"SELECT count(*) FROM '{quoted(asks)}'").fetchall()[0][0])
            if not total:
                return 0
            copy_out(catalogue, SEEN.format(asks=quoted(asks)), {"kind": kind, "version": version}, seen)
            concepts = {row["other"]: row for row in db.fetch(catalogue, CONCEPTS)} if kind == "semantic" else {}
        done = 0
        means: dict[str, Vectors] = {}
        with duckdb.connect() as connection:
            rows = mapped(connection, seen)
            for block in blocks(connection, asks):
                for other in {ask["other"] for ask in block if ask["kind"] == "concept"} - set(means):
                    said = concepts[other]
                    means[other] = models.semantic.mean_of(
                        concept_prompts(said["name"], json.loads(said["words"]), said["class_noun"])
                    )
                found = _cosines(block, rows, models, means)
                taken = [
                    Likeness(subject=ask["subject"], kind=ask["kind"], other=ask["other"], version=version, value=value)
                    for ask, value in zip(block, found, strict=True)
                ]
                run.add_all("likeness", taken, durable=True)
                done += len(block)
                if progress is not None:
                    progress("compare vectors", done, total)
    return done


SEEN = """
SELECT sha256, vector, TRUE AS fresh
FROM embeddings
WHERE kind = $kind AND version = $version
  AND sha256 IN (SELECT sha256 FROM '{asks}' UNION SELECT other_sha256 FROM '{asks}' WHERE other_sha256 IS NOT NULL)
"""
CONCEPTS = f"SELECT name, words, class_noun, {CONCEPT_IN_WORDS} AS other FROM current_concepts AS concept"


def _cosines(block: Sequence[Mapping[str, Any]], rows: Rows, models: Loaded, means: Mapping[str, Vectors]) -> list[float]:
    ours = rows.vectors[rows.places([ask["sha256"] for ask in block])]
    theirs = np.empty_like(ours)
    for kind in {ask["kind"] for ask in block}:
        at = [number for number, ask in enumerate(block) if ask["kind"] == kind]
        if kind == "caption":
            texts = list(dict.fromkeys(block[number]["words"] for number in at))
            vectors = dict(zip(texts, models.semantic.texts(texts), strict=True))
            theirs[at] = [vectors[block[number]["words"]] for number in at]
        elif kind == "concept":
            theirs[at] = [means[block[number]["other"]] for number in at]
        else:
            theirs[at] = rows.vectors[rows.places([block[number]["other"] for number in at])]
    cosines = np.einsum("nd,nd->n", ours, theirs, dtype=np.float64)
    return [round(float(value), DIGITS) for value in np.clip(cosines, -1, 1)]
