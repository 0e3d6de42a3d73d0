"""Facts about licence families: what each permits, how open it is, and its canonical address and SPDX id."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from catalog.licence_versions import SPDX_IDS, URIS


@dataclass(frozen=True, kw_only=True)
class Family:
    """One licence family and its five answers; None stands for "no answer".

    `openness` orders families from the freest (0) to the strictest; it chooses among several licences and never
    grants anything. `uri` and `spdx` are patterns over `{version}` and `{port}`, None where there is no such name.
    """

    family: str
    derivatives: bool | None
    commercial: bool | None
    redistribute: bool | None
    attribution: bool | None
    share_alike: bool | None
    openness: int
    soft: bool = False
    refused: bool = False
    uri: str | None = None
    spdx: str | None = None
    remark: str = ""


_ANSWERS = {"y": True, "n": False, "-": None}
_CC = "https://creativecommons.org/licenses/"


def _open(family: str, answers: str, openness: int, remark: str, uri: str | None = None, spdx: str | None = None) -> Family:
    """A family that permits something; `answers` are D, C, R, BY, SA as in the reference's table."""
    d, c, r, by, sa = (_ANSWERS[letter] for letter in answers)
    return Family(
        family=family, derivatives=d, commercial=c, redistribute=r, attribution=by, share_alike=sa,
        openness=openness, uri=uri, spdx=spdx, remark=remark,
    )  # fmt: skip


def _cc(code: str, answers: str, openness: int, remark: str) -> Family:
    return _open(code, answers, openness, remark, f"{_CC}{code}/{{version}}/{{port}}", f"CC-{code.upper()}-{{version}}")


def _soft(family: str, openness: int, remark: str) -> Family:
    return Family(
        family=family, derivatives=None, commercial=None, redistribute=None, attribution=None, share_alike=None,
        openness=openness, soft=True, remark=remark,
    )  # fmt: skip


def _refused(family: str, openness: int, remark: str) -> Family:
    return Family(
        family=family, derivatives=False, commercial=False, redistribute=False, attribution=None, share_alike=None,
        openness=openness, refused=True, remark=remark,
    )  # fmt: skip


def _retired(family: str, remark: str) -> Family:
    """Sampling and its kin: special terms, so three answers are open, and refused until somebody has looked."""
    return Family(
        family=family, derivatives=None, commercial=None, redistribute=None, attribution=True, share_alike=False,
        openness=40, refused=True, uri=f"{_CC}{family}/{{version}}/{{port}}", remark=remark,
    )  # fmt: skip


_ALL = (
    _open("cc0", "yyynn", 0, "No rights reserved; credit all the same.",
          "https://creativecommons.org/publicdomain/zero/{version}/", "CC0-{version}"),
    _open("pddl", "yyynn", 0, "Public domain dedication for databases.", None, "PDDL-{version}"),
    _open("dl-de-zero", "yyynn", 0, "German open data licence without conditions.", None, "DL-DE-ZERO-{version}"),
    _open("unlicense", "yyynn", 0, "Public domain dedication.", "https://unlicense.org/", "Unlicense"),
    _open("wtfpl", "yyynn", 0, "Licence without conditions.", None, "WTFPL"),
    _open("pdm", "yyynn", 1, "Somebody states that no copyright holds; a statement, not a licence.",
          "https://creativecommons.org/publicdomain/mark/{version}/", "CC-PDM-{version}"),
    _open("free-use", "yyynn", 2, "In copyright, any use allowed; not public domain."),
    _cc("by", "yyyyn", 3, "Credit the author."),
    _open("ogl", "yyyyn", 3, "Open Government Licence: credit the source.",
          "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/{version:.1}/", "OGL-UK-{version}"),
    _open("etalab", "yyyyn", 3, "Licence Ouverte of the French state: credit the source.", None, "etalab-{version}"),
    _open("nlod", "yyyyn", 3, "Norwegian licence for open government data: credit the source.",
          "https://data.norge.no/nlod/en/{version}/", "NLOD-{version}"),
    _open("dl-de-by", "yyyyn", 3, "German open data licence: credit the source.", None, "DL-DE-BY-{version}"),
    _open("odc-by", "yyyyn", 3, "Open Data Commons, credit the source.", None, "ODC-By-{version}"),
    _open("kogl-1", "yyyyn", 3, "Korean open government licence, type 1: credit the source."),
    _open("ogdl-tw", "yyyyn", 3, "Taiwanese open government data licence: credit the source.", None,
          "OGDL-Taiwan-{version}"),
    _open("attribution", "yyyyn", 3, "Any use with credit, in the words of a Commons template; not CC BY."),
    _open("mit", "yyyyn", 4, "Software licence on a picture: its notice must travel with every copy.", None, "MIT"),
    _cc("sa", "yyyny", 5, "Retired: share alike, no credit asked."),
    _cc("by-sa", "yyyyy", 6, "Credit the author; what is made from it keeps the licence."),
    _open("fal", "yyyyy", 7, "Free Art License: credit, and keep the licence.", None, "LAL-{version}"),
    _open("odbl", "yyyyy", 7, "Database licence: credit, and keep the licence.", None, "ODbL-{version}"),
    _open("gfdl", "yyyyy", 8, "The full licence text must travel with every copy."),
    _cc("nc", "ynynn", 10, "Retired: no commercial use, no credit asked."),
    _open("noc-nc", "ynynn", 10, "No copyright, but no commercial use by contract.",
          "https://rightsstatements.org/vocab/NoC-NC/{version}/"),
    _cc("by-nc", "ynyyn", 11, "Credit the author; no commercial use."),
    _cc("nc-sa", "ynyny", 12, "Retired: no commercial use; keeps the licence."),
    _cc("by-nc-sa", "ynyyy", 13, "Credit, no commercial use, keeps the licence."),
    _cc("nd", "nyynn", 20, "Retired: nothing made from it may be shared."),
    _cc("by-nd", "nyyyn", 21, "Credit; nothing made from it may be shared, so no augmentation."),
    _cc("nd-nc", "nnynn", 22, "Retired: no changes, no commercial use."),
    _cc("by-nc-nd", "nnyyn", 23, "Credit, no commercial use, nothing made from it may be shared."),
    _soft("nkcr", 30, "No known copyright restrictions: no permission is stated."),
    _soft("nkc", 30, "RightsStatements.org: no known copyright; no permission is stated."),
    _soft("noc-us", 31, "No copyright in the United States; elsewhere unknown."),
    _retired("sampling", "Retired, special terms: needs review."),
    _retired("sampling+", "Retired, special terms: needs review."),
    _retired("nc-sampling+", "Retired, special terms: needs review."),
    _retired("devnations", "Retired, special terms: needs review."),
    _refused("noc-oklr", 50, "No copyright, but other laws restrict use."),
    _refused("noc-cr", 50, "No copyright, but a contract restricts use."),
    _refused("inc-edu", 51, "In copyright; educational use only."),
    _refused("inc-nc", 51, "In copyright; non-commercial use only."),
    _refused("inc", 52, "In copyright."),
    _refused("inc-ow-eu", 52, "In copyright; orphan work in the European Union."),
    _refused("inc-ruu", 52, "In copyright; the holder cannot be found."),
    _refused("cne", 60, "Nobody has evaluated the copyright."),
    _refused("und", 60, "The copyright could not be determined."),
    _refused("arr", 70, "All rights reserved."),
    _refused("unknown", 80, "No licence, or none that is recognised."),
    _refused("nonfree", 90, "Used without permission, as fair use."),
)  # fmt: skip

FAMILIES: Mapping[str, Family] = MappingProxyType({one.family: one for one in _ALL})
"""Every family by its id."""


def canonical_uri(family: str, version: str | None, port: str | None) -> str | None:
    """The one https address of this licence, or None when it cannot be built without guessing."""
    pattern = URIS.get((family, version)) or FAMILIES[family].uri
    if family == "by-nc-nd" and version == "1.0" and port:
        return f"{_CC}by-nd-nc/1.0/{port}/"
    if pattern is None or (version is None and "{version" in pattern):
        return None
    return pattern.format(version=version, port=f"{port}/" if port else "")


def spdx_id(family: str, version: str | None, port: str | None) -> str | None:
    """The SPDX id of exactly this licence, port included, or None where SPDX has none."""
    pattern = FAMILIES[family].spdx
    if pattern is None or (version is None and "{version}" in pattern):
        return None
    name = pattern.format(version=version) + (f"-{port.upper()}" if port else "")
    return name if name in SPDX_IDS else None
