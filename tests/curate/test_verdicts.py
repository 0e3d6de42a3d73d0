"""Each criterion leaves out what it should, with a reason an archivist understands, and nothing else."""

import io
from pathlib import Path

import numpy as np
import pytest
from curated_archive import Archive, drawn, encoded
from PIL import Image

from base.errors import UsageError
from catalog.records import OptOut
from catalog.rights import read_rights
from curate.curate import curate

HEADER = OptOut(channel="x-robots-tag", value="noai", where="http://127.0.0.1/a.png")


def test_a_licensed_picture_is_kept(archive: Archive) -> None:
    item = archive.add("a.png", encoded(drawn(1)))
    report = curate(archive.folder)
    assert archive.verdict(item) == ("keep", None, None)
    assert (report.subjects, report.keep, report.measured) == (1, 1, 1)


def test_no_licence_is_not_cleared_and_the_reason_says_so(archive: Archive) -> None:
    item = archive.add("a.png", encoded(drawn(1)), licence="")
    curate(archive.folder)
    verdict, criterion, reason = archive.verdict(item)
    assert (verdict, criterion) == ("exclude", "rights_not_cleared")
    assert reason == "The source states no licence, and without one nothing is cleared."


def test_all_rights_reserved_is_quoted(archive: Archive) -> None:
    item = archive.add("a.png", licence="© 1936 Estúdio Sul. All rights reserved")
    curate(archive.folder)
    _, criterion, reason = archive.verdict(item)
    assert criterion == "rights_not_cleared"
    assert reason is not None
    assert reason.startswith("The source says “© 1936 Estúdio Sul. All rights reserved” (licence)")
    assert archive.rows("SELECT criterion FROM excluded") == [{"criterion": "rights_not_cleared"}]


def test_the_purpose_decides_on_non_commercial_licences_and_changing_it_judges_again(archive: Archive) -> None:
    item = archive.add("a.png", encoded(drawn(1)), licence="CC BY-NC 4.0")
    curate(archive.folder)
    assert archive.verdict(item)[0] == "keep"
    (archive.folder / "curation.toml").write_text('purpose = "commercial"\n')
    assert curate(archive.folder).measured == 0
    verdict, _, reason = archive.verdict(item)
    assert verdict == "exclude"
    assert reason == "The source says “CC BY-NC 4.0” (licence). CC BY-NC 4.0 does not permit commercial use."
    (archive.folder / "curation.toml").write_text('purpose = "research"\n')
    curate(archive.folder)
    assert archive.verdict(item)[0] == "keep"


def test_soft_licences_need_the_curator_s_consent(archive: Archive) -> None:
    item = archive.add("a.png", encoded(drawn(1)), licence="No known copyright restrictions")
    curate(archive.folder)
    assert "accept_soft = true" in str(archive.verdict(item)[2])
    (archive.folder / "curation.toml").write_text("accept_soft = true\n")
    curate(archive.folder)
    assert archive.verdict(item)[0] == "keep"


def test_the_licence_that_fits_the_purpose_is_picked_among_several_and_named(archive: Archive) -> None:
    from dataclasses import replace

    rights = replace(read_rights("CC BY-NC 4.0"), alternatives=(read_rights("CC BY-SA 3.0"),))
    item = archive.add("a.png", encoded(drawn(1)), licence=rights)
    (archive.folder / "curation.toml").write_text('purpose = "commercial"\n')
    curate(archive.folder)
    assert archive.verdict(item)[0] == "keep"
    row = archive.rows("SELECT verdict, reason FROM current_decisions WHERE criterion = 'rights_not_cleared'")[0]
    assert row["verdict"] == "keep"
    assert row["reason"] == ("Offered under CC BY-NC 4.0 or CC BY-SA 3.0; used under CC BY-SA 3.0, which permits commercial use.")


def test_the_same_file_cleared_here_and_refused_there_waits_for_a_person(archive: Archive) -> None:
    data = encoded(drawn(1))
    free = archive.add("free.png", data, source="folder:one")
    reserved = archive.add("reserved.png", data, source="folder:two", licence="All rights reserved")
    curate(archive.folder)
    verdict, criterion, reason = archive.verdict(free)
    assert (verdict, criterion) == ("review", "rights_not_cleared")
    assert "folder:two has the same file and refuses it" in str(reason)
    assert archive.verdict(reserved)[0] == "exclude"
    assert archive.rows("SELECT * FROM kept") == []


def test_an_unknown_licence_elsewhere_does_not_taint_a_cleared_file(archive: Archive) -> None:
    data = encoded(drawn(1))
    free = archive.add("free.png", data)
    archive.add("other.png", data, licence="")
    curate(archive.folder)
    assert archive.verdict(free)[0] == "keep"


def test_an_opt_out_holds_for_the_same_file_everywhere(archive: Archive) -> None:
    data = encoded(drawn(1))
    asked = archive.add("asked.png", data, opt_outs=(HEADER,), source="iiif:one")
    other = archive.add("other.png", data)
    curate(archive.folder)
    assert archive.verdict(asked)[1] == "opted_out"
    verdict, criterion, reason = archive.verdict(other)
    assert (verdict, criterion) == ("exclude", "opted_out")
    assert reason == (
        "The same file is opted out at iiif:one: The source asks that models do not use it"
        " (x-robots-tag: “noai”, http://127.0.0.1/a.png)."
    )


def test_robots_and_not_an_image_have_reasons_though_there_are_no_bytes(archive: Archive) -> None:
    robots = archive.add("r.png", outcome="robots", outcome_detail="robots.txt disallows /private/")
    page = archive.add("p.png", outcome="not_an_image", outcome_detail="an HTML page")
    curate(archive.folder)
    assert archive.verdict(robots)[2] == "The site's robots.txt asks robots to stay away."
    assert archive.verdict(page)[1:] == ("unreadable", "No picture was given: an HTML page.")


def test_a_cut_file_is_unreadable_and_only_that(archive: Archive) -> None:
    whole = encoded(drawn(1, 512), "JPEG", quality=90)
    item = archive.add("cut.jpg", whole[: len(whole) // 2])
    report = curate(archive.folder)
    verdict, criterion, reason = archive.verdict(item)
    assert (verdict, criterion) == ("exclude", "unreadable")
    assert str(reason).startswith("The file is cut off: ")
    assert report.unreadable == 1
    assert sum(report.abstained.values()) == 0


def test_a_small_scan_is_left_out_with_its_numbers(archive: Archive) -> None:
    item = archive.add("small.png", encoded(drawn(1, 120)))
    curate(archive.folder)
    assert archive.verdict(item)[1:] == (
        "too_small",
        "The picture is 120 x 120 pixels; its shorter side should have at least 200.",
    )
    (archive.folder / "curation.toml").write_text("[criteria.too_small]\nmin_side_px = 100\n")
    report = curate(archive.folder)
    assert archive.verdict(item)[0] == "keep"
    assert report.new_verdicts["too_small"] == 1


def test_the_size_counts_as_the_picture_is_looked_at(archive: Archive) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    archive.add("turned.jpg", encoded(drawn(1).crop((0, 0, 256, 220)), "JPEG", exif=turned))
    curate(archive.folder)
    rows = archive.rows("SELECT measure, value FROM current_measures WHERE measure IN ('width_px', 'height_px') ORDER BY 1")
    assert rows == [{"measure": "height_px", "value": 256.0}, {"measure": "width_px", "value": 220.0}]


def test_the_best_described_item_of_one_file_stays(archive: Archive) -> None:
    data = encoded(drawn(1))
    bare = archive.add("bare.png", data)
    told = archive.add("told.png", data, creator="Ana", caption="a cuia")
    curate(archive.folder)
    assert archive.verdict(told)[0] == "keep"
    assert archive.verdict(bare)[1:] == (
        "same_bytes",
        "The same file as “told.png” (folder:test), which is better described.",
    )


def test_curating_twice_writes_nothing_the_second_time(archive: Archive) -> None:
    data = encoded(drawn(1))
    archive.add("a.png", data, concepts=("cuia",))
    archive.add("b.png", data, licence="All rights reserved")
    archive.add("c.jpg", encoded(drawn(1).resize((400, 400)), "JPEG"))
    archive.add("d.png", encoded(drawn(2, 100)))
    archive.add("e.png", b"<html>no picture</html>")
    assert curate(archive.folder).changed
    report = curate(archive.folder)
    assert not report.changed
    assert sum(report.new_verdicts.values()) == 0


def test_a_wrong_key_in_curation_toml_is_named_with_the_right_one(archive: Archive) -> None:
    archive.add("a.png", encoded(drawn(1)))
    for text, message in (
        ('porpose = "research"', "'porpose'; did you mean 'purpose'"),
        ('purpose = "profit"', "'profit'"),
        ("[criteria.to_small]\n", "no criterion 'to_small'; did you mean 'too_small'"),
        ("[criteria.too_small]\nmin_side = 3", "did you mean 'min_side_px'"),
        ("[criteria.opted_out]\nstrict = true", "has no parameters"),
    ):
        (archive.folder / "curation.toml").write_text(text)
        with pytest.raises(UsageError, match=message):
            curate(archive.folder)


def test_the_example_settings_are_valid_and_are_the_defaults(archive: Archive, request: pytest.FixtureRequest) -> None:
    from curate.settings import CurationSettings, read

    archive.folder.mkdir(exist_ok=True)
    text = (Path(request.config.rootpath) / "docs/examples/curation.toml").read_text(encoding="utf-8")
    (archive.folder / "curation.toml").write_text(text, encoding="utf-8")
    settings = read(archive.folder)
    assert (settings.purpose, settings.accept_soft) == (CurationSettings().purpose, CurationSettings().accept_soft)
    assert not any(settings.criteria.values())


def test_an_image_whose_bytes_are_gone_is_reported_and_stops_nothing(archive: Archive) -> None:
    lost = archive.add("lost.png", encoded(drawn(1)))
    archive.add("there.png", encoded(drawn(2)))
    archive.store.path(str(lost.sha256)).unlink()
    report = curate(archive.folder)
    assert report.measured == 1
    assert [problem["where"] for problem in report.problems] == [lost.sha256]


def test_a_sixteen_bit_scan_is_read(archive: Archive) -> None:
    stream = io.BytesIO()
    grey = drawn(1, 300).convert("L")
    Image.fromarray(np.asarray(grey).astype(np.uint16) * 256).save(stream, "TIFF")
    item = archive.add("deep.tif", stream.getvalue())
    curate(archive.folder)
    assert archive.verdict(item)[0] == "keep"
