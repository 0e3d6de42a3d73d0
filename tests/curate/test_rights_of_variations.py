"""What a model made from a picture has that picture's licence: share-alike goes with it, and no-derivatives forbids it."""

from dataclasses import replace

from curated_archive import Archive, drawn, encoded

from catalog.rights import read_rights
from curate.curate import curate


def _varied(archive: Archive, name: str, **fields: object) -> str:
    parent = archive.add(name, encoded(drawn(len(name))), concepts=("cuia",), **fields)  # type: ignore[arg-type]
    assert parent.sha256 is not None
    return archive.vary(parent.sha256, encoded(drawn(100 + len(name), 300)))


def _stands(archive: Archive, sha256: str) -> tuple[str, str | None, str | None]:
    row = archive.rows("SELECT verdict, criterion, reason FROM verdicts WHERE subject = $subject", {"subject": sha256})[0]
    return row["verdict"], row["criterion"], row["reason"]


def test_share_alike_goes_with_a_variation_and_no_derivatives_forbids_it(archive: Archive) -> None:
    alike = _varied(archive, "sa", licence="CC BY-SA 4.0")
    forbidden = _varied(archive, "nd4", licence="CC BY-ND 4.0")
    either = _varied(archive, "either", licence=replace(read_rights("CC BY-ND 4.0"), alternatives=(read_rights("CC BY-SA 3.0"),)))
    curate(archive.folder)
    assert _stands(archive, alike) == ("keep", None, None)
    row = archive.rows("SELECT licence, licence_uri, modified FROM credits WHERE sha256 = $sha256", {"sha256": alike})[0]
    assert row == {"licence": "CC BY-SA 4.0", "licence_uri": "https://creativecommons.org/licenses/by-sa/4.0/", "modified": True}
    sql = (
        "SELECT share_alike FROM generated_records AS made JOIN licences_offered AS offer ON offer.subject = made.parent_subject"
        " WHERE made.subject = $sha256"
    )
    assert archive.rows(sql, {"sha256": alike}) == [{"share_alike": True}]
    assert _stands(archive, forbidden) == (
        "exclude",
        "rights_not_cleared",
        "It was made from “nd4”, whose licence (CC BY-ND 4.0) permits no changed versions.",
    )
    assert _stands(archive, either)[0] == "keep"
    usable = archive.rows("SELECT source_id FROM kept WHERE kind = 'harvested' ORDER BY ALL")
    assert [row["source_id"] for row in usable] == ["either", "nd4", "sa"]  # the picture itself may be used, unchanged


def test_a_parent_that_stops_permitting_changes_takes_its_variations_along(archive: Archive) -> None:
    made = _varied(archive, "a")
    curate(archive.folder)
    assert _stands(archive, made)[0] == "keep"
    parent = archive.rows("SELECT sha256 FROM images WHERE origin = 'harvested'")[0]["sha256"]
    data = archive.store.path(parent).read_bytes()
    archive.add("a", data, concepts=("cuia",), licence="CC BY-NC-ND 4.0")
    curate(archive.folder)
    assert _stands(archive, made)[:2] == ("exclude", "rights_not_cleared")
