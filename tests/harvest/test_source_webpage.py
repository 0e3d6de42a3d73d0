"""A site's own pages: which licence speaks of which picture, the largest address of each, and where a page leads."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from base.errors import UsageError
from catalog.records import Candidate
from harvest.source import Answer, Ask, Problem
from harvest.sources.webpage import Source
from harvest.wire import pack

URL = "https://museum.example/page/1"
BY = "https://creativecommons.org/licenses/by/4.0/"
NC = "https://creativecommons.org/licenses/by-nc/4.0/"


def parsed(html: str | bytes, carry: dict[str, Any] | None = None, kind: str = "text/html; charset=utf-8") -> list[Any]:
    body = html if isinstance(html, bytes) else html.encode()
    return list(Source().parse(Answer(URL, body, headers={"content-type": (kind,)}), carry or {}))


def of(html: str) -> dict[str, Candidate]:
    """The candidates by the name of their file."""
    found = [one for one in parsed(html) if isinstance(one, Candidate)]
    return {str(one.image_url).rpartition("/")[2]: one for one in found}


def families(html: str) -> dict[str, tuple[str, str]]:
    return {name: (one.rights.family, one.rights.scope) for name, one in of(html).items()}


def ld(*nodes: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(nodes[0] if len(nodes) == 1 else list(nodes))}</script>'


IMAGE = {"@context": "https://schema.org", "@type": "ImageObject", "contentUrl": "/a.jpg", "license": BY}


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (ld(IMAGE), {"a.jpg": ("by", "media")}),
        (ld({"@graph": [{"@type": "WebPage", "@id": "#p"}, IMAGE]}), {"a.jpg": ("by", "media")}),
        (ld({"@type": "Article", "image": [{**IMAGE}, {"@type": "ImageObject", "url": "/b.jpg"}]}),
         {"a.jpg": ("by", "media"), "b.jpg": ("unknown", "media")}),
        (ld({**IMAGE, "@type": ["Photograph", "https://schema.org/ImageObject"]}), {"a.jpg": ("by", "media")}),
        (ld({"@graph": [{**IMAGE, "license": {"@id": "#l"}}, {"@id": "#l", "@type": "CreativeWork", "url": BY}]}),
         {"a.jpg": ("by", "media")}),
        (ld({**IMAGE, "license": {"@type": "CreativeWork", "name": "CC BY 4.0"}}), {"a.jpg": ("by", "media")}),
        (ld({**IMAGE, "license": [BY, NC]}), {"a.jpg": ("by-nc", "media")}),
        (ld(IMAGE, {**IMAGE, "license": NC}), {"a.jpg": ("by-nc", "media")}),
        (ld({**IMAGE, "license": "https://museum.example/terms"}), {"a.jpg": ("unknown", "media")}),
        (ld({"@type": "Painting", "license": BY, "image": "/a.jpg"}), {}),  # the work's, not the file's
        (ld({"@type": "ImageObject", "license": BY, "url": "/page/2"}), {}),  # no file is named
        ('<div itemscope itemtype="https://schema.org/ImageObject"><img itemprop="contentUrl" src="/a.jpg">'
         f'<a itemprop="license" href="{BY}">licence</a></div>', {"a.jpg": ("by", "media")}),
        ('<div itemscope itemtype="http://schema.org/ImageObject"><img src="/a.jpg">'
         f'<link itemprop="license" href="{BY}"></div><img src="/b.jpg">',
         {"a.jpg": ("by", "media"), "b.jpg": ("unknown", "media")}),
        ('<div vocab="https://schema.org/" typeof="ImageObject"><img property="contentUrl" src="/a.jpg">'
         f'<a property="license" href="{BY}">l</a></div>', {"a.jpg": ("by", "media")}),
        (f'<div about="/a.jpg"><a rel="license" href="{BY}">l</a></div><img src="/a.jpg"><img src="/b.jpg">',
         {"a.jpg": ("by", "media"), "b.jpg": ("unknown", "media")}),
        (f'<figure><img src="/a.jpg"><a rel="license" href="{BY}">l</a></figure><img src="/b.jpg">',
         {"a.jpg": ("by", "media"), "b.jpg": ("unknown", "media")}),
        (f'<link rel="license" href="{BY}"><main><img src="/a.jpg"></main>', {"a.jpg": ("by", "record")}),
        (f'<img src="/a.jpg"><footer><img src="/cc.png"><a rel="license" href="{BY}">l</a></footer>',
         {"a.jpg": ("by", "record")}),
        (f'<link rel="license" href="{BY}"><figure><img src="/a.jpg"><a rel="license" href="{NC}">l</a></figure>',
         {"a.jpg": ("by-nc", "media")}),
        (f'<a rel="license" href="{BY}">l</a><a rel="license" href="{NC}">l</a><img src="/a.jpg">',
         {"a.jpg": ("by-nc", "record")}),
        (f'<article><img src="/a.jpg"><a rel="license" href="{BY}">l</a></article><article><img src="/b.jpg"></article>',
         {"a.jpg": ("by", "record"), "b.jpg": ("unknown", "media")}),
        ('<figure><img src="/a.jpg"><figcaption>Ana, <a href="' + BY + '">CC BY 4.0</a></figcaption></figure>',
         {"a.jpg": ("by", "media")}),
        ('<figure><img src="/a.jpg"><figcaption>© Ana Lima</figcaption></figure>', {"a.jpg": ("arr", "media")}),
        ('<meta property="og:image" content="/og.jpg"><img src="/a.jpg">',
         {"a.jpg": ("unknown", "media"), "og.jpg": ("unknown", "media")}),
        (f'<link rel="license" href="{BY}"><meta property="og:image" content="/og.jpg">', {"og.jpg": ("unknown", "media")}),
        (f'<a href="{BY}">CC BY</a><img src="/a.jpg">', {"a.jpg": ("unknown", "media")}),  # a link is no statement
        (ld(IMAGE) + '<meta property="og:image" content="/a.jpg"><img src="/a.jpg">', {"a.jpg": ("by", "media")}),
        (f'<link rel="license" href="{BY}">' + ld({"@type": "ImageObject", "contentUrl": "/a.jpg", "creditText": "Agency"})
         + '<img src="/a.jpg">', {"a.jpg": ("unknown", "media")}),
        ('<nav><img src="/logo.png"></nav><header><img src="/head.png"></header>', {}),
        (f'<base href="https://cdn.example/x/"><figure><img src="a.jpg"><a rel="license" href="{BY}">l</a></figure>',
         {"a.jpg": ("by", "media")}),
    ],
)  # fmt: skip
def test_a_licence_speaks_of_what_it_stands_by(html: str, expected: dict[str, tuple[str, str]]) -> None:
    assert families(html) == expected


def test_facts_of_an_image_object_are_kept() -> None:
    node = {
        **IMAGE,
        "creator": [{"@type": "Person", "name": "Ana <b>Lima</b>"}, {"@id": "https://orcid.example/1"}],
        "creditText": "Ana Lima / Museum",
        "copyrightNotice": "© Ana Lima",
        "caption": "A gourd",
        "name": "Cuia",
        "dateCreated": "1950",
        "acquireLicensePage": "/buy",
        "thumbnail": {"@type": "ImageObject", "contentUrl": "/a-small.jpg"},
    }
    found = of('<html lang="pt"><title>Mate</title>' + ld(node) + '<main><img src="/a-small.jpg" alt="x"></main>')
    (one,) = [one for name, one in found.items() if name == "a.jpg"]
    assert (one.creator, one.title, one.caption, one.caption_language) == ("Ana Lima", "Cuia", "A gourd", "pt")
    assert (one.rights.credit_line, one.creation_date) == ("Ana Lima / Museum", "1950")
    assert one.other["acquire_licence_page"] == "https://museum.example/buy"
    assert one.rights.flags == ()
    assert ("ImageObject.copyrightNotice", "© Ana Lima") in one.rights.raw
    assert (one.source, one.source_id, one.page_url) == ("webpage:museum.example", f"{URL}#https://museum.example/a.jpg", URL)
    assert (one.rights.evidence, Source().again(one.source_id, one.other)) == (URL, URL)
    assert set(found) == {"a.jpg"}  # the small copy is no other picture


def test_a_notice_that_reserves_all_rights_closes_what_the_licence_opens() -> None:
    rights = of(ld({**IMAGE, "copyrightNotice": "© Ana. All rights reserved."}))["a.jpg"].rights
    assert {"conflict", "refuse"} <= set(rights.flags)


@pytest.mark.parametrize(
    ("img", "url"),
    [
        ('<img src="a.jpg">', "a.jpg"),
        ('<img src="data:image/gif;base64,R0" data-src="b.jpg">', "b.jpg"),
        ('<img src="a.jpg" srcset="b.jpg 480w, c.jpg 1200w, d.jpg 800w">', "c.jpg"),
        ('<img src="a.jpg" srcset="b.jpg, c.jpg 2x, d.jpg 1.5x">', "c.jpg"),
        ('<img src="a.jpg" data-srcset="b.jpg 480w,c,1.jpg 1200w">', "c,1.jpg"),
        ('<picture><source srcset="b.webp 900w" type="image/webp"><img src="a.jpg" srcset="c.jpg 300w"></picture>', "b.webp"),
        ('<img src="a.jpg" data-orig-file="o.tif" srcset="c.jpg 300w">', "o.tif"),
        ('<a href="full.jpg?x=1"><img src="a.jpg"></a>', "full.jpg?x=1"),
        ('<a href="page.html"><img src="a.jpg"></a>', "a.jpg"),
        ('<img src="a.jpg" srcset="b.jpg 99999999999w, c.jpg ..w">', "a.jpg"),
    ],
)
def test_of_several_addresses_the_largest_is_taken(img: str, url: str) -> None:
    found = [one.image_url for one in parsed(img)]
    if "..w" in img:
        assert found  # nonsense is no size
    else:
        assert found == [f"https://museum.example/page/{url}"]


@pytest.mark.parametrize(
    "img",
    [
        '<img src="data:image/png;base64,AA">',
        '<img src="x.svg">',
        '<img src="p.gif" width="1" height="1">',
        "<img>",
        '<img src="javascript:1">',
    ],
)
def test_drawings_in_the_page_and_counting_pixels_are_no_pictures(img: str) -> None:
    assert parsed(img) == []


def test_the_wish_of_a_page_stands_with_each_of_its_pictures() -> None:
    (one,) = parsed('<meta name="robots" content="noimageai"><img src="a.jpg">')
    assert [said.channel for said in one.opt_outs] == ["robots-meta"]
    assert "robots-meta" in one.consulted


def test_links_of_the_same_site_are_followed_as_deep_as_asked() -> None:
    html = """<a href="2#x">a</a> <a href="/page/2">again</a> <a href="https://museum.example:444/3">port</a>
    <a href="https://other.example/">b</a> <a href="/x.pdf">pdf</a> <a href="/4" rel="nofollow">c</a>
    <a href="mailto:a@b">m</a>"""
    assert parsed(html) == []
    (ask,) = parsed(html, {"depth": 2})
    assert (ask.url, ask.carry) == ("https://museum.example/page/2", {"depth": 1})
    assert parsed(f'<meta name="robots" content="index, nofollow">{html}', {"depth": 2}) == []
    assert [one.carry["depth"] for one in Source(depth=3).start([URL])] == [3]


def test_start_takes_web_addresses_and_completes_relative_ones() -> None:
    assert [one.url for one in Source("https://m.example").start(["a", "https://x.example/#y"])] == [
        "https://m.example/a",
        "https://x.example/",
    ]
    with pytest.raises(UsageError, match="no http or https address of a page"):
        list(Source().start(["page"]))


SITEMAP = b"""<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> https://museum.example/1 </loc><image:image><image:loc>https://museum.example/1.jpg</image:loc></image:image></url>
<url><loc>https://museum.example/2?a=1&amp;b=2</loc></url><url><loc>https://other.example/3</loc></url></urlset>"""


def test_a_sitemap_leads_to_its_pages_packed_or_not() -> None:
    for body in (SITEMAP, gzip.compress(SITEMAP)):
        found = parsed(body, {"depth": 1}, "application/xml")
        assert [one.url for one in found] == ["https://museum.example/1", "https://museum.example/2?a=1&b=2"]
        assert found[0].carry["depth"] == 1


def test_sitemaps_are_followed_neither_in_circles_nor_for_ever_nor_into_files() -> None:
    index = b"<sitemapindex><sitemap><loc>/s2.xml</loc></sitemap><sitemap><loc>%s</loc></sitemap></sitemapindex>" % URL.encode()
    (ask,) = parsed(index, {}, "text/xml")
    assert (ask.url, ask.carry["sitemaps"]) == ("https://museum.example/s2.xml", 1)
    assert [type(one) for one in parsed(index, {"sitemaps": 3}, "text/xml")] == [Problem]
    bomb = b'<!DOCTYPE u [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]><urlset><url><loc>/&b;</loc></url></urlset>'
    assert not any("root:" in str(one) for one in parsed(bomb, {}, "text/xml"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"\x89PNG", "image/png"), (b"", "text/html"), (b"%PDF", "application/pdf"), (b"<urlset></urlset>", "text/xml")],
)
def test_what_is_no_page_is_one_problem(body: bytes, kind: str) -> None:
    assert [type(one) for one in parsed(body, kind=kind)] == [Problem]


def test_broken_structured_data_is_a_problem_and_the_rest_is_read() -> None:
    html = (
        '<script type="application/ld+json">{"a": </script>'
        + ld(IMAGE)
        + '<script type="application/ld+json"><!-- [] --></script>'
    )
    assert [type(one) for one in parsed(html)] == [Problem, Candidate]


HOSTILE = [
    "<div>" * 100_000 + '<img src="a.jpg">',
    "<a href='" + "x" * 500_000,
    ld([[[IMAGE]]]) + "<img src='\x00a.jpg'>",
    '<script type="application/ld+json">' + "[" * 200_000 + "</script>",
    "<img srcset='" + "a, " * 100_000 + "'>",
    "<img src='http://[::1'><a href='http://[' rel=license>",
    ld({"@type": {"a": 1}, "@id": 7, "license": {"@id": {}}, "contentUrl": [[{}]], "creator": [[7]]}),
    ld({"@id": "#a", "@type": "ImageObject", "license": {"@id": "#a"}, "contentUrl": {"@id": "#a"}}),
    "\ufeff<?xml version='1.0' encoding='utf-16'?><html><img src=a.jpg>",
    "&#xD800;&#0;<img src='&#xD800;.jpg' alt='&#xDFFF;'>",
]


@pytest.mark.parametrize("html", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_pages_never_raise(html: str) -> None:
    for one in parsed(html.encode("utf-8", "surrogatepass"), {"depth": 1}):
        if isinstance(one, Candidate):
            pack((one, None, False, None))


PIECES = [
    "<figure>",
    "</figure>",
    "<img src=a.jpg>",
    f"<a rel=license href={BY}>",
    "</a>",
    "<article>",
    "<nav>",
    "</div>",
    "<div about=a.jpg>",
    "<div itemscope itemtype=https://schema.org/ImageObject>",
    "<b itemprop=license content=x>",
    "<main>",
    "text",
    "<!--",
    "<script>",
    '<script type="application/ld+json">{"@type":"ImageObject","contentUrl":"a.jpg"}</script>',
    "<base href=//x>",
    "\x00",
    "\xff",
]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_order_of_markup_is_read(pieces: list[str]) -> None:
    for one in parsed("".join(pieces), {"depth": 1}):
        assert isinstance(one, (Candidate, Problem, Ask))
