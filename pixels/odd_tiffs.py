"""Two kinds of plain TIFF that Pillow 13 reads wrongly by itself, and rightly when it is told to leave them to libtiff."""

from typing import Any

from PIL import Image, ImageFile

_BITS, _PACKING, _COLOURS, _PLANAR, _SUBSAMPLING = 258, 259, 262, 284, 530
_COARSE_BY_DEFAULT = (2, 2)
"""TIFF 6.0, section 21: what holds where nothing is said of subsampling."""


def left_to_libtiff(image: Image.Image) -> None:
    """Change how an opened picture will be read, if it is one of the two; all others are left alone.

    Colours of 16 bits in separate planes: Pillow reads each plane as if it had 8 (no compressed file, which go to libtiff
    anyway). Luma with coarser chroma: Pillow expects as much chroma as luma, and then misses the rest.
    """
    tags: Any = getattr(image, "tag_v2", None)
    if tags is None or not isinstance(image, ImageFile.ImageFile) or tags.get(_PACKING, 1) != 1:
        return
    if tags.get(_COLOURS) == 6 and tags.get(_SUBSAMPLING, _COARSE_BY_DEFAULT) != (1, 1):
        mode, raw = "RGB", "RGBX"
    elif tags.get(_PLANAR) == 2 and set(tags.get(_BITS, ())) == {16} and image.mode in ("RGB", "RGBA", "CMYK"):
        mode, raw = image.mode, f"{image.mode};16N"
    else:
        return
    image._mode = mode  # as TiffImagePlugin._setup does; there is no public way but a switch for the whole program
    image.tile = [ImageFile._Tile("libtiff", (0, 0, *image.size), 0, (raw, False, tags.offset))]
    setattr(image, "use_load_libtiff", True)  # noqa: B010  # of TIFF's class only
