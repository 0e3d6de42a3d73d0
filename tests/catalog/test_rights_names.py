"""Names and codes: the whole value must match; nothing is filled in."""

import pytest

from catalog.licence_versions import SPDX_IDS
from catalog.rights import as_case, read_rights


def _short(value: object) -> tuple[str, str | None, str | None]:
    case = as_case(read_rights(value))
    return case["family"], case["version"], case["jurisdiction"]


@pytest.mark.parametrize(
    "name",
    [
        "CC BY-SA 3.0",
        "cc-by-sa-3.0",
        "CC/BY/SA/3.0",
        "cc by sa 3.0",
        "CC-BY-SA/3.0",
        "CC SA-BY 3.0",
        "CC\u00a0BY\u2011SA  3.0",
        "CC&nbsp;BY&#8209;SA 3.0",
        "ＣＣ ＢＹ－ＳＡ ３.０",
        "<b>CC BY-SA</b> 3.0",
        "(CC BY-SA 3.0)",
        "CC BY-SA v3.0",
        "CC BY-SA 3",
        "CC BY-SA 3.0 Unported",
        "cc-by-sa-3.0-migrated",
        "cc-by-sa-3.0-migrated-with-disclaimers",
        "Bild-CC-by-sa/3.0",
        "Creative Commons BY-SA 3.0",
        "{{cc-by-sa-3.0|Jane Doe}}",
        "Attribution-ShareAlike 3.0 Unported",
        "Attribution Share Alike 3.0",
        "Creative Commons Attribution-Share Alike 3.0 License",
        "Creative Commons: Attribution-ShareAlike 3.0",
        "Reconocimiento-CompartirIgual 3.0 (CC BY-SA 3.0)",
        "署名-相同方式共享 3.0 (CC BY-SA 3.0)",
    ],
)
def test_spellings_of_one_name_are_one_licence(name: str) -> None:
    rights = read_rights(name)
    assert _short(name) == ("by-sa", "3.0", None)
    assert rights.flags == ()


@pytest.mark.parametrize(
    "name",
    ["CC", "by", "BY-NC", "by-sa", "9", "CC by Jane Doe", "Photo by Jane Doe", "cc-by-2.0-foo",
    "CC BY-BY 4.0", "CC-BY4",
     "СС BY 4.0", "Attribution: Jane Doe", "Attribution required", "ShareAlike", "PD-", "KOGL Type 2", "Apache-2.0",
     "usage conditions apply", "USAGE  CONDITIONS APPLY.", "Usage-Conditions-Apply", "OGL 1.0a", "no rights reserved",
     "dl-de/by-nc-1-0", "There are no known copyright restrictions here", "This work is in the public domain.",
     "Public domain, photo by X", "UNSPECIFIED", "", "   ", "\u200b"],
)  # fmt: skip
def test_words_that_name_no_licence_are_unknown(name: str) -> None:
    case = as_case(read_rights(name))
    assert case["family"] == "unknown"
    assert "refuse" in case["flags"]


@pytest.mark.parametrize(
    "name", ["CC BY-ND-SA 4.0", "CC BY 2.1", "CC BY 5.0", "CC0 2.0", "PDM 4.0", "GFDL-1.4", "LAL-1.9", "OGL v9"]
)
def test_versions_that_never_were(name: str) -> None:
    assert as_case(read_rights(name))["flags"] == ["impossible-version", "refuse"]


@pytest.mark.parametrize(
    ("name", "family"),
    [("Creative Commons-BY", "by"), ("CC BY-SA Generic", "by-sa"), ("CC BY International", "by"),
    ("CC-BY-NC-ND", "by-nc-nd"),
     ("Attribution License", "by"), ("Attribution-NonCommercial-NoDerivs License", "by-nc-nd"),
     ("Attribution-ShareAlike", "by-sa"),
     ("Creative Commons Attribution", "by"), ("CC-SA", "sa")],
)  # fmt: skip
def test_no_version_stays_no_version(name: str, family: str) -> None:
    rights = read_rights(name)
    assert (rights.family, rights.version, rights.uri) == (family, None, None)
    assert rights.flags == ("no-version",)


def test_attribution_alone_is_the_commons_template() -> None:
    assert read_rights("Attribution").family == "attribution"
    assert read_rights("Attribution 4.0").family == "by"


@pytest.mark.parametrize(
    ("name", "version", "others"),
    [
        ("Cc-by-sa-3.0,2.5,2.0,1.0", "3.0", ["2.5", "2.0", "1.0"]),
        ("cc-by-sa-2.5-2.0-1.0", "2.5", ["2.0", "1.0"]),
        ("CC BY-SA 1.0, 2.0 and 2.5", "2.5", ["2.0", "1.0"]),
        ("cc-by-sa-all", "4.0", ["3.0", "2.5", "2.0", "1.0"]),
        ("cc-by-sa-1.0+", "3.0", ["2.5", "2.0", "1.0"]),
        ("CC BY-SA 4.0+", "4.0", []),
    ],
)
def test_lists_take_the_newest_and_keep_the_rest(name: str, version: str, others: list[str]) -> None:
    rights = read_rights(name)
    assert (rights.version, [other.version for other in rights.alternatives]) == (version, others)
    assert rights.flags == ("alternatives",)


@pytest.mark.parametrize(
    ("name", "port"),
    [("CC BY-SA 3.0 DE", "de"), ("CC BY-SA 3.0 (Germany)", "de"), ("CC BY 3.0 IGO", "igo"), ("CC BY-SA 2.0 UK", "uk"),
     ("Attribution-Share Alike 2.0 UK: England & Wales", "uk"), ("CC BY 2.5 Scotland", "scotland"),
     ("Attribution-NoDerivs 3.0 New Zealand", "nz"), ("CC-BY-3.0-US", "us"),
     ("Attribution-NonCommercial 3.0 Intergovernmental Organization", "igo"),
     ("Namensnennung 3.0 Deutschland (CC BY 3.0 DE)", "de")],
)  # fmt: skip
def test_ports_by_code_and_by_country(name: str, port: str) -> None:
    assert read_rights(name).jurisdiction == port


def test_bracket_decides_unless_the_title_is_understood_and_differs() -> None:
    assert _short("Paternité - Pas d'utilisation commerciale 4.0 (CC BY-NC 4.0)") == ("by-nc", "4.0", None)
    assert _short("Public Domain (CC0 1.0)") == ("cc0", "1.0", None)
    assert _short("CC BY-NC-ND (Attribution-NonCommercial-NoDerivatives)") == ("by-nc-nd", None, None)
    both = read_rights("Attribution-NonCommercial 4.0 International (CC BY 4.0)")
    assert (both.family, both.flags) == ("by-nc", ("conflict",))


@pytest.mark.parametrize(
    ("name", "version"),
    [("CC0", None), ("CC 0", None), ("cc-zero", None),
    ("Creative Commons Zero, Public Domain Dedication", None), ("Bild-CC-0", None),
     ("Public Domain Dedication (CC0)", None), ("CC0 1.0 Universal", "1.0"), ("CC0-1.0", "1.0"), ("CC0_1_0", "1.0"),
     ("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "1.0")],
)  # fmt: skip
def test_cc0(name: str, version: str | None) -> None:
    assert _short(name) == ("cc0", version, None)
    assert read_rights(name).flags == ()


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("Public domain", ["pd-assertion"]),
        ("pd", ["pd-assertion"]),
        ("PDM", ["pd-assertion"]),
        ("PDMark-owner", ["pd-assertion"]),
        ("CC-PDDC", ["pd-assertion"]),
        ("cc-pd", ["pd-assertion"]),
        ("CC PDM 1.0", []),
        ("Public Domain Mark 1.0", []),
        ("PD-old-70", ["pd-assertion"]),
        ("PD-Cote d'Ivoire", ["pd-assertion"]),
        ("PD-Art", ["pd-assertion", "photo-of-2d-work"]),
        ("PD-Art (PD-old-100)", ["pd-assertion", "photo-of-2d-work"]),
        ("{{PD-Art|PD-old-100}}", ["pd-assertion", "photo-of-2d-work"]),
        ("PD-US-not renewed", ["pd-assertion", "us-only"]),
        ("PD-USGov-Military-Army", ["pd-assertion", "us-only"]),
        ("PD-USSR", ["pd-assertion"]),
        ("PD-user", ["pd-assertion"]),
        ("United States Government Work", ["pd-assertion", "us-only"]),
        ("US government work", ["pd-assertion", "us-only"]),
        ("Domínio público", ["pd-assertion"]),
    ],
)
def test_public_domain_and_its_flags(name: str, flags: list[str]) -> None:
    rights = read_rights(name)
    assert (rights.family, list(rights.flags)) == ("pdm", flags)


def test_a_sentence_that_begins_like_a_template_is_none() -> None:
    assert read_rights("PD-ish, but all rights reserved").family != "pdm"
    assert read_rights("PD-like picture licensed to me alone").family != "pdm"


@pytest.mark.parametrize(
    ("name", "family"),
    [("No restrictions", "nkcr"), ("Flickr-no known copyright restrictions", "nkcr"),
    ("WSM no known restrictions", "nkcr"),
     ("Library of Congress-no known copyright restrictions", "nkcr"), ("No Known Copyright", "nkc"), ("NKC", "nkc"),
     ("No Copyright – United States", "noc-us")],
)  # fmt: skip
def test_soft_families_answer_nothing(name: str, family: str) -> None:
    case = as_case(read_rights(name))
    assert case["family"] == family
    assert "soft" in case["flags"]
    assert "refuse" not in case["flags"]
    assert [case[key] for key in ("derivatives", "commercial", "redistribute", "attribution", "share_alike")] == [None] * 5


@pytest.mark.parametrize(
    ("name", "family"),
    [("In Copyright", "inc"), ("In Copyright - EU Orphan Work", "inc-ow-eu"),
    ("In Copyright — Educational Use Permitted", "inc-edu"),
     ("In Copyright - Non-Commercial Use Permitted", "inc-nc"),
     ("In Copyright - Rights-holder(s) Unlocatable or Unidentifiable", "inc-ruu"),
     ("No Copyright - Contractual Restrictions", "noc-cr"),
     ("No Copyright - Other Known Legal Restrictions", "noc-oklr"),
     ("Copyright Not Evaluated", "cne"), ("Copyright Undetermined", "und"), ("Fair use", "nonfree"),
     ("Non-free logo", "nonfree"),
     ("All rights reserved.", "arr"), ("Tous droits réservés", "arr"), ("© 2010 Museum", "arr"),
     ("&copy; Museum", "arr"),
     ("(c) Jane Doe, all rights reserved", "arr"), ("Copyright Jane Doe", "arr")],
)  # fmt: skip
def test_refused_names(name: str, family: str) -> None:
    case = as_case(read_rights(name))
    assert (case["family"], case["redistribute"], case["attribution"]) == (family, False, None)
    assert "refuse" in case["flags"]


@pytest.mark.parametrize(
    ("name", "family", "version"),
    [("GFDL", "gfdl", None), ("GFDL-1.2", "gfdl", "1.2"), ("GFDL-1.1,1.2,1.3", "gfdl", "1.3"),
    ("GFDL-no-disclaimers", "gfdl", None),
     ("GNU Free Documentation License, Version 1.2 or later", "gfdl", "1.2"),
     ("Copyrighted free use", "free-use", None),
     ("MIT", "mit", None), ("dl-de/by-2-0", "dl-de-by", "2.0"),
     ("Datenlizenz Deutschland – Zero – Version 2.0", "dl-de-zero", "2.0"),
     ("OGL v3", "ogl", "3.0"), ("OGL-UK-3.0", "ogl", "3.0"), ("Open Government Licence v3.0", "ogl", "3.0"),
     ("Licence Ouverte / Open Licence version 2.0", "etalab", "2.0"), ("etalab-2.0", "etalab", "2.0"),
     ("NLOD-2.0", "nlod", "2.0"),
     ("LAL-1.3", "fal", "1.3"), ("Free Art License", "fal", None), ("ODbL-1.0", "odbl", "1.0"),
     ("KOGL Type 1", "kogl-1", None),
     ("OGDL-Taiwan-1.0", "ogdl-tw", "1.0"), ("Unlicense", "unlicense", None), ("WTFPL", "wtfpl", None),
     ("Sampling Plus 1.0", "sampling+", None), ("No Copyright - Non-Commercial Use Only", "noc-nc", None)],
)  # fmt: skip
def test_other_names(name: str, family: str, version: str | None) -> None:
    assert _short(name)[:2] == (family, version)


@pytest.mark.parametrize("name", sorted(SPDX_IDS))
def test_every_spdx_id_is_read_and_kept(name: str) -> None:
    rights = read_rights(name)
    assert rights.family != "unknown"
    assert rights.spdx == name or name.startswith("CC-PDM")


def test_dual_licences_offer_a_choice() -> None:
    rights = read_rights("GFDL or CC BY-SA 3.0")
    assert (rights.family, [other.family for other in rights.alternatives]) == ("by-sa", ["gfdl"])
    assert read_rights("{{self|GFDL|cc-by-sa-3.0}}").family == "by-sa"
    assert read_rights("CC-BY-4.0 AND CC-BY-NC-4.0").family == "by-nc"
