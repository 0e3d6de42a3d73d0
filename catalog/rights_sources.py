"""Reads the codes of the sources: Flickr's numbers, iNaturalist's and GBIF's codes, Openverse's pairs, museums' words."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalog.licence_versions import CC_LETTERS, SAMPLING
from catalog.records import Rights
from catalog.rights_build import build, creative_commons, retired_sampling, unknown
from catalog.rights_combine import combine_and, same_licence
from catalog.rights_value import read_text

_FOLD = re.compile(r"[^a-z0-9]")
_FLICKR = (
    None, "by-nc-sa 2.0", "by-nc 2.0", "by-nc-nd 2.0", "by 2.0", "by-sa 2.0", "by-nd 2.0", None, None, None, None,
    "by 4.0", "by-sa 4.0", "by-nd 4.0", "by-nc 4.0", "by-nc-sa 4.0", "by-nc-nd 4.0",
)  # fmt: skip
_INATURALIST = frozenset(("cc0", "cc-by", "cc-by-nc", "cc-by-sa", "cc-by-nd", "cc-by-nc-sa", "cc-by-nc-nd"))
_NUMBER = re.compile(r"0|[1-9][0-9]?")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_GBIF = {"cc0_1_0": "CC0 1.0", "cc_by_4_0": "CC BY 4.0", "cc_by_nc_4_0": "CC BY-NC 4.0"}


def read_pair(slug: Any, version: Any) -> Rights:
    """Slug and version as Openverse stores them; the port is lost, so a version that exists only ported is impossible."""
    name = str(slug).strip().casefold() if isinstance(slug, str) else ""
    number = None if version is None else str(version).strip().casefold()
    if number in ("", "n/a", "none", "null"):
        number = None
    if number is not None and not _VERSION.fullmatch(number):
        return unknown()
    if number is not None and "." not in number:
        number = f"{number}.0"
    name = {"zero": "cc0", "mark": "pdm"}.get(name.removeprefix("cc-"), name.removeprefix("cc-"))
    if name == "cc0":
        return build("cc0", number, confidence="code")
    if name == "pdm":
        return build("pdm", number, flags=() if number else ("pd-assertion",), confidence="code")
    if name in ("publicdomain", "certification"):
        return build("pdm", flags=("pd-assertion",), confidence="code")
    if name in SAMPLING:
        return retired_sampling(name, number, confidence="code")
    letters = name.split("-")
    if frozenset(letters) not in CC_LETTERS or len(set(letters)) != len(letters):
        return unknown()
    return creative_commons(letters, number, confidence="code")


def _openverse(code: Any) -> Rights:
    if isinstance(code, str):
        slug, _, version = code.strip().partition(" ")
        return read_pair(slug, version.strip() or None)
    if isinstance(code, Sequence) and len(code) == 2:
        return read_pair(code[0], code[1])
    if isinstance(code, Mapping):
        fields = {fold(str(key)): inner for key, inner in code.items()}
        pair = read_pair(
            fields.get("license", fields.get("licence", fields.get("slug", fields.get("code")))),
            fields.get("licenseversion", fields.get("version")),
        )
        address = fields.get("licenseurl", fields.get("url"))
        if isinstance(address, str) and address.strip():
            read = read_text(address)
            return read if same_licence(read, pair) else combine_and([read, pair])
        return pair
    return unknown()


def _flickr(code: Any) -> Rights:
    if isinstance(code, bool) or not isinstance(code, int | str):
        return unknown()
    text = str(code).strip()
    if not _NUMBER.fullmatch(text):
        return read_text(text) if isinstance(code, str) and not text.lstrip("+-").isdecimal() else unknown()
    number = int(text)
    special = {
        0: ("arr", None, ()),
        7: ("nkcr", None, ()),
        8: ("pdm", None, ("pd-assertion", "us-only")),
        9: ("cc0", "1.0", ()),
        10: ("pdm", "1.0", ()),
    }
    if number in special:
        family, version, flags = special[number]
        return build(family, version, flags=flags, confidence="code")
    pair = _FLICKR[number] if number < len(_FLICKR) else None
    return read_pair(*pair.split()) if pair else unknown()


def _inaturalist(code: Any) -> Rights:
    if code is None:
        return build("arr", confidence="code")
    name = code.strip().casefold() if isinstance(code, str) else ""
    if name not in _INATURALIST:
        return unknown()
    return read_pair(name, "1.0" if name == "cc0" else "4.0")


def _gbif(code: Any) -> Rights:
    text = code.strip() if isinstance(code, str) else ""
    return read_text(_GBIF.get(text.casefold(), text))


def _met(code: Any) -> Rights:
    if isinstance(code, Mapping):
        code = code.get("isPublicDomain")
    said = code is True or (isinstance(code, str) and code.strip().casefold() == "true")
    return build("cc0", confidence="code") if said else unknown()


def _smithsonian(code: Any) -> Rights:
    while isinstance(code, Mapping):
        code = code.get("access", code.get("usage"))
    text = code.strip().casefold() if isinstance(code, str) else ""
    return build("cc0", confidence="code") if text == "cc0" else unknown()


CODES: Mapping[str, Callable[[Any], Rights]] = {
    "flickr": _flickr, "inaturalist": _inaturalist, "gbif": _gbif, "openverse": _openverse, "met": _met,
    "themet": _met, "metmuseum": _met, "ispublicdomain": _met, "smithsonian": _smithsonian,
}  # fmt: skip
"""Sources with codes of their own, by folded name; each reader takes anything and never raises."""


def fold(key: str) -> str:
    """A field's or source's name as letters and digits only."""
    return _FOLD.sub("", key.casefold())
