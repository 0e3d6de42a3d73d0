"""The example curation.toml names every criterion and every parameter, with the default that holds without it."""

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from curate import judge
from curate.settings import CurationSettings, Models, read

OFF = "# off unless set"


@pytest.fixture(scope="module")
def example(request: pytest.FixtureRequest) -> Path:
    return Path(request.config.rootpath) / "docs/examples/curation.toml"


def _stated(path: Path) -> dict[str, dict[str, tuple[Any, bool]]]:
    """By section, the values of the lines that are settings, commented out or not, and whether they are off by default."""
    sections: dict[str, dict[str, tuple[Any, bool]]] = {"": {}}
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if header := re.fullmatch(r"\[([\w.]+)\]", line):
            section = header[1]
            assert section not in sections
            sections[section] = {}
        elif setting := re.fullmatch(r"(?:# )?([a-z_]+) = (.+)", line):
            name, value = setting.groups()
            assert name not in sections[section], f"{section}: {name} stands there twice"
            sections[section][name] = (tomllib.loads(f"value = {value}")["value"], value.endswith(OFF))
    return sections


def test_every_criterion_and_every_parameter_stands_there_with_its_default(example: Path) -> None:
    stated = _stated(example)
    text = example.read_text(encoding="utf-8")
    for name, module in judge.loaded().items():
        assert f"[criteria.{name}]" in text, f"{name} is missing"
        defaults = {} if module.PARAMS is None else dataclasses.asdict(module.PARAMS)
        found = stated.pop(f"criteria.{name}", {})
        assert set(found) == set(defaults), name
        for parameter, default in defaults.items():
            value, off = found[parameter]
            assert off == (default is None), f"{name}.{parameter}"
            default = list(default) if isinstance(default, tuple) else default
            assert off or (value == default and type(value) is type(default)), f"{name}.{parameter} is {value!r}, not {default!r}"
    assert set(stated) == {"", "models"}


def test_models_and_the_settings_of_the_whole_workspace_stand_there_too(example: Path) -> None:
    stated = _stated(example)
    assert set(stated["models"]) == {one.name for one in dataclasses.fields(Models)}
    assert all(off for _, off in stated["models"].values())
    whole = {one.name for one in dataclasses.fields(CurationSettings)} - {"models", "criteria", "restricted"}
    assert set(stated[""]) == whole
    chosen = read(example.parent)
    assert not any(chosen.criteria.values())
    assert dataclasses.replace(chosen, criteria={}) == CurationSettings()


def test_every_commented_line_is_valid_when_it_counts(example: Path, tmp_path: Path) -> None:
    lines = [re.sub(r"^# ([a-z_]+ = )", r"\1", line) for line in example.read_text(encoding="utf-8").splitlines()]
    (tmp_path / "curation.toml").write_text("\n".join(lines), encoding="utf-8")
    chosen = read(tmp_path)
    assert chosen.models.people == "models/faces.torchscript.pt"
    assert chosen.criteria["off_concept"]["min_likeness"] == 0.25
