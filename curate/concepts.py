"""Concepts: what `concepts.toml` names, and which subjects show it by the word of a source, a caption or a parent."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from base.errors import UsageError
from base.settings import from_table, read_toml
from catalog import db
from catalog.records import Concept, Depiction
from catalog.runs import Run

FILE_NAME = "concepts.toml"
MOST_WANTED = 2**31 - 1  # what the catalogue's column holds
GONE = "no longer in concepts.toml"
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class _File:
    """The shape of `concepts.toml`."""

    concept: tuple[Concept, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Assigned:
    """Concepts in force, claims new or taken back now, and what to tell the archivist."""

    concepts: int = 0
    claimed: int = 0
    taken_back: int = 0
    notices: tuple[str, ...] = field(default=())


def assign(workspace: Path, run: Run) -> Assigned:
    """State the concepts and every claim that a subject shows one; claims that no longer hold are taken back with score 0.

    Sources of claims: source (a sheet's column, a harvest query), caption (a word in caption or title), parent (variations).
    """
    concepts = read(workspace)
    with db.reading(workspace) as connection:
        stated = db.fetch(connection, "SELECT * FROM current_concepts")
        subjects = db.fetch(connection, (HERE / "claims.sql").read_text(encoding="utf-8"))
        standing = db.fetch(connection, STANDING)
    before = {row["name"]: row for row in stated}
    for concept in concepts:
        run.add("concepts", concept)
    named = {concept.name for concept in concepts}
    for name in sorted(set(before) - named):
        if before[name]["notes"] != GONE:
            row = {key: before[name][key] for key in ("name", "class_noun", "rare_token", "uri")}
            run.add("concepts", {**row, "words": {}, "target": 0, "notes": GONE})
    claims = set(claimed(concepts, subjects))
    held = {(row["subject"], row["concept"], row["source"]): row["score"] for row in standing}
    new = sorted(claims - {key for key, score in held.items() if score > 0})
    back = sorted({key for key, score in held.items() if score > 0} - claims)
    renamed = sorted(_renamed(concepts, subjects) - claims - {key for key, score in held.items() if score == 0} - set(back))
    for key, score in [*((key, 1.0) for key in new), *((key, 0.0) for key in (*back, *renamed))]:
        run.add("depictions", Depiction(subject=key[0], concept=key[1], source=key[2], score=score))
    unknown = sorted({concept for _, concept, source in claims if source == "source"} - named)
    return Assigned(concepts=len(concepts), claimed=len(new), taken_back=len(back), notices=_notices(workspace, unknown))


STANDING = """
SELECT subject, concept, source, score
FROM current_depictions
WHERE source IN ('source', 'caption', 'parent')
"""

Claim = tuple[str, str, str]
"""subject, concept, source of the claim."""


def read(workspace: Path) -> tuple[Concept, ...]:
    """The concepts of the workspace's `concepts.toml`, none when there is no such file.

    Raises:
        UsageError: an unknown key, a missing one, or a name or rare token that is used twice.
    """
    path = workspace / FILE_NAME
    if not path.exists():
        return ()
    concepts = from_table(_File, _with_tables(read_toml(path)), where=FILE_NAME).concept
    for what in ("name", "rare_token"):
        seen: set[str] = set()
        for concept in concepts:
            value = str(getattr(concept, what))
            if value in seen:
                raise UsageError(f"{FILE_NAME}: {what} {value!r} is used by two concepts: give each its own.")
            seen.add(value)
    for concept in concepts:
        if not concept.name.strip():
            raise UsageError(f"{FILE_NAME}: a concept's name is empty: give it one.")
        if not 0 <= concept.target <= MOST_WANTED:
            raise UsageError(f"{FILE_NAME}: {concept.name}: target is {concept.target}, not 0 to {MOST_WANTED} pictures.")
        lists = concept.words.values()
        if not all(isinstance(words, list | tuple) and all(isinstance(one, str) for one in words) for words in lists):
            raise UsageError(f'{FILE_NAME}: {concept.name}: words are lists by language, words = {{pt = ["cuia"]}}.')
    return concepts


def claimed(concepts: Sequence[Concept], subjects: Iterable[Mapping[str, Any]]) -> Iterable[Claim]:
    """Every claim that holds now. Accents and case do not matter; a word counts only when it stands alone."""
    finders = [(concept.name, _finder(concept)) for concept in concepts]
    names = _names(concepts)
    for row in subjects:
        for name in row["claims"] or ():
            yield row["subject"], names.get(fold(name), name), row["source"]
        words = fold(row["words"] or "")
        for name, finder in finders:
            if words and finder.search(words):
                yield row["subject"], name, "caption"


def fold(text: str) -> str:
    """Text without accents, case and underscores, for comparing: Araucária and araucaria are one word."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("_", " "))
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


def _renamed(concepts: Sequence[Concept], subjects: Iterable[Mapping[str, Any]]) -> set[Claim]:
    """Claims in the source's own spelling that speak of a concept known by another: denied, so that one name stands."""
    names = _names(concepts)
    return {
        (row["subject"], name, row["source"])
        for row in subjects
        for name in row["claims"] or ()
        if names.get(fold(name), name) != name
    }


def _names(concepts: Sequence[Concept]) -> dict[str, str]:
    names = {fold(word): concept.name for concept in concepts for words in concept.words.values() for word in words}
    return names | {fold(concept.name): concept.name for concept in concepts}


def _finder(concept: Concept) -> re.Pattern[str]:
    words = sorted({fold(word) for words in concept.words.values() for word in words} | {fold(concept.name)})
    return re.compile(r"(?<!\w)(?:" + "|".join(re.escape(word) for word in words if word) + r")(?!\w)")


def _with_tables(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """`target` may be left out: then no pictures are made for the concept."""
    if not isinstance(table.get("concept"), list):
        return table
    return {**table, "concept": [{"target": 0, **one} if isinstance(one, Mapping) else one for one in table["concept"]]}


def _notices(workspace: Path, unknown: Sequence[str]) -> tuple[str, ...]:
    if not (workspace / FILE_NAME).exists():
        return (f"There is no {FILE_NAME} here: concepts are taken as the sources name them, and none is called scarce.",)
    if not unknown:
        return ()
    shown = ", ".join(unknown[:10]) + (" …" if len(unknown) > 10 else "")
    return (f"{len(unknown)} concepts that sources name are not in {FILE_NAME}: {shown}.",)
