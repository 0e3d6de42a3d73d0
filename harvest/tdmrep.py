"""TDMRep, the TDM Reservation Protocol (W3C community group): its file at the root of a host, and its header.

The header outranks the file, and metadata in the document outrank both; saying nothing never takes back what was said.
Any value but 0 and 1 is an error and counts as not said. A policy offers terms; it permits nothing by itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from catalog.records import OptOut
from harvest.patterns import Pattern, pattern, spelled_path

FILE_CHANNEL = "tdmrep-file"
HEADER_CHANNEL = "tdmrep-header"
FILE_PATH = "/.well-known/tdmrep.json"

MOST_RULES = 10_000
"""Of one file; the rest is not looked at."""


@dataclass(frozen=True)
class Reservation:
    """What is said of one address: reserved or not, and where the terms can be read."""

    reserved: bool
    policy: str = ""

    def in_words(self, base: str) -> str:
        """`tdm-reservation: 1`, with the policy's address where one is given."""
        words = f"tdm-reservation: {int(self.reserved)}"
        if not self.policy:
            return words
        try:
            address = urljoin(base, self.policy)
        except ValueError:
            address = self.policy
        return f"{words}; tdm-policy: {address[:2000]}"


@dataclass(frozen=True)
class TdmFile:
    """A host's tdmrep.json; without rules when there is none that can be read: then the host takes no part."""

    url: str
    rules: tuple[tuple[Pattern, Reservation], ...] = ()

    def said_of(self, url: str) -> Reservation | None:
        """The first rule that matches counts."""
        path = spelled_path(url)
        return next((said for rule, said in self.rules if rule.matches(path)), None)

    def denial(self, url: str) -> OptOut | None:
        """The reservation as evidence, if there is one."""
        said = self.said_of(url)
        if said is None or not said.reserved:
            return None
        return OptOut(channel=FILE_CHANNEL, value=said.in_words(self.url), where=self.url)


def read_tdm_file(url: str, status: int, body: bytes) -> TdmFile:
    """The rules of one answer; a rule without location or without a valid reservation is none."""
    if not 200 <= status < 300:
        return TdmFile(url)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return TdmFile(url)
    rules = []
    for row in (found if isinstance(found, list) else [found])[:MOST_RULES]:
        if not isinstance(row, dict):
            continue
        location, policy = row.get("location"), row.get("tdm-policy")
        reserved = reservation(row.get("tdm-reservation"))
        if isinstance(location, str) and location.strip() and reserved is not None:
            said = Reservation(reserved, policy.strip() if isinstance(policy, str) else "")
            rules.append((pattern(_path_of(location.strip(), url)), said))
    return TdmFile(url, tuple(rules))


def said_in_headers(headers: Mapping[str, Sequence[str]]) -> Reservation | None:
    """What the headers of an answer say; of several values that differ, a reservation stands."""
    words = [word for line in headers.get("tdm-reservation", ()) for word in line.split(",")]
    said = [one for one in map(reservation, words) if one is not None]
    if not said:
        return None
    policies = [line.strip().strip("<>") for line in headers.get("tdm-policy", ()) if line.strip()]
    return Reservation(any(said), policies[0] if policies else "")


def reservation(value: object) -> bool | None:
    """True for 1, False for 0, None for all else; a header's and a page's value is a text."""
    if isinstance(value, str):
        return {"0": False, "1": True}.get(value.strip())
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return {0: False, 1: True}.get(int(value)) if value in (0, 1) else None


def _path_of(location: str, url: str) -> str:
    """A location as a pattern: some files give whole addresses, or leave out the first slash."""
    if location.startswith(("http://", "https://")):
        try:
            parts = urlsplit(location)
        except ValueError:
            return location
        same = parts.netloc.lower() == urlsplit(url).netloc.lower()
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "") if same else location
    return location if location.startswith(("/", "*")) else "/" + location
