"""Our Canny edges on pictures whose edges are known."""

import numpy as np
from PIL import Image

from augment.pipelines.edges import edges


def lit(picture: Image.Image, **thresholds: int) -> np.ndarray:
    made = edges(picture, **{"low": 100, "high": 200, **thresholds})
    assert (made.mode, made.size) == ("RGB", picture.size)
    return np.asarray(made)[:, :, 0] == 255


def test_a_step_gives_one_line_of_one_pixel() -> None:
    grey = np.zeros((20, 30), dtype=np.uint8)
    grey[:, 15:] = 200
    found = lit(Image.fromarray(grey))
    assert found.sum(axis=1).tolist() == [1] * 20
    assert set(np.nonzero(found)[1]) <= {14, 15}


def test_an_even_picture_has_no_edge() -> None:
    assert not lit(Image.new("RGB", (16, 16), (90, 20, 10))).any()


def test_a_faint_edge_counts_only_where_it_touches_a_strong_one() -> None:
    # A Sobel operator gives 4 times the step: 40 is strong (160 >= 150), 30 between (120), and the step of 10 nowhere (40 < 100).
    grey = np.zeros((30, 30), dtype=np.uint8)
    grey[:, 15:] = 30
    grey[:10, 15:] = 40
    assert not lit(Image.fromarray(np.where(grey, 30, 0).astype(np.uint8)), low=100, high=150).any()
    joined = lit(Image.fromarray(grey), low=100, high=150)
    assert joined[:, 13:17].any(axis=1).all()


def test_the_same_picture_gives_the_same_edges() -> None:
    picture = Image.fromarray(np.random.default_rng(3).integers(0, 255, (40, 40), dtype=np.uint8))
    assert edges(picture, low=100, high=200).tobytes() == edges(picture, low=100, high=200).tobytes()
