"""Settings and recipes of an augmentation."""

import dataclasses
from pathlib import Path

import pytest

from augment import recipe
from augment.recipe import AugmentSettings
from base.errors import UsageError


def test_defaults_are_the_settings_of_the_paper() -> None:
    # Cioni et al. 2023, read from the published code (reference/seed-systems.md, section 2).
    one = AugmentSettings()
    assert (one.strength, one.guidance, one.steps, one.long_side_px) == (0.34, 10.0, 40, 576)
    assert one.scheduler == "EulerAncestralDiscreteScheduler"
    assert one.steps_run == 13


@pytest.mark.parametrize("name", recipe.names())
def test_every_recipe_can_be_read(name: str) -> None:
    assert recipe.read(name).steps_run >= 1


def test_the_paper_recipe_equals_the_defaults() -> None:
    pinned = recipe.read("cioni-2023")
    assert dataclasses.replace(pinned, revision=None) == AugmentSettings()
    assert len(pinned.revision or "") == 40  # a commit, never a branch


def test_another_model_does_not_inherit_the_revision() -> None:
    assert recipe.read("cioni-2023", {"model": "other/model"}).revision is None
    assert recipe.read("cioni-2023", {"model": "other/model", "revision": "v2"}).revision == "v2"


def test_the_command_line_overrules_the_recipe() -> None:
    assert recipe.read("demo", {"strength": 0.7}).strength == 0.7


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'cioni-2023'"):
        recipe.read("cioni-2024")


def test_an_unknown_key_names_file_and_nearest_key(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("strenght = 0.3\n")
    with pytest.raises(UsageError, match=r"mine.toml: unknown key 'strenght'; did you mean 'strength'"):
        recipe.read(path)


def test_less_than_one_step_is_refused_with_the_remedy() -> None:
    with pytest.raises(UsageError, match="take at least 10 steps"):
        AugmentSettings(steps=9, strength=0.1)


@pytest.mark.parametrize("strength", [0.0, 1.01])
def test_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(UsageError, match="strength is"):
        AugmentSettings(strength=strength)
