"""Scaled copies: their size, colour and rights, keys that stay, shards that are kept, and what is refused."""

import hashlib
import io
from pathlib import Path

import pytest
from colour_profiles import adobe_rgb
from curated_archive import Archive, drawn, encoded
from PIL import Image

from base.errors import SourceError, UsageError
from curate.curate import curate
from curate.decide import decide
from export.policy import ImagePolicy, scaled
from export.shards import ExportReport, ExportSettings, export
from pixels.marks import GENERATED, read_xmp, write_xmp
from shardset.read import Sample, open_shards
from shardset.verify import verify

SMALL = ImagePolicy(longest_side_px=64)
RECORD = {
    "origin": "harvested", "sha256": "", "title": "Roda", "creator": "Zé", "credit_line": "Zé, CC BY 4.0", "page_url": None,
    "rights": {"uri": "https://creativecommons.org/licenses/by/4.0/"},
}  # fmt: skip


def run(archive: Archive, folder: Path, policy: ImagePolicy = SMALL) -> ExportReport:
    return export(archive.folder, folder, ExportSettings(policy=policy))


def handed_over(folder: Path) -> list[Sample]:
    opened = open_shards(folder)
    return [opened.load(ref) for ref in opened.refs()]


def copy_of(data: bytes, policy: ImagePolicy = SMALL, **record: object) -> bytes:
    sha256 = hashlib.sha256(data).hexdigest()
    return scaled(data, policy, {**RECORD, "sha256": sha256, **record}, sha256)


@pytest.mark.parametrize(("encoder", "extension"), [("jpeg", "jpg"), ("png", "png"), ("webp", "webp")])
def test_copies_have_the_size_the_format_and_the_rights(archive: Archive, tmp_path: Path, encoder: str, extension: str) -> None:
    run(archive, tmp_path / "out", ImagePolicy(longest_side_px=64, encoder=encoder))  # type: ignore[arg-type]  # one of three
    for sample in handed_over(tmp_path / "out"):
        picture = Image.open(io.BytesIO(sample.image))
        assert (max(picture.size), picture.format, sample.extension) == (64, encoder.upper(), extension)
        assert sample.record["scaled"]["longest_side_px"] == 64
        words = read_xmp(sample.image)
        if sample.record["origin"] == "harvested":
            assert words.get("photoshop:Credit") == sample.record["credit_line"]
            assert words["xmpRights:WebStatement"] == sample.record["rights"]["uri"]
            assert words["fototeca:original"] == sample.key
        else:
            assert words["Iptc4xmpExt:DigitalSourceType"] == GENERATED
    assert verify(tmp_path / "out") == []


def test_keys_stay_those_of_the_originals(archive: Archive, tmp_path: Path) -> None:
    run(archive, tmp_path / "scaled")
    export(archive.folder, tmp_path / "original", ExportSettings())
    keys = [[ref.key for ref in open_shards(tmp_path / name).refs()] for name in ("scaled", "original")]
    assert keys[0] == keys[1]
    assert all(hashlib.sha256(sample.image).hexdigest() != sample.key for sample in handed_over(tmp_path / "scaled"))


def test_run_again_nothing_is_encoded_and_another_quality_writes_all(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(archive, tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("export.samples.scaled", lambda *_: pytest.fail("encoded again"))
        second = run(archive, tmp_path / "out")
    assert (second.changed, second.written) == (False, ())
    third = run(archive, tmp_path / "out", ImagePolicy(longest_side_px=64, quality=50))
    assert len(third.written) == len(third.removed) == len(first.written)


def test_without_a_manifest_copies_are_made_again_to_the_same_bytes(archive: Archive, tmp_path: Path) -> None:
    first = run(archive, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    (tmp_path / "out" / "manifest.json").unlink()
    assert run(archive, tmp_path / "out").written == first.written  # of a copy nothing says beforehand what it should be
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_damaged_shard_of_a_killed_export_is_written_again(archive: Archive, tmp_path: Path) -> None:
    name = run(archive, tmp_path / "out").written[0]
    (tmp_path / "out" / "manifest.json").unlink()
    path = tmp_path / "out" / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert name in run(archive, tmp_path / "out").written
    assert path.read_bytes() == whole


def test_two_exports_of_scaled_copies_are_the_same_to_the_byte(archive: Archive, tmp_path: Path) -> None:
    run(archive, tmp_path / "one")
    run(archive, tmp_path / "two")
    found = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert found[0] == found[1]


def test_a_picture_left_out_later_leaves_no_byte_of_its_copy(archive: Archive, tmp_path: Path) -> None:
    run(archive, tmp_path / "out")
    gone = next(one for one in handed_over(tmp_path / "out") if one.record["source_id"] == "nc")
    decide(archive.folder, gone.record["subject"], "exclude", who="Ana", reason="The owner asked.")
    curate(archive.folder)
    run(archive, tmp_path / "out")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    assert gone.image not in everything
    assert gone.key.encode() not in everything


def test_a_small_picture_is_not_enlarged() -> None:
    data = encoded(drawn(1), "PNG")
    size = Image.open(io.BytesIO(data)).size
    assert Image.open(io.BytesIO(copy_of(data, ImagePolicy(longest_side_px=4096)))).size == size


def test_orientation_colour_and_transparency_are_settled_and_exif_is_gone() -> None:
    tall = Image.new("RGB", (200, 100), (100, 180, 100))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x013B] = "somebody's serial number"
    stream = io.BytesIO()
    tall.save(stream, "JPEG", quality=95, exif=exif, icc_profile=adobe_rgb())
    copy = Image.open(io.BytesIO(copy_of(stream.getvalue(), ImagePolicy(longest_side_px=50, encoder="png"))))
    assert copy.size == (25, 50)
    assert "icc_profile" not in copy.info
    assert not copy.getexif()
    red, green, _ = copy.convert("RGB").getpixel((12, 25))
    assert red < 60 < 175 < green  # Adobe RGB's (100, 180, 100): a green that sRGB holds with less red
    clear = io.BytesIO()
    Image.new("RGBA", (80, 80), (0, 0, 0, 0)).save(clear, "PNG")
    assert Image.open(io.BytesIO(copy_of(clear.getvalue()))).getpixel((5, 5)) == (255, 255, 255)


def test_an_opt_out_in_the_file_goes_with_the_copy() -> None:
    wish = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"
    data = write_xmp(encoded(drawn(2), "JPEG"), {"plus:DataMining": wish, "dc:creator": ["another name"]})
    words = read_xmp(copy_of(data))
    assert (words["plus:DataMining"], words["dc:creator"]) == (wish, ["Zé"])


def test_changed_and_unreadable_bytes_stop_the_export_with_a_name() -> None:
    data = encoded(drawn(3), "PNG")
    with pytest.raises(SourceError, match="have changed"):
        scaled(data + b"x", SMALL, RECORD, hashlib.sha256(data).hexdigest())
    with pytest.raises(SourceError, match="cannot be scaled"):
        copy_of(data[:200])


@pytest.mark.parametrize(
    "wrong",
    [
        {"longest_side_px": 15},
        {"longest_side_px": 65_501},
        {"longest_side_px": 16_384, "encoder": "webp"},
        {"quality": 0},
        {"quality": 101},
    ],
)
def test_a_policy_that_no_encoder_takes_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        ImagePolicy(**wrong)  # type: ignore[arg-type]  # wrong on purpose
