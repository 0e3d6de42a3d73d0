"""Words in IIIF: language maps, labelled metadata and identifiers, in whatever shape they come."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from harvest.sheet import folded
from harvest.text import plain

PREFERRED = ("en", "pt", "es")
"""Captions train text encoders that know English best; the other languages are kept beside it."""

MOST_TEXTS = 200
LONGEST_LABEL = 200

_folded = lru_cache(maxsize=4096)(folded)
"""Manifests of one institution share their labels."""

ROLES: Mapping[str, str] = {
    "creator": "creator creators author authors artist artists artist_maker photographer photographers maker painter"
    " engraver illustrator sculptor architect autor autora autores autoria criador criadora criadores creador creadora"
    " creadores artista artistas fotografo fotografa fotografos pintor pintora gravador grabador ilustrador escultor"
    " auteur createur photographe kunstler urheber fotograf",
    "date": "date dates date_created created creation_date date_of_creation date_made year period publication_creation"
    " data data_de_criacao data_de_producao ano periodo fecha fecha_de_creacion datum datierung",
}
"""What a metadata label may be called for each role, as `sheet.folded` spells it. A contributor is no creator."""


_NAMES = {role: frozenset(names.split()) for role, names in ROLES.items()}


def chosen(value: Any) -> tuple[str | None, str | None]:
    """(plain text, language) in the preferred language; both None when there are no words, language None when unsaid."""
    texts = plain_texts(value)
    for wanted in PREFERRED:
        for language, text in texts.items():
            if language and language.lower().split("-")[0] == wanted:
                return text, language
    if None in texts:
        return texts[None], None
    return next(((text, language) for language, text in texts.items()), (None, None))


def plain_texts(value: Any) -> dict[str | None, str]:
    """Plain text by language; several values of one language are joined by '; '."""
    found: dict[str | None, list[str]] = {}
    for language, text in raw_texts(value):
        if words := plain(text):
            found.setdefault(language, []).append(words)
    return {language: "; ".join(dict.fromkeys(texts)) for language, texts in found.items()}


def raw_texts(value: Any) -> Iterator[tuple[str | None, str]]:
    """(language, text with its markup) of a language map, a string, a list, or a version 2 value; nothing else."""
    for one in as_list(value)[:MOST_TEXTS]:
        if isinstance(one, str):
            yield None, one
        elif isinstance(one, dict) and isinstance(one.get("@value"), str):
            yield _language(one.get("@language")), one["@value"]
        elif isinstance(one, dict):
            for language, texts in list(one.items())[:MOST_TEXTS]:
                for text in as_list(texts)[:MOST_TEXTS]:
                    if isinstance(text, (str, int, float)) and not isinstance(text, bool):
                        yield _language(language), str(text)


def in_other_languages(value: Any, taken: str | None) -> dict[str, str]:
    """The words in the languages that were not chosen, as `caption (pt)`."""
    texts = {language or "und": text for language, text in plain_texts(value).items() if language != taken}
    return {f"caption ({language})": text for language, text in texts.items()}


def role_values(resource: Mapping[str, Any], role: str) -> str | None:
    """The value of the first metadata pair whose label, in any language, names the role."""
    names = _NAMES[role]
    for pair in as_list(resource.get("metadata")):
        if isinstance(pair, dict) and any(_folded(text[:LONGEST_LABEL]) in names for _, text in raw_texts(pair.get("label"))):
            text, _ = chosen(pair.get("value"))
            if text:
                return text
    return None


def identifier(resource: Any) -> str | None:
    """`id` or `@id`, of an object; a string stands for itself."""
    if isinstance(resource, dict):
        value = resource.get("id") or resource.get("@id")
        return value if isinstance(value, str) else None
    return resource if isinstance(resource, str) else None


def as_list(value: Any) -> list[Any]:
    """A list as it is, nothing as an empty one, anything else as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _language(value: Any) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text[:35] if text and text not in ("none", "@none") and text.isascii() and text.isprintable() else None
