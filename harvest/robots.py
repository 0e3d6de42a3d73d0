"""robots.txt as RFC 9309 has it: the answer's status counts, and a refusal can name the line that refused."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from catalog.records import OptOut
from harvest.patterns import Pattern, pattern, spelled_path

TOKEN = "fototeca"
"""The product token by which a robots.txt may address us."""

LONGEST_BYTES = 512 << 10
"""RFC 9309 2.5: at least 500 KiB must be read; we read no more than this."""

RULES = ("allow", "disallow", "crawl-delay", "content-signal", "content-usage")
"""Lines that end a group's list of names. Any other line stands outside the groups, as `Sitemap` does."""

_SPELLINGS = {"useragent": "user-agent", "user agent": "user-agent", "dissallow": "disallow", "dissalow": "disallow"} | {
    "disalow": "disallow", "diasllow": "disallow", "disallaw": "disallow", "crawldelay": "crawl-delay",
    "contentsignal": "content-signal", "content-signals": "content-signal", "contentusage": "content-usage",
}  # fmt: skip
"""Slips that other readers of robots.txt let pass too."""

_PRODUCT = re.compile(r"[A-Za-z_-]+")


@dataclass(frozen=True)
class Line:
    """One rule of a group that addresses us: its name in lower case, its value, and its words without comment."""

    name: str
    value: str
    words: str


@dataclass(frozen=True)
class Rules:
    """What one host's robots.txt says. `closed` is the reason why everything is disallowed, None otherwise.

    `by_name`: the group that addresses us names us, and not only everyone.
    """

    url: str
    lines: tuple[Line, ...] = ()
    closed: str | None = None
    by_name: bool = False
    _paths: tuple[tuple[Pattern, Line], ...] = field(default=(), repr=False, compare=False)

    def refusal(self, url: str) -> tuple[str, tuple[OptOut, ...]] | None:
        """(sentence, evidence) when `url` must not be fetched, else None.

        A host that cannot be read has said nothing: everything is closed, but there is no opt-out to record.
        """
        if self.closed is not None:
            return f"{self.url} {self.closed}, so everything is disallowed (RFC 9309)", ()
        line = strongest(self._paths, url)
        if line is None or line.name == "allow":
            return None
        return f"{self.url} disallows it: {line.words}", (OptOut(channel="robots", value=line.words, where=self.url),)

    def crawl_delay_s(self) -> float | None:
        """Seconds between two requests, where the file asks for a pause."""
        for line in self.lines:
            if line.name == "crawl-delay":
                try:
                    delay_s = float(line.value)
                except ValueError:
                    continue
                if math.isfinite(delay_s) and delay_s >= 0:
                    return delay_s
        return None


def read_robots(url: str, status: int, body: bytes) -> Rules:
    """The rules of one answer: 2xx are read, 4xx allow everything, anything else closes the host.

    429 is no word on the rules but a plea for less: it closes the host, as 5xx does (stricter than RFC 9309).
    """
    if 200 <= status < 300:
        lines, by_name = our_lines(body)
        return Rules(url, lines, None, by_name, path_rules(lines))
    if 400 <= status < 500 and status != 429:
        return Rules(url)
    return Rules(url, closed=f"was answered with status {status}")


def robots_url(url: str) -> str:
    """Where the robots.txt of an address's host stands."""
    return beside(url, "/robots.txt")


def beside(url: str, path: str) -> str:
    """Another path on an address's host, without any name or password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"


def our_lines(body: bytes, *, ungrouped: bool = False) -> tuple[tuple[Line, ...], bool]:
    """(rules that address us, whether by our name): of all groups that name us, else of all that address everyone.

    Args:
        body: The file; what is past `LONGEST_BYTES`, the line that is cut there included, is not read.
        ungrouped: Rules before the first name address everyone (robots.txt: nobody).
    """
    whole = body if len(body) <= LONGEST_BYTES else body[: LONGEST_BYTES + 1].rpartition(b"\n")[0]
    text = whole.decode("utf-8", "replace").removeprefix("\ufeff")
    ours: list[Line] = []
    everyones: list[Line] = []
    named = False
    agents = ["*"] if ungrouped else []
    in_rules = True
    for line in re.split(r"[\r\n]+", text):
        words = line.partition("#")[0].strip()
        name, colon, value = (part.strip() for part in words.partition(":"))
        name = _SPELLINGS.get(name.lower(), name.lower())
        if colon and name == "user-agent":
            agents = [] if in_rules else agents
            in_rules = False
            agents.append(_product(value))
            named = named or agents[-1] == TOKEN
        elif colon and name in RULES:
            in_rules = True
            if TOKEN in agents:
                ours.append(Line(name, value, words))
            if "*" in agents:
                everyones.append(Line(name, value, words))
    return tuple(ours if named else everyones), named


def path_rules(lines: Iterable[Line]) -> tuple[tuple[Pattern, Line], ...]:
    """The Allow and Disallow lines with their patterns; an empty Disallow closes nothing."""
    return tuple((pattern(line.value), line) for line in lines if line.name in ("allow", "disallow") and line.value)


def strongest(rules: Sequence[tuple[Pattern, Line]], url: str) -> Line | None:
    """The rule that decides on an address: the longest that matches, and Allow before an equally long Disallow."""
    path = spelled_path(url)
    matching = [(rule.octets, line.name == "allow", line) for rule, line in rules if rule.matches(path)]
    return max(matching, key=lambda one: one[:2])[2] if matching else None


def _product(value: str) -> str:
    """The product token in lower case: `FotoTeca/2.0 (…)` is ours; `*` is everyone's."""
    if value.startswith("*"):
        return "*"
    found = _PRODUCT.match(value)
    return found[0].lower() if found else ""
