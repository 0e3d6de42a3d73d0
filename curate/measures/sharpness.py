"""How much fine detail there is: the spread of the Laplacian at one fixed size, so that large scans are not favoured.

`sharpness` is the variance of the four-neighbour Laplacian of luma (levels squared), of the content box with its longer side
at 256 px: borders and scanner frames count neither for nor against. What is smaller is not enlarged. What is sharp enough
differs from collection to collection: there is no universal number. Source: Pech-Pacheco et al. 2000. The same photograph at
0.3 to 4 megapixels differed by a factor of 1.24 at the most (51 photographs, 2026-11-21).
"""

import numpy as np
from PIL import Image

from pixels.content_box import in_pixels
from pixels.decode import DECODE_VERSION, Picture

SIDE_PX = 256
VERSION = f"sharpness{SIDE_PX}/{DECODE_VERSION}/1"
MAIN = "sharpness"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""


def measure(picture: Picture) -> dict[str, float]:
    """One variance, 0 and up; 0 for a picture of fewer than three rows or columns."""
    box = in_pixels(picture.box, picture.grey.size)
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(1.0, SIDE_PX / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # A mean over squares, no finer filter: what `open_picture` has left of a large scan is such a mean already.
    levels = np.asarray(picture.grey.resize(size, Image.Resampling.BOX, box=box), dtype=np.int16)  # [h, w]
    if min(levels.shape) < 3:
        return {"sharpness": 0.0}
    edges = levels[:-2, 1:-1] + levels[2:, 1:-1] + levels[1:-1, :-2] + levels[1:-1, 2:] - 4 * levels[1:-1, 1:-1]
    return {"sharpness": float(edges.astype(np.float32).var())}
