"""X-Robots-Tag headers: noai, noimageai, noml, noindex, noimageindex and none, for everyone or for us by name."""

from collections.abc import Iterator

from catalog.records import OptOut
from harvest.robots_tags import denials
from harvest.source import Answer

CHANNEL = "x-robots-tag"
PLACE = "header"


def read(answer: Answer) -> Iterator[OptOut]:
    """Every denial in the answer's headers that is addressed to us, one a directive, with the header's own words."""
    for line in dict.fromkeys(answer.headers.get(CHANNEL, ())):
        for directive in denials(line):
            yield OptOut(channel=CHANNEL, value=f"{directive} (X-Robots-Tag: {line.strip()})", where=answer.url)
