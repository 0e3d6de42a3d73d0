"""Walks the categories below a category of Wikimedia Commons: each once, the nearest first, whatever circles they form."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from harvest.commons_pages import joined
from harvest.json_answer import line, listed, mapping
from harvest.source import Ask, Problem

MOST_CATEGORIES = 20_000
"""Below what was named; some trees of categories hold nearly all of Commons (assumption, not measured)."""


class Asks(Protocol):
    """How the source spells its questions."""

    def files_of(self, category: str) -> Ask:
        """For the files of a category."""

    def categories_of(self, category: str, carry: Mapping[str, Any]) -> Ask:
        """For the categories in a category."""


def walk(asks: Asks, categories: Sequence[str], depth: int) -> Iterator[Ask]:
    """The first question of a walk through the categories below these; none with a depth of 0.

    The walk is one chain of questions, so that no category is asked for twice: the service wants its questions one
    after another anyhow. `carry["tree"]` holds what is still to be asked (`queue`), how far (`left`), and what was met.
    """
    if depth > 0 and categories:
        first, *others = categories
        tree = {"left": depth, "queue": [[one, depth] for one in others], "seen": list(categories)}
        yield asks.categories_of(first, {"tree": tree})


def children(asks: Asks, found: Mapping[str, Any], url: str, carry: Mapping[str, Any]) -> Iterator[Ask | Problem]:
    """The files of each category that was not met before, and the next question of the walk."""
    tree = mapping(carry.get("tree"))
    seen, queue = list(listed(tree.get("seen"))), list(listed(tree.get("queue")))
    left: int = tree.get("left", 1)
    known = set(seen)
    for member in listed(mapping(found.get("query")).get("categorymembers")):
        title = line(mapping(member).get("title"))
        if title is None or title in known:
            continue
        if len(seen) >= MOST_CATEGORIES:
            yield Problem(where=url, what=f"more than {MOST_CATEGORIES} categories: the rest is not asked for")
            return
        known.add(title)
        seen.append(title)
        yield asks.files_of(title)
        if left > 1:
            queue.append([title, left - 1])
    batch = joined(found, url, {"question": carry.get("question")})
    if batch.next_url:
        tree = {"left": left, "queue": queue, "seen": seen}
        yield Ask(url=batch.next_url, carry={"question": batch.next_carry["question"], "tree": tree})
    elif queue:
        (title, left), *queue = queue
        yield asks.categories_of(title, {"tree": {"left": left, "queue": queue, "seen": seen}})
