"""Cleans a value before it is read: HTML to text, entities, Unicode, white space; finds the addresses in it."""

import html
import re
import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser

MARK = "\ue000"
"""Stands in running text where a licence was named; a private-use character, removed from what comes in."""

_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x034F, 0x061C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xE000]
)
_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2043, 0x2212, 0xFE58, 0xFE63, 0xFF0D], "-")
_SIGNS = {0x24B8: "©", 0x24D2: "©", 0x2019: "'", 0x2018: "'", 0x02BC: "'", 0x201C: '"', 0x201D: '"'}
_TRANSLATE = {**_INVISIBLE, **_DASHES, **_SIGNS}
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<[a-zA-Z/!?][^>]*>")
_ANGLE_ADDRESS = re.compile(r"<\s*(?:url:\s*)?((?:https?:)?//[^\s<>]+|www\.[^\s<>]+)\s*>", re.IGNORECASE)
_SILENT = frozenset(("script", "style", "template", "head", "title"))


@dataclass(frozen=True)
class Clean:
    """One value, cleaned. `prose` is `text` with each link's address after its words; both are in the case given."""

    text: str
    prose: str
    links: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    link_text: str = ""


class _Reader(HTMLParser):
    """Collects visible text, link targets and image sources."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.prose: list[str] = []
        self.inside: list[str] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self._href: str | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _SILENT:
            self._silent += 1
        elif tag == "a" and values.get("href"):
            self._href = str(values["href"]).strip()
            self.links.append(self._href)
        elif tag == "img" and values.get("src"):
            self.images.append(str(values["src"]).strip())
        self._add(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag == "a" and self._href is not None:
            self.prose.append(f" {self._href} ")
            self._href = None
        self._add(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._add(data)

    def _add(self, words: str) -> None:
        self.text.append(words)
        self.prose.append(words)
        if self._href is not None:
            self.inside.append(words)


def tidy(text: str) -> str:
    """Compatibility normal form, plain hyphens and quotes, no invisible characters, one space for any white space."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text.translate(_TRANSLATE)).translate(_TRANSLATE)).strip()


def clean(value: str) -> Clean:
    """The value as text. Entities are undone once, and once more only where that brings out tags."""
    text = _ANGLE_ADDRESS.sub(r" \1 ", value)
    if "<" not in text and "&" in text:
        text = _ANGLE_ADDRESS.sub(r" \1 ", html.unescape(text))
    if not _TAG.search(text):
        plain = tidy(text)
        return Clean(plain, plain)
    reader = _Reader()
    try:
        reader.feed(text)
        reader.close()
    except (AssertionError, ValueError):  # html.parser raises on some broken declarations ("<![x")
        plain = tidy(html.unescape(_TAG.sub(" ", text)))
        return Clean(plain, plain)
    if reader._href is not None:  # a link that nobody closed
        reader.prose.append(f" {reader._href} ")
    return Clean(
        tidy("".join(reader.text)),
        tidy("".join(reader.prose)),
        tuple(reader.links),
        tuple(reader.images),
        tidy("".join(reader.inside)),
    )


def trim(value: str) -> str:
    """The value without white space and invisible characters at its ends, otherwise untouched: an address keeps its form."""
    start, end = 0, len(value)
    while start < end and (value[start].isspace() or ord(value[start]) in _INVISIBLE):
        start += 1
    while end > start and (value[end - 1].isspace() or ord(value[end - 1]) in _INVISIBLE):
        end -= 1
    return value[start:end]
