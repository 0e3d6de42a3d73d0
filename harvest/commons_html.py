"""Words out of the HTML of Wikimedia Commons: who made a picture, and what it shows, by language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from harvest.json_answer import LONGEST_WORDS, line, web_address, words

SITE = "https://commons.wikimedia.org/"

_VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
_BREAKS = frozenset((
    "p", "div", "tr", "td", "th", "table", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "blockquote", "ul", "ol",
))  # fmt: skip
_SILENT = frozenset(("script", "style", "template", "noscript"))
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_BANNERS = frozenset(("boilerplate", "cleanup", "ambox", "mbox", "tmbox", "licensetpl"))
"""Classes and ids of notices to editors, and of the names of languages: none of them words of the description."""

_NO_NAME = re.compile(
    r"(?:the )?original uploader (?:was|is)\b|no machine[- ]readable author|(?:this file is )?lacking author|author missing"
    r"|author information (?:is )?missing|no author (?:provided|given|information)",
    re.I,
)
_NOTHING = re.compile(r"[\W_]*|n/?a|none|null|see (?:below|above)|self", re.I)
_TALK = re.compile(r"\s*\((?:talk|contribs?|discussion|diskussion|discussão|discusión|[|·•,\s])+\)", re.I)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, kw_only=True)
class Author:
    """`name` as plain text, `url` of a page about them; `said` is what stands there although it is no name."""

    name: str | None = None
    url: str | None = None
    said: str | None = None


def author(value: Any) -> Author:
    """Who the field `Artist` names. A clean-up banner, or the mere name of an uploader, names nobody."""
    if isinstance(value, dict):
        texts = {name: one for name, one in value.items() if isinstance(one, str) and not name.startswith("_")}
        value = preferred(texts)[1]
    if not isinstance(value, str):
        return Author(said=words(value))
    link = None
    named = value
    if _may_be_html(value):
        reader = _read(value)
        named = reader.people(marked=True) or reader.people(marked=False)
        link = reader.link
    text = words(_TALK.sub("", named).strip(" ,;:"))
    if not text or _NOTHING.fullmatch(text):
        return Author()
    if _NO_NAME.match(text):
        return Author(said=text)
    return Author(name=text, url=link)


def described(value: Any) -> dict[str | None, str]:
    """Plain text by language; None stands for a language that is not said, or for texts of several that are mixed."""
    if isinstance(value, dict):
        return _described_in_languages(value)
    if not isinstance(value, str) or not _may_be_html(value):
        return {None: text} if (text := line(value)) else {}
    reader = _read(value)
    by_language = reader.by_language()
    if None in by_language:
        text = words(reader.prose())
        return {None: text} if text else {}
    return {language: text for language, raw in by_language.items() if (text := words(raw))}


def plain_words(value: Any) -> str | None:
    """One text, in the preferred language where there are several."""
    return preferred(described(value))[1]


def preferred(texts: Mapping[Any, str]) -> tuple[str | None, str | None]:
    """(language, text): English, Portuguese, Spanish, or the first; captions train text encoders that know English best."""
    for wanted in ("en", "pt", "es"):
        for language, text in texts.items():
            if language and language.lower().split("-")[0] == wanted:
                return language, text
    return next(iter(texts.items()), (None, None))


def _may_be_html(text: str) -> bool:
    return "<" in text or "&" in text


def _described_in_languages(value: Mapping[str, Any]) -> dict[str | None, str]:
    """A field as asked for in all languages (`_type` is "lang"), or a list (`_type` is "ul" or "ol")."""
    given = [(key, one) for key, one in value.items() if isinstance(one, str) and not key.startswith("_")]
    texts = [(key, text) for key, one in given[:200] if (text := preferred(described(one))[1])]
    if all(_LANGUAGE.fullmatch(key) for key, _ in texts):
        return {key.lower(): text for key, text in texts}
    return {None: "; ".join(text for _, text in texts)}


def _read(html: str) -> "_Reader":
    reader = _Reader()
    reader.feed(html[: 10 * LONGEST_WORDS])
    reader.close()
    return reader


@dataclass
class _Element:
    tag: str
    silent: bool
    language: str | None
    marked: bool  # as a name, by the class `fn` of the microformats


_ITEM, _LINE = "\x1e", "\x1f"
"""Stand between the items of a list, and where a line breaks; no service's text holds them (`json_answer`, `clean`)."""


class _Reader(HTMLParser):
    """Keeps the visible words, each with its language and whether it is marked as a name."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[tuple[str | None, bool, str]] = []
        self.link: str | None = None
        self._open = [_Element("", False, None, False)]

    def people(self, *, marked: bool) -> str:
        """The words as a list of names; with `marked`, only those that are marked as a name."""
        text = "".join(piece for _, named, piece in self.pieces if named or not marked)
        items = []
        for item in text.split(_ITEM):
            lines = [" ".join(part.split()).strip(" ,;") for part in item.split(_LINE)]
            items.append(", ".join(part for part in lines if part))
        return "; ".join(dict.fromkeys(item for item in items if item))

    def prose(self) -> str:
        """All words in one line."""
        return "".join(piece for *_, piece in self.pieces).replace(_ITEM, " ").replace(_LINE, " ")

    def by_language(self) -> dict[str | None, str]:
        """The words in each language; None among them when some visible words say none."""
        found: dict[str | None, str] = {}
        for language, _, piece in self.pieces:
            if piece.strip(_ITEM + _LINE + " \n\t\r\xa0"):
                found[language] = found.get(language, "") + piece
            elif language in found:
                found[language] += " "
        return {language: text.replace(_ITEM, " ").replace(_LINE, " ") for language, text in found.items()}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        above = self._open[-1]
        if tag == "br":
            self._add(_LINE)
        elif tag == "li":
            self._add(_ITEM)
        elif tag in _BREAKS:
            self._add(" ")
        if tag == "a" and not above.silent:
            self._note_link(given)
        if tag in _VOID:
            return
        names = set(given.get("class", "").lower().split()) | {given.get("id", "").lower()}
        silent = above.silent or tag in _SILENT or bool(_HIDDEN.search(given.get("style", ""))) or bool(names & _BANNERS)
        silent = silent or "language" in names
        language = given.get("lang", "").lower()
        self._open.append(
            _Element(tag, silent, language if _LANGUAGE.fullmatch(language) else above.language, above.marked or "fn" in names)
        )

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self._add(" ")
        elif tag == "li":
            self._add(_ITEM)
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        self._add(data.replace(_ITEM, " ").replace(_LINE, " "))

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """As in `harvest.text`: Python's own reading raises for most of them."""
        return self.parse_bogus_comment(i)

    def _add(self, text: str) -> None:
        above = self._open[-1]
        if not above.silent:
            self.pieces.append((above.language, above.marked, text))

    def _note_link(self, given: Mapping[str, str]) -> None:
        """The first link that leads to somebody's page: none to a talk page, and none to a page that does not exist."""
        address = web_address(given.get("href"), SITE)
        if self.link is None and address and "redlink=1" not in address and "User_talk:" not in address:
            self.link = address
