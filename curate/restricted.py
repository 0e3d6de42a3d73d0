"""What a community asks not to be used: `restricted.toml` in the workspace, each entry with its reason and whose word it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from base.errors import UsageError
from base.settings import from_table, read_toml

FILE_NAME = "restricted.toml"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that is not to be used, or not before a person has looked."""

    reason: str
    """In the community's own words; it is shown wherever a picture was left out for it."""
    by: str
    """Who asks: the community, its council, a person; with the day, if it is known."""
    verdict: Literal["exclude", "review"] = "exclude"
    """Left out, or looked at by a person first."""
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Words by language, looked for in titles and captions; accents, case and underscores do not matter."""
    concepts: tuple[str, ...] = ()
    """Names of concepts, as in concepts.toml."""
    ids: tuple[str, ...] = ()
    """Single items: the source's own id, the candidate id, or the SHA-256 of the file."""


@dataclass(frozen=True, kw_only=True)
class _File:
    """The shape of `restricted.toml`."""

    restricted: tuple[Entry, ...] = ()


def read(workspace: Path) -> tuple[Entry, ...]:
    """The entries of the workspace's `restricted.toml`, none when there is no such file.

    Raises:
        UsageError: an unknown or missing key, a value of another type, or an entry that names nothing or gives no reason.
    """
    path = workspace / FILE_NAME
    return read_file(path) if path.exists() else ()


def read_file(path: Path) -> tuple[Entry, ...]:
    """The entries of such a file.

    Raises:
        UsageError: as `read`, and when the file is not there.
    """
    entries = from_table(_File, read_toml(path), where=path.name).restricted
    for number, entry in enumerate(entries, start=1):
        where = f"{path.name}: entry {number}"
        for name in ("reason", "by"):
            if not getattr(entry, name).strip():
                raise UsageError(f"{where}: {name} is empty: say it in the community's own words.")
        if not all(_is_list_of_words(words) for words in entry.words.values()):
            raise UsageError(f'{where}: words are lists by language, words = {{pt = ["máscara ritual"]}}.')
        named = [*entry.concepts, *entry.ids, *(word for words in entry.words.values() for word in words)]
        if not named or not all(one.strip() for one in named):
            raise UsageError(
                f"{where}: words, concepts and ids name nothing, or one of them is empty: say what is not to be used."
            )
    return entries


def _is_list_of_words(words: Any) -> bool:
    return isinstance(words, list | tuple) and all(isinstance(one, str) for one in words)
