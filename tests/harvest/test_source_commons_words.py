"""Wikimedia Commons: rights, authors and descriptions as they are really given."""

from typing import Any

import pytest
from broken_json import broken, unclean
from commons_answers import BY_SA, batch, one, page, read

from catalog.records import Candidate
from harvest.commons_html import author, described
from harvest.sources.commons import Source

# Rights

RIGHTS: list[tuple[dict[str, Any], str, str | None, set[str]]] = [
    (BY_SA, "by-sa", None, {"alternatives-unknown"}),
    ({"LicenseShortName": "CC BY-SA 3.0 de"}, "by-sa", "de", {"alternatives-unknown"}),
    ({"LicenseShortName": "Public domain", "License": "pd", "UsageTerms": "Public domain", "Copyrighted": "False"}, "pdm", None,
     {"pd-assertion", "alternatives-unknown"}),
    ({"LicenseShortName": "CC0", "License": "cc0", "Copyrighted": "True",
      "LicenseUrl": "http://creativecommons.org/publicdomain/zero/1.0/deed.en"}, "cc0", None, set()),
    ({"LicenseShortName": "No restrictions", "UsageTerms": "No known copyright restrictions", "Copyrighted": "True",
      "LicenseUrl": "https://www.flickr.com/commons/usage/"}, "nkcr", None, {"soft"}),
    ({"LicenseShortName": "CC BY-NC-ND 2.0", "LicenseUrl": "https://creativecommons.org/licenses/by-nc-nd/2.0/"}, "by-nc-nd",
     None, {"alternatives-unknown"}),
    ({"LicenseUrl": "https://creativecommons.org/licenses/by/3.0/igo/"}, "by", "igo", {"alternatives-unknown"}),
    ({"LicenseShortName": {"_type": "lang", "de": "Gemeinfrei", "en": "Public domain"}}, "pdm", None, {"pd-assertion"}),
    ({**BY_SA, "NonFree": "true"}, "nonfree", None, {"refuse"}),
    ({**BY_SA, "DeletionReason": "Copyright violation"}, "unknown", None, {"refuse"}),
    ({**BY_SA, "Permission": "This file is <b>not <a href='x'>public domain</a></b>."}, "by-sa", None, {"conflict"}),
    ({**BY_SA, "Permission": "All rights reserved."}, "by-sa", None, {"conflict", "refuse"}),
    ({**BY_SA, "Restrictions": "personality|trademarked"}, "by-sa", None, set()),
    ({}, "unknown", None, {"refuse"}),
    ({"LicenseShortName": "See description"}, "unknown", None, {"refuse"}),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "family", "port", "flags"), RIGHTS)
def test_rights_are_read_from_the_fields_of_the_file(
    fields: dict[str, Any], family: str, port: str | None, flags: set[str]
) -> None:
    (found,) = read(batch(page(7, **fields)))
    rights = found.rights
    assert (rights.family, rights.jurisdiction, rights.scope) == (family, port, "media")
    assert flags <= set(rights.flags)
    assert ("alternatives-unknown" in rights.flags) is (family != "unknown")
    assert rights.source_field.startswith("imageinfo[0].extmetadata.")
    assert "pageids=7" in rights.evidence
    assert {name.rpartition(".")[2] for name, _ in rights.raw} == set(fields)


def test_warnings_stay_readable_for_a_recheck() -> None:
    found = one(DeletionReason="<b>Copyright violation</b>: see [[x]]", Restrictions="personality|trademarked", NonFree="1")
    assert found.other["deletion_reason"] == "Copyright violation: see [[x]]"
    assert (found.other["restrictions"], found.other["nonfree"]) == ("personality; trademarked", "1")


# Authors

LINK = '<a href="//commons.wikimedia.org/wiki/User:Ana" title="User:Ana">Ana</a>'
RED = '<a href="//commons.wikimedia.org/w/index.php?title=User:Ana&amp;action=edit&amp;redlink=1" class="new">Ana</a>'
ANA = "https://commons.wikimedia.org/wiki/User:Ana"

AUTHORS: list[tuple[Any, str | None, str | None]] = [
    ("Ana Souza", "Ana Souza", None),
    (LINK, "Ana", ANA),
    (RED, "Ana", None),
    (f"{LINK} (<a href='//commons.wikimedia.org/wiki/User_talk:Ana'>talk</a>)", "Ana", ANA),
    (f"<bdi>{LINK}\n</bdi>", "Ana", ANA),
    ('<div class="fn value">\nJona Lendering</div>', "Jona Lendering", None),
    ('<table><tr><td class="fn">Ana</td><td>born 1850</td></tr></table>', "Ana", None),
    ("Unknown author<span style='display:none'>Unknown author</span>", "Unknown author", None),
    ("<ul><li>Ana</li><li>Rui <i>filho</i></li></ul>", "Ana; Rui filho", None),
    (f"{LINK}<br />Rui", "Ana, Rui", ANA),
    ("Ana &amp; Rui", "Ana & Rui", None),
    ("Ana\u202e\x07 Souza", "Ana Souza", None),
    ({"_type": "lang", "pt": "Ana (fotógrafa)", "en": f"{LINK} (photographer)"}, "Ana (photographer)", ANA),
    ('<div class="boilerplate metadata" id="cleanup">This file is lacking <b>author</b> information.\n</div>', None, None),
    (f"The original uploader was {LINK} at <a href='x'>Italian Wikipedia</a>.", None, None),
    (f"No machine-readable author provided. {LINK} assumed (based on copyright claims).", None, None),
    ("-", None, None),
    ("see below", None, None),
    ("", None, None),
    (None, None, None),
    (17, None, None),
    ("<![CDATA[<b>", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("given", "name", "url"), AUTHORS)
def test_authors_are_names_in_plain_text_with_a_page_that_exists(given: Any, name: str | None, url: str | None) -> None:
    found = author(given)
    assert (found.name, found.url) == (name, url)


def test_a_statement_that_is_no_name_is_kept_and_credited() -> None:
    found = one(Artist=f"The original uploader was {LINK} at <i>Italian Wikipedia</i>.")
    assert found.creator is None
    assert found.other["artist"] == "The original uploader was Ana at Italian Wikipedia."
    assert found.rights.credit_line == "7, The original uploader was Ana at Italian Wikipedia, CC BY-SA 4.0"


def test_the_credit_that_the_author_prefers_is_taken_when_there_is_one() -> None:
    given = f"Photo: {LINK} / <a href='http:////commons.wikimedia.org/x'>Wikimedia Commons</a> / CC BY-SA 4.0"
    assert one(Attribution=given, Artist=LINK).rights.credit_line == "Photo: Ana / Wikimedia Commons / CC BY-SA 4.0"
    assert one(Artist=LINK, ObjectName="Cuia").rights.credit_line == "Cuia, Ana, CC BY-SA 4.0"


# Words

DESCRIPTIONS: list[tuple[Any, dict[str | None, str]]] = [
    ("A gourd", {None: "A gourd"}),
    ("<div class='description' lang='pt'><span class='language pt'><b>Português:</b></span> Uma cuia</div>", {"pt": "Uma cuia"}),
    ("<div lang='en'>A gourd</div><div lang='pt-BR'>Uma <b>cuia</b></div>", {"en": "A gourd", "pt-br": "Uma cuia"}),
    ("Seen in the <span lang='fr'>rue</span> of mate", {None: "Seen in the rue of mate"}),
    ({"_type": "lang", "de": "Kalebasse", "en": "<p>A gourd</p>"}, {"de": "Kalebasse", "en": "A gourd"}),
    ({"_type": "ul", "0": "One", "1": "<i>Two</i>"}, {None: "One; Two"}),
    ("<br><br><big><b>Title</b></big><br><b>Of: </b>Mate", {None: "Title Of: Mate"}),
    ("1891<div style=\"display: none;\">date QS:P,+1891-00-00T00:00:00Z/9</div>", {None: "1891"}),
    ("", {}), (None, {}), ([], {}), ({}, {}), (1850, {None: "1850"}), ("<p></p>", {}),
]  # fmt: skip


@pytest.mark.parametrize(("given", "texts"), DESCRIPTIONS)
def test_descriptions_are_plain_text_by_language(given: Any, texts: dict[str | None, str]) -> None:
    assert described(given) == texts


def test_the_preferred_language_is_the_caption_and_the_others_stand_beside_it() -> None:
    found = one(ImageDescription={"_type": "lang", "de": "Kalebasse", "pt": "Cuia"})
    assert (found.caption, found.caption_language, found.other["caption (de)"]) == ("Cuia", "pt", "Kalebasse")


def test_all_that_is_said_of_a_file_is_kept() -> None:
    found = one(Categories="Cuias|Mate", DateTimeOriginal="c. 1850", Credit="<span>Own work</span>", GPSLatitude=-23.5,
                GPSLongitude="-46.6", AuthorCount=2, ObjectName="<i>Cuia</i>", Artist=LINK)  # fmt: skip
    assert (found.source, found.source_id, found.title, found.creation_date) == ("commons", "7", "Cuia", "c. 1850")
    assert found.page_url == "https://commons.wikimedia.org/wiki/File:7.jpg"
    assert found.checksum == "sha1:0123456789abcdef0123456789abcdef01234567"
    assert found.other == {
        "file": "File:7.jpg", "size_bytes": "5", "width": "640", "height": "480", "mime": "image/jpeg", "creator_url": ANA,
        "author_count": "2", "source": "Own work", "position": "-23.5, -46.6", "categories": "Cuias; Mate",
        "credit_line": "composed: title, creator, licence",
    }  # fmt: skip
    assert Source().again(found.source_id, found.other) == "pageid:7"


def test_the_statement_is_the_same_however_the_file_was_found() -> None:
    (alone,) = read(batch(page(7, **BY_SA)))
    with_more = read({**batch(page(6), page(7, **BY_SA)), "continue": {"gsroffset": 50, "continue": "gsroffset||"}})
    assert alone.digest() == with_more[1].digest()


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_is_answered_raises_or_leaves_markup_behind(seed: int) -> None:
    fields = {"Artist": LINK, "ImageDescription": "<p lang='en'>A</p>", "Attribution": LINK, "Permission": "CC BY-SA 4.0",
              "Categories": "A|B", "DateTimeOriginal": "1850", "Restrictions": "a|b", "Credit": "x"}  # fmt: skip
    whole = {"continue": {"gsroffset": 50, "continue": "-||"}, **batch(page(1, **BY_SA, **fields), page(2, **BY_SA, **fields))}
    seen = 0
    for body in broken(whole, 150, seed):
        for found in read(body):
            if isinstance(found, Candidate):
                seen += 1
                assert unclean(found) == []
    assert seen > 150
