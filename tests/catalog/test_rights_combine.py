"""Choices, layers, share-alike, and the five answers of every family."""

import pytest

from catalog.licences import FAMILIES
from catalog.rights import combine_and, combine_or, permissions, read_rights, share_alike_accepts
from catalog.rights_build import build

# The table of the reference, section 2: derivatives, commercial, redistribute, attribution, share-alike.
TABLE = """
cc0 yyynn|pddl yyynn|dl-de-zero yyynn|unlicense yyynn|wtfpl yyynn|pdm yyynn|by yyyyn|ogl yyyyn|etalab yyyyn|nlod yyyyn
dl-de-by yyyyn|mit yyyyn
odc-by yyyyn|kogl-1 yyyyn|ogdl-tw yyyyn|attribution yyyyn|by-sa yyyyy|gfdl yyyyy|fal yyyyy|odbl yyyyy|by-nc ynyyn
by-nc-sa ynyyy|by-nd nyyyn|by-nc-nd nnyyn|sa yyyny|nc ynynn|nd nyynn|nc-sa ynyny|nd-nc nnynn|sampling ---yn|sampling+ ---yn
nc-sampling+ ---yn|devnations ---yn|free-use yyynn|noc-nc ynynn|nkcr -----|nkc -----|noc-us -----|noc-oklr nnn--|noc-cr nnn--
inc nnn--|inc-ow-eu nnn--|inc-ruu nnn--|inc-edu nnn--|inc-nc nnn--|cne nnn--|und nnn--|arr nnn--|nonfree nnn--|unknown nnn--
"""


def test_every_family_answers_as_the_table_says() -> None:
    expected = dict(entry.split() for line in TABLE.strip().splitlines() for entry in line.split("|"))
    assert expected.keys() == FAMILIES.keys()
    for family, answers in expected.items():
        granted = permissions(build(family))
        found = (granted.derivatives, granted.commercial, granted.redistribute, granted.attribution, granted.share_alike)
        assert "".join({True: "y", False: "n", None: "-"}[one] for one in found) == answers, family


def test_choice_takes_the_most_open_and_keeps_all() -> None:
    rights = combine_or([read_rights(name) for name in ("GFDL", "CC BY-SA 3.0", "CC BY-NC 4.0", "CC BY-SA 4.0")])
    assert [rights.family, *(other.family for other in rights.alternatives)] == ["by-sa", "by-sa", "gfdl", "by-nc"]
    assert rights.version == "4.0"
    assert "alternatives" in rights.flags
    assert combine_or([]).family == "unknown"


def test_a_soft_or_refused_licence_is_never_preferred() -> None:
    assert (
        combine_or([read_rights("All rights reserved"), read_rights("No restrictions"), read_rights("CC BY-NC-ND 4.0")]).family
        == "by-nc-nd"
    )


def test_layers_take_the_strictest() -> None:
    assert combine_and([read_rights("CC0"), read_rights("CC BY-NC 4.0")]).family == "by-nc"
    assert combine_and([read_rights("CC BY 4.0"), read_rights("foo")]).family == "unknown"
    assert combine_and([read_rights("foo"), read_rights("Fair use"), read_rights("All rights reserved")]).family == "nonfree"
    assert combine_and([read_rights("CC BY 4.0"), read_rights("PD-US")]).flags == ("conflict", "pd-assertion", "us-only")
    assert combine_and([]).family == "unknown"


def test_layers_of_one_licence_make_no_conflict() -> None:
    rights = combine_and([read_rights("CC BY-SA"), read_rights("CC BY-SA 3.0 DE")])
    assert (rights.version, rights.jurisdiction, rights.flags) == ("3.0", "de", ())
    assert combine_and([read_rights("CC BY 3.0"), read_rights("CC BY 4.0")]).flags == ("conflict",)


def test_layers_without_common_ground_are_refused() -> None:
    rights = combine_and([read_rights("CC BY-NC 4.0"), read_rights("CC BY-ND 4.0")])
    assert (rights.family, rights.flags) == ("unknown", ("conflict", "refuse"))


@pytest.mark.parametrize(
    ("given", "asked", "accepted"),
    [
        ("CC BY-SA 2.0", "CC BY-SA 2.5", True),
        ("CC BY-SA 2.0", "CC BY-SA 4.0", True),
        ("CC BY-SA 2.0", "CC BY-SA 3.0 DE", True),
        ("CC BY-SA 3.0 DE", "CC BY-SA 3.0", True),
        ("CC BY-SA 3.0", "CC BY-SA 3.0 DE", True),
        ("CC BY-SA 3.0", "CC BY-SA 2.5", False),
        ("CC BY-SA 4.0", "CC BY-SA 4.0", True),
        ("CC BY-SA 4.0", "CC BY-SA 3.0", False),
        ("CC BY-SA 4.0", "LAL-1.3", True),
        ("LAL-1.3", "CC BY-SA 4.0", True),
        ("CC BY-SA 3.0", "LAL-1.3", False),
        ("CC BY-SA 1.0", "CC BY-SA 1.0", True),
        ("CC BY-SA 1.0", "CC BY-SA 2.0", False),
        ("CC BY-SA", "CC BY-SA 4.0", False),
        ("CC BY-SA", "CC BY-SA", True),
        ("CC BY-SA 4.0", "CC BY-NC-SA 4.0", False),
        ("CC BY-NC-SA 4.0", "CC BY-SA 4.0", False),
        ("CC BY-NC-SA 3.0", "CC BY-NC-SA 4.0", True),
        ("CC BY 3.0", "CC BY-SA 3.0", True),
        ("CC BY 3.0", "CC BY-SA 4.0", True),
        ("CC BY 4.0", "CC BY-SA 3.0", False),
        ("CC0", "CC BY-SA 4.0", True),
        ("Public domain", "GFDL", True),
        ("GFDL", "CC BY-SA 3.0", False),
        ("CC BY-SA 3.0", "GFDL", False),
        ("CC BY-ND 4.0", "CC BY-ND 4.0", False),
        ("CC BY-NC 4.0", "CC BY 4.0", False),
        ("CC BY-NC 4.0", "CC BY-NC-SA 4.0", True),
        ("http://rightsstatements.org/vocab/NoC-NC/1.0/", "CC BY 4.0", False),
        ("http://rightsstatements.org/vocab/NoC-NC/1.0/", "CC BY-NC 4.0", True),
        ("OGL v3", "CC BY-SA 4.0", True),
        ("OGL v3", "CC0", False),
        ("All rights reserved", "CC BY 4.0", False),
        ("No restrictions", "CC BY 4.0", False),
        ("CC0", "foo", False),
    ],
)
def test_which_licence_a_derivative_may_carry(given: str, asked: str, accepted: bool) -> None:
    assert share_alike_accepts(read_rights(given), read_rights(asked)) is accepted
