"""Any institution's IIIF collections and manifests (Presentation 3).

The source is named after the host that served the manifest, never after what the manifest says of itself; an item's
identifier is its canvas.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog import records
from catalog.records import Candidate
from harvest.iiif import read_answer
from harvest.source import Answer, Ask, Politeness, Problem, WebSource


class Source(WebSource):
    """Starts from addresses of collections or manifests."""

    institution = "any that publishes IIIF"
    home_url = "https://iiif.io/"
    terms_url = ""
    checked_on = ""
    at_least = 1
    politeness = Politeness()

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """One question for each address."""
        for url in dict.fromkeys(asked):
            yield Ask(url=url)

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """A collection's members as follow-up asks, a manifest's images as candidates."""
        yield from read_answer(answer, carry)

    def stated(self, name: str) -> records.Source:
        """The host stands for the institution: its terms are its own."""
        host = name.partition(":")[2]
        return records.Source(
            name=name, institution=host, home_url=f"https://{host}/", terms_url=self.terms_url, checked_on=self.checked_on
        )
