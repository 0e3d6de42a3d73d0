"""Rights in IIIF: the nearest statement wins, prose counts only where no structured field stands, and a login closes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.records import Rights
from catalog.rights import permissions, read_rights, same_licence
from harvest.iiif_text import as_list, plain_texts, raw_texts

_RESERVED = re.compile(
    r"all rights reserved|todos (?:os|los) d(?:ireitos|erechos) reservados|reservados todos los derechos|tous droits r", re.I
)
_CLOSED = re.compile(r"staff access only|staff only|restricted access|access (?:is )?restricted|reading room only", re.I)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What one resource says: `rights` as found (None when absent), `statement` its requiredStatement, with markup."""

    scope: str  # media, canvas, record or dataset
    rights: Any
    statement: tuple[str, ...]
    credit: str | None

    @classmethod
    def of(cls, resource: Mapping[str, Any], scope: str) -> "Layer":
        """Read `rights` (or version 2's `license`) and `requiredStatement` of a resource."""
        rights = resource.get("rights", resource.get("license"))
        required = resource.get("requiredStatement")
        value = required.get("value") if isinstance(required, dict) else None
        texts = plain_texts(value)
        return cls(
            scope=scope,
            rights=None if rights in ("", [], {}) else rights,
            statement=tuple(text for _, text in raw_texts(value)),
            credit=" | ".join(dict.fromkeys(texts.values())) or None,
        )

    def as_json(self) -> dict[str, Any]:
        """For the `carry` of a follow-up ask."""
        return {"scope": self.scope, "rights": self.rights, "statement": list(self.statement), "credit": self.credit}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Layer":
        """The layer that `as_json` made."""
        return cls(scope=row["scope"], rights=row["rights"], statement=tuple(row["statement"]), credit=row["credit"])


def read_layers(layers: Sequence[Layer], *, evidence: str, restricted: bool) -> Rights:
    """The rights of one image from the layers above it, nearest first.

    Args:
        layers: Image, canvas, manifest, collections.
        evidence: Address of the answer they stand in.
        restricted: A login stands before the image: refused, whatever is stated.
    """
    said = next((layer for layer in layers if layer.statement), None)
    prose = read_rights(" ".join(said.statement), field="requiredStatement", scope=said.scope) if said else None
    stated = next((layer for layer in layers if layer.rights is not None), None)
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


def _structured(layer: Layer) -> Rights:
    """A list of one is read as that one; the specification allows only a string."""
    values = as_list(layer.rights)
    return read_rights(values[0] if len(values) == 1 else layer.rights, field="rights", scope=layer.scope)


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
