"""Pictures of any shape on the model's grid."""

import pytest
import torch
from PIL import Image

from finetune import frames
from pixels.shapes import bucket


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1000, 1000), (512, 512)), ((1500, 1000), (384, 640)), ((1000, 1300), (576, 448)), ((9000, 100), (384, 640))],
)
def test_bucket_keeps_the_area_and_is_near_the_proportions(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert bucket(*size, 512, 64, keep_shape=True) == expected


def test_without_buckets_every_picture_is_a_square_on_the_grid() -> None:
    assert bucket(1500, 1000, 100, 16, keep_shape=False) == (96, 96)


def test_framed_picture_shows_the_middle_in_minus_one_to_one() -> None:
    image = Image.new("RGB", (60, 20), "black")
    image.paste("white", (20, 0, 40, 20))
    values = frames.framed(image, (16, 16))
    assert values.shape == (3, 16, 16)
    assert torch.all(values[:, :, 4:12] == 1.0)
