"""What a variation's file says of itself, to us and to other programs, and that it stays a picture like any other."""

import dataclasses
import io
from pathlib import Path

import pytest
from PIL import Image

from augment.model import Facts
from augment.picture import as_file, provenance
from augment.plan import Work, plan
from augment.recipe import AugmentSettings
from catalog import db, runs
from catalog.records import Decision, Depiction, Variation
from catalog.records import Image as ImageRow
from pixels.made_by import made_by
from pixels.marks import read_xmp

FACTS = Facts(name="tiny/model", revision="0" * 64, grid_px=8, parameters=1000)
SETTINGS = AugmentSettings(model="tiny/model", long_side_px=32, steps=4, strength=0.5)


@pytest.fixture
def work(collection: Path) -> Work:
    return next(one for one in plan(collection, SETTINGS, facts=FACTS).work if one.parent.title == "second")


def test_the_fields_of_iptc_say_system_version_and_prompt(work: Work) -> None:
    marks = read_xmp(as_file(Image.new("RGB", (32, 24), (90, 120, 30)), work))
    assert marks["Iptc4xmpExt:AISystemUsed"] == "tiny/model"
    assert marks["Iptc4xmpExt:AISystemVersionUsed"] == "0" * 64
    assert marks["Iptc4xmpExt:AIPromptInformation"] == work.request.prompt == marks["fototeca:prompt"]


def test_every_setting_that_can_change_a_pixel_is_written_down(work: Work) -> None:
    said = set(provenance(work).values())
    request = dataclasses.asdict(work.request)
    written = {name for name, value in request.items() if str(value) in said or not value}
    assert set(request) - written == {"width_px", "height_px"}  # those the picture itself shows


def test_the_marks_change_no_pixel_and_the_same_work_gives_the_same_bytes(work: Work) -> None:
    picture = Image.radial_gradient("L").resize((32, 24)).convert("RGB")
    data = as_file(picture, work)
    assert data == as_file(picture, work)
    assert Image.open(io.BytesIO(data)).tobytes() == picture.tobytes()


def test_handed_back_to_a_harvest_it_is_known_as_made_by_a_model(work: Work) -> None:
    data = as_file(Image.new("RGB", (32, 24)), work)
    assert made_by(data, Image.open(io.BytesIO(data)).info).source_type == "compositeWithTrainedAlgorithmicMedia"


def test_what_judging_says_of_variations_moves_the_next_plan(collection: Path) -> None:
    """A copy of another picture is made again with another seed; one that a safety checker flags waits and counts meanwhile."""
    first = plan(collection, SETTINGS, facts=FACTS).work[:2]
    said = (("copy_of_another", "exclude"), ("flagged_unsafe", "review"))
    with runs.begin(collection, "augment", {}) as run:
        for number, one in enumerate(first):
            sha256 = f"{number:064x}"
            run.add("requests", {**dataclasses.asdict(one.request), "digest": one.digest})
            run.add("images", ImageRow(sha256=sha256, origin="generated", format="PNG", width_px=8, height_px=8, size_bytes=9))
            run.add("depictions", Depiction(subject=sha256, concept="chimarrao", source="parent", score=1.0))
            run.add("variations", Variation(request=one.digest, parent=one.parent.sha256, sha256=sha256))
    with runs.begin(collection, "curate", {}) as run:
        for number, (criterion, verdict) in enumerate(said):
            run.add(
                "decisions",
                Decision(
                    subject=f"{number:064x}", criterion=criterion, version="1", verdict=verdict, reason="So.", evidence={},
                    who="criteria",
                ),
            )  # fmt: skip
    found = plan(collection, SETTINGS, facts=FACTS)
    one = next(one for one in found.concepts if one.concept == "chimarrao")
    assert (one.left_out, one.pending, one.missing, one.to_make) == ({"copy_of_another": 1}, 1, 4, 4)
    assert not {first[0].digest, first[1].digest} & {new.digest for new in found.to_make}
    assert len(db.rows(collection, "SELECT sha256 FROM kept WHERE kind = 'generated'")) == 0
