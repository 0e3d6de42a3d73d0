"""Markdown around words that come from elsewhere: a museum's title is shown letter by letter and never becomes markup."""

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlsplit

MARKUP = re.compile(r"([\\`*_\[\]|~#$])")
"""What Markdown, GitHub's tables and a hub's formulas would read as more than letters, wherever it stands in a line."""
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
"""Signs that turn the direction of what follows, beyond the end of a title."""
URL_SIGNS = ":/?#@!$&'*+,;=%~-._"
"""Signs of a URL that stay as they are; brackets, quotes and the like are written as %.."""
AT_LINE_START = re.compile(r"^(\d+(?=[.)])|(?=[-+=]))")
"""What begins a list or underlines a heading."""


def plain(words: object) -> str:
    """The words on one line, with every sign that Markdown or HTML would act on made harmless."""
    text = TURNING.sub("", unicodedata.normalize("NFC", str(words)))
    text = " ".join("".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text).split())
    text = MARKUP.sub(r"\\\1", html.escape(text, quote=False))
    return AT_LINE_START.sub(r"\1\\", text)


def link(words: object, url: object) -> str:
    """A link where the URL is one of the web (http, https), else the words alone."""
    shown = plain(words)
    address = "".join(str(url or "").split())
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # such as an unclosed [ of an IPv6 address
        usable = False
    return f"[{shown}]({html.escape(quote(address, safe=URL_SIGNS), quote=False)})" if usable and shown else shown


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table; cells are Markdown already."""
    return [_row(names), "|" + "---|" * len(names), *(_row(row) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
