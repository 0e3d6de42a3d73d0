"""Which size a variation gets, and how its parent is brought to it: scaled evenly, cropped in the middle, never stretched."""

from PIL import Image

from base.errors import UsageError


def target_size(width_px: int, height_px: int, *, long_side_px: int, grid_px: int) -> tuple[int, int] | None:
    """Width and height on the model's grid with the parent's proportions; None when the short side would vanish.

    The long side is `long_side_px` rounded down to the grid; the short side is in proportion and goes to the nearest multiple,
    so that about half a cell of the grid is cropped at most, from the one side or the other. A smaller parent is enlarged.

    Raises:
        UsageError: `long_side_px` is less than the grid.
    """
    long_px = long_side_px // grid_px * grid_px
    if long_px == 0:
        raise UsageError(f"long_side_px is {long_side_px}, but the model's pictures are multiples of {grid_px} px: take more.")
    longest, shortest = max(width_px, height_px), min(width_px, height_px)
    short_px = (2 * shortest * long_px + longest * grid_px) // (2 * longest * grid_px) * grid_px
    if short_px == 0:
        return None
    return (long_px, short_px) if width_px >= height_px else (short_px, long_px)


def fitted(picture: Image.Image, width_px: int, height_px: int) -> Image.Image:
    """The picture in this size: what is over on two opposite sides is cropped evenly, the rest scaled by one factor (Lanczos)."""
    factor = max(width_px / picture.width, height_px / picture.height)
    box_width, box_height = width_px / factor, height_px / factor
    left, top = (picture.width - box_width) / 2, (picture.height - box_height) / 2
    box = (max(left, 0.0), max(top, 0.0), min(left + box_width, picture.width), min(top + box_height, picture.height))
    return picture.resize((width_px, height_px), Image.Resampling.LANCZOS, box=box)
