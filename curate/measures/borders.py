"""Borders and scanner frames: how thick an even edge each side has, how light it is, and how even.

`border_left`, `border_top`, `border_right`, `border_bottom` are shares of the width or height (0 to 1) that are of one even
tone; `border_sides` counts the sides that have one (4: a frame all around, as a scanner's bed or a mount leaves it),
`border_share` is the share of the whole picture that they take. `border_luma` is the mean tone of those edges (0 black to 255
white) and `border_spread` their standard deviation: 0 for a drawn border, a few levels for a photographed bed. A picture
without borders has zeros and neither tone nor spread.
"""

import numpy as np

from pixels.content_box import in_pixels
from pixels.decode import DECODE_VERSION, Picture

VERSION = f"borders/{DECODE_VERSION}/1"
MAIN = "border_share"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""


def measure(picture: Picture) -> dict[str, float]:
    """Four shares, the sides, the share of the area, and tone and spread where there is any border."""
    left, top, right, bottom = picture.box or (0.0, 0.0, 1.0, 1.0)
    sides = {"border_left": left, "border_top": top, "border_right": 1 - right, "border_bottom": 1 - bottom}
    found = {**sides, "border_sides": float(sum(share > 0 for share in sides.values()))}
    if picture.box is not None:
        lines = np.asarray(picture.grey)
        outside = np.ones(lines.shape, dtype=bool)
        x0, y0, x1, y1 = (round(edge) for edge in in_pixels(picture.box, picture.grey.size))
        outside[y0:y1, x0:x1] = False
        if outside.any():
            found |= {"border_luma": float(lines[outside].mean()), "border_spread": float(lines[outside].std())}
    return {**found, "border_share": 1.0 - (right - left) * (bottom - top)}
