"""Settings name the key, the value and the right name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from base.errors import UsageError
from base.settings import from_table, read_toml, workspace_folder


@dataclass(frozen=True, kw_only=True)
class Inner:
    rate: float = 0.5
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outer:
    kind: Literal["a", "b"]
    steps: int = 3
    inner: Inner = field(default_factory=Inner)
    note: str | None = None


def test_nested_tables_become_dataclasses() -> None:
    built = from_table(Outer, {"kind": "a", "inner": {"rate": 1, "names": ["x"]}}, where="r.toml")
    assert built == Outer(kind="a", inner=Inner(rate=1.0, names=("x",)))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"kind": "a", "stpes": 1}, "did you mean 'steps'"),
        ({"kind": "c"}, "is 'c'"),
        ({"kind": "a", "steps": "3"}, "steps is '3', which is no int"),
        ({"kind": "a", "steps": True}, "steps is True"),
        ({"kind": "a", "inner": {"rat": 1.0}}, "r.toml: inner: unknown key 'rat'; did you mean 'rate'"),
        ({}, "missing key 'kind'"),
    ],
)
def test_a_wrong_table_is_refused_with_the_place_and_the_right_name(table: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        from_table(Outer, table, where="r.toml")


def test_a_missing_or_broken_toml_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_toml(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("a = = 1")
    with pytest.raises(UsageError, match="no TOML"):
        read_toml(tmp_path / "broken.toml")


def test_the_option_outranks_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOTOTECA_HOME", str(tmp_path / "home"))
    assert workspace_folder(None) == tmp_path / "home"
    assert workspace_folder(tmp_path / "other") == tmp_path / "other"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"rate": float("nan")}, "finite"),
        ({"names": {"a": 1}}, "no list"),
    ],
)
def test_numbers_are_finite_and_lists_are_lists(table: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        from_table(Inner, table, where="r.toml")


def test_a_table_is_wanted_where_a_mapping_stands() -> None:
    with pytest.raises(UsageError, match="criteria is 3, which is no table"):
        from_table(WithTable, {"criteria": 3}, where="r.toml")


@dataclass(frozen=True, kw_only=True)
class WithTable:
    criteria: Mapping[str, int] = field(default_factory=dict)


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        read_toml(tmp_path)
