"""From whatever a file stores to eight bits that can be averaged, and from there to sRGB."""

import functools
import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms

STRIP_PX = 4_000_000
"""Pixels converted at a time, so that a large scan is never in memory twice."""

_AVERAGEABLE = ("L", "RGB", "CMYK", "LAB")
"""Modes whose mean over a square of pixels is a colour between them; Pillow holds a and b of LAB offset, not signed."""


def is_averageable(image: Image.Image) -> bool:
    """Whether the pixels may be averaged as they stand."""
    return image.mode in _AVERAGEABLE and "transparency" not in image.info


def averageable(image: Image.Image, *, full: float | None = None) -> Image.Image:
    """Sixteen bits scaled, palettes looked up, transparency laid on white; a profile is not applied yet.

    Args:
        image: in any of Pillow's modes.
        full: of a strip in mode I or F, the level of the whole picture that is white (`white_level`).
    """
    if is_averageable(image):
        return image
    if image.mode.startswith("I;16"):
        # Pillow clips at 255 when it converts 16 bits (python-pillow/Pillow#274, #1108): take the high byte.
        values = np.asarray(image).astype(np.uint16)
        return Image.fromarray((values >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        return Image.fromarray(_eight_bits(np.asarray(image), white_level(image) if full is None else full))
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("L" if image.mode == "1" else "RGB")


def white_level(image: Image.Image) -> float | None:
    """Of grey in 32 bits (modes I and F) the level that is white, by the narrowest usual range that holds all; else None.

    The ranges are 0 to 1 (F only), 255 and 65535; beyond them the picture's own highest level is white.
    """
    if image.mode not in ("I", "F"):
        return None
    lines = max(1, STRIP_PX // image.width)
    strips = (image.crop((0, at, image.width, min(at + lines, image.height))) for at in range(0, image.height, lines))
    top = max((float(_finite(np.asarray(strip)).max(initial=0.0)) for strip in strips), default=0.0)
    limits = (255.0, 65535.0) if image.mode == "I" else (1.0, 255.0, 65535.0)
    return next((limit for limit in limits if top <= limit), top)


def in_srgb(image: Image.Image, profile: Any) -> tuple[Image.Image, str | None]:
    """The picture in sRGB, and the name of the profile that it was converted from: None for none, "unusable" for a bad one."""
    if not isinstance(profile, bytes) or not profile:
        return (image if image.mode == "RGB" else image.convert("RGB")), None
    name, transform = _transform(profile, image.mode)
    if transform is not None:
        converted = ImageCms.applyTransform(image, transform)
        if converted is not None:
            return converted, name
    return (image if image.mode == "RGB" else image.convert("RGB")), name


@functools.lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """Name of the profile and the way from it to sRGB; no way when it is sRGB already or does not fit the mode."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = " ".join((source.profile.profile_description or "unnamed").split())
        if "sRGB" in name and mode == "RGB":
            return name, None
        return name, ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return "unusable", None


def _eight_bits(values: np.ndarray[Any, Any], full: float | None) -> np.ndarray[Any, Any]:
    """Grey of 32 bits as 0 to 255; what is no number is black."""
    return np.asarray(_finite(values) * (255.0 / (full or 1.0)), dtype=np.uint8)


def _finite(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0).clip(min=0))
