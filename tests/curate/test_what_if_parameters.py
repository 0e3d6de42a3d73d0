"""Every parameter of every criterion can be asked about, alone or with others, and nothing is written."""

import dataclasses
import typing
from pathlib import Path
from typing import Any

import pytest
from curated_archive import Archive, drawn, encoded

from base.errors import UsageError
from curate import judge
from curate.curate import curate
from curate.settings import CurationSettings, own_version
from curate.what_if import changed, what_if

PARAMETERS = [
    (name, one.name, typing.get_type_hints(type(module.PARAMS))[one.name], getattr(module.PARAMS, one.name))
    for name, module in judge.loaded().items()
    if module.PARAMS is not None
    for one in dataclasses.fields(module.PARAMS)
]


def _other(kind: Any, default: Any) -> str:
    """Another value than the default, as somebody would type it."""
    if isinstance(default, bool):
        return str(not default).lower()
    if isinstance(default, str):
        return str(next(word for word in typing.get_args(kind) if word != default))
    if isinstance(default, int):
        return str(max(0, default - 1) if default else 1)
    if isinstance(default, float):
        return str(default / 2 if default else 0.5)
    if isinstance(default, tuple):
        return '["another", "one"]'
    if default is None:
        return "3" if int in typing.get_args(kind) else "0.5"
    raise AssertionError(f"a parameter of a kind that this test does not know: {kind}")


CHANGES = {f"{criterion}.{name}": _other(kind, default) for criterion, name, kind, default in PARAMETERS}


@pytest.mark.parametrize("path", CHANGES)
def test_another_value_is_another_question(path: str) -> None:
    criterion = path.split(".")[0]
    module = judge.loaded()[criterion]
    asked = changed(CurationSettings(), [f"{path}={CHANGES[path]}"])
    assert own_version(criterion, module, asked) != own_version(criterion, module, CurationSettings())


def test_all_of_them_together_are_counted_by_concept_and_nothing_is_written(archive: Archive) -> None:
    archive.add("a.png", encoded(drawn(1)), concepts=("cuia",))
    curate(archive.folder)
    before = {path: path.read_bytes() for path in archive.folder.rglob("*") if path.is_file()}
    found = what_if(archive.folder, [f"{path}={value}" for path, value in CHANGES.items()])
    assert [row["concept"] for row in found.concepts] == ["cuia", "(all)"]
    assert {path: path.read_bytes() for path in archive.folder.rglob("*") if path.is_file()} == before


def test_a_list_of_what_is_restricted_can_be_tried(archive: Archive, tmp_path: Path) -> None:
    archive.add("a.png", encoded(drawn(1)), title="Uma máscara", concepts=("cuia",))
    curate(archive.folder)
    other = tmp_path / "other.toml"
    other.write_text('[[restricted]]\nreason = "Ask us."\nby = "Ana"\nwords = {pt = ["mascara"]}\n')
    found = what_if(archive.folder, [f"restricted={other}"])
    assert found.moved == ({"before": "keep", "after": "exclude", "pictures": 1},)


def test_values_in_tables_within_tables_are_laid_over_those_that_stand() -> None:
    from curate.what_if import _with

    assert _with({"a": {"b": 1, "c": [2]}}, ["a", "c"], [3, 4]) == {"a": {"b": 1, "c": [3, 4]}}
    assert _with({}, ["a", "b"], 1) == {"a": {"b": 1}}


def test_what_may_be_off_is_turned_off_by_none() -> None:
    on = CurationSettings(criteria={"off_concept": {"min_likeness": 0.3}})
    assert changed(on, ["off_concept.min_likeness=none"]).criteria["off_concept"] == {"min_likeness": None}
    with pytest.raises(UsageError, match="min_side_px"):
        changed(on, ["too_small.min_side_px=none"])
