"""Reads what a source says about rights: `read_rights` takes any value and never raises; unknown is refused."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from catalog.records import Rights
from catalog.rights_combine import (
    Permissions,
    combine_and,
    combine_or,
    openness,
    permissions,
    same_licence,
    share_alike_accepts,
)
from catalog.rights_fields import as_raw, raw_fields, read_any, weigh

__all__ = [
    "Permissions",
    "as_case",
    "combine_and",
    "combine_or",
    "openness",
    "permissions",
    "read_rights",
    "same_licence",
    "share_alike_accepts",
    "weigh",
]


def read_rights(value: Any, *, field: str = "licence", scope: str = "media") -> Rights:
    """The canonical record of what this value states, with the source's own words beside it.

    `value` is text (address, name, code, HTML, running text), None, a list of such (all hold), or a mapping: a code
    with its source (`{"flickr": "9"}`), a licence object, or the fields of a record. A mapping's own field name takes
    the place of `field`. Whatever cannot be read is family unknown with flag refuse; nothing is ever filled in.
    """
    rights = read_any(value, field)
    raw: tuple[tuple[str, str], ...] = ()
    if isinstance(value, Mapping):
        raw = raw_fields(value)
    elif value is not None:
        raw = ((field, as_raw(value)),)
    return replace(rights, raw=raw, source_field=rights.source_field or field, scope=scope)


def as_case(rights: Rights) -> dict[str, Any]:
    """The answer in the form of the licence cases: version and port only where copies may be passed on."""
    granted = permissions(rights)
    passes = granted.redistribute is True
    return {
        "family": rights.family,
        "version": rights.version if passes else None,
        "jurisdiction": rights.jurisdiction if passes else None,
        "derivatives": granted.derivatives,
        "commercial": granted.commercial,
        "redistribute": granted.redistribute,
        "attribution": granted.attribution,
        "share_alike": granted.share_alike,
        "flags": list(rights.flags),
    }
