"""Usage preferences: Content-Usage (IETF AIPREF, a dictionary of RFC 9651) and Content-Signal (Cloudflare).

Both come as a header, and as lines in the group of a robots.txt that addresses us, there perhaps with a path in front.
What denies a use by models: training (`train-ai=n`, `ai-train=no` and older spellings) and being put into a model
(`ai-input=no`, `ai-use=n`), since variations and captions are made by giving pictures to models. `search` is no such use.
A preference that is not stated neither grants nor denies.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from catalog.records import OptOut
from harvest.patterns import pattern, spelled_path
from harvest.robots import Line, Rules

USES = frozenset(
    [
        "train-ai",
        "ai-train",
        "train",
        "ai-training",
        "train-genai",
        "genai",
        "genai-train",
        "train-gen-ai",
        "ai-use",
        "ai-input",
        "ai-output",
        "ai-inference",
        "ai",
        "tdm",
        "bots",
        "all",
    ]
)
"""Names of uses in the drafts since 2025 and in Content-Signal; `ai`, `tdm`, `bots` and `all` take in the others."""

ROBOTS_CHANNELS = {"content-signal": "robots-content-signal", "content-usage": "robots-content-usage"}
"""Lines of a robots.txt that speak of use, and what their channels are called."""

NO = frozenset(("n", "no", "?0", "0", "false", "disallow", "deny"))

_MEMBER = re.compile(
    r"""\s*(?P<key>[A-Za-z*][\w.*-]*)
    (?:\s*[=:]\s*(?P<value>"(?:[^"\\]|\\.)*"|[^\s,;"()]+|\([^)]*\)))?
    (?:\s*;\s*[\w.*-]+(?:=(?:"(?:[^"\\]|\\.)*"|[^\s,;"]*))?)*
    \s*(?:,|$)""",
    re.VERBOSE,
)
_PATH = re.compile(r"([/*]\S*)\s+(.*)")


def denied(text: str) -> list[str]:
    """The members of one field that deny a use by models, as `train-ai=n`; of a key that comes twice the last counts.

    Read more kindly than RFC 9651: one member that is broken, or a key in capitals, does not undo the rest. A value in
    quotation marks is a text and no preference.
    """
    values = dict(members(text))
    return [f"{key}={value}" for key, value in values.items() if key in USES and value in NO]


def members(text: str) -> Iterator[tuple[str, str]]:
    """(key, value) in lower case, without parameters; a key alone is `?1`; what is broken is passed over."""
    at = 0
    while at < len(text):
        found = _MEMBER.match(text, at)
        if found is None:
            at = text.find(",", at) + 1 or len(text)
        else:
            yield found["key"].lower(), (found["value"] or "?1").lower()
            at = max(found.end(), at + 1)


def denied_in_headers(values: Sequence[str]) -> list[str]:
    """As `denied`, of a header that may come several times: together they are one field (RFC 9110, 5.3)."""
    return denied(", ".join(values))


def said_in_robots(rules: Rules, url: str) -> list[OptOut]:
    """The lines of a robots.txt that deny the use of an address, as evidence."""
    return [
        OptOut(channel=channel, value=line.words, where=rules.url)
        for name, channel in ROBOTS_CHANNELS.items()
        for line in denying_lines(rules.lines, name, url)
    ]


def denying_lines(lines: Iterable[Line], name: str, url: str) -> list[Line]:
    """The lines called `name` that speak of `url` and deny a use: of those with a path, the longest that matches counts.

    Where equally specific lines differ, a denial stands (AIPREF: the most restrictive preference applies).
    """
    path = spelled_path(url)
    matching: list[tuple[int, Line, str]] = []
    for line in lines:
        if line.name != name:
            continue
        found = _PATH.fullmatch(line.value)
        rule = pattern(found[1]) if found else pattern("/")
        if rule.matches(path):
            matching.append((rule.octets, line, found[2] if found else line.value))
    longest = max((octets for octets, _, _ in matching), default=0)
    return [line for octets, line, preferences in matching if octets == longest and denied(preferences)]
