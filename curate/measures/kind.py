"""What kind of file it is: format, colour mode, bits a channel, frames, colour profile, EXIF orientation.

`format` and `mode` are Pillow's words (JPEG, RGB), `bits` are bits a channel as stored, `frames` counts pages or moments,
`icc` is the profile's name, "none" or "unusable", `orientation` the EXIF value from 1 to 8.
"""

from pixels.decode import DECODE_VERSION, Picture

VERSION = f"kind/{DECODE_VERSION}/1"
MAIN = "format"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""


def measure(picture: Picture) -> dict[str, float | str]:
    """Words and numbers as the file states them, before anything was converted."""
    return {
        "format": picture.format,
        "mode": picture.mode,
        "bits": picture.bits,
        "frames": picture.frames,
        "icc": picture.icc or "none",
        "orientation": picture.orientation,
    }
