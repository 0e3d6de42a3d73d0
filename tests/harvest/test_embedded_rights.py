"""Rights that are written in files: their order of trust, sidecars, sheets above them, and pages beside them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from iiif_loopback import Loopback
from marked_pictures import BY, NC, iim, packet, picture, web_statement

from catalog import db
from catalog.records import Candidate
from catalog.rights import read_rights
from harvest.crawl import harvest_folder, harvest_web
from harvest.embedded import Embedded, over, stated_in
from harvest.embedded_rights import NOTE, completed
from harvest.sheet import Sheet
from harvest.source import Found, Problem
from harvest.sources.folder import Source
from pixels.marks import read_marks

TERMS = "https://museum.example/terms"


def xmp(**texts: str) -> bytes:
    """A packet with these properties: `dc_rights="…"` is `dc:rights`."""
    names = {name: name.replace("_", ":", 1) for name in texts}
    return packet("".join(f"<{names[name]}>{text}</{names[name]}>" for name, text in texts.items()))


def embedded(**marks: Any) -> Embedded:
    return stated_in(read_marks(picture(**marks)), "a.jpg")


@pytest.mark.parametrize(
    ("marks", "family", "field", "flags"),
    [
        ({"xmp": web_statement(BY)}, "by", "xmpRights:WebStatement", set()),
        ({"xmp": packet(f'<cc:license rdf:resource="{BY}"/>')}, "by", "cc:license", set()),
        ({"xmp": xmp(xmpRights_UsageTerms="CC BY 4.0")}, "by", "xmpRights:UsageTerms", set()),
        ({"xmp": xmp(dc_rights="CC BY 4.0")}, "by", "dc:rights", set()),
        ({"iptc": iim(notice="CC BY 4.0")}, "by", "IPTC 2:116", set()),
        ({"rights": "CC BY 4.0"}, "by", "Exif 0x8298", set()),
        ({"xmp": web_statement(BY), "rights": "(c) Ana"}, "by", "xmpRights:WebStatement", set()),
        ({"xmp": web_statement(TERMS), "rights": "CC BY 4.0"}, "by", "Exif 0x8298", set()),  # an address that nobody knows
        ({"xmp": web_statement(BY), "iptc": iim(notice="CC BY-NC 4.0")}, "by", "xmpRights:WebStatement", {"conflict", "refuse"}),
        ({"xmp": web_statement(NC), "iptc": iim(notice="CC BY 4.0")}, "by-nc", "xmpRights:WebStatement", {"conflict"}),
        ({"xmp": web_statement(BY), "rights": "All rights reserved"}, "by", "xmpRights:WebStatement", {"conflict", "refuse"}),
        ({"xmp": web_statement(TERMS), "rights": "(c) Ana"}, "arr", "Exif 0x8298", {"refuse"}),
        ({"xmp": xmp(dc_rights=f"&lt;a href='{BY}'&gt;CC BY 4.0&lt;/a&gt;")}, "by", "dc:rights", set()),
        ({"xmp": packet('<plus:Licensor plus:LicensorURL="https://agency.example/"/>')}, None, "", set()),
        ({"artist": "Ana"}, None, "", set()),
        ({}, None, "", set()),
    ],
)  # fmt: skip
def test_the_most_trusted_statement_counts_and_others_can_only_close(
    marks: dict[str, Any], family: str | None, field: str, flags: set[str]
) -> None:
    rights = embedded(**marks).rights
    if family is None:
        assert rights is None
    else:
        assert rights is not None
        assert (rights.family, rights.source_field, set(rights.flags), rights.evidence) == (family, field, flags, "a.jpg")


def test_each_fact_comes_from_the_most_trusted_place_that_has_it() -> None:
    both = xmp(
        dc_creator="Ana", photoshop_Credit="Museu", photoshop_DateCreated="1950", Iptc4xmpExt_DigitalSourceType="http://x/print"
    )
    found = embedded(xmp=both, iptc=iim(creator="Zé", title="Cuia", source="Acervo"), artist="Camera Owner")
    assert (found.creator, found.credit, found.title, found.date) == ("Ana", "Museu", "Cuia", "1950")
    assert dict(found.other) == {"source": "Acervo", "digital_source_type": "print"}
    languages = '<rdf:li xml:lang="x-default">Uma</rdf:li><rdf:li xml:lang="en-GB">One</rdf:li>'
    found = embedded(xmp=packet(f"<dc:description><rdf:Alt>{languages}</rdf:Alt></dc:description>"))
    assert (found.caption, found.caption_language) == ("One", "en-GB")
    assert embedded(iptc=iim(caption="OLYMPUS DIGITAL CAMERA")).caption is None
    assert embedded(xmp=packet("", 'plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"')).other == (
        ("data_mining", "DMI-PROHIBITED"),
    )


@pytest.mark.parametrize(
    ("upper", "lower", "flags"),
    [
        ("CC BY 4.0", "CC BY 4.0", set()),
        ("CC BY 4.0", "CC BY-NC 4.0", {"conflict", "refuse"}),
        ("CC BY-NC 4.0", "CC BY 4.0", {"conflict"}),
        ("CC BY 4.0", "© Museum", set()),
        ("CC BY 4.0", "All rights reserved", {"conflict", "refuse"}),
        ("CC BY 4.0", TERMS, set()),
        ("see our terms", "CC BY 4.0", {"refuse"}),  # what stands above is never replaced
    ],
)
def test_what_differs_below_is_a_conflict_and_what_is_stricter_refuses(upper: str, lower: str, flags: set[str]) -> None:
    both = over(read_rights(upper), read_rights(lower, field="dc:rights"))
    assert both is not None
    assert set(both.flags) == flags
    assert both.raw == (("licence", upper), ("dc:rights", lower))


def stated(folder: Path, sheet: Path | None = None) -> tuple[dict[str, Candidate], list[str]]:
    found = list(Source(folder, Sheet(sheet) if sheet else None, "c").start())
    problems = [one.what for one in found if isinstance(one, Problem)]
    return {one.candidate.source_id: one.candidate for one in found if isinstance(one, Found)}, problems


def test_sidecars_outrank_files_and_the_sheet_outranks_both(folder: Path, write_sheet: Callable[..., Path]) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
        (folder / name).write_bytes(picture(xmp=web_statement(NC), artist="Camera"))
    (folder / "a.XMP").write_bytes(web_statement(BY))
    (folder / "b.jpg.xmp").write_bytes(xmp(dc_rights="CC BY 4.0", dc_creator="Ana"))
    (folder / "b.xmp").write_bytes(web_statement("https://creativecommons.org/publicdomain/zero/1.0/"))
    (folder / "c.xmp").write_bytes(b"<!DOCTYPE x>")
    (folder / "alone.xmp").write_bytes(web_statement(BY))
    found, problems = stated(folder)
    assert {name: one.rights.family for name, one in found.items()} == {
        "a.jpg": "by",
        "b.jpg": "by",
        "c.jpg": "by-nc",
        "d.jpg": "by-nc",
    }
    assert (found["a.jpg"].rights.evidence, found["b.jpg"].rights.evidence) == ("a.XMP", "b.jpg.xmp")
    assert {"conflict", "refuse"} <= set(found["a.jpg"].rights.flags)  # the file is stricter
    assert (found["a.jpg"].creator, found["b.jpg"].creator) == ("Camera", "Ana")
    assert sorted(problems) == ["its sidecar c.xmp cannot be read", "no licence sheet, and not named like a picture: left alone"]
    sheet = write_sheet("file,licence,creator", "a.jpg,CC BY-NC-ND 4.0,Rui", "b.jpg,,", "d.jpg,CC BY-NC 4.0,")
    found, problems = stated(folder, sheet)
    assert [one.rights.family for one in found.values()] == ["by-nc-nd", "by", "by-nc", "by-nc"]
    assert found["a.jpg"].rights.raw == (
        ("licence", "CC BY-NC-ND 4.0"), ("xmpRights:WebStatement", BY), ("xmpRights:WebStatement", NC),
    )  # fmt: skip
    assert set(found["a.jpg"].rights.flags) == {"conflict"}
    assert (found["a.jpg"].creator, found["a.jpg"].other["embedded_creator"]) == ("Rui", "Camera")
    assert found["d.jpg"].rights.flags == ()
    assert "no row in the sheet: what is written in the file or its sidecar counts" in problems


def test_a_sidecar_that_leads_out_of_the_folder_says_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.xmp").write_bytes(web_statement(BY))
    (folder / "a.jpg").write_bytes(picture())
    (folder / "a.xmp").symlink_to(tmp_path / "secret.xmp")
    found, _ = stated(folder)
    assert found["a.jpg"].rights.family == "unknown"


def test_a_folder_without_a_sheet_is_taken_as_its_files_say(workspace: Path, folder: Path) -> None:
    (folder / "by.tif").write_bytes(picture("TIFF", xmp=web_statement(BY), artist="Ana"))
    (folder / "nothing.png").write_bytes(picture("PNG"))
    made = packet('<Iptc4xmpExt:DigitalSourceType rdf:resource="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>',
                  f'xmpRights:WebStatement="{BY}"')  # fmt: skip
    (folder / "made.webp").write_bytes(picture("WEBP", xmp=made))
    (folder / "no.jpg").write_bytes(
        picture(xmp=packet("<plus:DataMining>DMI-PROHIBITED</plus:DataMining>", f'xmpRights:WebStatement="{BY}"'))
    )
    report = harvest_folder(workspace, folder)
    assert report.outcomes == {"stored": 2, "not_fetched_rights": 1, "not_fetched_opt_out": 1}
    assert "says of itself that a model made it (trainedAlgorithmicMedia): no archive material" in [
        one["what"] for one in report.problems
    ]
    (row,) = db.rows(workspace, "SELECT * FROM current_candidates WHERE source_id = 'by.tif'")
    assert (row["creator"], row["credit_line"], row["rights_evidence"]) == ("Ana", "by.tif, Ana, CC BY 4.0", "by.tif")
    assert harvest_folder(workspace, folder).unchanged == 4


def of_page(licence: str | None, source: str = "webpage:m.example") -> Candidate:
    return Candidate(
        source=source, source_id="x", rights=read_rights(licence, field="license"), outcome="metadata_only", image_url="https://m.example/a.jpg"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("page", "file", "family", "flags", "note"),
    [
        ("CC BY 4.0", {"xmp": web_statement(BY)}, "by", set(), "the file agrees"),
        ("CC BY 4.0", {"rights": "(c) Ana"}, "by", set(), "the file says"),
        ("CC BY 4.0", {"xmp": web_statement(NC)}, "by", {"conflict", "refuse"}, "the file differs"),
        ("CC BY-NC 4.0", {"xmp": web_statement(BY)}, "by-nc", {"conflict"}, "the file differs"),
        (None, {"xmp": web_statement(BY)}, "by", set(), "only the file states a licence"),
        ("our terms", {"xmp": web_statement(BY)}, "unknown", {"refuse"}, "the file says"),
        ("CC BY 4.0", {"artist": "Ana"}, "by", set(), None),
    ],
)
def test_page_and_file_are_weighed(
    page: str | None, file: dict[str, Any], family: str, flags: set[str], note: str | None
) -> None:
    done = completed(of_page(page), picture(**file))
    assert (done.rights.family, set(done.rights.flags)) == (family, flags)
    assert done.other.get(NOTE, "").partition(":")[0] == (note or "")


def test_only_sources_that_ask_for_it_read_what_files_say() -> None:
    candidate = of_page("CC BY 4.0", source="met")
    assert completed(candidate, picture(xmp=web_statement(NC))) is candidate


def test_a_page_is_harvested_with_what_its_files_say(workspace: Path, loopback: Loopback) -> None:
    files = {"same": web_statement(BY), "stricter": web_statement(NC), "silent": b"", "unstated": web_statement(BY)}
    for name, marks in files.items():
        loopback.page(f"/{name}.jpg", picture(xmp=marks, side_px=20 + len(name)), ("Content-Type", "image/jpeg"))
    figures = [f'<figure><img src="/{name}.jpg"><a rel="license" href="{BY}">CC BY</a></figure>' for name in list(files)[:3]]
    url = loopback.page(
        "/site/", "".join(figures) + '<img src="/unstated.jpg"><a href="/site/2">2</a>', ("Content-Type", "text/html")
    )
    loopback.page("/site/2", '<p>Nothing but words</p><a href="/site/3">3</a>', ("Content-Type", "text/html"))
    report = harvest_web(workspace, "webpage", [url], allow_hosts=[loopback.host], depth=1)
    assert report.outcomes == {"stored": 2, "not_fetched_rights": 2}
    assert "/unstated.jpg" not in loopback.asked
    assert ("/site/2" in loopback.asked, "/site/3" in loopback.asked) == (True, False)
    rows = {row["image_url"].rpartition("/")[2]: row for row in db.rows(workspace, "SELECT * FROM current_candidates")}
    assert set(rows["stricter.jpg"]["rights_flags"]) == {"conflict", "refuse"}
    assert "the file agrees" in rows["same.jpg"]["other"]
    anyway = harvest_web(workspace, "webpage", [url], allow_hosts=[loopback.host], fetch_anyway="with the site's consent")
    assert anyway.outcomes == {"stored": 4}
    (row,) = db.rows(workspace, "SELECT * FROM current_candidates WHERE image_url LIKE '%unstated%'")
    assert (row["rights_family"], "only the file states a licence" in row["other"]) == ("by", True)
    assert row["rights_evidence"].endswith("fetched although refused: with the site's consent")
    before = len(loopback.asked)
    again = harvest_web(workspace, "webpage", [url], allow_hosts=[loopback.host])
    assert again.unchanged == 4  # what is held is read where it lies
    assert loopback.asked[before:].count("/same.jpg") == 0
