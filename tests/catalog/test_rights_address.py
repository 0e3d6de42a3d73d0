"""Addresses: parsed, hosts exact, every port and version of the reference's table."""

import pytest

from catalog.licence_versions import PORTS, RIGHTS_STATEMENTS
from catalog.rights import as_case, read_rights

CC = "https://creativecommons.org"


def _short(value: object) -> tuple[str, str | None, str | None, list[str]]:
    case = as_case(read_rights(value))
    return case["family"], case["version"], case["jurisdiction"], case["flags"]


@pytest.mark.parametrize(
    "address",
    [
        "https://creativecommons.org/licenses/by/4.0/",
        "http://creativecommons.org/licenses/by/4.0",
        "creativecommons.org/licenses/by/4.0",
        "//creativecommons.org/licenses/by/4.0/",
        "https://www.creativecommons.org/licenses/by/4.0/",
        "HTTPS://CreativeCommons.ORG/LICENSES/BY/4.0/DEED.EN",
        "https://creativecommons.org/licenses/by/4.0/deed",
        "https://creativecommons.org/licenses/by/4.0/deed.de",
        "https://creativecommons.org/licenses/by/4.0/deed.zh_TW",
        "https://creativecommons.org/licenses/by/4.0/deed.sr-latn",
        "https://creativecommons.org/licenses/by/4.0/legalcode",
        "https://creativecommons.org/licenses/by/4.0/legalcode.fi",
        "https://creativecommons.org/licenses/by/4.0/rdf",
        "https://creativecommons.org/licenses/by/4.0/?lang=en#top",
        "https://creativecommons.org:443/licenses/by/4.0/",
        "https%3A%2F%2Fcreativecommons.org%2Flicenses%2Fby%2F4.0%2F",
        "https://creativecommons.org/licenses/b%79/4.0/",
        "<https://creativecommons.org/licenses/by/4.0/>",
        "  https://creativecommons.org/licenses/by/4.0/\u200b\n",
        '<a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>',
        "<p><a href='//creativecommons.org/licenses/by/4.0/'>licence</a></p>",
        "&lt;a href=&quot;https://creativecommons.org/licenses/by/4.0/&quot;&gt;CC BY 4.0&lt;/a&gt;",
    ],
)
def test_spellings_of_one_address_are_one_licence(address: str) -> None:
    assert _short(address) == ("by", "4.0", None, [])
    assert read_rights(address).uri == f"{CC}/licenses/by/4.0/"


@pytest.mark.parametrize(
    "address",
    [
        "https://creativecommons.org.example.com/licenses/by/4.0/",
        "https://notcreativecommons.org/licenses/by/4.0/",
        "https://creativecommons.org@example.com/licenses/by/4.0/",
        "https://example.com@creativecommons.org/licenses/by/4.0/",
        "https://example.com/creativecommons.org/licenses/by/4.0/",
        "https://example.com/?https://creativecommons.org/licenses/by/4.0/",
        "https://example.com\\@creativecommons.org/licenses/by/4.0/",
        "https://creativecommons.org%2f.example.com/licenses/by/4.0/",
        "https://сreativecommons.org/licenses/by/4.0/",  # the first letter is Cyrillic
        "https://creativecommonſ.org/licenses/by/4.0/",
        "https://de.creativecommons.org/licenses/by/4.0/",
        "https://creativecommons.org:8080/licenses/by/4.0/",
        "https://creativecommons.org:x/licenses/by/4.0/",
        "ftp://creativecommons.org/licenses/by/4.0/",
        "https://creativecommons.org/licenses/by/4.0/../../by-nc/4.0/",
        "https://creativecommons.org/licenses/by/4.0/deed.en/more",
        "https://creativecommons.org/licenses/by/4.0;x",
        "https://creativecommons.org/licenses/by/3.0/foo/",
        "https://creativecommons.org/licenses/by/",
        "https://creativecommons.org/licenses/",
        "https://creativecommons.org/about/cclicenses/",
        "https://creativecommons.org/choose/?license=by",
        "https://creativecommons.org/share-your-work/",
        "https://creativecommons.org/licenses/sampling%252B/1.0/",
        "https://creativecommons.org/publicdomain/zero/1.0/de/",
        "https://wiki.creativecommons.org/wiki/Public_domain",
        "https://en.wikipedia.org/wiki/Creative_Commons_license",
        "https://museum.example.org/public-domain",
        "https://www.flickr.com/photos/commons/1234/",
        "https://www.flickr.com/commons",
        "https://www.gnu.org/licenses/gpl-3.0.html",
        "https://spdx.org/licenses/",
        "https://spdx.org/licenses/Apache-2.0.html",
        "https://opendefinition.org/licenses/",
        "http://rightsstatements.org/vocab/FOO/1.0/",
        "http://rightsstatements.org/en/",
        "https://i.creativecommons.org/l/by/4.0/88x31.png",
        '<img src="https://licensebuttons.net/l/by/4.0/88x31.png">',
        '<a href="https://example.org/terms">CC BY 4.0</a>',
        "http://[::1",
    ],
)
def test_other_hosts_and_other_pages_are_unknown(address: str) -> None:
    assert _short(address)[0] == "unknown"
    assert "refuse" in read_rights(address).flags


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("licenses/by-sa-nc/2.0/", "by-nc-sa"),
        ("licenses/by-nd-nc/2.0/", "by-nc-nd"),
        ("licenses/sa/1.0/", "sa"),
        ("licenses/nc-nd/1.0/fi/", "nd-nc"),
        ("licenses/nd/2.0/jp/", "nd"),
        ("licenses/mark/1.0/", "pdm"),
    ],
)
def test_letters_stand_in_any_order(path: str, family: str) -> None:
    assert read_rights(f"{CC}/{path}").family == family


@pytest.mark.parametrize(
    "path",
    [
        "publicdomain/mark/4.0/",
        "publicdomain/zero/2.0/",
        "licenses/mark/2.0/",
        "licenses/by/5.0/",
        "licenses/by/3.5/",
        "licenses/by/2.1/",
        "licenses/by-nd-sa/4.0/",
        "licenses/by-nc-nd-sa/3.0/",
        "licenses/nc/2.0/",
        "licenses/sa/2.0/de/",
        "licenses/sa/4.0/",
        "licenses/sampling+/2.0/",
        "licenses/by/4.0/rs/",
    ],
)
def test_impossible_pairs_are_unknown_and_keep_the_raw_address(path: str) -> None:
    rights = read_rights(f"{CC}/{path}", field="rights")
    assert rights.family == "unknown"
    assert {"refuse", "impossible-version"} <= set(rights.flags)
    assert rights.raw == (("rights", f"{CC}/{path}"),)
    assert rights.uri is None


@pytest.mark.parametrize(("version", "port"), [(version, port) for version, ports in PORTS.items() for port in sorted(ports)])
def test_every_port_of_the_table_is_read(version: str, port: str) -> None:
    assert _short(f"{CC}/licenses/by-sa/{version}/{port}/deed.en") == ("by-sa", version, port, [])
    assert _short(f"CC BY-SA {version} {port.upper()}") == ("by-sa", version, port, [])


@pytest.mark.parametrize(
    ("version", "port", "flag"),
    [
        ("2.0", "scotland", "impossible-port"),
        ("3.0", "jp", "impossible-port"),
        ("4.0", "de", "impossible-port"),
        ("4.0", "igo", "impossible-port"),
        ("2.1", "de", "impossible-port"),
        ("3.0", "rs", "port-not-in-openverse-table"),
        ("3.0", "cn", "port-not-in-openverse-table"),
        ("2.5", "tw", "port-not-in-openverse-table"),
    ],
)
def test_doubtful_ports_keep_family_and_port_with_a_flag(version: str, port: str, flag: str) -> None:
    assert _short(f"{CC}/licenses/by/{version}/{port}/") == ("by", version, port, [flag])


def test_impossible_port_has_no_address_of_its_own() -> None:
    assert read_rights("cc-by-2.0-scotland").uri is None


@pytest.mark.parametrize("path", ["licenses/publicdomain/", "publicdomain/certification/1.0/us/"])
def test_retired_public_domain_pages_are_assertions(path: str) -> None:
    assert _short(f"{CC}/{path}") == ("pdm", None, None, ["pd-assertion"])


def test_landing_page_of_cc0_gives_no_version() -> None:
    assert _short(f"{CC}/share-your-work/public-domain/cc0/") == ("cc0", None, None, [])


def test_percent_encoded_sampling_plus_is_refused_by_name() -> None:
    case = as_case(read_rights(f"{CC}/licenses/sampling%2B/1.0/"))
    assert (case["family"], case["derivatives"], case["attribution"], case["flags"]) == ("sampling+", None, True, ["refuse"])


@pytest.mark.parametrize("name", RIGHTS_STATEMENTS.values())
@pytest.mark.parametrize("form", ["http://rightsstatements.org/vocab/{}/1.0/", "rightsstatements.org/page/{}/1.0?language=de"])
def test_rights_statements_in_both_forms(name: str, form: str) -> None:
    for spelling in (name, name.lower()):
        rights = read_rights(form.format(spelling))
        assert rights.family == name.lower()
        assert rights.uri == f"https://rightsstatements.org/vocab/{name}/1.0/"


def test_misordered_orphan_work_and_wrong_version_of_a_statement() -> None:
    assert read_rights("http://rightsstatements.org/vocab/InC-EU-OW/1.0/").family == "inc-ow-eu"
    assert "impossible-version" in read_rights("http://rightsstatements.org/vocab/NoC-NC/4.0/").flags


@pytest.mark.parametrize(
    ("address", "family", "version"),
    [
        ("http://opendefinition.org/licenses/cc-zero/", "cc0", None),
        ("http://www.opendefinition.org/licenses/cc-by-sa", "by-sa", None),
        ("http://opendefinition.org/licenses/odc-odbl/", "odbl", None),
        ("https://spdx.org/licenses/CC-BY-4.0.html", "by", "4.0"),
        ("https://spdx.org/licenses/GFDL-1.3-or-later", "gfdl", "1.3"),
        ("https://spdx.org/licenses/LAL-1.3.json", "fal", "1.3"),
        ("https://www.gnu.org/licenses/fdl-1.3.html", "gfdl", "1.3"),
        ("http://www.gnu.org/copyleft/fdl.html", "gfdl", None),
        ("http://artlibre.org/licence/lal/en", "fal", None),
        ("https://opendatacommons.org/licenses/by/1-0/", "odc-by", "1.0"),
        ("http://opendatacommons.org/licenses/pddl/", "pddl", None),
        ("http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", "ogl", "3.0"),
        ("https://open.canada.ca/en/open-government-licence-canada", "ogl", "2.0"),
        ("https://www.etalab.gouv.fr/licence-ouverte-open-licence", "etalab", None),
        ("https://www.govdata.de/dl-de/zero-2-0", "dl-de-zero", "2.0"),
        ("https://data.norge.no/nlod/en/2.0", "nlod", "2.0"),
        ("https://www.kogl.or.kr/info/licenseType1.do", "kogl-1", None),
        ("https://data.gov.tw/license", "ogdl-tw", None),
        ("https://flickr.com/commons/usage", "nkcr", None),
    ],
)
def test_other_known_hosts(address: str, family: str, version: str | None) -> None:
    assert _short(address)[:2] == (family, version)
    assert read_rights(address).confidence == "uri"


def test_canonical_address_needs_no_guess() -> None:
    assert read_rights("CC0").uri is None
    assert read_rights(f"{CC}/licenses/by-nd-nc/1.0/nl/").uri == f"{CC}/licenses/by-nd-nc/1.0/nl/"
    assert read_rights("CC BY-SA 3.0 DE").uri == f"{CC}/licenses/by-sa/3.0/de/"
    assert read_rights("CC BY-SA 3.0 DE").spdx == "CC-BY-SA-3.0-DE"
    assert read_rights("CC BY-SA 3.0 PL").spdx is None
