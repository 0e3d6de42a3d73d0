"""Whether every byte of the picture decodes, and if not, why.

The whole stream is read by `load()`: Pillow's `verify()` passes a JPEG that was cut in half (checked with Pillow 13.0.0).
"""

from pixels.decode import DECODE_VERSION, Picture, Unreadable

VERSION = f"full-decode/{DECODE_VERSION}/1"
MAIN = "decode"
"""The fact that every measured picture has; it is spooled last, so that its row says that the others are there."""


def measure(picture: Picture) -> dict[str, str]:
    """`decode` is the word ok."""
    return {"decode": "ok"}


def unreadable(reason: Unreadable) -> dict[str, str]:
    """`decode` is the kind of failure (empty, not_an_image, truncated, too_many_pixels, broken), `decode_detail` the words."""
    return {"decode": reason.kind, "decode_detail": reason.detail}
