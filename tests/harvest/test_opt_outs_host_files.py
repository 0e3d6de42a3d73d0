"""robots.txt by RFC 9309, and how often a host's files are asked for: groups, precedence, sizes, and the cache of a day."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import Request, TextResponse

from base import plugins
from catalog.records import Candidate, OptOut
from catalog.rights import read_rights
from harvest.failures import Refused
from harvest.host_files import DAY_S, SOON_S, HostFiles
from harvest.middlewares.robots import Robots
from harvest.page_consent import PAGE_CHANNELS
from harvest.pipelines.host_consent import HostConsent
from harvest.robots import LONGEST_BYTES, read_robots
from harvest.source import Ask, Problem
from harvest.spider import Piece

HOST = "https://media.example"
ALL = "User-agent: *\n"


def closes(text: str | bytes, path: str) -> bool:
    body = text if isinstance(text, bytes) else text.encode()
    return read_robots(f"{HOST}/robots.txt", 200, body).refusal(HOST + path) is not None


@pytest.mark.parametrize(
    ("text", "path", "closed"),
    [
        # RFC 9309, 2.2.2 and its examples
        (ALL + "Allow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/disallowed.gif", True),
        (ALL + "Allow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/a.gif", False),
        (ALL + "Disallow: /a\nAllow: /a", "/a", False),
        (ALL + "Disallow: *.gif$", "/x/a.gif", True),
        (ALL + "Disallow: *.gif$", "/x/a.gif?b", False),
        (ALL + "Disallow: /this/*/exactly$", "/this/and/that/exactly", True),
        (ALL + "Disallow: /a*", "/abc", True),
        (ALL + "Disallow: /A", "/abc", False),
        (ALL + "Disallow: /path/file-with-a-%2A.html", "/path/file-with-a-*.html", True),
        (ALL + "Disallow: /path/foo-%24", "/path/foo-$", True),
        # percent-encoding makes no difference where it has no meaning
        (ALL + "Disallow: /foo/bar/ツ", "/foo/bar/%E3%83%84", True),
        (ALL + "Disallow: /foo/bar/%e3%83%84", "/foo/bar/ツ", True),
        (ALL + "Disallow: /bar/%62%61%7A", "/bar/baz", True),
        (ALL + "Disallow: /a%2Fb", "/a/b", False),
        # the query belongs to the path
        (ALL + "Disallow: /*?size=", "/a.jpg?size=full", True),
        # groups
        (
            "User-agent: fototeca\nDisallow: /a\n\nUser-agent: x\nDisallow: /\n\nUser-agent: FotoTeca/2.0\nDisallow: /b",
            "/b",
            True,
        ),
        (
            "User-agent: fototeca\nDisallow: /a\n\nUser-agent: x\nDisallow: /\n\nUser-agent: FotoTeca/2.0\nDisallow: /b",
            "/a",
            True,
        ),
        (ALL + "Disallow: /a\n" + ALL + "Disallow: /b", "/a", True),
        ("User-agent: x\n\n\nUser-agent: *\nDisallow: /a", "/a", True),
        ("User-agent: *\nSitemap: https://x/\nUser-agent: x\nDisallow: /a", "/a", True),
        ("User-agent: *\nCrawl-delay: 3\nUser-agent: x\nDisallow: /a", "/a", False),
        ("User-agent: fototecabot\nDisallow: /", "/a", False),
        ("User-agent: fototeca\n\nUser-agent: *\nDisallow: /", "/a", True),
        ("Disallow: /", "/a", False),
        # spelling and lines
        ("  USER-AGENT : *  # all\r\n\tDISALLOW :/a", "/a", True),
        ("User-agent: *\rDisallow: /a\r", "/a", True),
        (ALL + "Disallow /a", "/a", False),
        (ALL + "Disalow: /a", "/a", True),
        (ALL + "Disallow:", "/a", False),
        (b"\xef\xbb\xbf" + ALL.encode() + b"Disallow: /a\xff\nDisallow: /b", "/b", True),
    ],
)
def test_rules_of_rfc_9309(text: str | bytes, path: str, closed: bool) -> None:
    assert closes(text, path) is closed


def test_half_a_megabyte_is_read_and_a_line_that_is_cut_is_not() -> None:
    filling = b"# 16 characters.\n" * 29_000
    assert len(filling) > 480 << 10
    assert closes(ALL.encode() + filling + b"Disallow: /late", "/late")
    text = ALL.encode() + b"#" * (LONGEST_BYTES - len(ALL) - 12) + b"\nDisallow: /abc"
    assert not closes(text, "/a")


@pytest.mark.parametrize(
    ("value", "delay_s"), [("1.5", 1.5), ("inf", None), ("nan", None), ("-1", None), ("soon", None), ("0", 0.0)]
)
def test_a_crawl_delay_is_a_number_or_nothing(value: str, delay_s: float | None) -> None:
    assert read_robots(HOST, 200, f"{ALL}Crawl-delay: {value}".encode()).crawl_delay_s() == delay_s


class Host:
    """Stands in for Scrapy's crawler and engine: answers by path, and lists what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, bytes] | OSError] = {}
        self.asked: list[str] = []
        self.now_s = 0.0
        self.told: list[Problem] = []
        plan = SimpleNamespace(source="commons", fetch_anyway=None)
        self.spider = SimpleNamespace(plan=plan, outlet=SimpleNamespace(send=self.told.append))
        self.engine = self
        self.crawler: Any = self
        crawler: Any = self
        self.files = HostFiles(crawler, clock=lambda: self.now_s)

    async def download_async(self, request: Request) -> TextResponse:
        path = "/" + request.url.split("/", 3)[3]
        self.asked.append(path)
        await asyncio.sleep(0)
        answer = self.pages.get(path, (404, b""))
        if isinstance(answer, OSError):
            raise answer
        return TextResponse(request.url, status=answer[0], body=answer[1])

    def wide(self, *paths: str) -> list[Any]:
        async def ask() -> list[Any]:
            return list(await asyncio.gather(*(self.files.wide(HOST + path) for path in paths)))

        return asyncio.run(ask())

    def passes(self, url: str, **meta: Any) -> str:
        """Whether the middleware lets a request pass, else the outcome."""
        try:
            asyncio.run(Robots(self.crawler).process_request(Request(url, meta=meta)))
        except Refused as refused:
            return refused.outcome
        return "passes"

    def consents(self, **more: Any) -> Candidate:
        """A candidate after the pipeline step."""
        rights = read_rights("CC0", field="licence")
        candidate = Candidate(source="web", source_id="1", rights=rights, outcome="metadata_only", **more)
        return asyncio.run(HostConsent(self.crawler, None).process_item(Piece(candidate))).candidate


FILES = ["/robots.txt", "/.well-known/tdmrep.json", "/ai.txt"]


@pytest.fixture
def host() -> Host:
    """A host without any file."""
    return Host()


def test_each_file_is_asked_for_once_however_many_pictures_wait(host: Host) -> None:
    said = host.wide("/a.jpg", "/b.jpg", "/c.jpg")
    assert host.asked == FILES
    assert all(
        one.opt_outs == () and one.consulted[0] == "robots" and one.consulted[-2:] == ("tdmrep-file", "ai.txt") for one in said
    )


def test_files_are_asked_for_again_after_a_day(host: Host) -> None:
    host.wide("/a.jpg")
    host.now_s = DAY_S - 1
    host.wide("/a.jpg")
    assert host.asked == FILES
    host.now_s = DAY_S + 1
    host.pages["/ai.txt"] = (200, b"User-agent: *\nDisallow: *.jpg")
    (said,) = host.wide("/a.jpg")
    assert host.asked == FILES * 2
    assert [one.channel for one in said.opt_outs] == ["ai.txt"]


def test_a_robots_txt_that_cannot_be_had_closes_the_host_but_not_for_a_day(host: Host) -> None:
    host.pages["/robots.txt"] = OSError("no route")
    (said,) = host.wide("/a.jpg")
    assert (said.opt_outs, said.consulted, host.asked) == ((), (), FILES[:1])
    host.pages["/robots.txt"] = (200, b"")
    host.now_s = SOON_S + 1
    assert host.wide("/a.jpg")[0].consulted


def test_the_last_robots_txt_that_was_read_stays_in_force_while_the_host_is_down(host: Host) -> None:
    host.pages["/robots.txt"] = (200, b"User-agent: *\nContent-Signal: ai-train=no")
    host.wide("/a.jpg")
    host.pages["/robots.txt"] = (503, b"")
    host.now_s = DAY_S + 1
    (said,) = host.wide("/a.jpg")
    assert [one.channel for one in said.opt_outs] == ["robots-content-signal"]
    assert host.asked.count("/robots.txt") == 2


def test_a_file_that_cannot_be_read_says_nothing_and_was_not_consulted(host: Host) -> None:
    host.pages["/ai.txt"] = (500, b"User-agent: *\nDisallow: /")
    host.pages["/.well-known/tdmrep.json"] = OSError("reset")
    (said,) = host.wide("/a.jpg")
    assert said.opt_outs == ()
    assert said.consulted == ("robots", "robots-content-signal", "robots-content-usage")


def test_where_robots_txt_closes_the_address_nothing_more_is_asked(host: Host) -> None:
    host.pages["/robots.txt"] = (200, b"User-agent: *\nDisallow: /a\nContent-Signal: ai-train=no")
    (said,) = host.wide("/a.jpg")
    assert said.opt_outs == ()
    assert host.asked == FILES[:1]


def test_everything_a_host_says_is_kept_in_the_order_in_which_it_decides(host: Host) -> None:
    host.pages["/robots.txt"] = (200, b"User-agent: *\nContent-Usage: train-ai=n\nContent-Signal: ai-train=no")
    host.pages["/.well-known/tdmrep.json"] = (200, b'[{"location": "/", "tdm-reservation": 1}]')
    host.pages["/ai.txt"] = (200, b"User-agent: *\nDisallow: /")
    (said,) = host.wide("/a.jpg")
    assert [one.channel for one in said.opt_outs] == ["robots-content-signal", "robots-content-usage", "tdmrep-file", "ai.txt"]
    assert [one.where for one in said.opt_outs] == [HOST + path for path in ("/robots.txt", *FILES)]


def test_an_api_that_robots_txt_closes_is_asked_by_its_own_source_and_that_is_noted(host: Host) -> None:
    host.pages["/robots.txt"] = (200, b"User-agent: *\nDisallow: /")
    api = plugins.load("harvest.sources", "commons").Source.api_url
    assert host.passes(api + "?a=b", ask=Ask(url=api)) == "passes"
    (told,) = host.told
    assert "disallows it: Disallow: /: the API was asked all the same" in told.what
    assert told.where.endswith("/robots.txt")
    assert host.passes(api + "?a=b") == "robots"  # a picture
    assert host.passes(api + "evil", ask=Ask(url=api)) == "robots"
    assert host.passes(HOST + "/mirror", ask=Ask(url=HOST)) == "robots"
    assert host.passes(api, ask=Ask(url=api, reader="iiif")) == "robots"


def test_an_api_whose_robots_txt_names_us_is_not_asked(host: Host) -> None:
    host.pages["/robots.txt"] = (200, b"User-agent: fototeca\nDisallow: /")
    api = plugins.load("harvest.sources", "commons").Source.api_url
    assert host.passes(api, ask=Ask(url=api)) == "robots"


def test_a_redirected_picture_is_not_requested_where_the_new_host_opts_out(host: Host) -> None:
    host.pages["/ai.txt"] = (200, b"User-agent: *\nDisallow: *.jpg")
    assert host.passes(HOST + "/a.jpg", redirect_urls=["https://old.example/a.jpg"]) == "not_fetched_opt_out"
    assert host.passes(HOST + "/a.png", redirect_urls=["https://old.example/a.png"]) == "passes"


def test_what_its_page_said_keeps_a_picture_from_being_requested(host: Host) -> None:
    said = OptOut(channel="robots-meta", value="noai", where=HOST + "/page")
    candidate = host.consents(image_url=HOST + "/a.jpg", opt_outs=(said,))
    assert (candidate.outcome, candidate.outcome_detail) == ("not_fetched_opt_out", "the owner opts out: noai")
    assert candidate.opt_outs == (said,)


def test_the_host_of_a_page_that_was_read_speaks_for_pictures_elsewhere(host: Host) -> None:
    host.pages["/robots.txt"] = (200, b"User-agent: *\nContent-Usage: /page train-ai=n")
    urls = {"image_url": "https://cdn.example/a.jpg", "page_url": HOST + "/page"}
    assert host.consents(**urls).outcome == "metadata_only"
    candidate = host.consents(**urls, consulted=PAGE_CHANNELS)
    assert [one.where for one in candidate.opt_outs] == [HOST + "/robots.txt"]
    assert candidate.consulted[: len(PAGE_CHANNELS) + 1] == (*PAGE_CHANNELS, "robots")
    assert candidate.outcome == "not_fetched_opt_out"


def test_an_address_that_makes_no_sense_is_left_to_the_request(host: Host) -> None:
    assert host.consents(image_url="http://[::1").outcome == "metadata_only"
