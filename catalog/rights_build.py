"""Builds one `Rights` from a family, version and port that were read, and checks that such a licence exists."""

from collections.abc import Iterable, Sequence

from catalog.licence_versions import CC_LETTERS, CC_VERSIONS, KNOWN_PORTS, PORTS, SAMPLING, VERSIONS, WITHOUT_BY
from catalog.licences import FAMILIES, canonical_uri, spdx_id
from catalog.records import Rights

STANDING_FLAGS = {"noc-us": ("us-only",), "gfdl": ("gfdl",)}
"""Flags that belong to a family whatever was read."""


def build(
    family: str,
    version: str | None = None,
    port: str | None = None,
    *,
    flags: Iterable[str] = (),
    confidence: str = "name",
    uri: str | None = None,
    spdx: str | None = None,
    alternatives: tuple[Rights, ...] = (),
    evidence: str | None = None,
) -> Rights:
    """The canonical record; a version that the family never had gives family unknown with flag impossible-version.

    Refused and soft families carry neither version nor port: there they mean nothing.
    """
    if version is not None and family in VERSIONS and version not in VERSIONS[family]:
        return impossible()
    facts = FAMILIES[family]
    raised = {*flags, *STANDING_FLAGS.get(family, ())}
    address = uri or (None if "impossible-port" in raised else canonical_uri(family, version, port))
    name = spdx or (None if "impossible-port" in raised else spdx_id(family, version, port))
    if facts.refused:
        raised.add("refuse")
    if facts.soft:
        raised.add("soft")
    if facts.refused or facts.soft:
        version = port = None
    return Rights(
        family=family,
        version=version,
        jurisdiction=port,
        uri=address,
        spdx=name,
        flags=tuple(sorted(raised)),
        confidence="none" if family == "unknown" else confidence,
        alternatives=alternatives,
        evidence=evidence,
    )


def unknown(*flags: str, evidence: str | None = None) -> Rights:
    """Nothing recognised: refused."""
    return build("unknown", flags=flags, evidence=evidence)


def impossible(*flags: str) -> Rights:
    """A pair of licence and version that does not exist: unknown until somebody has looked at it."""
    return unknown("impossible-version", *flags)


def creative_commons(
    letters: Sequence[str],
    version: str | None = None,
    port: str | None = None,
    *,
    flags: Iterable[str] = (),
    confidence: str = "name",
    alternatives: tuple[Rights, ...] = (),
) -> Rights:
    """The CC licence with these conditions (any order), or unknown where that licence, version or port is impossible."""
    family = CC_LETTERS.get(frozenset(letters))
    if family is None:
        return impossible()
    if version is None:
        return build(family, None, port, flags=(*flags, "no-version"), confidence=confidence, alternatives=alternatives)
    verdict = _existence(family, version, port)
    if verdict == "impossible-version":
        return impossible()
    if verdict == "unknown":
        return unknown("impossible-port", "impossible-version")
    extra = (verdict,) if verdict else ()
    return build(family, version, port, flags=(*flags, *extra), confidence=confidence, alternatives=alternatives)


def retired_sampling(code: str, version: str | None, port: str | None = None, *, confidence: str = "name") -> Rights:
    """Sampling, sampling+, nc-sampling+ or devnations: refused, and unknown at a version they never had."""
    if version is not None and version != SAMPLING[code]:
        return impossible()
    return build(code, version, port, confidence=confidence)


def _existence(family: str, version: str, port: str | None) -> str:
    """The flag that this version and port deserve: empty, a port flag, impossible-version, or unknown."""
    if version not in CC_VERSIONS:
        return "impossible-version"
    if version == "2.1" and port is None:
        return "impossible-version"
    if family in WITHOUT_BY and not (version == "1.0" or (version == "2.0" and port == "jp")):
        return "impossible-version"
    if port is None:
        return ""
    if port in KNOWN_PORTS:
        here = PORTS[version] - ({"il"} if family in WITHOUT_BY and version == "1.0" else set())
        return "" if port in here else "impossible-port"
    return "unknown" if version == "4.0" else "port-not-in-openverse-table"
