"""Pictures are shown to the models that curation.toml names, once, and to none otherwise."""

import subprocess
import sys
from pathlib import Path

import pytest
from curated_archive import Archive, drawn, encoded
from PIL import Image
from tiny_scorers import Brightness, TooSure, WhiteThings, save

from base.errors import UsageError
from curate import measure_by_model
from curate.curate import curate
from curate.settings import Models

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")

SETTINGS = """
[models]
people = "faces.pt"
lettering = "bright.pt"
"""


def test_faces_and_lettering_are_measured_once_and_judged(archive: Archive) -> None:
    archive.folder.mkdir(exist_ok=True)
    save(WhiteThings(), archive.folder / "faces.pt")
    save(Brightness(), archive.folder / "bright.pt")
    (archive.folder / "curation.toml").write_text(SETTINGS)
    face = drawn(1).point(lambda level: level * 0.8)
    face.paste(Image.new("RGB", (64, 64), "white"), (32, 32))
    seen, plain = (
        archive.add("face.png", encoded(face)),
        archive.add("plain.png", encoded(drawn(2).point(lambda level: level * 0.8))),
    )
    archive.add("cut.png", encoded(drawn(3))[:2000])
    curate(archive.folder)
    facts = archive.rows("SELECT measure, value FROM current_measures WHERE sha256 = $sha256", {"sha256": seen.sha256})
    found = {row["measure"]: row["value"] for row in facts}
    assert found["faces"] == 1
    assert found["face_area"] == pytest.approx(1 / 16, abs=0.005)
    assert archive.verdict(seen)[:2] == ("review", "has_people")
    assert archive.verdict(plain)[0] == "keep"
    by_model = "SELECT count(*) AS n, count(DISTINCT version) AS versions FROM measures WHERE measure IN ('faces', 'lettering')"
    assert archive.rows(by_model) == [{"n": 4, "versions": 2}]
    curate(archive.folder)
    assert archive.rows(by_model) == [{"n": 4, "versions": 2}]
    save(TooSure(), archive.folder / "bright.pt")
    with pytest.raises(UsageError, match="wanted is"):
        curate(archive.folder)


def test_a_file_that_is_not_there_is_named_before_anything_is_done(archive: Archive) -> None:
    archive.add("a.png", encoded(drawn(1)))
    (archive.folder / "curation.toml").write_text('[models]\npeople = "absent.pt"\n')
    with pytest.raises(UsageError, match=r"\[models\] people is 'absent.pt': there is no file"):
        curate(archive.folder)
    assert archive.rows("SELECT count(*) AS n FROM runs WHERE command = 'curate'") == [{"n": 0}]


def test_the_embedding_s_words_are_no_file() -> None:
    assert measure_by_model.asked(Path(), Models(watermark="embedding", lettering="embedding")) == ()
    with pytest.raises(UsageError, match="people is 'embedding'"):
        measure_by_model.asked(Path("/nowhere"), Models(people="embedding"))


def test_without_a_model_torch_is_not_loaded() -> None:
    code = (
        "import sys\nfrom curate import measure, measure_by_model\nfrom curate.settings import Models\nfrom pathlib import Path\n"
        "assert 'people' not in measure.without_model()\nassert measure_by_model.asked(Path(), Models()) == ()\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
