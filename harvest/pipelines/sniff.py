"""Looks at the first bytes: an HTML page under an image's address is no image, whatever the header says."""

from dataclasses import replace

from harvest.sniff import sniffed
from harvest.spider import Piece


class Sniff:
    """Ends what is no image, or has too many pixels; says in a word what is special about the rest."""

    def process_item(self, item: Piece) -> Piece:
        """A cut-off image passes: that is judged when its pixels are read."""
        if item.done or item.held or item.answer is None:
            return item
        found = sniffed(item.answer.body, next(iter(item.answer.headers.get("content-type", ())), None), item.candidate.image_url)
        if found.outcome is not None:
            return item.end(found.outcome, found.detail)
        item.candidate = replace(item.candidate, outcome_detail=found.detail)
        return item
