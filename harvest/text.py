"""Text from outside, made safe to keep: no markup, no control or direction characters, Unicode normal form C."""

import re
import unicodedata
from html.parser import HTMLParser

LONGEST_CHARACTERS = 50_000
"""Longer texts are cut here: a description, not a book (assumption, not measured)."""

MOST_ESCAPES = 3
"""Markup that was escaped before it was put into markup is met twice or thrice over."""

_DIRECTION = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF}
_BREAKING = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029} - {ord("\n"), ord("\t")}
_REPAIRED = {**dict.fromkeys(_BREAKING, " "), **dict.fromkeys(_DIRECTION), **dict.fromkeys(range(0xD800, 0xE000))}
"""Control characters and separators as a space; direction characters and half characters as nothing."""

_MARKUP = re.compile(r"<[A-Za-z/!][^<>]*>|&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z]\w*);")
_BREAKS = {"br", "p", "div", "li", "tr", "td", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote"}
_SILENT = {"script", "style", "template", "noscript"}


def clean(text: str) -> str:
    """The same words without what could break a terminal, a table or a CSV; line breaks inside stay."""
    text = unicodedata.normalize("NFC", text[:LONGEST_CHARACTERS])
    if text.isprintable():  # neither control nor direction characters: nearly every text, and a hundred times quicker
        return text.strip()
    return text.translate(_REPAIRED).strip()


def one_line(text: str) -> str:
    """Cleaned, with every run of white space as one space."""
    return " ".join(clean(text).split())


def plain(text: str) -> str:
    """One line of plain text out of HTML or out of text that only may be HTML."""
    text = text[:LONGEST_CHARACTERS]
    for _ in range(MOST_ESCAPES):
        if not _MARKUP.search(text):
            break
        reader = _Words()
        reader.feed(text)
        reader.close()
        text = "".join(reader.parts)
    return one_line(text)


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

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """`<![…` is a comment, as in browsers; Python's own reading raises AssertionError for most of them (3.11)."""
        return self.parse_bogus_comment(i)
