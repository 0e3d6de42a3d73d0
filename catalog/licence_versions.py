"""Which versions and ports of each licence exist, the ids of RightsStatements.org and SPDX, and addresses of their own."""

from collections.abc import Mapping
from types import MappingProxyType

CC_LETTERS: Mapping[frozenset[str], str] = MappingProxyType(
    {
        frozenset(code.split("-")): code
        for code in ("by", "by-sa", "by-nc", "by-nc-sa", "by-nd", "by-nc-nd", "sa", "nc", "nd", "nc-sa", "nd-nc")
    }
)
"""The conditions of a Creative Commons code, in any order, to its family. No licence has both nd and sa."""

CC_VERSIONS = ("4.0", "3.0", "2.5", "2.1", "2.0", "1.0")
"""Newest first; 2.1 exists only with a port."""

NEWEST_AT_THE_TIME = "3.0"
"""What an open end ("1.0+") on Commons meant when those templates were written."""

PORTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "4.0": frozenset(),
        "3.0": frozenset(
            [
                "am",
                "at",
                "au",
                "az",
                "ca",
                "ch",
                "cl",
                "cr",
                "cz",
                "de",
                "ec",
                "ee",
                "eg",
                "es",
                "fr",
                "ge",
                "gr",
                "gt",
                "hk",
                "hr",
                "ie",
                "igo",
                "it",
                "lu",
                "nl",
                "no",
                "nz",
                "ph",
                "pl",
                "pr",
                "pt",
                "ro",
                "sg",
                "th",
                "ug",
                "us",
                "ve",
                "vn",
                "za",
            ]
        ),
        "2.5": frozenset(
            [
                "ar",
                "au",
                "bg",
                "ca",
                "ch",
                "co",
                "dk",
                "es",
                "hr",
                "hu",
                "il",
                "in",
                "it",
                "mk",
                "mt",
                "mx",
                "my",
                "nl",
                "pe",
                "pl",
                "pt",
                "scotland",
                "se",
                "si",
                "za",
            ],
        ),
        "2.1": frozenset(("au", "ca", "es", "jp")),
        "2.0": frozenset(["at", "au", "be", "ca", "cl", "de", "es", "fr", "hr", "it", "jp", "kr", "nl", "pl", "uk", "za"]),
        "1.0": frozenset(("fi", "il", "nl")),
    }
)
"""The Openverse table of ports by version. Not complete: real ports are missing from it."""

KNOWN_PORTS: frozenset[str] = frozenset().union(*PORTS.values())
"""Every port that the table knows at some version."""

WITHOUT_BY = frozenset(("sa", "nc", "nd", "nc-sa", "nd-nc"))
"""Retired codes: 1.0 (unported, fi, nl), and 2.0 for jp only."""

SAMPLING: Mapping[str, str] = MappingProxyType(
    {"sampling": "1.0", "sampling+": "1.0", "nc-sampling+": "1.0", "devnations": "2.0"}
)
"""Retired codes with the one version each has; sampling+ also has the port de."""

VERSIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "cc0": frozenset(("1.0",)),
        "pdm": frozenset(("1.0",)),
        "gfdl": frozenset(("1.1", "1.2", "1.3")),
        "fal": frozenset(("1.2", "1.3")),
        "ogl": frozenset(("1.0", "2.0", "3.0")),
        "etalab": frozenset(("1.0", "2.0")),
        "nlod": frozenset(("1.0", "2.0")),
        "dl-de-by": frozenset(("1.0", "2.0")),
        "dl-de-zero": frozenset(("2.0",)),
        "odbl": frozenset(("1.0",)),
        "odc-by": frozenset(("1.0",)),
        "pddl": frozenset(("1.0",)),
        "ogdl-tw": frozenset(("1.0",)),
        "noc-nc": frozenset(("1.0",)),
    }
)
"""Versions that exist, for families outside the Creative Commons codes."""

RIGHTS_STATEMENTS: Mapping[str, str] = MappingProxyType(
    {
        name.casefold(): name
        for name in (
            "InC", "InC-OW-EU", "InC-EDU", "InC-NC", "InC-RUU", "NoC-CR", "NoC-NC", "NoC-OKLR", "NoC-US", "CNE", "UND", "NKC",
        )
    }
)  # fmt: skip
"""The twelve ids of RightsStatements.org; folded, each is also the id of its family."""

SPDX_IDS: frozenset[str] = frozenset(
    [
        "CC-BY-1.0",
        "CC-BY-2.0",
        "CC-BY-2.5",
        "CC-BY-2.5-AU",
        "CC-BY-3.0",
        "CC-BY-3.0-AT",
        "CC-BY-3.0-AU",
        "CC-BY-3.0-DE",
        "CC-BY-3.0-IGO",
        "CC-BY-3.0-NL",
        "CC-BY-3.0-US",
        "CC-BY-4.0",
        "CC-BY-NC-1.0",
        "CC-BY-NC-2.0",
        "CC-BY-NC-2.5",
        "CC-BY-NC-3.0",
        "CC-BY-NC-3.0-DE",
        "CC-BY-NC-4.0",
        "CC-BY-NC-ND-1.0",
        "CC-BY-NC-ND-2.0",
        "CC-BY-NC-ND-2.5",
        "CC-BY-NC-ND-3.0",
        "CC-BY-NC-ND-3.0-DE",
        "CC-BY-NC-ND-3.0-IGO",
        "CC-BY-NC-ND-4.0",
        "CC-BY-NC-SA-1.0",
        "CC-BY-NC-SA-2.0",
        "CC-BY-NC-SA-2.0-DE",
        "CC-BY-NC-SA-2.0-FR",
        "CC-BY-NC-SA-2.0-UK",
        "CC-BY-NC-SA-2.5",
        "CC-BY-NC-SA-3.0",
        "CC-BY-NC-SA-3.0-DE",
        "CC-BY-NC-SA-3.0-IGO",
        "CC-BY-NC-SA-4.0",
        "CC-BY-ND-1.0",
        "CC-BY-ND-2.0",
        "CC-BY-ND-2.5",
        "CC-BY-ND-3.0",
        "CC-BY-ND-3.0-DE",
        "CC-BY-ND-4.0",
        "CC-BY-SA-1.0",
        "CC-BY-SA-2.0",
        "CC-BY-SA-2.0-UK",
        "CC-BY-SA-2.1-JP",
        "CC-BY-SA-2.5",
        "CC-BY-SA-3.0",
        "CC-BY-SA-3.0-AT",
        "CC-BY-SA-3.0-DE",
        "CC-BY-SA-3.0-IGO",
        "CC-BY-SA-4.0",
        "CC-SA-1.0",
        "CC-PDDC",
        "CC-PDM-1.0",
        "CC0-1.0",
        "DL-DE-BY-2.0",
        "DL-DE-ZERO-2.0",
        "LAL-1.2",
        "LAL-1.3",
        "MIT",
        "MIT-0",
        "NLOD-1.0",
        "NLOD-2.0",
        "ODC-By-1.0",
        "ODbL-1.0",
        "OGDL-Taiwan-1.0",
        "OGL-Canada-2.0",
        "OGL-UK-1.0",
        "OGL-UK-2.0",
        "OGL-UK-3.0",
        "PDDL-1.0",
        "Unlicense",
        "WTFPL",
        "X11",
        "ISC",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "etalab-2.0",
        "GFDL-1.1",
        "GFDL-1.2",
        "GFDL-1.3",
        "GFDL-1.1-only",
        "GFDL-1.1-or-later",
        "GFDL-1.1-invariants-only",
        "GFDL-1.1-invariants-or-later",
        "GFDL-1.1-no-invariants-only",
        "GFDL-1.1-no-invariants-or-later",
        "GFDL-1.2-only",
        "GFDL-1.2-or-later",
        "GFDL-1.2-invariants-only",
        "GFDL-1.2-invariants-or-later",
        "GFDL-1.2-no-invariants-only",
        "GFDL-1.2-no-invariants-or-later",
        "GFDL-1.3-only",
        "GFDL-1.3-or-later",
        "GFDL-1.3-invariants-only",
        "GFDL-1.3-invariants-or-later",
        "GFDL-1.3-no-invariants-only",
        "GFDL-1.3-no-invariants-or-later",
    ]
)
"""SPDX ids of these families (SPDX list 3.28, 2026): few ports, and none of the rights statements."""

SPDX_BY_FOLD: Mapping[str, str] = MappingProxyType({name.casefold(): name for name in SPDX_IDS})

URIS: Mapping[tuple[str, str | None], str] = MappingProxyType(
    {
        ("gfdl", "1.3"): "https://www.gnu.org/licenses/fdl-1.3.html",
        ("gfdl", "1.2"): "https://www.gnu.org/licenses/old-licenses/fdl-1.2.html",
        ("gfdl", "1.1"): "https://www.gnu.org/licenses/old-licenses/fdl-1.1.html",
        ("fal", "1.2"): "https://artlibre.org/licence/lal/licence-art-libre-12/",
        ("pddl", "1.0"): "https://opendatacommons.org/licenses/pddl/1-0/",
        ("odbl", "1.0"): "https://opendatacommons.org/licenses/odbl/1-0/",
        ("odc-by", "1.0"): "https://opendatacommons.org/licenses/by/1-0/",
        ("dl-de-by", "1.0"): "https://www.govdata.de/dl-de/by-1-0/",
        ("dl-de-by", "2.0"): "https://www.govdata.de/dl-de/by-2-0/",
        ("dl-de-zero", "2.0"): "https://www.govdata.de/dl-de/zero-2-0/",
        ("by-nc-nd", "1.0"): "https://creativecommons.org/licenses/by-nd-nc/1.0/",
    }
)
"""Addresses that follow no pattern. GNU's pages are files, so those alone end without a slash."""
