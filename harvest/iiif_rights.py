"""Rights in IIIF: the nearest statement wins, prose counts only where no structured field stands, and a login closes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.records import Rights
from catalog.rights import combine_and, permissions, read_rights, same_licence
from harvest.iiif_text import as_list, plain_texts, raw_texts

_STRUCTURED = ("rights", "license")
_PROSE = ("requiredStatement", "attribution")
_SPEAKING = frozenset(("prose-negation", "access-restricted"))
"""Flags of running text that closes although it names no licence."""

_RESERVED = re.compile(
    r"all rights reserved|todos (?:os|los) d(?:ireitos|erechos) reservados|reservados todos los derechos|tous droits r", re.I
)
_CLOSED = re.compile(r"staff access only|staff only|restricted access|access (?:is )?restricted|reading room only", re.I)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What one resource says: `rights` by property as found, `statement` its required statement, with markup."""

    scope: str  # media, canvas, record or dataset
    rights: tuple[tuple[str, Any], ...]
    statement: tuple[str, ...]
    said_in: str
    credit: str | None

    @classmethod
    def of(cls, resource: Mapping[str, Any], scope: str) -> "Layer":
        """Read `rights` and `requiredStatement` of a resource, and version 2's `license` and `attribution`, also mixed."""
        rights = tuple((name, resource[name]) for name in _STRUCTURED if resource.get(name) not in (None, "", [], {}))
        required = resource.get("requiredStatement")
        values = [required.get("value") if isinstance(required, dict) else required, resource.get("attribution")]
        said = [(name, value) for name, value in zip(_PROSE, values, strict=True) if any(raw_texts(value))]
        texts = [text for _, value in said for text in plain_texts(value).values()]
        return cls(
            scope=scope,
            rights=rights,
            statement=tuple(text for _, value in said for _, text in raw_texts(value)),
            said_in=said[0][0] if said else "",
            credit=" | ".join(dict.fromkeys(texts)) or None,
        )

    @property
    def says_nothing(self) -> bool:
        """Neither a licence nor a statement."""
        return not self.rights and not self.statement

    def as_json(self) -> dict[str, Any]:
        """For the `carry` of a follow-up ask."""
        return {
            "scope": self.scope,
            "rights": [list(pair) for pair in self.rights],
            "statement": list(self.statement),
            "said_in": self.said_in,
            "credit": self.credit,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Layer":
        """The layer that `as_json` made."""
        return cls(
            scope=row["scope"],
            rights=tuple((name, value) for name, value in row["rights"]),
            statement=tuple(row["statement"]),
            said_in=row["said_in"],
            credit=row["credit"],
        )


def read_layers(layers: Sequence[Layer], *, evidence: str, restricted: bool) -> Rights:
    """The rights of one image from the layers above it, nearest first.

    Args:
        layers: Image, canvas, manifest, collections.
        evidence: Address of the answer they stand in.
        restricted: A login stands before the image: refused, whatever is stated.
    """
    said = next((layer for layer in layers if layer.statement), None)
    prose = read_rights(" ".join(said.statement), field=said.said_in, scope=said.scope) if said else None
    stated = next((layer for layer in layers if layer.rights), None)
    if stated is not None:
        rights = _structured(stated)
        if prose is not None:
            rights = _beside(rights, prose, " ".join(said.statement) if said else "")
    elif prose is not None:
        rights = prose
    else:
        rights = read_rights(None, field="rights", scope="record")
    if restricted or (said and _CLOSED.search(" ".join(said.statement))):
        rights = _flagged(rights, "access-restricted", "refuse")
    return replace(rights, evidence=evidence, credit_line=said.credit if said and said.credit else rights.credit_line)


def both(ours: Rights, of_service: Layer, *, evidence: str) -> Rights:
    """What the manifest and the image service's own description state together: both hold, so the strictest wins.

    Where the manifest states nothing at all, the service's statement is the only one.

    Args:
        ours: As read from the manifest.
        of_service: What the description says.
        evidence: Its address.
    """
    if of_service.says_nothing:
        return ours
    theirs = read_layers([of_service], evidence=evidence, restricted=False)
    if not ours.raw:
        return replace(theirs, credit_line=theirs.credit_line or ours.credit_line)
    if not of_service.rights and theirs.family == "unknown" and not _SPEAKING & set(theirs.flags):
        return replace(ours, raw=(*ours.raw, *theirs.raw))  # only a credit
    if theirs.family == "arr" and not of_service.rights:
        return _beside(ours, theirs, " ".join(of_service.statement))
    return replace(combine_and([ours, theirs]), credit_line=ours.credit_line or theirs.credit_line)


def _structured(layer: Layer) -> Rights:
    """A list of one is read as that one; the specification allows only a string. Two properties both hold."""
    read = []
    for name, value in layer.rights:
        values = as_list(value)
        read.append(read_rights(values[0] if len(values) == 1 else value, field=name, scope=layer.scope))
    return read[0] if len(read) == 1 else combine_and(read)


def _beside(rights: Rights, prose: Rights, text: str) -> Rights:
    """The structured value stands; prose that names another licence is a conflict, and a stricter one refuses.

    A mere '© Museum' beside a licence names the holder and denies nothing.
    """
    rights = replace(rights, raw=(*rights.raw, *prose.raw))
    if "prose-negation" in prose.flags:
        return _flagged(rights, "conflict", "refuse")
    if prose.family == "arr":
        return _flagged(rights, "conflict", "refuse") if _RESERVED.search(text) else rights
    if prose.family == "unknown" or same_licence(rights, prose):
        return rights
    mine, theirs = permissions(rights), permissions(prose)
    pairs = (
        (mine.derivatives, theirs.derivatives),
        (mine.commercial, theirs.commercial),
        (mine.redistribute, theirs.redistribute),
    )
    stricter = any(ours and their is False for ours, their in pairs)
    return _flagged(rights, "conflict", "refuse") if stricter else _flagged(rights, "conflict")


def _flagged(rights: Rights, *flags: str) -> Rights:
    return replace(rights, flags=tuple(sorted({*rights.flags, *flags})))
