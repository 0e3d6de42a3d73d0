"""Reads one address as a licence: parsed, never searched; the host must be exactly a known one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from catalog.licence_versions import CC_LETTERS, KNOWN_PORTS, RIGHTS_STATEMENTS, SAMPLING, SPDX_BY_FOLD
from catalog.records import Rights
from catalog.rights_build import build, creative_commons, impossible, retired_sampling, unknown
from catalog.rights_name import read_name

BADGE_HOSTS = frozenset(("i.creativecommons.org", "licensebuttons.net"))
"""Pictures of a licence: evidence only next to text."""

_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:)?//\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::[0-9]+)?(?:[/?#]\S*)?", re.IGNORECASE
)
_ENCODED = re.compile(r"https?%3a%2f%2f\S+", re.IGNORECASE)
_UNFIT = re.compile(r"[\s\\\x00-\x1f\x7f<>\"{}|^`]")
_TAIL = re.compile(r"rdf|(?:deed|legalcode)(?:\.[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*)?")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_DASHED_VERSION = re.compile(r"([0-9])[-.]([0-9])")
_FDL = re.compile(r"fdl(?:-(1\.[0-9]))?(?:\.[a-z]{2}(?:-[a-z]{2})?)?(?:\.(?:html|txt|tex|texi|xml))?")
_LANGUAGE = re.compile(r"[a-z]{2}")

_Segments = list[str]


def looks_like_address(text: str) -> bool:
    """True when the whole text has the form of one address, whatever its host."""
    return bool(_ADDRESS.fullmatch(text) or _ENCODED.fullmatch(text))


@lru_cache(maxsize=8192)
def read_address(address: str) -> Rights:
    """The licence at this address, or unknown. A badge is unknown here; see `read_badge`."""
    found = _split(address)
    if found is None:
        return unknown()
    host, segments = found
    reader = _READERS.get(host)
    rights = reader(segments) if reader else None
    if rights is None:
        return unknown()
    return rights if rights.confidence == "none" else replace(rights, confidence="uri")


@lru_cache(maxsize=1024)
def read_badge(address: str) -> Rights | None:
    """The licence that a badge shows, or None when this is no badge; the caller must have text beside it."""
    found = _split(address)
    if found is None or found[0] not in BADGE_HOSTS:
        return None
    segments = found[1]
    match segments:
        case ["l", code, version, *rest]:
            port = rest[:1] if rest and "." not in rest[0] else []
            return _cc_code(code, version, *port[:1])
        case ["p", "zero" | "mark" as deed, version, *_]:
            return _cc_deed(deed, version)
    return None


def _split(address: str) -> tuple[str, _Segments] | None:
    """Host without `www.` and the lower-cased, once-decoded path segments; None for what no browser should open."""
    text = address.strip()
    decoded = bool(_ENCODED.fullmatch(text))
    if decoded:
        text = unquote(text)
    if text.startswith("//"):
        text = f"https:{text}"
    elif "://" not in text:
        text = f"https://{text}"
    if _UNFIT.search(text):
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc.isascii() or "@" in parts.netloc:
        return None
    if port not in (None, 80, 443):
        return None
    host = (parts.hostname or "").removeprefix("www.")
    path = (parts.path if decoded else unquote(parts.path)).lower()
    segments = [segment for segment in path.split("/") if segment]
    return None if "." in segments or ".." in segments else (host, segments)


def _creative_commons(segments: _Segments) -> Rights | None:
    if segments and _TAIL.fullmatch(segments[-1]):
        segments = segments[:-1]
    match segments:
        case ["licenses", "publicdomain"]:
            uri = "https://creativecommons.org/licenses/publicdomain/"
            return build("pdm", flags=("pd-assertion",), confidence="uri", uri=uri)
        case ["publicdomain", "certification", "1.0", "us"]:
            uri = "https://creativecommons.org/publicdomain/certification/1.0/us/"
            return build("pdm", flags=("pd-assertion",), confidence="uri", uri=uri)
        case ["share-your-work", "public-domain", "cc0"]:
            return build("cc0", confidence="uri")
        case ["publicdomain", "zero" | "mark" as deed, version]:
            return _cc_deed(deed, version)
        case ["licenses", "mark", version]:
            return _cc_deed("mark", version)
        case ["licenses", code, version]:
            return _cc_code(code, version)
        case ["licenses", code, version, port]:
            return _cc_code(code, version, port)
    return None


def _cc_deed(deed: str, version: str) -> Rights | None:
    if not _VERSION.fullmatch(version):
        return None
    return build("cc0" if deed == "zero" else "pdm", version, confidence="uri")


def _cc_code(code: str, version: str, port: str | None = None) -> Rights | None:
    if not _VERSION.fullmatch(version):
        return None
    if port is not None and port not in KNOWN_PORTS and not _LANGUAGE.fullmatch(port):
        return None
    if code in SAMPLING:
        return retired_sampling(code, version, port, confidence="uri")
    letters = code.split("-")
    if len(set(letters)) != len(letters) or not set(letters) <= {"by", "nc", "nd", "sa"}:
        return None
    if frozenset(letters) not in CC_LETTERS:
        return impossible()
    return creative_commons(letters, version, port, confidence="uri")


def _rights_statements(segments: _Segments) -> Rights | None:
    match segments:
        case ["vocab" | "page", name, version] if _VERSION.fullmatch(version):
            family = "inc-ow-eu" if name == "inc-eu-ow" else name
            if family not in RIGHTS_STATEMENTS:
                return None
            if version != "1.0":
                return impossible()
            uri = f"https://rightsstatements.org/vocab/{RIGHTS_STATEMENTS[family]}/1.0/"
            return build(family, version, confidence="uri", uri=uri)
    return None


def _open_definition(segments: _Segments) -> Rights | None:
    match segments:
        case ["licenses", name]:
            return None if name.startswith("pd-") else read_name(name.replace("cc-zero", "cc0"))
    return None


def _spdx(segments: _Segments) -> Rights | None:
    match segments:
        case ["licenses", name]:
            for ending in (".json", ".html", ".txt", ".jsonld", ".rdf"):
                name = name.removesuffix(ending)
            return read_name(name) if name in SPDX_BY_FOLD or name.startswith("cc-by-") else None
    return None


def _gnu(segments: _Segments) -> Rights | None:
    match segments:
        case ["licenses" | "copyleft", page] | ["licenses", "old-licenses", page]:
            found = _FDL.fullmatch(page)
            return build("gfdl", found[1], confidence="uri") if found else None
    return None


def _art_libre(segments: _Segments) -> Rights | None:
    match segments:
        case ["licence", "lal"]:
            return build("fal", confidence="uri")
        case ["licence", "lal", page]:
            if _LANGUAGE.fullmatch(page):
                return build("fal", confidence="uri")
            version = {"licence-art-libre-12": "1.2", "licence-art-libre-13": "1.3", "1.3": "1.3", "1.2": "1.2"}.get(page)
            return build("fal", version, confidence="uri") if version else None
    return None


def _open_data_commons(segments: _Segments) -> Rights | None:
    match segments:
        case ["licenses", "odbl" | "by" | "pddl" as code, *rest] if len(rest) <= 1:
            family = "odc-by" if code == "by" else code
            found = _DASHED_VERSION.fullmatch(rest[0]) if rest else None
            if rest and not found and rest[0] != "summary":
                return None
            return build(family, f"{found[1]}.{found[2]}" if found else None, confidence="uri")
    return None


def _national_archives(segments: _Segments) -> Rights | None:
    match segments:
        case ["doc", "open-government-licence"]:
            return build("ogl", confidence="uri")
        case ["doc", "open-government-licence", "version", number] if number in ("1", "2", "3"):
            return build("ogl", f"{number}.0", confidence="uri")
        case ["doc", "open-government-licence", "version", number] if _VERSION.fullmatch(number):
            return impossible()
    return None


def _govdata(segments: _Segments) -> Rights | None:
    match segments:
        case ["dl-de", page]:
            return read_name(f"dl-de/{page}")
    return None


def _norge(segments: _Segments) -> Rights | None:
    match segments:
        case ["nlod"] | ["nlod", "en" | "no"]:
            return build("nlod", confidence="uri")
        case ["nlod", "en" | "no", version] | ["nlod", version] if _VERSION.fullmatch(version):
            return build("nlod", version, confidence="uri")
    return None


def _canada(segments: _Segments) -> Rights | None:
    return read_name("OGL-Canada-2.0") if segments == ["en", "open-government-licence-canada"] else None


def _pages(pages: Mapping[str, tuple[str, str | None]]) -> Callable[[_Segments], Rights | None]:
    """A host of which a few single pages name a licence."""

    def read(segments: _Segments) -> Rights | None:
        found = pages.get("/".join(segments))
        return build(found[0], found[1], confidence="uri") if found else None

    return read


_READERS: Mapping[str, Callable[[_Segments], Rights | None]] = {
    "creativecommons.org": _creative_commons,
    "rightsstatements.org": _rights_statements,
    "opendefinition.org": _open_definition,
    "spdx.org": _spdx,
    "gnu.org": _gnu,
    "artlibre.org": _art_libre,
    "opendatacommons.org": _open_data_commons,
    "nationalarchives.gov.uk": _national_archives,
    "govdata.de": _govdata,
    "data.norge.no": _norge,
    "flickr.com": _pages({"commons/usage": ("nkcr", None)}),
    "reference.data.gov.uk": _pages({"id/open-government-licence": ("ogl", None)}),
    "open.canada.ca": _canada,
    "etalab.gouv.fr": _pages(
        {
            "licence-ouverte-open-licence": ("etalab", None),
            "wp-content/uploads/2014/05/licence_ouverte.pdf": ("etalab", "1.0"),
            "wp-content/uploads/2014/05/open_licence.pdf": ("etalab", "1.0"),
            "wp-content/uploads/2017/04/etalab-licence-ouverte-v2.0.pdf": ("etalab", "2.0"),
            "wp-content/uploads/2018/11/open-licence.pdf": ("etalab", "2.0"),
        }
    ),
    "kogl.or.kr": _pages({"info/licensetype1.do": ("kogl-1", None), "open/info/license_info/by.do": ("kogl-1", None)}),
    "data.gov.tw": _pages({"license": ("ogdl-tw", None), "en/license": ("ogdl-tw", None)}),
    "opensource.org": _pages({"licenses/mit": ("mit", None), "license/mit": ("mit", None)}),
    "unlicense.org": _pages({"": ("unlicense", None)}),
    "wtfpl.net": _pages({"": ("wtfpl", None), "about": ("wtfpl", None)}),
}
