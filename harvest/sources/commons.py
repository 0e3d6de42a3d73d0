"""Wikimedia Commons: files of a category, of a search, or by name.

A file is known by its page's number, which stays when the file is renamed. Sound, video, PDF and DjVu become problems of
the run, never candidates. Rights are those of the file itself (`extmetadata`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from catalog.records import Candidate
from harvest.commons_file import read_page
from harvest.commons_pages import Batch, joined
from harvest.commons_tree import children, walk
from harvest.json_answer import json_object, line, mapping, whole_number
from harvest.questions import SEARCH, refuse_unless, term
from harvest.source import Answer, Ask, Politeness, Problem, WebSource
from harvest.text import one_line

AT_ONCE = 50
"""Names or numbers in one question, without the rights of a bot."""

_PATH = "/w/api.php"
_UNSTABLE = ("maxlag", "ratelimited", "readonly")
"""Errors whose text holds numbers of the moment."""

_NUMBER = re.compile(r"[0-9]{1,15}")
_NAME = re.compile(r"[^|#<>\[\]{}]+")

_COMMON = {"action": "query", "format": "json", "formatversion": "2", "maxlag": "5", "redirects": "1"}
_FILE = {
    "prop": "imageinfo",
    "iiprop": "url|size|mime|mediatype|sha1|timestamp|user|extmetadata",  # `metadata` never ends on PDFs
    "iiextmetadatalanguage": "en",
    "iiextmetadatamultilang": "1",
}


class Source(WebSource):
    """Asks MediaWiki's own service; `depth` is how far below a category its subcategories are followed."""

    institution = "Wikimedia Commons"
    home_url = "https://commons.wikimedia.org/"
    terms_url = "https://foundation.wikimedia.org/wiki/Policy:Terms_of_Use"
    api_url = "https://commons.wikimedia.org/w/api.php"
    asks = "WORDS, Category:NAME, File:NAME or pageid:NUMBER"
    again_at_once = AT_ONCE
    politeness = Politeness(delay_s=1.0, connections=1, timeout_s=60.0)

    def start(self, asked: Sequence[str]) -> Iterator[Ask]:
        """Names and numbers are asked for 50 at a time; a page's address stands for its name.

        Raises:
            UsageError: a name that no page can have, or no number where one should stand.
        """
        named = [_named(one) for one in dict.fromkeys(asked)]
        titles = [rest for kind, rest in named if kind == "file"]
        numbers = [rest for kind, rest in named if kind == "pageid"]
        categories = list(dict.fromkeys(rest for kind, rest in named if kind == "category"))
        for parameter, many in (("titles", titles), ("pageids", numbers)):
            for first in range(0, len(many), AT_ONCE):
                yield self._ask({**_FILE, parameter: "|".join(many[first : first + AT_ONCE])})
        for searched in (rest for kind, rest in named if kind == "search"):
            generator = {"generator": "search", "gsrnamespace": "6", "gsrsearch": searched, "gsrlimit": str(AT_ONCE)}
            yield self._ask({**_FILE, **generator})
        for category in categories:
            yield self.files_of(category)
        yield from walk(self, categories, self.depth)

    def parse(self, answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        """Nothing of a batch before it is whole: its parts come in several answers, merged in `carry`."""
        found = json_object(answer)
        if found is None:
            yield Problem(where=answer.url, what="the answer is no JSON object, so nothing of Wikimedia Commons")
            found = {}
        elif error := mapping(found.get("error")):
            code, text = line(error.get("code")) or "unnamed", line(error.get("info")) or ""
            what = f"the service answers with the error {code}"
            yield Problem(where=answer.url, what=what if code in _UNSTABLE else f"{what}: {text}".rstrip(": "))
        if "tree" in carry:
            yield from children(self, found, answer.url, carry)
        else:
            yield from self._files(_wrapped(found), answer, carry)

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """By its page's number; by its name where the service gave no number."""
        return f"pageid:{source_id}" if source_id.isascii() and source_id.isdigit() else other.get("file")

    def files_of(self, category: str) -> Ask:
        """The question for the files of a category."""
        members = {"generator": "categorymembers", "gcmtitle": category, "gcmtype": "file", "gcmlimit": str(AT_ONCE)}
        return self._ask({**_FILE, **members})

    def categories_of(self, category: str, carry: Mapping[str, Any]) -> Ask:
        """The question for the categories in a category."""
        members = {"list": "categorymembers", "cmtitle": category, "cmtype": "subcat", "cmlimit": "500"}
        return self._ask(members, carry)

    def _files(self, found: Mapping[str, Any], answer: Answer, carry: Mapping[str, Any]) -> Iterator[Candidate | Ask | Problem]:
        batch = joined(found, answer.url, carry)
        if batch.ended or batch.given_up:
            yield from self._pages(batch, answer)
        if batch.given_up:
            what = "this batch of files does not come to its end: it is given up, and what would follow it is not asked for"
            yield Problem(where=answer.url, what=what)
        if batch.next_url:
            yield Ask(url=batch.next_url, carry=batch.next_carry)

    def _pages(self, batch: Batch, answer: Answer) -> Iterator[Candidate | Problem]:
        for number, page in enumerate(batch.pages, 1):
            identifier = whole_number(page.get("pageid"))
            evidence = f"{self._shown}&pageids={identifier}" if identifier else answer.url
            where = f"{answer.url} page {number}"
            yield from read_page(page, evidence=evidence, where=where, answer_sha256=answer.sha256)

    def _ask(self, parameters: Mapping[str, str], carry: Mapping[str, Any] | None = None) -> Ask:
        url = self._url(parameters)
        return Ask(url=url, carry={"question": url, **(carry or {})})

    @cached_property
    def _shown(self) -> str:
        """Begins the address that shows what was read of one page."""
        return self._url({"prop": "imageinfo", "iiprop": "url|sha1|extmetadata"})

    def _url(self, parameters: Mapping[str, str]) -> str:
        endpoint = self.base_url if urlsplit(self.base_url).path else self.base_url + _PATH
        return f"{endpoint}?{urlencode({**_COMMON, **parameters})}"


def _named(asked: str) -> tuple[str, str]:
    """(kind, name or number or words) of one thing that was asked for."""
    text = one_line(asked)
    if text.startswith(("https://", "http://")) and "/wiki/" in text:
        text = unquote(urlsplit(text).path.partition("/wiki/")[2])
    given, colon, rest = text.partition(":")
    kind, rest = term(
        f"{given.strip().lower()}:{rest}" if colon else text, ("category", "search", "file", "image", "pageid"), "commons"
    )
    if kind == SEARCH:
        return "search", text
    if kind == "search":
        return kind, rest
    if kind == "pageid":
        return kind, refuse_unless(_NUMBER, rest, kind, "commons", "17471047")
    name = refuse_unless(_NAME, " ".join(rest.replace("_", " ").split()), kind, "commons", "Gourds")
    return (kind, f"Category:{name}") if kind == "category" else ("file", f"File:{name}")


def _wrapped(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """A single page, or what is said of a single file, stands for an answer that holds it."""
    if "query" in found or "batchcomplete" in found or "continue" in found:
        return found
    if "imageinfo" in found or "pageid" in found:
        return {"query": {"pages": [found]}}
    return {"query": {"pages": [{"imageinfo": [found]}]}} if "extmetadata" in found else found
