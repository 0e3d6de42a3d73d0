"""Captions that teach a concept: the class noun gets its rare token, and the class caption says the same without it."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """What is taught: `sks` + `gourd` for the chimarrão's gourd."""

    name: str
    class_noun: str
    rare_token: str


def concept_caption(caption: str, concepts: tuple[Concept, ...], fallback: str) -> str:
    """The caption with "<rare token> <class noun>" for each concept: "a sks gourd on the pampas".

    The concept's name is replaced where it stands, else its class noun, else `fallback` puts the words in front.
    """
    for concept in concepts:
        caption = _with(caption, concept, f"{concept.rare_token} {concept.class_noun}", fallback, concept.rare_token)
    return caption


def class_caption(caption: str, concepts: tuple[Concept, ...], fallback: str) -> str:
    """The same caption without the rare tokens: "a gourd on the pampas"; what the prior term holds the model to."""
    for concept in concepts:
        caption = _with(caption, concept, concept.class_noun, fallback, "")
    return caption


def _with(caption: str, concept: Concept, words: str, fallback: str, token: str) -> str:
    """Replace the first mention; a plural ending is kept ("two sks gourds")."""
    for mention in (concept.name, concept.class_noun):
        pattern = re.compile(rf"(?<!\w){re.escape(mention)}((?:s|es)?)(?!\w)", re.IGNORECASE)
        if mention and (found := pattern.search(caption)):
            return caption[: found.start()] + words + found.group(1) + caption[found.end() :]
    filled = fallback.format(token=token, noun=concept.class_noun, caption=caption)
    return " ".join(filled.split()).strip(" ,")
