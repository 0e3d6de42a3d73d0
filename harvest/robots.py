"""robots.txt as RFC 9309 has it: the answer's status counts, and a refusal can name the line that refused."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protego import Protego

from catalog.records import OptOut

TOKEN = "fototeca"
"""The product token by which a robots.txt may address us."""

LONGEST_BYTES = 500 << 10
"""RFC 9309 2.5: at least this much must be read; we read no more."""


@dataclass(frozen=True)
class Rules:
    """What one host's robots.txt says. `closed` is the reason why everything is disallowed, None otherwise."""

    url: str
    text: str = ""
    closed: str | None = None
    _parsed: Protego | None = field(default=None, repr=False, compare=False)

    def refusal(self, url: str) -> tuple[str, tuple[OptOut, ...]] | None:
        """(sentence, evidence) when `url` must not be fetched, else None.

        A host that cannot be read has said nothing: everything is closed, but there is no opt-out to record.
        """
        if self.closed is not None:
            return f"{self.url} {self.closed}, so everything is disallowed (RFC 9309)", ()
        if self._parsed is None or self._parsed.can_fetch(url, TOKEN):
            return None
        line = matching_line(self.text, url)
        return f"{self.url} disallows it: {line}", (OptOut(channel="robots", value=line, where=self.url),)

    def crawl_delay_s(self) -> float | None:
        """Seconds between two requests, where the file asks for a pause."""
        return self._parsed.crawl_delay(TOKEN) if self._parsed is not None else None


def read_robots(url: str, status: int, body: bytes) -> Rules:
    """The rules of one answer: 2xx are read, 4xx allow everything, anything else closes the host.

    429 is no word on the rules but a plea for less: it closes the host, as 5xx does (stricter than RFC 9309).
    """
    if 200 <= status < 300:
        text = body[:LONGEST_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
        return Rules(url, text, None, Protego.parse(text))
    if 400 <= status < 500 and status != 429:
        return Rules(url)
    return Rules(url, closed=f"was answered with status {status}")


def robots_url(url: str) -> str:
    """Where the robots.txt of an address's host stands."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/robots.txt"


def matching_line(text: str, url: str) -> str:
    """The Disallow line that closes `url`, as it stands in the file: of the groups that address us, the longest match."""
    groups: dict[str, list[str]] = {}
    agents: list[str] = []
    in_rules = False
    for line in text.splitlines():
        bare = line.partition("#")[0].strip()
        name, colon, value = bare.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name in ("user-agent", "useragent"):
            if in_rules:
                agents, in_rules = [], False
            agents.append(value.lower())
            continue
        in_rules = True
        if value and name.startswith("dis"):
            for agent in agents:
                groups.setdefault(agent, []).append(bare)
    lines = groups.get(TOKEN) or groups.get("*") or []
    closing = [line for line in lines if not Protego.parse(f"User-agent: *\n{line}").can_fetch(url, TOKEN)]
    return max(closing, key=len, default="Disallow")
