"""Text from outside, made safe to keep: no markup, no control or direction characters, Unicode normal form C."""

import re
import unicodedata
from html.parser import HTMLParser

LONGEST_CHARACTERS = 50_000
"""Longer texts are cut here: a description, not a book (assumption, not measured)."""

_DIRECTION = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF}
_MARKUP = re.compile(r"<[A-Za-z/!][^<>]*>|&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z]\w*);")
_BREAKS = {"br", "p", "div", "li", "tr", "td", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote"}
_SILENT = {"script", "style", "template", "noscript"}


def clean(text: str) -> str:
    """The same words without what could break a terminal, a table or a CSV; line breaks inside stay."""
    kept = []
    for character in unicodedata.normalize("NFC", text[:LONGEST_CHARACTERS]):
        if character in "\n\t":
            kept.append(character)
        elif character == "\r" or unicodedata.category(character) in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif unicodedata.category(character) != "Cs" and ord(character) not in _DIRECTION:
            kept.append(character)
    return "".join(kept).strip()


def one_line(text: str) -> str:
    """Cleaned, with every run of white space as one space."""
    return " ".join(clean(text).split())


def plain(text: str) -> str:
    """One line of plain text out of HTML or out of text that only may be HTML."""
    text = text[:LONGEST_CHARACTERS]
    if not _MARKUP.search(text):
        return one_line(text)
    reader = _Words()
    reader.feed(text)
    reader.close()
    return one_line("".join(reader.parts))


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BREAKS:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BREAKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)
