"""Where uniform borders end: sheets on which nothing is left between them."""

import numpy as np
from PIL import Image

from pixels.content_box import content_box


def test_a_sheet_whose_two_border_tones_overlap_has_no_box() -> None:
    rows = np.linspace(100, 118, 90).astype(np.uint8)
    sheet = Image.fromarray(np.repeat(rows[:, None], 120, axis=1))
    assert content_box(sheet) is None
    assert content_box(sheet.transpose(Image.Transpose.ROTATE_90)) is None
