"""ai.txt as Spawning writes it: groups as in robots.txt, whose rules name kinds of media such as `*.jpg`.

Other formats use the same file name; of those nothing is read.
"""

from dataclasses import dataclass

from catalog.records import OptOut
from harvest.patterns import Pattern, pattern
from harvest.robots import Line, our_lines, strongest
from harvest.signals import denying_lines

CHANNEL = "ai.txt"
FILE_PATH = "/ai.txt"


@dataclass(frozen=True)
class AiFile:
    """A host's ai.txt; without lines when there is none that can be read."""

    url: str
    lines: tuple[Line, ...] = ()
    paths: tuple[tuple[Pattern, Line], ...] = ()

    def denial(self, url: str) -> OptOut | None:
        """The line that keeps this address from models, as evidence."""
        line = strongest(self.paths, url)
        if line is not None and line.name == "allow":
            line = None
        for name in ("content-signal", "content-usage"):
            line = line or next(iter(denying_lines(self.lines, name, url)), None)
        return None if line is None else OptOut(channel=CHANNEL, value=line.words, where=self.url)


def read_ai_file(url: str, status: int, body: bytes) -> AiFile:
    """The rules of one answer that address everyone or us."""
    if not 200 <= status < 300:
        return AiFile(url)
    lines, _ = our_lines(body, ungrouped=True)
    paths = tuple((_pattern(line.value), line) for line in lines if line.name in ("allow", "disallow") and line.value)
    return AiFile(url, lines, paths)


def _pattern(value: str) -> Pattern:
    """A kind of media is meant in capitals too; a bare ending such as `.jpg` is one."""
    if value.startswith("/"):
        return pattern(value)
    return pattern(value if value.startswith("*") else "*" + value, any_case=True)
