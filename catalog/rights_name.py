"""Reads a whole value as the name or code of a licence; a word inside a sentence is never enough."""

import re
from collections.abc import Sequence
from functools import lru_cache

from catalog.licence_names import ALIAS_URIS, ALIASES, ASSERTED, COUNTRIES, REFUSED_NAMES, TITLE_WORDS
from catalog.licence_patterns import (
    BOTH,
    BRACKET,
    BRACKETED_TITLE,
    CC0,
    CHOICE,
    CODE,
    GFDL,
    LOOSE,
    NKCR,
    NO_TEMPLATE,
    NOISE,
    NONFREE,
    NUMBERED,
    ONE_PART,
    PD,
    PD_ART,
    PD_US,
    PDM,
    TAIL,
    TEMPLATE,
    TITLE,
    UNDERSCORED_VERSION,
    VERSION,
)
from catalog.licence_versions import KNOWN_PORTS, NEWEST_AT_THE_TIME, RIGHTS_STATEMENTS, SPDX_BY_FOLD
from catalog.records import Rights
from catalog.rights_build import build, creative_commons, impossible, unknown
from catalog.rights_combine import combine_and, combine_or, permissions, same_licence
from catalog.rights_text import tidy

_EDGES = " -/,()"
_FIRST_WORD = re.compile(r"\w+")
_TWO_LETTERS = re.compile(r"[a-z]{2}")
_MINOR = re.compile(r"[0-9]\.[0-9]")
_SELF = frozenset(("self", "self2", "multilicense", "multi-license", "dual license", "own"))


@lru_cache(maxsize=8192)
def read_name(text: str) -> Rights | None:
    """The licence that this value names, or None when the whole value is no name of one."""
    if len(text) > 240:
        return None
    template = TEMPLATE.fullmatch(text.strip())
    if template:
        return _read_template(template[1])
    key = _fold(text)
    if not key or key in REFUSED_NAMES:
        return None
    return _read_single(key) or _read_several(key)


def read_code(code: str, rest: str) -> Rights | None:
    """The CC licence with these letters; `rest` must hold nothing but version, port and words that change nothing."""
    letters = LOOSE.split(code.strip())
    if len(set(letters)) != len(letters):
        return None
    return _with_tail(letters, rest, "code")


def _fold(text: str) -> str:
    key = tidy(UNDERSCORED_VERSION.sub(r" \1.\2", text)).casefold().replace("_", " ").strip(" \"'`").rstrip(".")
    for pair in ("()", "[]", "<>"):
        if key[:1] == pair[0] and key[-1:] == pair[1] and key.count(pair[0]) == 1 and key != "(c)":
            key = key[1:-1].strip()
    return key


def _read_single(key: str) -> Rights | None:
    return (
        _alias(key) or _creative_commons_zero(key) or _public_domain(key) or _code_or_title(key) or _other(key) or _bracketed(key)
    )


def _alias(key: str) -> Rights | None:
    if key[-1] in "-/,:":
        return None
    loose = LOOSE.sub(" ", key).strip()
    found = ALIASES.get(loose)
    if found:
        return build(found[0], found[1], flags=found[2], spdx=SPDX_BY_FOLD.get(key), uri=ALIAS_URIS.get(loose))
    statement = loose.replace(" ", "-")
    if statement in RIGHTS_STATEMENTS:
        return build(statement, confidence="code")
    if NKCR.fullmatch(key):
        return build("nkcr")
    return build("nonfree") if NONFREE.fullmatch(key) else None


def _creative_commons_zero(key: str) -> Rights | None:
    found = CC0.fullmatch(key)
    return build("cc0", _full(found["v"]) or ("1.0" if "(cc0 1.0)" in key else None), confidence="code") if found else None


def _public_domain(key: str) -> Rights | None:
    found = PDM.fullmatch(key)
    if found:
        version = _full(found["v"])
        return build("pdm", version, flags=() if version else ASSERTED, confidence="code")
    key = key.removeprefix("bild-")
    if key == "pd":
        return build("pdm", flags=ASSERTED, confidence="code")
    if not PD.fullmatch(key) or NO_TEMPLATE.search(key) or len(key.split()) > 7:
        return None
    flags = [*ASSERTED]
    if PD_US.search(key):
        flags.append("us-only")
    if PD_ART.match(key):
        flags.append("photo-of-2d-work")
    return build("pdm", flags=flags, confidence="code")


def _code_or_title(key: str) -> Rights | None:
    found = CODE.fullmatch(key)
    if found:
        return read_code(found["code"], found["rest"])
    found = TITLE.fullmatch(key)
    if not found:
        return None
    letters = [_letter(part) for part in ONE_PART.findall(found["parts"])]
    if len(set(letters)) != len(letters):
        return None
    rights = _with_tail(letters, found["rest"], "name")
    if rights is None or found["cc"] or rights.version or "impossible-version" in rights.flags:
        return rights
    # "Attribution" alone is another licence (an alias), and "ShareAlike" alone is none.
    more = found["word"] or len(letters) > 1 or found["rest"].strip() in ("generic", "unported", "international")
    return rights if "by" in letters and more else None


def _letter(part: str) -> str:
    if part == "attribution":
        return "by"
    if part.startswith("share"):
        return "sa"
    return "nc" if part.startswith("non") else "nd"


def _with_tail(letters: Sequence[str], rest: str, confidence: str) -> Rights | None:
    """Versions, open ends, lists and port after a code or title; None when anything else is left over."""
    found = TAIL.fullmatch(rest)
    if not found:
        return None
    words = NOISE.sub(" ", found["words"]).strip(_EDGES)
    port = _port(words)
    named = [_full(number) or "" for number in VERSION.findall(found["versions"] or "")]
    if words and port is None:
        return None
    if port and not named and port not in ("igo", "scotland"):
        return None
    versions = _all_meant(named, bool(found["open"]), bool(found["all"]))
    if not versions:
        return creative_commons(letters, None, port, confidence=confidence)
    others = [creative_commons(letters, version) for version in versions[1:]]
    if any("impossible-version" in other.flags for other in others):
        return impossible()
    several = bool(others or found["open"] or found["all"])
    return creative_commons(
        letters, versions[0], port, flags=("alternatives",) if several else (), confidence=confidence, alternatives=tuple(others)
    )


def _port(words: str) -> str | None:
    if words in KNOWN_PORTS or _TWO_LETTERS.fullmatch(words):
        return words
    return COUNTRIES.get(words) or COUNTRIES.get(LOOSE.sub(" ", words).strip())


def _all_meant(named: list[str], open_end: bool, every: bool) -> list[str]:
    """Versions meant, newest first. "N+" reaches up to 3.0; "all" without a number means every unported version."""
    if every and not named:
        return ["4.0", "3.0", "2.5", "2.0", "1.0"]
    if open_end and named:
        low = min(named, key=_order)
        later = [v for v in ("1.0", "2.0", "2.5", NEWEST_AT_THE_TIME) if _order(v) > _order(low)]
        named = [*named, *later]
    return sorted(set(named), key=_order, reverse=True)


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _full(version: str | None) -> str | None:
    """The version with its minor number: "4" names 4.0."""
    if version is None:
        return None
    version = version.replace("-", ".")
    return version if "." in version else f"{version}.0"


def _other(key: str) -> Rights | None:
    found = GFDL.fullmatch(key)
    if found:
        named = sorted(_MINOR.findall(found["v"] or ""), reverse=True)
        spdx = SPDX_BY_FOLD.get(key)
        later = bool(found["later"]) or key.endswith("-or-later")
        several = ("alternatives",) if len(named) > 1 or (named and later) else ()
        others = tuple(build("gfdl", version) for version in named[1:])
        if any(other.family == "unknown" for other in others):
            return impossible()
        return build("gfdl", named[0] if named else None, flags=several, spdx=spdx, alternatives=others)
    for family, pattern in NUMBERED:
        match = pattern.fullmatch(key)
        if match:
            return build(family, _full(match["v"]))
    return None


def _bracketed(key: str) -> Rights | None:
    """A title with the code in brackets: the bracket decides, unless a title that is understood permits less.

    A code with its title in brackets is read the same way, but there the title must be understood.
    """
    found = BRACKET.fullmatch(key)
    titled = None if found else BRACKETED_TITLE.fullmatch(key)
    match = found or titled
    if match is None:
        return None
    words = match["title"]
    code = _creative_commons_zero(match["code"]) or _public_domain(match["code"]) or _code_or_title(match["code"])
    if code is None or code.family == "unknown":
        return code
    title = _alias(words) or _code_or_title(words) or _creative_commons_zero(words)
    if title is not None:
        agrees = same_licence(title, code) or title.family == "attribution" or permissions(title) == permissions(code)
        return code if agrees else combine_and([code, title])
    first = _FIRST_WORD.search(words)
    is_title = words.startswith("public domain dedication") or (first is not None and first[0] in TITLE_WORDS)
    return code if found and is_title else None


def _read_several(key: str) -> Rights | None:
    """SPDX expressions and dual licences: every part must itself be a whole name."""
    for pattern, combine in ((CHOICE, combine_or), (BOTH, combine_and)):
        parts = [part.strip(" ()") for part in pattern.split(key)]
        if 1 < len(parts) <= 8:
            read = [_read_single(part) if part else None for part in parts]
            known = [one for one in read if one is not None]
            if len(known) == len(parts):
                return combine(known)
    return None


def _read_template(inside: str) -> Rights | None:
    """A Commons template in braces; `self` offers a choice of those it lists."""
    parts = [part.strip() for part in inside.split("|") if "=" not in part and part.strip()]
    if parts and parts[0].casefold() in _SELF:
        read = [read_name(part) or unknown() for part in parts[1:]]
        return combine_or(read) if read else None
    return read_name(parts[0]) if parts else None
