"""Words in Europeana's answers: makers, whose names stand apart from their addresses, and texts by language."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harvest.iiif_text import chosen
from harvest.json_answer import listed, mapping, words

_ADDRESS = re.compile(r"(?:https?://|urn:|_:|#)\S+", re.I)
MOST_NAMES = 40


def creators(found: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """(names, addresses that no label explains) of a search's item.

    `edmAgentLabel` explains `edmAgent` place by place, and holds depicted persons and buildings too; so only labels
    of addresses that stand in `dcCreator` are taken. Where the two lists are not of one length, they cannot be matched.
    """
    agents = [one for one in listed(found.get("edmAgent")) if isinstance(one, str)]
    labels = listed(found.get("edmAgentLabel"))
    names: dict[str, str | None] = {}
    if len(agents) == len(labels):
        names = {agent: _by_language(label) for agent, label in zip(agents, labels, strict=True)}
    elif len(set(agents)) == 1:
        names = {agents[0]: _by_language(found.get("edmAgentLabelLangAware")) or next(map(_by_language, labels), None)}
    return named([words(one) for one in listed(found.get("dcCreator"))], names)


def named(stated: Sequence[str | None], names: Mapping[str, str | None]) -> tuple[str | None, tuple[str, ...]]:
    """(names, addresses without one) of makers that are stated by name or by address."""
    taken: dict[str, None] = {}
    unexplained: dict[str, None] = {}
    for one in stated[:MOST_NAMES]:
        if not one:
            continue
        name = names.get(one)
        if name:
            taken[name] = None
        elif one in names or _ADDRESS.fullmatch(one):
            unexplained[one] = None
        else:
            taken[one] = None
    return "; ".join(taken)[:2000] or None, tuple(unexplained)


def names_by_address(described: Any) -> dict[str, str | None]:
    """Name by address of what a record describes besides the thing itself: persons, concepts, institutions."""
    found: dict[str, str | None] = {}
    for one in listed(described):
        entity = mapping(one)
        if isinstance(entity.get("about"), str):
            found[entity["about"]] = _by_language(entity.get("prefLabel")) or _by_language(entity.get("foafName"))
    return found


def by_language(value: Any) -> dict[str, Any]:
    """A language map in which `def`, Europeana's word for an unsaid language, is spelled as IIIF does."""
    found = {("none" if name == "def" else name): texts for name, texts in mapping(value).items()}
    return {name: _without_addresses(texts) for name, texts in found.items()}


def all_texts(value: Any) -> list[str]:
    """Every text of a language map, a list or a text, in order; older records have no maps."""
    groups = value.values() if isinstance(value, dict) else [value]
    return [text for texts in groups for one in as_texts(texts) if (text := words(one))]


def as_texts(value: Any) -> list[Any]:
    """A list as it is, a text as a list of one."""
    return [value] if isinstance(value, str) else listed(value)


def joined(value: Any) -> str | None:
    """The texts of a list or a language map on one line; None when there are none."""
    return "; ".join(dict.fromkeys(all_texts(value)[:MOST_NAMES]))[:2000] or None


def _without_addresses(texts: Any) -> list[Any]:
    """Subjects and makers are often named by address only: no words for a person."""
    return [one for one in as_texts(texts) if not (isinstance(one, str) and _ADDRESS.fullmatch(one.strip()))]


def _by_language(value: Any) -> str | None:
    """The name in the preferred language; of several in one language the first."""
    if not isinstance(value, dict):
        return next(iter(all_texts(value)), None)
    return chosen({language: texts[:1] for language, texts in by_language(value).items()})[0]
