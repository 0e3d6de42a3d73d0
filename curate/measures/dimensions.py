"""Width, height and megapixels, as the picture is looked at: after its EXIF orientation."""

from pixels.decode import DECODE_VERSION, Picture

VERSION = f"dimensions/{DECODE_VERSION}/2"
MAIN = "width_px"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""


def measure(picture: Picture) -> dict[str, float]:
    """`width_px` and `height_px`, 1 and up, and `megapixels`, millions of them."""
    return {
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "megapixels": picture.width_px * picture.height_px / 1e6,
    }
