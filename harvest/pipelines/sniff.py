"""Looks at the first bytes: an HTML page under an image's address is no image, whatever the header says."""

from harvest.sniff import why_no_image
from harvest.spider import Piece
from pixels.decode import header


class Sniff:
    """A cut-off image passes: that is judged when its pixels are read."""

    def process_item(self, item: Piece) -> Piece:
        """End what is no image."""
        if not item.done and item.answer is not None and header(item.answer.body) is None:
            item.end("not_an_image", why_no_image(item.answer.body))
        return item
