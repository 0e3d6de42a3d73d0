"""Settings are frozen dataclasses: values from a TOML table are checked key by key, and a wrong key names the right one."""

import dataclasses
import math
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from base.errors import UsageError, nearest

T = TypeVar("T")


def from_table(kind: type[T], table: Mapping[str, Any], *, where: str) -> T:
    """Build the dataclass `kind` from a mapping; nested dataclasses and tuples are understood.

    Raises:
        UsageError: an unknown or missing key, or a value of another type; the message names key, value and `where`.
    """
    if found := faults(kind, table, where=where):
        raise UsageError(found[0])
    hints = typing.get_type_hints(kind)
    return kind(**{key: _fitted(hints[key], value, f"{where}: {key}") for key, value in table.items()})


def faults(kind: type, table: Mapping[str, Any], *, where: str) -> list[str]:
    """Everything that is wrong with the keys and types of a table for `kind`, in words; the first is what `from_table` raises.

    What the dataclass itself refuses (a number out of its range) is not among them: it is asked only when all fits.
    """
    known = {one.name: one for one in dataclasses.fields(kind)}
    hints = typing.get_type_hints(kind)
    found = [f"{where}: unknown key {key!r}; {nearest(key, known)}" for key in table if key not in known]
    for key, value in table.items():
        if key in known:
            found += _faults_of(hints[key], value, f"{where}: {key}")
    missing = [
        name
        for name, one in known.items()
        if name not in table and one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
    ]
    return [*found, f"{where}: missing key {', '.join(map(repr, missing))}."] if missing else found


def sound(kind: type, table: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a table for `kind` that has no fault: unknown keys and values that do not fit are left out."""
    hints = typing.get_type_hints(kind)
    rest: dict[str, Any] = {}
    for key, value in table.items():
        inner = _table_kind(hints.get(key))
        if inner is not None and isinstance(value, Mapping):
            rest[key] = sound(inner, value)
        elif key in hints and not _faults_of(hints[key], value, ""):
            rest[key] = value
    return rest


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables.

    Raises:
        UsageError: the file is absent or no TOML; the message says where.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist: name another file, or run `fototeca init` for the examples.") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder: a TOML file is wanted there.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}.") from error


def workspace_folder(option: Path | None) -> Path:
    """Where the collection lives: the option, else `FOTOTECA_HOME`, else the folder the command runs in."""
    return (option or Path(os.environ.get("FOTOTECA_HOME") or ".")).expanduser().resolve()


def _faults_of(kind: Any, value: Any, where: str) -> list[str]:
    """All faults of one value: several where it is a table of its own."""
    inner = _table_kind(kind)
    if inner is not None and isinstance(value, Mapping) and (found := faults(inner, value, where=where)):
        return found
    try:
        _fitted(kind, value, where)
    except UsageError as error:
        return [str(error)]
    return []


def _table_kind(kind: Any) -> type | None:
    """The dataclass that a table stands for, also where it may be absent."""
    for one in (kind, *typing.get_args(kind)[:1]):
        if dataclasses.is_dataclass(one) and isinstance(one, type) and typing.get_origin(kind) is not tuple:
            return one
    return None


def _fitted(kind: Any, value: Any, where: str) -> Any:
    """The value as the annotation wants it, or a UsageError; whole numbers pass for floats, nothing else is converted."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        choices = [one for one in typing.get_args(kind) if one is not type(None)]
        return None if value is None else _fitted(choices[0], value, where)
    if origin is typing.Literal:
        if value not in typing.get_args(kind):
            raise UsageError(f"{where} is {value!r}; {nearest(str(value), map(str, typing.get_args(kind)))}")
        return value
    if origin is tuple and isinstance(value, list | tuple):
        inner = typing.get_args(kind)[0]
        return tuple(_fitted(inner, one, where) for one in value)
    if origin in (dict, Mapping) and isinstance(value, Mapping):
        return value
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping):
        return from_table(kind, value, where=where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{where} is {value!r}: a finite number is wanted.")
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is Any or (origin is None and isinstance(value, kind) and not (kind in (int, float) and isinstance(value, bool))):
        return value
    wanted = {tuple: "list", dict: "table", Mapping: "table"}.get(origin, getattr(kind, "__name__", kind))
    raise UsageError(f"{where} is {value!r}, which is no {wanted}.")
