"""Reads one page of a website: the pictures that it shows or describes, each with the licence that is stated of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from w3lib.encoding import html_to_unicode

from catalog.records import Candidate, Rights
from catalog.rights import combine_and, read_rights, weigh
from harvest.credit import with_credit
from harvest.iiif_service import web_address
from harvest.page_consent import PAGE_CHANNELS, page_opt_outs
from harvest.source import Answer, Problem
from harvest.text import one_line, plain
from harvest.webpage_images import Shown, shown_images
from harvest.webpage_markup import LinkedLicences, linked_licences, stated_in_markup
from harvest.webpage_schema import Stated, stated_in_json
from harvest.webpage_tree import tree

MOST_IMAGES = 1_000
"""Of one page (assumption, not measured)."""

LARGEST_BYTES = 16 << 20
"""Of one page; larger ones are no pages."""

JSON_LD = "//script[contains(translate(@type, 'LDJSON', 'ldjson'), 'ld+json')]/text()"


@dataclass(frozen=True)
class Page:
    """A page that was taken apart; `base` completes its relative addresses."""

    answer: Answer
    text: str
    root: Any
    base: str

    @classmethod
    def of(cls, answer: Answer) -> "Page":
        """Read as browsers do: any bytes make a page, with the encoding that its header or its beginning names."""
        kind = next(iter(answer.headers.get("content-type", ())), None)
        text = html_to_unicode(kind, answer.body[:LARGEST_BYTES])[1]
        root = tree(text, "html")
        stated = next(iter(root.xpath("//base/@href")), None) if root is not None else None
        return cls(answer, text, root, web_address(stated, answer.url) or answer.url)


def images(page: Page) -> Iterator[Candidate | Problem]:
    """Every picture of the page as a candidate; one whose licence nobody states has unknown rights."""
    url, root = page.answer.url, page.root
    described, broken = stated_in_json(root.xpath(JSON_LD), page.base)
    if broken:
        yield Problem(where=url, what=f"{broken} block(s) of JSON-LD that are no JSON: passed over")
    in_markup = list(stated_in_markup(root, page.base))
    reader = _Reader(page, [*described, *(stated for _, stated in in_markup)], linked_licences(root, page.base, url))
    reader.objects = {element: stated for element, stated in in_markup if stated.url is None}
    found: dict[str, Candidate] = {}
    for shown in shown_images(root, page.base):
        if shown.is_content or reader.speaks_of(shown):
            candidate = reader.shown(shown)
            found.setdefault(str(candidate.image_url), candidate)
    seen = {one for shown in shown_images(root, page.base) for one in shown.urls}
    for address in reader.described():
        if address not in seen:
            found.setdefault(address, reader.candidate(address, (address,), None))
    for address in _previews(root, page.base):
        if address not in seen and address not in reader.copies:
            found.setdefault(address, reader.candidate(address, (), None))
    if len(found) > MOST_IMAGES:
        yield Problem(where=url, what=f"more than {MOST_IMAGES} images on one page: the rest is not taken")
    opt_outs = page_opt_outs(page.text, url, page.answer.headers)
    for candidate in list(found.values())[:MOST_IMAGES]:
        yield replace(candidate, opt_outs=opt_outs, consulted=PAGE_CHANNELS)


class _Reader:
    """Gives each picture the statements that speak of it."""

    def __init__(self, page: Page, stated: Sequence[Stated], linked: LinkedLicences) -> None:
        self.page = page
        self.linked = linked
        self.objects: dict[Any, Stated] = {}
        self._by_url: dict[str, list[Stated]] = {}
        self.copies: dict[str, str] = {}  # the picture of which an address is a smaller copy
        for one in stated:
            if one.url:
                self._by_url.setdefault(one.url, []).append(one)
                self.copies.update((copy, one.url) for copy in one.copies if copy != one.url)
        self._title = plain(next(iter(page.root.xpath("//title/text()")), ""))[:300]
        self._language = one_line(next(iter(page.root.xpath("/html/@lang | /html/@xml:lang")), ""))[:35] or None

    def described(self) -> list[str]:
        """The files that structured data name."""
        return list(dict.fromkeys([*self._by_url, *(url for url in self.linked.of_url if url in self._by_url)]))

    def speaks_of(self, shown: Shown) -> bool:
        """Whether any statement names the picture itself."""
        return any(url in self._by_url or url in self.copies or url in self.linked.of_url for url in shown.urls)

    def shown(self, shown: Shown) -> Candidate:
        """The candidate of a picture on the page; a file that is described is taken as the description has it."""
        named = [self.copies.get(url, url) for url in shown.urls]
        own = next((url for url in named if url in self._by_url), None) or next(
            (url for url in named if url in self.linked.of_url), None
        )
        return self.candidate(own or shown.urls[0], tuple(dict.fromkeys((*named, *shown.urls))), shown)

    def candidate(self, url: str, urls: tuple[str, ...], shown: Shown | None) -> Candidate:
        """One picture under its address.

        Args:
            url: Its file.
            urls: All addresses under which a statement may name it; none for a preview, of which nothing counts.
            shown: Where the page shows it.
        """
        stated = [one for address in urls for one in self._by_url.get(address, ())]
        if shown is not None:
            stated += [self.objects[above] for above in shown.element.iterancestors() if above in self.objects]
        rights = self._rights(urls, stated, shown)
        creator = _first(stated, "creator") or next(
            (self.linked.creators[one] for one in urls if one in self.linked.creators), None
        )
        caption = _first(stated, "caption") or (shown and (shown.caption or shown.alt)) or None
        title = _first(stated, "title") or (shown and shown.alt) or None
        rights, note = with_credit(rights, _first(stated, "credit"), title=title or self._title, creator=creator, name=url)
        other = {"page_title": self._title, "acquire_licence_page": _first(stated, "acquire") or ""}
        other["copyright_notice"] = _first(stated, "notice") or ""
        return Candidate(
            source=f"webpage:{urlsplit(self.page.answer.url).netloc.rpartition('@')[2].lower()}",
            source_id=f"{self.page.answer.url}#{url}",
            rights=rights,
            outcome="metadata_only",
            page_url=self.page.answer.url,
            image_url=url,
            title=title,
            creator=creator,
            creation_date=_first(stated, "date"),
            caption=caption,
            caption_language=self._language if caption else None,
            other={**{name: text for name, text in other.items() if text}, **note},
            answer_sha256=self.page.answer.sha256,
        )

    def _rights(self, urls: tuple[str, ...], stated: Sequence[Stated], shown: Shown | None) -> Rights:
        """The nearest statements: of the picture itself, of the figure or article around it, of the page's content."""
        said = [pair for one in stated for pair in one.licences]
        said += [("rel=license", licence) for url in urls for licence in self.linked.of_url.get(url, ())]
        scope = "media"
        if shown is not None:
            for above in shown.element.iterancestors():
                if not said and above in self.linked.of_element:
                    said = [("rel=license", licence) for licence in self.linked.of_element[above]]
                    scope = "record" if above.tag == "article" else "media"
        prose = [(f"ImageObject.{name}", text) for one in stated for name, text in _prose(one)]
        if shown is not None and (inside := _figcaption(shown)):
            prose.append(("figcaption.text", inside))
        if not said and (
            spoken := [rights for name, text in prose if (rights := read_rights(text, field=name)).family != "unknown"]
        ):
            return replace(combine_and(spoken), evidence=self.page.answer.url)
        elsewhere = any(one.notice or one.credit or one.acquire for one in stated)  # named for itself, and not as the page's own
        if not said and shown is not None and shown.is_content and not elsewhere:
            said, scope = [("rel=license", licence) for licence in self.linked.of_page], "record"
        read = [read_rights(value, field=name, scope=scope) for name, value in said]
        if not read:
            return replace(read_rights(None, field="license"), evidence=self.page.answer.url)
        rights = combine_and(read) if len(read) > 1 else read[0]
        for name, text in prose:
            rights = replace(weigh(rights, text), raw=(*rights.raw, (name, one_line(text)[:5_000])))
        return replace(rights, evidence=self.page.answer.url)


def _prose(stated: Stated) -> Iterator[tuple[str, str]]:
    yield from ((name, text) for name, text in (("copyrightNotice", stated.notice), ("creditText", stated.credit)) if text)


def _figcaption(shown: Shown) -> str | None:
    """A caption with its links as markup, since they may lead to a licence."""
    figure = next(iter(shown.element.iterancestors("figure")), None)
    if figure is None or len(list(figure.iter("img"))) > 1:
        return None
    parts = []
    for caption in figure.iter("figcaption"):
        for link in caption.iter("a"):
            if "creativecommons.org" in (link.get("href") or "") or "rightsstatements.org" in (link.get("href") or ""):
                parts.append(f'<a href="{link.get("href")}">{" ".join(link.itertext())}</a>')
        parts.append(plain(" ".join(caption.itertext())))
    return one_line(" ".join(parts))[:5_000] or None


def _previews(root: Any, base: str) -> list[str]:
    """What the page offers to others as its picture: an address, and nothing on rights."""
    names = ["og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"]
    values = [one.get("content") for one in root.iter("meta") if (one.get("property") or one.get("name") or "").lower() in names]
    values += [one.get("href") for one in root.iter("link") if "image_src" in (one.get("rel") or "").lower().split()]
    found = [url for one in values if one and not one.startswith("data:") and (url := web_address(one, base))]
    return [url for url in dict.fromkeys(found) if not url.partition("?")[0].lower().endswith(".svg")]


def _first(stated: Sequence[Stated], name: str) -> str | None:
    return next((value for one in stated if (value := getattr(one, name))), None)
