"""Settings name the key, the value and the right name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from base.errors import SourceError, UsageError, together
from base.settings import faults, from_table, read_toml, sound, workspace_folder


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


def test_all_faults_are_listed_and_the_first_is_the_one_that_is_raised() -> None:
    table = {"kind": 3, "inner": {"rate": "x", "nmaes": []}, "more": 1}
    found = faults(Outer, table, where="r.toml")
    assert [one.partition(";")[0] for one in found][:2] == ["r.toml: unknown key 'more'", "r.toml: kind is 3"]
    assert any("inner: unknown key 'nmaes'" in one for one in found)
    assert any("inner: rate is 'x'" in one for one in found)
    with pytest.raises(UsageError) as stopped:
        from_table(Outer, table, where="r.toml")
    assert str(stopped.value) == found[0]
    assert faults(Outer, sound(Outer, table) | {"kind": "a"}, where="r.toml") == []


def test_several_errors_become_one_of_the_worst_class() -> None:
    inner = together([UsageError("a typo"), SourceError("a cut shard")], what="recipe x")
    whole = together([inner, UsageError("no model")], what="run y")
    assert (type(whole), whole.exit_code, len(whole.each)) == (SourceError, 3, 3)
    assert str(whole).splitlines() == ["run y has 3 faults:", "  1. a typo", "  2. a cut shard", "  3. no model"]
    assert together([whole.each[0]], what="run y") is whole.each[0]
