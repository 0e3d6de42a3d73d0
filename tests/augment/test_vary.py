"""Making variations: rows, files, reruns, kills and memory."""

import dataclasses
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from augment.model import Asked
from augment.recipe import AugmentSettings
from augment.vary import augment, varied
from base.errors import BusyError, OutOfMemoryError
from catalog import db, runs
from catalog.store import Store
from pixels.marks import read_xmp

# diffusers 0.42.1 hands a torch tensor to numpy.array, which numpy 2 remarks on (scheduling_euler_ancestral_discrete.py).
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tiny_model: Path) -> AugmentSettings:
    return AugmentSettings(model=str(tiny_model), long_side_px=32, steps=4, strength=0.5, guidance=3.0, batch_size=2)


def content(workspace: Path) -> dict[str, list[dict[str, object]]]:
    """All rows about variations, without run id and times."""
    tables = ("requests", "images", "captions", "depictions", "variations")
    return {
        table: db.rows(workspace, f"SELECT * EXCLUDE (run_id, {moment}) FROM {table} ORDER BY ALL")
        for table, moment in zip(tables, ("asked_at", "stored_at", "stated_at", "stated_at", "made_at"), strict=True)
    }


def test_a_variation_has_all_its_rows_and_its_parents_rights(collection: Path, settings: AugmentSettings) -> None:
    told: list[tuple[str, int, int]] = []
    report = augment(collection, settings, progress=lambda *what: told.append(what))
    assert (report.planned, report.made_before, report.made, report.failed) == (5, 0, 5, 0)
    assert told[-1] == ("varied", 5, 5)
    made = db.rows(collection, "SELECT * FROM records WHERE kind = 'generated'")
    assert len(made) == 5
    for row in made:
        parent = db.rows(collection, "SELECT * FROM records WHERE sha256 = ?", [row["parent"]])[0]
        assert row["concepts"] == ["chimarrao"]
        assert (row["split"], row["rights_family"]) == ("train", parent["rights_family"])
        assert row["caption"] == f"{parent['caption']}, gourd"
        with Image.open(Store(collection).path(row["sha256"])) as picture:
            assert (picture.format, picture.size) == ("PNG", (row["width_px"], row["height_px"]))


def test_the_file_says_what_it_is_and_whose(collection: Path, settings: AugmentSettings) -> None:
    report = augment(collection, settings)
    row = db.rows(collection, "SELECT * FROM lineage WHERE parent_title = 'second'")[0]
    marks = read_xmp(Store(collection).read(row["sha256"]))
    assert str(marks["Iptc4xmpExt:DigitalSourceType"]).endswith("/compositeWithTrainedAlgorithmicMedia")
    assert marks["photoshop:Credit"] == "Ana, second"
    assert marks["dc:rights"] == "second by Ana, CC BY-SA 4.0; changed by a model."
    assert marks["xmpRights:WebStatement"] == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert (marks["fototeca:model"], marks["fototeca:revision"]) == (report.model, report.revision)
    assert (marks["fototeca:prompt"], marks["fototeca:seed"]) == (row["prompt"], str(row["seed"]))


def test_a_rerun_makes_nothing_and_says_so(collection: Path, settings: AugmentSettings) -> None:
    augment(collection, settings)
    before = content(collection)
    report = augment(collection, settings)
    assert (report.planned, report.made_before, report.made) == (5, 5, 0)
    assert "chimarrao: 5 variations wait for `fototeca curate`, and count until then." in report.notes
    assert content(collection) == before


def test_a_variation_that_curation_excludes_is_replaced(collection: Path, settings: AugmentSettings) -> None:
    augment(collection, settings)
    lost = db.rows(collection, "SELECT sha256 FROM variations ORDER BY sha256 LIMIT 1")[0]["sha256"]
    with runs.begin(collection, "curate", {}) as run:
        verdict = {"verdict": "exclude", "reason": "Too dark.", "evidence": {}, "who": "criteria", "version": "1"}
        run.add("decisions", {"subject": lost, "criterion": "unreadable", **verdict})
    report = augment(collection, settings)
    assert (report.made_before, report.made) == (5, 1)
    assert report.concepts[0].left_out == {"unreadable": 1}
    assert "chimarrao: curation left out variations made before (unreadable 1); 1 more are to make." in report.notes


def test_the_plan_alone_writes_nothing(collection: Path, settings: AugmentSettings) -> None:
    before = db.rows(collection, "SELECT count(*) AS n FROM runs")
    report = augment(collection, settings, plan_only=True)
    assert (report.run_id, report.planned, report.made) == (None, 5, 0)
    assert report.estimate.megabytes > 0
    assert db.rows(collection, "SELECT count(*) AS n FROM runs") == before
    json.dumps(dataclasses.asdict(report))


def test_a_second_augment_at_once_is_refused(collection: Path, settings: AugmentSettings) -> None:
    with runs.begin(collection, "augment", {}), pytest.raises(BusyError, match="already running"):
        augment(collection, settings)


def test_a_parent_that_cannot_be_read_is_a_problem_not_an_end(collection: Path, settings: AugmentSettings) -> None:
    sha256 = db.rows(collection, "SELECT sha256 FROM records WHERE title = 'first'")[0]["sha256"]
    path = Store(collection).path(sha256)
    path.write_bytes(path.read_bytes()[:-200])  # the header is whole, the picture is not
    report = augment(collection, settings)
    assert (report.planned, report.made, report.failed) == (5, 4, 1)
    assert sha256 in report.problems[0]["where"]


KILLED = """
import sys
from pathlib import Path
from augment.recipe import AugmentSettings
from augment.vary import augment
augment(Path(sys.argv[1]), AugmentSettings(model=sys.argv[2], long_side_px=32, steps=4, strength=0.5, guidance=3.0, batch_size=2))
"""


def test_a_killed_run_ends_as_if_undisturbed(collection: Path, settings: AugmentSettings, tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(collection, undisturbed)
    augment(undisturbed, settings)
    # The 12th spool line: 5 requests, then 4 rows for each variation, so in the second variation of the first batch.
    environment = {**os.environ, "FOTOTECA_KILL_AT": "spool.after_line:12", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED, str(collection), settings.model]
    assert subprocess.run(command, env=environment, cwd=tmp_path, check=False).returncode == -9
    report = augment(collection, settings)
    assert (report.made_before, report.made) == (1, 4)
    assert content(collection) == content(undisturbed)
    assert Store(collection).names() == Store(undisturbed).names()


class Small:
    """A model for which three pictures at once are too many."""

    device, precision = "cpu", "float32"

    def __init__(self, most: int) -> None:
        self.most = most
        self.sizes: list[int] = []

    def vary(self, batch: Sequence[Asked]) -> list[Image.Image]:
        self.sizes.append(len(batch))
        if len(batch) > self.most:
            raise OutOfMemoryError(f"cpu cannot hold a batch of {len(batch)}")
        return [one.picture for one in batch]


def asked(number: int) -> Asked:
    picture = Image.new("RGB", (8, 8), (number, 0, 0))
    return Asked(source="s", picture=picture, prompt="", negative_prompt="", seed=number, strength=1.0, guidance=1.0, steps=1)


def test_out_of_memory_halves_the_batch_and_goes_on() -> None:
    model = Small(most=2)
    pictures, batch_size = varied(model, [asked(number) for number in range(7)], 7)
    assert [picture.getpixel((0, 0))[0] for picture in pictures] == list(range(7))
    assert batch_size == 1 or model.sizes[-1] <= 2
    assert model.sizes[:2] == [7, 3]


def test_a_single_picture_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(OutOfMemoryError):
        varied(Small(most=0), [asked(0)], 4)


def test_files_are_deterministic(collection: Path, settings: AugmentSettings, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(collection, other)
    augment(collection, settings)
    augment(other, settings)
    assert Store(collection).names() == Store(other).names()
    assert all(io.BytesIO(Store(other).read(name)).read(4) for name in Store(other).names())
