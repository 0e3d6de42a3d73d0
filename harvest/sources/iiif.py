"""Any institution's IIIF collections and manifests (Presentation 2 and 3), with the sizes that its image services allow.

The source is named after the host that served the manifest, never after what the manifest says of itself; an item's
identifier is its canvas. Collections within collections are followed eight deep; `--depth` says otherwise. A relative
address is completed by `--base-url`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from base.errors import UsageError
from catalog import records
from catalog.records import Candidate
from harvest.iiif import ASK_SERVICES, DEEPEST, read_answer
from harvest.iiif_service import web_address
from harvest.source import Answer, Ask, Politeness, Problem, WebSource


class Source(WebSource):
    """Starts from addresses of collections or manifests."""

    institution = "any that publishes IIIF"
    home_url = "https://iiif.io/"
    terms_url = ""
    checked_on = ""
    at_least = 1
    asks = "ADDRESS of a collection or a manifest"
    depth = DEEPEST
    politeness = Politeness()

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """One question for each address.

        Raises:
            UsageError: no web address, and no `--base-url` that would complete it.
        """
        for one in dict.fromkeys(asked):
            url = web_address(one, f"{self.base_url}/" if self.base_url else "")
            if url is None:
                raise UsageError(f"iiif: {one!r} is no http or https address of a collection or manifest.")
            yield Ask(url=url, carry={ASK_SERVICES: True})

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """A collection's members as follow-up asks, a manifest's images as candidates."""
        yield from read_answer(answer, carry, self.depth)

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """Its manifest; where a collection stated the rights, the collection, since a manifest does not say whose it is."""
        return web_address(other.get("collection") or other.get("manifest"), "")

    def stated(self, name: str) -> records.Source:
        """The host stands for the institution: its terms are its own."""
        host = name.partition(":")[2]
        return records.Source(
            name=name, institution=host, home_url=f"https://{host}/", terms_url=self.terms_url, checked_on=self.checked_on
        )
