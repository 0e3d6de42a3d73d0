"""The contact sheet: all pictures on one PNG, the same each time, with letters that the font really has."""

from pathlib import Path

from curated_archive import Archive
from PIL import Image, ImageChops

from export.contact_sheet import draw_contact_sheet
from export.gallery import write_gallery
from pixels import lettering


def test_the_sheet_shows_the_pictures_and_is_the_same_when_drawn_twice(archive: Archive, tmp_path: Path) -> None:
    write_gallery(archive.folder, tmp_path / "gallery")
    one = draw_contact_sheet(archive.folder, tmp_path / "gallery", tmp_path / "one.png")
    two = draw_contact_sheet(archive.folder, tmp_path / "gallery", tmp_path / "two.png")
    assert one.read_bytes() == two.read_bytes()
    with Image.open(one) as sheet:
        blank = Image.new("RGB", sheet.size, sheet.getpixel((0, 0)))
        box = ImageChops.difference(sheet, blank).getbbox()
    assert box is not None
    assert box[3] - box[1] > 300


def test_a_font_without_accents_gets_plain_letters() -> None:
    lettering.font.cache_clear()
    fonts = lettering.FONTS
    try:
        lettering.FONTS = ()
        assert lettering.drawable("Araucária  à noite", 13) == "Araucaria a noite"
    finally:
        lettering.FONTS = fonts
        lettering.font.cache_clear()
