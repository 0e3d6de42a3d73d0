"""Running text: one licence in full may be believed, a denial never, a credit line is no licence."""

import pytest

from catalog.rights import as_case, read_rights

BY = "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("text", "family", "version"),
    [
        (f"See {BY} for the terms.", "by", "4.0"),
        (f"Licensed ({BY}).", "by", "4.0"),
        ("Licensed under CC BY-SA 3.0 DE, via Wikimedia Commons", "by-sa", "3.0"),
        (f'National Library of Scotland<br/>License: <a href="{BY}">CC BY 4.0</a>', "by", "4.0"),
        ("This is licensed under the Creative Commons Attribution-ShareAlike 3.0 Unported license.", "by-sa", "3.0"),
        ("All text CC BY 4.0 unless otherwise stated.", "by", "4.0"),
        ("Contains information licensed under the Open Government Licence v3.0.", "ogl", "3.0"),
        ("(c) X, some rights reserved (CC BY)", "by", None),
        ("(c) X, certains droits réservés (CC BY-NC)", "by-nc", None),
        ("(c) X, some rights reserved (CC BY-NC), uploaded by x", "by-nc", None),
        ('Photo X <img src="https://licensebuttons.net/l/by-sa/3.0/de/88x31.png"/>', "by-sa", "3.0"),
        ('<span>Public Domain<br/><img src="https://i.creativecommons.org/p/mark/1.0/88x31.png"/></span>', "pdm", "1.0"),
        ("License: CC BY 4.0", "by", "4.0"),
    ],
)
def test_one_licence_named_in_full_is_taken_with_flag_prose(text: str, family: str, version: str | None) -> None:
    rights = read_rights(text)
    assert (rights.family, rights.version, rights.confidence) == (family, version, "prose")
    assert "prose" in rights.flags
    assert ("no-version" in rights.flags) == (version is None)


def test_two_different_licences_give_the_strictest_and_a_conflict() -> None:
    rights = read_rights("See CC BY 4.0 and CC BY-NC 4.0, each in its place.")
    assert rights.family == "by-nc"
    assert {"conflict", "prose"} <= set(rights.flags)


def test_a_licence_named_beside_reserved_rights_is_reserved() -> None:
    rights = read_rights("CC BY 4.0. All rights reserved.")
    assert rights.family == "arr"
    assert {"conflict", "refuse"} <= set(rights.flags)


def test_text_that_forbids_commerce_beside_a_free_licence_is_refused() -> None:
    rights = read_rights("Licensed CC BY 4.0, for non-commercial use")
    assert {"conflict", "refuse"} <= set(rights.flags)


@pytest.mark.parametrize(
    "text",
    [
        "not public domain",
        "This image is not <b>public</b><br>domain.",
        "This is NOT\nin the public\u00a0domain",
        "Not CC BY 4.0",
        "It isn't CC BY 4.0",
        "Photo is not licensed under CC BY 4.0",
        f"Not licensed under <a href='{BY}'>this licence</a>",
        "No longer under CC BY-SA 3.0",
        "Previously CC BY 4.0, no longer under that licence",
        "Nicht unter CC BY 4.0 lizenziert",
        "Ce document n'est plus sous licence CC BY 4.0",
        "Licensed under CC BY-SA 4.0. It is not in the public domain.",
        "CC BY 4.0 does not apply",
        "(c) X, not licensed under CC BY",
    ],
)
def test_a_denial_anywhere_is_unknown(text: str) -> None:
    case = as_case(read_rights(text))
    assert (case["family"], case["redistribute"]) == ("unknown", False)
    assert {"refuse", "prose-negation"} <= set(case["flags"])


@pytest.mark.parametrize(
    "text",
    ["Provided by the Library of Congress", "Courtesy of the Museum", "Image courtesy of Jane Doe",
    "Credit: Jane Doe",
     "National Library of Scotland", "Museu Nacional", "Photo by Jane Doe"],
)  # fmt: skip
def test_credit_lines_are_no_licence(text: str) -> None:
    rights = read_rights(text)
    assert (rights.family, rights.flags) == ("unknown", ("credit-only", "refuse"))
    assert rights.credit_line == text


@pytest.mark.parametrize(
    ("text", "family", "flags"),
    [
        ("Copyright Museum X / CC BY", "by", ["no-version"]),
        ("© Museum X / CC BY-SA 4.0", "by-sa", []),
        (f"© Museum X / {BY}", "by", []),
        ("Copyright Museum X/CC BY-SA/3.0/de", "by-sa", []),
        ("Copyright Museum X / All Rights Reserved", "arr", ["refuse"]),
        ("Copyright Museum X / Orphan Work", "arr", ["refuse"]),
        ("Copyright Museum X / Museum Y", "arr", ["refuse"]),
    ],
)
def test_of_two_halves_the_licence_decides(text: str, family: str, flags: list[str]) -> None:
    case = as_case(read_rights(text))
    assert (case["family"], case["flags"]) == (family, flags)


def test_the_other_half_is_the_credit_line() -> None:
    assert read_rights("Copyright Museum X / CC BY").credit_line == "Copyright Museum X"


def test_addresses_of_other_sites_in_text_name_nothing() -> None:
    for address in ("https://creativecommons.org.example.com/licenses/by/4.0/", "https://web.archive.org/web/2010/" + BY):
        assert read_rights(f"Licensed under {address} as agreed").family == "unknown"


def test_an_impossible_licence_in_text_is_not_passed_over() -> None:
    rights = read_rights(f"CC BY 4.0 and https://creativecommons.org/publicdomain/mark/4.0/ and {BY} too")
    assert "refuse" in rights.flags


def test_a_link_whose_words_differ_is_a_conflict() -> None:
    rights = read_rights(f'<a href="{BY}">CC BY-NC 4.0</a>')
    assert (rights.family, rights.flags) == ("by-nc", ("conflict",))


def test_several_addresses_all_hold_unless_a_choice_is_offered() -> None:
    nc = "https://creativecommons.org/licenses/by-nc/4.0/"
    assert read_rights(f"{BY} {nc}").family == "by-nc"
    assert read_rights(f"{BY} or {nc}").family == "by"
    assert read_rights(f"{BY}, {BY}legalcode").flags == ()
    assert read_rights(f"{BY} https://example.org/terms").family == "unknown"


def test_a_field_of_running_text_flags_prose_even_for_a_bare_name() -> None:
    assert read_rights("CC BY 4.0", field="manifest.attribution").flags == ("prose",)
    assert read_rights("CC BY 4.0", field="license").flags == ()


def test_a_text_too_long_to_read_whole_is_unknown() -> None:
    assert read_rights("CC BY 4.0 " + "word " * 20_000).family == "unknown"
