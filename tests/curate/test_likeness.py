"""Likeness: cosines with captions, concepts' words and parents, taken once; claims that follow only where one is asked for."""

from typing import Any

import numpy as np
import pytest
from curated_archive import Archive, drawn, encoded

from catalog import runs
from catalog.records import Embedding
from curate import concepts, embed, likeness, word_scores
from curate.settings import Models
from pixels.embed import Embedder

CONCEPT = '[[concept]]\nname = "cuia"\nwords = {{pt = [{words}]}}\nclass_noun = "gourd"\nrare_token = "sks"\n'


@pytest.fixture(scope="module")
def model() -> Embedder:
    return embed.loader.load("random:tiny", device="cpu")


@pytest.fixture
def loaded(archive: Archive, model: Embedder) -> embed.Loaded:
    found = embed.Loaded(archive.folder, Models(embedding="random:tiny"))
    found.__dict__["semantic"] = model
    return found


def _in_a_run(archive: Archive, work: Any, *arguments: Any) -> Any:
    with runs.begin(archive.folder, "curate", {}) as run:
        return work(archive.folder, run, *arguments)


def _see(archive: Archive, model: Embedder, vectors: dict[str, Any], kind: str = "semantic", version: str = "") -> None:
    with runs.begin(archive.folder, "curate", {}) as run:
        for sha256, vector in vectors.items():
            row = tuple(float(one) for one in vector)
            run.add("embeddings", Embedding(sha256=sha256, kind=kind, version=version or model.version, vector=row))


def _named(archive: Archive, words: str) -> None:
    (archive.folder / "concepts.toml").write_text(CONCEPT.format(words=words), encoding="utf-8")
    _in_a_run(archive, concepts.assign)


def _values(archive: Archive, kind: str) -> dict[tuple[str, str], float]:
    rows = archive.rows("SELECT subject, other, value FROM likeness WHERE kind = $kind", {"kind": kind})
    return {(row["subject"], row["other"]): row["value"] for row in rows}


OTHER = "SELECT sha256('Um campo') AS caption, sha256('a gourd') AS prompt"
CONCEPT_OTHER = "SELECT name || ' ' || sha256(words::VARCHAR || ' ' || class_noun) AS other FROM current_concepts"


def test_cosines_are_taken_with_caption_prompt_concept_and_parent_once(
    archive: Archive, model: Embedder, loaded: embed.Loaded
) -> None:
    item = archive.add("a.png", encoded(drawn(1, 64)), caption="Um campo")
    silent = archive.add("b.png", encoded(drawn(2, 64)))
    unseen = archive.add("c.png", encoded(drawn(3, 64)), caption="Um morro")
    made = archive.vary(item.sha256 or "", encoded(drawn(4, 64)))
    _named(archive, '"porongo", "cúia"')
    pictures = dict(zip([item.sha256, silent.sha256, made], model.images([drawn(seed, 64) for seed in (1, 2, 4)]), strict=True))
    _see(archive, model, {str(sha256): vector for sha256, vector in pictures.items()})
    assert _in_a_run(archive, likeness.compare, loaded) == 3 + 3 + 1
    other = archive.rows(OTHER)[0]
    field, gourd = model.texts(["Um campo", "a gourd"])
    assert _values(archive, "caption") == pytest.approx(
        {
            (item.candidate_id, other["caption"]): float(pictures[item.sha256] @ field),
            (item.candidate_id, other["prompt"]): float(pictures[item.sha256] @ gourd),
            (made, other["prompt"]): float(pictures[made] @ gourd),
        },
        abs=1e-6,
    )
    said = ["a photograph of cúia", "cúia, a kind of gourd", "a photograph of porongo", "porongo, a kind of gourd"]
    mean = model.texts(said).mean(axis=0)
    name = archive.rows(CONCEPT_OTHER)[0]["other"]
    subjects = {item.candidate_id: item.sha256, silent.candidate_id: silent.sha256, made: made}
    expected = {(subject, name): float(pictures[sha256] @ mean / np.linalg.norm(mean)) for subject, sha256 in subjects.items()}
    assert _values(archive, "concept") == pytest.approx(expected, abs=1e-6)
    assert _values(archive, "parent") == pytest.approx(
        {(made, item.sha256): float(pictures[made] @ pictures[item.sha256])}, abs=1e-6
    )
    assert _in_a_run(archive, likeness.compare, loaded) == 0
    _named(archive, '"mate"')
    assert _in_a_run(archive, likeness.compare, loaded) == 3  # one concept with new words
    assert unseen.candidate_id not in {subject for subject, _ in _values(archive, "caption")}


def test_a_copy_embedding_is_compared_with_the_parent_only(archive: Archive, model: Embedder) -> None:
    item = archive.add("a.png", encoded(drawn(1, 64)), caption="Um campo").sha256 or ""
    made = archive.vary(item, encoded(drawn(4, 64)))
    _see(archive, model, {item: [1.0, 0.0], made: [0.6, 0.8]}, kind="copy", version="copies/1")
    loaded = embed.Loaded(archive.folder, Models())
    loaded.versions["copy"] = "copies/1"
    assert _in_a_run(archive, likeness.compare, loaded) == 1
    rows = archive.rows("SELECT subject, kind, other, version, value FROM likeness")
    assert rows == [{"subject": made, "kind": "parent", "other": item, "version": "copies/1", "value": 0.6}]


def _claims(archive: Archive) -> dict[str, float]:
    sql = "SELECT subject, score FROM current_depictions WHERE source = 'embedding'"
    return {row["subject"]: row["score"] for row in archive.rows(sql)}


def test_an_embedding_claims_a_concept_only_from_a_threshold_on_and_takes_it_back(
    archive: Archive, model: Embedder, loaded: embed.Loaded
) -> None:
    near, far = archive.add("a.png", encoded(drawn(1, 64))), archive.add("b.png", encoded(drawn(2, 64)))
    made = archive.vary(near.sha256 or "", encoded(drawn(4, 64)))
    _named(archive, '"porongo"')
    mean = model.mean_of(likeness.concept_prompts("cuia", {"pt": ["porongo"]}, "gourd"))
    aside = np.zeros_like(mean)
    aside[0], aside[1] = mean[1], -mean[0]
    _see(archive, model, {near.sha256 or "": mean, made: mean, far.sha256 or "": aside / np.linalg.norm(aside)})
    _in_a_run(archive, likeness.compare, loaded)
    version = model.version
    assert _in_a_run(archive, likeness.claim, version, None) == likeness.Claims()
    assert _in_a_run(archive, likeness.claim, version, 0.9) == likeness.Claims(claimed=1)
    assert _claims(archive) == {near.candidate_id: pytest.approx(1, abs=1e-5)}
    shown = archive.rows("SELECT concepts FROM records WHERE subject = $subject", {"subject": near.candidate_id})
    assert shown == [{"concepts": ["cuia"]}]
    assert _in_a_run(archive, likeness.claim, version, 0.9) == likeness.Claims()
    assert _in_a_run(archive, likeness.claim, None, 0.9) == likeness.Claims()  # no model now: nothing new is known
    assert _in_a_run(archive, likeness.claim, version, None) == likeness.Claims(taken_back=1)
    assert _claims(archive) == {near.candidate_id: 0}


def test_watermarks_and_lettering_are_scored_by_words_where_asked(
    archive: Archive, model: Embedder, loaded: embed.Loaded
) -> None:
    marked, plain = (archive.add(f"{seed}.png", encoded(drawn(seed, 64))).sha256 or "" for seed in (1, 2))
    positive, negative = word_scores.WORDS["watermark"]
    _see(archive, model, {marked: model.mean_of(positive), plain: model.mean_of(negative)})
    assert _in_a_run(archive, word_scores.score, Models(), loaded) == 0
    asked = Models(watermark="embedding", lettering="a/file.pt")
    assert _in_a_run(archive, word_scores.score, asked, loaded) == 2
    assert _in_a_run(archive, word_scores.score, asked, loaded) == 0
    rows = archive.rows("SELECT sha256, measure, value, version FROM measures")
    assert {row["measure"] for row in rows} == {"watermark"}
    assert {row["version"] for row in rows} == {f"words/1/{model.version}"}
    scores = {row["sha256"]: row["value"] for row in rows}
    assert scores[marked] > 0.5 > scores[plain]
