"""Each measure says what it promises of pictures whose answer is known."""

from types import ModuleType

import numpy as np
import pytest
from curated_archive import drawn, encoded
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from curate.measures import borders, colour_target, dimensions, kind, phash, provenance, sharpness, tone
from pixels.decode import Picture, open_picture
from pixels.hashes import HASH_SIDE_PX, degenerate
from pixels.marks import GENERATED, write_xmp


def _facts(module: ModuleType, picture: Image.Image | bytes) -> dict[str, float | str]:
    found = open_picture(picture if isinstance(picture, bytes) else encoded(picture), side_px=HASH_SIDE_PX)
    assert isinstance(found, Picture), found
    facts = module.measure(found)
    assert module.MAIN in facts
    return dict(facts)


def _number(module: ModuleType, picture: Image.Image | bytes, name: str) -> float:
    return float(_facts(module, picture)[name])


def test_dimensions_are_those_of_the_picture_as_it_is_looked_at() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(drawn(1, 600).crop((0, 0, 600, 400)), "JPEG", exif=exif)
    assert _facts(dimensions, turned) == {"width_px": 400, "height_px": 600, "megapixels": pytest.approx(0.24)}


def test_kind_is_what_the_file_states() -> None:
    deep = Image.fromarray(np.full((20, 30), 40_000, dtype=np.uint16))
    assert _facts(kind, encoded(deep, "TIFF")) == {
        "format": "TIFF", "mode": "I;16", "bits": 16, "frames": 1, "icc": "none", "orientation": 1,
    }  # fmt: skip
    pages = encoded(drawn(1, 40), "TIFF", save_all=True, append_images=[drawn(2, 40), drawn(3, 40)])
    assert _facts(kind, pages)["frames"] == 3


def test_sharpness_falls_with_blur_and_hardly_changes_with_size_or_borders() -> None:
    chance = np.random.default_rng(3)
    fine = Image.fromarray(chance.integers(0, 255, (90, 120), dtype=np.uint8)).resize((1800, 1350), Image.Resampling.BICUBIC)
    whole = _number(sharpness, fine, "sharpness")
    for side in (600, 1200):
        small = fine.resize((side, side * 3 // 4), Image.Resampling.LANCZOS)
        assert _number(sharpness, small, "sharpness") == pytest.approx(whole, rel=0.25)
    assert _number(sharpness, ImageOps.expand(fine, 150, 255), "sharpness") == pytest.approx(whole, rel=0.35)
    assert _number(sharpness, fine.filter(ImageFilter.GaussianBlur(25)), "sharpness") < whole / 20
    assert _number(sharpness, Image.new("L", (300, 2)), "sharpness") == 0


def test_entropy_and_percentiles_of_pictures_whose_tones_are_known() -> None:
    flat = _facts(tone, Image.new("L", (300, 200), 90))
    assert (flat["entropy_bits"], flat["luma_p01"], flat["luma_p99"], flat["chroma"]) == (0, 90, 90, 0)
    halves = Image.new("L", (200, 200), 10)
    halves.paste(250, (0, 0, 100, 200))
    found = _facts(tone, halves)
    assert found["entropy_bits"] == pytest.approx(1)
    assert (found["luma_p05"], found["luma_p95"]) == (10, 250)
    ramp = Image.linear_gradient("L")
    assert _facts(tone, ramp)["entropy_bits"] == pytest.approx(8)
    assert float(_facts(tone, ramp)["luma_p95"]) == pytest.approx(0.95 * 255, abs=1)


def test_toned_prints_are_monochrome_and_colour_photographs_are_not() -> None:
    grey = drawn(4, 400).convert("L")
    sepia = ImageOps.colorize(grey, (30, 15, 5), (255, 240, 200))
    assert _facts(tone, grey)["chroma"] == 0
    assert float(_facts(tone, sepia)["chroma"]) > 20
    assert float(_facts(tone, sepia)["chroma_beyond_tone"]) < 4
    assert float(_facts(tone, drawn(4, 400))["chroma_beyond_tone"]) > 15


@pytest.mark.parametrize(("colour", "luma"), [("white", 255), ("black", 0), ("#d8d0c0", 209)])
def test_a_scanner_frame_is_measured_on_all_four_sides(colour: str, luma: int) -> None:
    framed = Image.new("RGB", (1000, 800), colour)
    framed.paste(drawn(5, 800).resize((800, 600)), (150, 80))
    found = {name: float(value) for name, value in _facts(borders, framed).items()}
    edges = (0.15, 0.1, 0.05, 0.15)
    for side, share in zip(("left", "top", "right", "bottom"), edges, strict=True):
        assert found[f"border_{side}"] == pytest.approx(share, abs=0.006)
    assert found["border_sides"] == 4
    assert found["border_share"] == pytest.approx(1 - 0.8 * 0.75, abs=0.01)
    assert found["border_luma"] == pytest.approx(luma, abs=2)
    assert found["border_spread"] < 5


def test_a_picture_without_borders_has_zeros() -> None:
    found = _facts(borders, drawn(6, 300))
    assert found["border_share"] == found["border_sides"] == found["border_left"] == 0
    assert "border_luma" not in found


TARGET = ("#3456a0", "#28a0be", "#3c9646", "#f0dc3c", "#be3237", "#be5a96", "#f5f5f5")


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_a_colour_target_is_found_at_each_side_and_none_where_there_is_none(side: str) -> None:
    scene = drawn(7, 900)
    strip = Image.new("RGB", (900, 110), "#e6e4e1")
    for number, colour in enumerate(TARGET):
        ImageDraw.Draw(strip).rectangle((40 + 70 * number, 10, 109 + 70 * number, 105), fill=colour)
    upright = side in ("top", "bottom")
    with_target = Image.new("RGB", (900, 1010) if upright else (1010, 900))
    with_target.paste(scene, {"top": (0, 110), "left": (110, 0)}.get(side, (0, 0)))
    with_target.paste(
        strip if upright else strip.rotate(90, expand=True), {"bottom": (0, 900), "right": (900, 0)}.get(side, (0, 0))
    )
    found = _facts(colour_target, encoded(with_target, "JPEG", quality=85))
    assert float(found["target_patches"]) >= 6
    assert found["target_side"] == side
    assert float(_facts(colour_target, scene)["target_patches"]) <= 3


def test_a_ruler_is_more_regular_than_a_photograph() -> None:
    scene = drawn(8, 900)
    ruled = scene.copy()
    for number in range(45):  # blocks of one centimetre, black and white in turn
        ImageDraw.Draw(ruled).rectangle((20 * number, 860, 20 * number + 19, 899), fill="black" if number % 2 else "white")
    assert float(_facts(colour_target, ruled)["ruler_regularity"]) > 0.6
    assert float(_facts(colour_target, scene)["ruler_regularity"]) < 0.5


def test_a_blank_page_is_measured_and_its_hash_is_degenerate() -> None:
    blank = Image.new("L", (700, 500), 244)
    assert degenerate(int(_number(phash, blank, "phash")))
    assert _facts(tone, blank)["entropy_bits"] == 0
    assert _facts(borders, blank)["border_share"] == 0


def test_provenance_tells_a_generated_picture_from_one_that_says_nothing() -> None:
    assert _facts(provenance, drawn(1, 64)) == {"c2pa": 0, "digital_source_type": "none"}
    marked = write_xmp(encoded(drawn(1, 64)), {"Iptc4xmpExt:DigitalSourceType": GENERATED})
    assert _facts(provenance, marked)["digital_source_type"] == "compositeWithTrainedAlgorithmicMedia"


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (900, 2), (5000, 7)])
@pytest.mark.parametrize("module", [borders, colour_target, dimensions, kind, phash, provenance, sharpness, tone])
def test_every_measure_answers_for_the_narrowest_pictures(module: ModuleType, size: tuple[int, int]) -> None:
    for picture in (Image.new("RGB", size, "white"), Image.effect_noise(size, 90)):
        assert all(value == value for value in _facts(module, picture).values())
