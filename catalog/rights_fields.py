"""Reads rights from several fields: a code with its source, a licence object, a list, or a record's own fields."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog.records import Rights
from catalog.rights_address import looks_like_address
from catalog.rights_build import build, unknown
from catalog.rights_combine import combine_and, combine_or, openness, same_licence
from catalog.rights_prose import denies, is_copyright_notice
from catalog.rights_sources import CODES, fold, read_pair
from catalog.rights_text import clean
from catalog.rights_value import read_text

_DEPTH = 6

# Field names, folded to letters and digits.
_ADDRESS_KEYS = frozenset((
    "licenseurl", "licenceurl", "licenseuri", "licenceuri", "rightsurl", "rightsuri", "rightsuristatement",
    "webstatement",
))  # fmt: skip
_OBJECT_ADDRESS_KEYS = frozenset((
    "uri", "url", "id", "href",
))  # fmt: skip
_NAME_KEYS = frozenset((
    "license", "licence", "rights", "licenses", "licences", "licensecode", "licencecode", "licenseshortname",
    "usageterms", "licensename", "usage", "access", "edmrights", "webresourceedmrights", "spdx", "spdxid", "dcrights",
    "dctermslicense", "dctermsrights", "cclicense", "rightsstatement",
))  # fmt: skip
_OBJECT_NAME_KEYS = frozenset((
    "name", "shortname", "title", "code", "label", "identifier", "value",
))  # fmt: skip
_VERSION_KEYS = frozenset(("version", "licenseversion", "licenceversion"))
_PROSE_KEYS = frozenset((
    "attribution", "requiredstatement", "permission", "rightstext", "statement", "credit", "creditline",
    "copyrightnotice", "accessrights", "objectrights", "rightsandreproduction", "conditions", "text",

))  # fmt: skip
_PLAIN_SOURCES = frozenset(("europeana", "commons", "wikimedia", "wikimediacommons", "iiif", "spdx"))
_KNOWN_SOURCES = _PLAIN_SOURCES | CODES.keys()
_CODE_KEYS = ("code", "license", "licence", "licensecode", "id", "value")
_CHOICE_KEYS = frozenset(("templates", "choice", "anyof", "or", "alternatives"))


_KEPT_KEYS = frozenset(
    ("nonfree", "deletionreason", "restrictions", "copyrighted", "attributionrequired", "templates", "source", "provider")
).union(_ADDRESS_KEYS, _NAME_KEYS, _VERSION_KEYS, _PROSE_KEYS, _OBJECT_ADDRESS_KEYS, _OBJECT_NAME_KEYS, _KNOWN_SOURCES)
"""Fields kept as raw words when an object has many others; an object without any of them is kept whole."""


def raw_fields(value: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """The fields of an object that speak of rights, by name, in its own words and order."""
    kept = {str(name): inner for name, inner in value.items() if fold(str(name)) in _KEPT_KEYS}
    return tuple((name, as_raw(_inner(inner))) for name, inner in (kept or {str(n): i for n, i in value.items()}).items())


def _inner(value: Any) -> Any:
    """Commons wraps each field in an object with its value."""
    return value["value"] if isinstance(value, Mapping) and isinstance(value.get("value"), str) else value


def is_prose_field(field: str) -> bool:
    """True when the last step of this field's path is one that holds running text."""
    return fold(field.rsplit(".", 1)[-1].split("[", 1)[0]) in _PROSE_KEYS


def as_raw(value: object) -> str:
    """A value as text that can be kept: itself, or JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError):
        return repr(type(value))


def read_any(value: Any, field: str = "licence", depth: int = 0) -> Rights:
    """The rights in a value of any shape, without raw text; unknown for whatever is no statement."""
    if depth > _DEPTH:
        return unknown()
    if isinstance(value, str):
        rights = read_text(value)
        if is_prose_field(field) and rights.family != "unknown":
            return replace(rights, flags=tuple(sorted({*rights.flags, "prose"})), confidence="prose")
        return rights
    if isinstance(value, Mapping):
        return read_mapping(value, field, depth)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return read_list(value, field, depth)
    return unknown()


def read_list(values: Sequence[Any], field: str = "licence", depth: int = 0) -> Rights:
    """All statements of a list hold: the strictest. A bare notice or credit beside a licence is only a credit line."""
    given = [value for value in values if not _is_empty(value)]
    read = [(value, read_any(value, field, depth + 1)) for value in given]
    licences = [rights for value, rights in read if not _is_credit(value, rights)]
    if not licences:
        return read[0][1] if read else unknown()
    credit = next((rights.credit_line for value, rights in read if _is_credit(value, rights)), None)
    rights = combine_and(licences)
    return replace(rights, credit_line=rights.credit_line or credit)


def read_mapping(value: Mapping[Any, Any], field: str = "licence", depth: int = 0) -> Rights:
    """A code with its source, or the fields of one object: address first, then names, then running text."""
    fields = {fold(str(key)): (str(key), inner) for key, inner in value.items()}
    source = _source_of(fields)
    if source:
        name, code = source
        if name != "openverse" and isinstance(code, Mapping) and len(code) == 1:
            (key, inner) = next(iter(code.items()))
            code = inner if fold(str(key)) in _CODE_KEYS else code
        plain = name not in CODES or (name == "flickr" and isinstance(code, Mapping))
        rights = read_any(code, "rights", depth + 1) if plain else CODES[name](code)
        return replace(rights, source_field=name)
    for key in _CHOICE_KEYS & fields.keys():
        offered = fields[key][1]
        if isinstance(offered, Sequence) and not isinstance(offered, str | bytes):
            return replace(combine_or([read_any(one, field, depth + 1) for one in offered]), source_field=fields[key][0])
    stop = _stopped(fields)
    return stop or _read_fields(fields, field, depth)


def _source_of(fields: Mapping[str, tuple[str, Any]]) -> tuple[str, Any] | None:
    if len(fields) == 1:
        (key, (_, code)) = next(iter(fields.items()))
        return (key, code) if key in _KNOWN_SOURCES else None
    for key in ("source", "provider"):
        name = fields[key][1] if key in fields else None
        if isinstance(name, str) and name.casefold() in _KNOWN_SOURCES:
            for place in _CODE_KEYS:
                if place in fields:
                    if name.casefold() == "openverse":
                        return "openverse", dict(fields.values())
                    return name.casefold(), fields[place][1]
    return None


def _stopped(fields: Mapping[str, tuple[str, Any]]) -> Rights | None:
    """NonFree and DeletionReason: any value means stop."""
    for key, family in (("nonfree", "nonfree"), ("deletionreason", "unknown")):
        if key in fields:
            words = " ".join(_words(fields[key][1])).strip().casefold()
            if fields[key][1] is True or words not in ("", "false", "0", "no"):
                return replace(build(family, confidence="code"), source_field=fields[key][0])
    return None


def _read_fields(fields: Mapping[str, tuple[str, Any]], field: str, depth: int) -> Rights:
    is_object = not (_NAME_KEYS & fields.keys())
    address_keys = _ADDRESS_KEYS | _OBJECT_ADDRESS_KEYS if is_object else _ADDRESS_KEYS
    name_keys = _NAME_KEYS | _OBJECT_NAME_KEYS if is_object else _NAME_KEYS
    version = next((fields[key][1] for key in sorted(_VERSION_KEYS & fields.keys())), None)
    structured: list[tuple[str, Rights]] = []
    for keys in (address_keys, name_keys):
        for key, (original, inner) in fields.items():
            if key not in keys or _is_empty(inner):
                continue
            if key in ("id", "url", "href") and not (isinstance(inner, str) and looks_like_address(inner.strip())):
                continue
            rights = read_any(inner, original, depth + 1)
            if keys is name_keys and _VERSION_KEYS & fields.keys() and isinstance(inner, str):
                rights = _with_version(inner, version, rights)
            structured.append((original, rights))
    prose = [(original, inner) for key, (original, inner) in fields.items() if key in _PROSE_KEYS and not _is_empty(inner)]
    if not structured:
        return _read_prose_fields(prose, depth)
    name, decided = structured[0]
    others = [rights for _, rights in structured[1:] if rights.family != "unknown"]
    if decided.family != "unknown" and any(not same_licence(decided, other) for other in others):
        decided = combine_and([decided, *others])
    if "licenseshortname" in fields and decided.family != "unknown":
        decided = replace(decided, flags=tuple(sorted({*decided.flags, "alternatives-unknown"})))
    for _, inner in prose:
        decided = weigh(decided, inner)
    return replace(decided, source_field=name)


def _read_prose_fields(prose: Sequence[tuple[str, Any]], depth: int) -> Rights:
    read = [(name, read_any(" \n".join(_words(inner)), name, depth + 1)) for name, inner in prose]
    named = [(name, rights) for name, rights in read if rights.family != "unknown" or "prose-negation" in rights.flags]
    if not named:
        return replace(read[0][1], source_field=read[0][0]) if read else unknown()
    return replace(combine_and([rights for _, rights in named]), source_field=named[0][0])


def weigh(structured: Rights, prose: Any) -> Rights:
    """A structured statement beside running text: it stands; conflict where the text differs, refused where that is stricter."""
    if structured.family == "unknown":
        return structured
    text = " \n".join(_words(prose))
    said = read_text(text)
    flags = set(structured.flags)
    denied = denies(clean(text))
    if denied == "licence":
        flags |= {"conflict", "refuse"}
    elif denied == "public domain":
        flags |= {"conflict", "refuse"} if structured.family in ("pdm", "cc0") else {"conflict"}
    elif said.family == "unknown" or (said.family == "arr" and is_copyright_notice(text) and "reserved" not in text.casefold()):
        return structured
    elif not same_licence(structured, said):
        flags |= {"conflict", "refuse"} if openness(said) > openness(structured) else {"conflict"}
    elif "refuse" in said.flags and "refuse" not in structured.flags:
        flags |= {"conflict", "refuse"}
    return replace(structured, flags=tuple(sorted(flags)))


def _with_version(slug: str, version: Any, plain: Rights) -> Rights:
    """A slug ("by-sa") and its version in another field; a name that already reads as a licence stays as it is."""
    pair = read_pair(slug, version)
    if pair.family == "unknown" and "impossible-version" not in pair.flags:
        return plain
    return pair


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | Sequence | Mapping) and not any(word.strip() for word in _words(value)))


def _is_credit(value: Any, rights: Rights) -> bool:
    if "credit-only" in rights.flags:
        return True
    bare = isinstance(value, str) and is_copyright_notice(value.strip()) and "reserved" not in value.casefold()
    return rights.family == "arr" and bare


def _words(value: Any, depth: int = 0) -> list[str]:
    """Every text inside a value (language maps, labelled statements, lists), in reading order."""
    if isinstance(value, str):
        return [value]
    if depth > _DEPTH or value is None or isinstance(value, bytes | bytearray):
        return []
    if isinstance(value, Mapping):
        inner = value.get("value", value.get("@value")) if {"value", "@value"} & set(map(str, value)) else value
        items = inner.values() if isinstance(inner, Mapping) else [inner]
        return [word for item in items for word in _words(item, depth + 1)]
    if isinstance(value, Sequence):
        return [word for item in value for word in _words(item, depth + 1)]
    return [str(value)]
