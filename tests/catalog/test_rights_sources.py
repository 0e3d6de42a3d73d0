"""Codes of the sources, licence objects, lists and records of several fields."""

import pytest

from catalog.rights import as_case, permissions, read_rights

BY = "https://creativecommons.org/licenses/by/4.0/"
NC = "https://creativecommons.org/licenses/by-nc/4.0/"

FLICKR = ["arr", "by-nc-sa/2.0", "by-nc/2.0", "by-nc-nd/2.0", "by/2.0", "by-sa/2.0", "by-nd/2.0", "nkcr",
    "pdm", "cc0/1.0", "pdm/1.0",
          "by/4.0", "by-sa/4.0", "by-nd/4.0", "by-nc/4.0", "by-nc-sa/4.0", "by-nc-nd/4.0"]  # fmt: skip


@pytest.mark.parametrize(("number", "expected"), list(enumerate(FLICKR)))
def test_flickr_numbers(number: int, expected: str) -> None:
    for code in (number, str(number)):
        rights = read_rights({"flickr": code})
        assert f"{rights.family}/{rights.version}".removesuffix("/None") == expected
        assert rights.source_field == "flickr"


def test_flickr_eight_is_an_american_assertion() -> None:
    assert read_rights({"flickr": "8"}).flags == ("pd-assertion", "us-only")


@pytest.mark.parametrize("code", ["17", "-1", "", "²", "09", "9.0", True, None, 9.0, [], {}])
def test_other_flickr_codes_are_unknown(code: object) -> None:
    assert read_rights({"flickr": code}).family == "unknown"


def test_flickr_names_yield_to_the_address_beside_them() -> None:
    rights = read_rights({"id": "4", "name": "Attribution License", "url": "https://creativecommons.org/licenses/by/2.0/"})
    assert (rights.family, rights.version, rights.flags) == ("by", "2.0", ())


@pytest.mark.parametrize(
    ("value", "family", "version"),
    [
        ({"inaturalist": None}, "arr", None),
        ({"inaturalist": "cc0"}, "cc0", "1.0"),
        ({"inaturalist": "cc-by-nc-sa"}, "by-nc-sa", "4.0"),
        ({"inaturalist": {"license_code": "cc-by"}}, "by", "4.0"),
        ({"inaturalist": "pd"}, "unknown", None),
        ({"gbif": "CC0_1_0"}, "cc0", "1.0"),
        ({"gbif": "CC_BY_NC_4_0"}, "by-nc", "4.0"),
        ({"gbif": "UNSPECIFIED"}, "unknown", None),
        ({"gbif": "UNSUPPORTED"}, "unknown", None),
        ({"met": True}, "cc0", None),
        ({"met": False}, "unknown", None),
        ({"met": 1}, "unknown", None),
        ({"smithsonian": "CC0"}, "cc0", None),
        ({"smithsonian": "Usage conditions apply"}, "unknown", None),
        ({"usage": {"access": "CC0", "text": ""}}, "cc0", None),
        ({"europeana": "http://rightsstatements.org/vocab/NoC-NC/1.0/"}, "noc-nc", "1.0"),
        ({"openverse": ["by-sa", "3.0"]}, "by-sa", "3.0"),
        ({"openverse": {"license": "by-nc", "license_version": 2}}, "by-nc", "2.0"),
        ({"openverse": ["cc0", "1.0"]}, "cc0", "1.0"),
        ({"openverse": ["pdm", "1.0"]}, "pdm", "1.0"),
        ({"openverse": ["publicdomain", "N/A"]}, "pdm", None),
        ({"license": "by", "license_version": "4.0"}, "by", "4.0"),
        ({"license": "by", "license_version": "4.0", "license_url": BY}, "by", "4.0"),
        ("cc-by-nc", "by-nc", None),
    ],
)
def test_codes_with_their_source(value: object, family: str, version: str | None) -> None:
    rights = read_rights(value)
    assert (rights.family, rights.version) == (family, version)


@pytest.mark.parametrize(
    "pair", [["pdm", "4.0"], ["cc0", "2.0"], ["by", "2.1"], ["by", "9.0"], ["nc", "2.0"], ["by-nd-sa", "4.0"]]
)
def test_openverse_pairs_that_do_not_exist_are_unknown(pair: list[str]) -> None:
    rights = read_rights({"openverse": pair})
    assert rights.family == "unknown"
    assert "refuse" in rights.flags


def test_an_object_is_read_by_address_and_by_name_only_without_one() -> None:
    assert read_rights({"uri": BY, "name": "CC BY 4.0"}).flags == ()
    assert read_rights({"uri": "", "name": "CC BY-SA 3.0", "shortName": "x"}).family == "by-sa"
    assert read_rights({"uri": "https://example.org/", "name": "CC BY 4.0"}).family == "unknown"
    assert read_rights({"uri": BY, "name": "CC BY-NC 4.0"}).flags == ("conflict",)
    assert read_rights({"url": "https://museum.example/x.jpg", "license": "CC BY 4.0"}).family == "by"


def test_running_text_never_replaces_a_structured_field() -> None:
    assert read_rights({"license": "our own terms", "attribution": "CC BY 4.0"}).family == "unknown"
    assert read_rights({"license": "", "attribution": "Licensed CC BY 4.0"}).flags == ("prose",)
    assert read_rights({"attribution": "Provided by the Library of Congress"}).flags == ("credit-only", "refuse")


def test_structured_value_stands_and_stricter_text_refuses() -> None:
    rights = read_rights({"license": BY, "attribution": "Licensed CC BY-NC 4.0"})
    assert (rights.family, rights.flags) == ("by", ("conflict", "refuse"))
    assert permissions(rights).redistribute is False
    statement = {"label": {"en": ["Attribution"]}, "value": {"en": ["CC BY-SA 3.0"]}}
    laxer = read_rights({"rights": "http://rightsstatements.org/vocab/NoC-NC/1.0/", "requiredStatement": statement})
    assert (laxer.family, laxer.flags) == ("noc-nc", ("conflict",))


def test_not_public_domain_beside_a_licence_is_not_stricter() -> None:
    fields = {
        "LicenseUrl": {"value": BY},
        "Permission": {"value": "This image is <b>not</b> public domain. Respect the licence."},
    }
    assert as_case(read_rights(fields))["redistribute"] is True
    fields["Permission"]["value"] = "No longer under CC BY 4.0"
    assert as_case(read_rights(fields))["redistribute"] is False
    assert as_case(read_rights({"License": "pd", "Permission": "Not in the public domain"}))["redistribute"] is False


def test_nonfree_wins_and_commons_may_hide_others() -> None:
    assert read_rights({"LicenseShortName": "CC BY 4.0", "NonFree": "true"}).family == "nonfree"
    assert read_rights({"LicenseShortName": "CC BY 4.0", "DeletionReason": "copyvio"}).family == "unknown"
    assert read_rights({"LicenseShortName": {"value": "CC BY 4.0"}, "NonFree": ""}).flags == ("alternatives-unknown",)


def test_lists_hold_together_and_templates_offer_a_choice() -> None:
    assert read_rights([BY, f"{BY}legalcode"]).flags == ()
    assert read_rights([BY, NC]).family == "by-nc"
    assert read_rights([BY, "Usage conditions apply"]).family == "unknown"
    credited = read_rights(["© Museum", BY])
    assert (credited.family, credited.credit_line) == ("by", "© Museum")
    assert read_rights({"templates": ["GFDL", "cc-by-sa-3.0"]}).family == "by-sa"
    assert read_rights([]).family == "unknown"


def test_raw_words_of_every_field_read_are_kept() -> None:
    rights = read_rights({"rights": BY, "requiredStatement": {"en": ["X"]}, "width": 3}, scope="canvas")
    assert rights.raw == (("rights", BY), ("requiredStatement", '{"en": ["X"]}'))
    assert (rights.source_field, rights.scope) == ("rights", "canvas")
    assert read_rights(None).raw == ()


@pytest.mark.parametrize("value", [None, 3, 3.5, True, b"CC BY 4.0", object(), {1: 2}, {"foo": None}, [[[[[[[["CC0"]]]]]]]]])
def test_rubbish_is_unknown(value: object) -> None:
    assert as_case(read_rights(value))["flags"] == ["refuse"]
