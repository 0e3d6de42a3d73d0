"""Models in TorchScript files get what is stated, and what they answer is checked."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from tiny_scorers import Brightness, TooSure, WhiteThings, save

from base.errors import UsageError
from pixels import scorers

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


def test_a_scorer_sees_the_whole_picture_from_0_to_1(tmp_path: Path) -> None:
    model = scorers.load_scorer(save(Brightness(), tmp_path / "bright.pt"))
    half = Image.new("RGB", (300, 100), "black")
    half.paste("white", (0, 0, 150, 100))
    assert model.scores([Image.new("RGB", (50, 900), "white"), half]) == pytest.approx([1.0, 0.5], abs=0.01)


@pytest.mark.parametrize("size", [(1280, 640), (300, 1200), (100, 80)])
def test_faces_come_back_as_fractions_of_the_picture_whatever_its_shape(tmp_path: Path, size: tuple[int, int]) -> None:
    model = scorers.load_face_finder(save(WhiteThings(), tmp_path / "faces.pt"))
    picture = Image.new("RGB", size, "black")
    width, height = size
    ImageDraw.Draw(picture).rectangle((width // 2, height // 4, width * 3 // 4 - 1, height // 2 - 1), fill="white")
    boxes = model.boxes(picture)
    assert boxes == pytest.approx(np.array([[0.5, 0.25, 0.75, 0.5]]), abs=0.02)
    assert scorers.share_of(boxes) == pytest.approx(1 / 16, abs=0.01)
    assert len(model.boxes(Image.new("RGB", size, "black"))) == 0  # the unsure box counts for nothing


def test_overlapping_faces_count_once() -> None:
    assert scorers.share_of(np.array([[0, 0, 0.5, 0.5], [0.25, 0, 0.75, 0.5]])) == pytest.approx(0.375)
    assert scorers.share_of(np.empty((0, 4))) == 0.0


def test_the_version_is_that_of_the_file(tmp_path: Path) -> None:
    one, other = save(Brightness(), tmp_path / "a.pt"), save(TooSure(), tmp_path / "b.pt")
    assert scorers.version(one).startswith("sha256:")
    assert scorers.version(one) != scorers.version(other)
    with pytest.raises(UsageError, match=r"no file .*absent\.pt"):
        scorers.version(tmp_path / "absent.pt")


def test_wrong_files_and_wrong_answers_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("no model")
    with pytest.raises(UsageError, match=r"text\.pt is no TorchScript file"):
        scorers.load_scorer(tmp_path / "text.pt")
    white = Image.new("RGB", (40, 40), "white")
    with pytest.raises(
        UsageError, match=r"answers numbers of the shape \[1\] from 52 to 52; wanted is \[1\] or \[1, 1\] from 0 to 1"
    ):
        scorers.load_scorer(save(TooSure(), tmp_path / "sure.pt")).scores([white])
    with pytest.raises(UsageError, match=r"wanted is \[m, 5\]"):
        scorers.load_face_finder(save(Brightness(), tmp_path / "bright.pt")).boxes(white)
