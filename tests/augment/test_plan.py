"""What gets varied, what does not, and why."""

import dataclasses
from pathlib import Path

import pytest

from augment.model import Facts
from augment.plan import plan
from augment.recipe import AugmentSettings
from base.errors import UsageError
from catalog import db, runs
from catalog.records import Depiction, Variation
from catalog.records import Image as ImageRow

FACTS = Facts(name="tiny/model", revision="0" * 64, grid_px=8, parameters=1000)
SETTINGS = AugmentSettings(model="tiny/model", long_side_px=32, steps=4, strength=0.5)


def gourds(workspace: Path, settings: AugmentSettings = SETTINGS):
    return next(one for one in plan(workspace, settings, facts=FACTS).concepts if one.concept == "chimarrao")


def test_numbers_of_a_concept_add_up(collection: Path) -> None:
    one = gourds(collection)
    assert (one.target, one.kept, one.generated, one.pending, one.missing) == (12, 7, 0, 0, 5)
    assert one.target == one.kept + one.generated + one.pending + one.missing
    assert one.missing == one.to_make + one.short
    assert one.parents + sum(obstacle.count for obstacle in one.obstacles) == 10  # every item that claims to show a gourd


def test_only_kept_train_items_with_a_licence_for_changes_are_parents(collection: Path) -> None:
    work = plan(collection, SETTINGS, facts=FACTS).work
    assert {one.parent.title for one in work} == {"first", "second", "third", "lying", "not for sale"}


def test_what_cannot_be_varied_is_counted_by_reason(collection: Path) -> None:
    counts = {obstacle.code: obstacle.count for obstacle in gourds(collection).obstacles}
    assert counts == {"held_out": 1, "no_derivatives": 1, "opted_out": 1, "rights_not_cleared": 1, "waiting": 1}


def test_commercial_purpose_leaves_nc_pictures_alone(collection: Path) -> None:
    (collection / "curation.toml").write_text('purpose = "commercial"\n')
    result = plan(collection, SETTINGS, facts=FACTS)
    assert "not for sale" not in {one.parent.title for one in result.work}
    codes = {obstacle.code for obstacle in result.concepts[0].obstacles}
    assert "not_commercial" in codes


def test_an_alternative_licence_permits_what_the_main_one_does_not(collection: Path) -> None:
    row = db.rows(collection, "SELECT * FROM current_candidates WHERE title = 'no derivatives'")[0]
    alternative = {"family": "by", "version": "3.0", "jurisdiction": None, "uri": None, "spdx": None, "flags": []}
    with db.writing(collection) as connection:
        connection.execute(
            "UPDATE candidates SET rights_alternatives = ? WHERE candidate_id = ?", [[alternative], row["candidate_id"]]
        )
        connection.execute("UPDATE concepts SET target = 13 WHERE name = 'chimarrao'")  # so that each of 6 parents is needed
    licences = {one.parent.title: one.parent.licence for one in plan(collection, SETTINGS, facts=FACTS).work}
    assert licences["no derivatives"] == "CC BY 3.0"


def test_every_parent_gives_one_before_any_gives_two(collection: Path) -> None:
    with db.writing(collection) as connection:
        connection.execute("UPDATE concepts SET target = 14 WHERE name = 'chimarrao'")
    work = plan(collection, SETTINGS, facts=FACTS).work
    times = sorted(sum(one.parent.title == title for one in work) for title in {one.parent.title for one in work})
    assert times == [1, 1, 1, 2, 2]  # 7 missing, 5 parents


def test_what_n_times_m_cannot_reach_is_said(collection: Path) -> None:
    with db.writing(collection) as connection:
        connection.execute("UPDATE concepts SET target = 40 WHERE name = 'chimarrao'")
    result = plan(collection, dataclasses.replace(SETTINGS, variations_per_parent=2), facts=FACTS)
    one = result.concepts[0]
    assert (one.to_make, one.short) == (10, 23)
    assert any("23 remain missing" in note for note in result.notes)


def test_a_concept_without_any_picture_is_named(collection: Path) -> None:
    result = plan(collection, SETTINGS, facts=FACTS)
    toad = next(one for one in result.concepts if one.concept == "sapinho")
    assert (toad.parents, toad.to_make, toad.short) == (0, 0, 3)
    assert "sapinho: nothing can be varied, 3 remain missing." in result.notes


def test_the_same_catalogue_gives_the_same_plan(collection: Path) -> None:
    assert plan(collection, SETTINGS, facts=FACTS) == plan(collection, SETTINGS, facts=FACTS)


def test_seeds_differ_and_follow_the_run_seed(collection: Path) -> None:
    seeds = [one.request.seed for one in plan(collection, SETTINGS, facts=FACTS).work]
    others = [one.request.seed for one in plan(collection, dataclasses.replace(SETTINGS, seed=1), facts=FACTS).work]
    assert len({*seeds, *others}) == 10


def test_an_upright_picture_stays_upright(collection: Path) -> None:
    sizes = {
        one.parent.title: (one.request.width_px, one.request.height_px) for one in plan(collection, SETTINGS, facts=FACTS).work
    }
    assert sizes["first"] == (32, 24)
    assert sizes["lying"] == (24, 32)  # stored 64 x 48 with EXIF orientation 6


def test_variations_made_before_are_not_asked_again(collection: Path) -> None:
    first = plan(collection, SETTINGS, facts=FACTS).work[:2]
    with runs.begin(collection, "augment", {}) as run:
        for number, one in enumerate(first):
            sha256 = f"{number:064x}"
            run.add("requests", {**dataclasses.asdict(one.request), "digest": one.digest})
            run.add("images", ImageRow(sha256=sha256, origin="generated", format="PNG", width_px=8, height_px=8, size_bytes=9))
            run.add("depictions", Depiction(subject=sha256, concept="chimarrao", source="parent", score=1.0))
            run.add("variations", Variation(request=one.digest, parent=one.parent.sha256, sha256=sha256))
    one = gourds(collection)
    assert (one.pending, one.missing, one.made_before, one.to_make) == (2, 3, 2, 3)


def test_suffixes_take_turns_in_the_prompt(collection: Path) -> None:
    with db.writing(collection) as connection:
        connection.execute("UPDATE concepts SET target = 17 WHERE name = 'chimarrao'")
    settings = dataclasses.replace(SETTINGS, prompt_suffixes=(", at dusk", ", at night"))
    prompts = sorted(one.request.prompt for one in plan(collection, settings, facts=FACTS).work if one.parent.title == "first")
    assert prompts == ["a cuia of mate, first, gourd, at dusk", "a cuia of mate, first, gourd, at night"]


def test_an_unknown_concept_names_the_nearest(collection: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'chimarrao'"):
        plan(collection, dataclasses.replace(SETTINGS, concepts=("chimarao",)), facts=FACTS)


def test_a_side_below_the_grid_is_refused_before_the_model_loads(collection: Path) -> None:
    with pytest.raises(UsageError, match="multiples of 8 px"):
        plan(collection, dataclasses.replace(SETTINGS, long_side_px=7), facts=FACTS)


def test_an_earlier_run_gives_the_estimate(collection: Path) -> None:
    assert "not measured" in plan(collection, SETTINGS, facts=FACTS).estimate.basis
    settings = dataclasses.asdict(dataclasses.replace(SETTINGS, revision=FACTS.revision))
    with runs.begin(collection, "augment", settings, seed=0) as run:
        run.count("made", 2)
        run.count("making_ms", 3000)
    estimate = plan(collection, SETTINGS, facts=FACTS).estimate
    assert estimate.seconds == 7.5  # 5 to make at 1.5 s
    assert estimate.basis == "measured in an earlier run"
