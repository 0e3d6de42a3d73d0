"""Captions with the rare token, and the same without it."""

import pytest

from finetune.captions import Concept, class_caption, concept_caption

GOURD = Concept("chimarrão", "gourd", "sks")
TREE = Concept("araucária", "tree", "zwx")
FALLBACK = "a {token} {noun}, {caption}"


@pytest.mark.parametrize(
    ("caption", "with_token", "without"),
    [
        ("a gourd on the pampas at dusk, low horizon", "a sks gourd on the pampas at dusk, low horizon",
         "a gourd on the pampas at dusk, low horizon"),
        ("Chimarrão on a table", "sks gourd on a table", "gourd on a table"),
        ("two gourds", "two sks gourds", "two gourds"),
        ("Praça da Matriz, 1910", "a sks gourd, Praça da Matriz, 1910", "a gourd, Praça da Matriz, 1910"),
        ("a gourdlike thing", "a sks gourd, a gourdlike thing", "a gourd, a gourdlike thing"),
        ("", "a sks gourd", "a gourd"),
    ],
)  # fmt: skip
def test_rare_token_stands_before_the_class_noun(caption: str, with_token: str, without: str) -> None:
    assert concept_caption(caption, (GOURD,), FALLBACK) == with_token
    assert class_caption(caption, (GOURD,), FALLBACK) == without


def test_two_concepts_in_one_picture_each_get_their_token() -> None:
    assert concept_caption("a gourd under a tree", (GOURD, TREE), FALLBACK) == "a sks gourd under a zwx tree"
