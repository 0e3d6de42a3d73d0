"""X-Robots-Tag and robots.txt: who is spoken to, what is denied, and the words kept as evidence."""

import pytest

from harvest.opt_outs import x_robots_tag
from harvest.robots import read_robots, robots_url
from harvest.source import Answer
from harvest.throttle import pause_s

URL = "https://media.example/private/a.jpg"
ROBOTS = "https://media.example/robots.txt"


@pytest.mark.parametrize(
    ("headers", "denied"),
    [
        (("noai",), ["noai"]),
        (("NoAI, NoImageAI",), ["noai", "noimageai"]),
        (("noindex",), ["noindex"]),
        (("noimageindex, nofollow",), ["noimageindex"]),
        (("none",), ["none"]),
        (("noml",), ["noml"]),
        (("all",), []),
        (("index, follow",), []),
        (("nofollow", "noai"), ["noai"]),
        (("otherbot: noai, noindex",), []),
        (("fototeca: noai",), ["noai"]),
        (("FotoTeca:noindex",), ["noindex"]),
        (("otherbot: noai, fototeca: noimageai",), ["noimageai"]),
        (("otherbot: nofollow", "noai"), ["noai"]),
        (("noai, otherbot: noindex",), ["noai"]),
        (("unavailable_after: Sat, 25 Jun 2026 15:00:00 GMT",), []),
        (("unavailable_after: Sat, 25 Jun 2026 15:00:00 GMT, noai",), ["noai"]),
        (("unavailable_after: Saturday, 25-Jun-26 15:00:00 GMT, noimageai",), ["noimageai"]),
        (("max-snippet: -1, max-image-preview: large, noindex",), ["noindex"]),
        (("otherbot: unavailable_after: Sat, 25 Jun 2026 15:00:00 GMT, noai",), []),
        (("",), []),
        ((",,:,",), []),
        (("noaix, xnoai",), []),
        (("noai ,noai",), ["noai"]),
        ((), []),
    ],
)
def test_x_robots_tag(headers: tuple[str, ...], denied: list[str]) -> None:
    found = list(x_robots_tag.read(Answer(URL, b"", 200, {"x-robots-tag": headers})))
    assert [one.value.split(" ")[0] for one in found] == denied
    assert all(one.where == URL and one.channel == "x-robots-tag" for one in found)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("User-agent: *\nDisallow: /private/", "Disallow: /private/"),
        ("user-agent: *\ndisallow: /  # everything", "disallow: /"),
        ("User-agent: *\nDisallow: /p\nDisallow: /private/*.jpg$", "Disallow: /private/*.jpg$"),
        ("User-agent: *\nDisallow: /private\nAllow: /private/a", None),
        ("User-agent: *\nDisallow: /private/a\nAllow: /private/a", None),
        ("User-agent: otherbot\nDisallow: /", None),
        ("User-agent: fototeca\nDisallow: /private\n\nUser-agent: *\nDisallow:", "Disallow: /private"),
        ("User-agent: FOTOTECA\nAllow: /\n\nUser-agent: *\nDisallow: /", None),
        ("User-agent: a\nUser-agent: *\nDisallow: /private", "Disallow: /private"),
        ("\ufeffUser-agent: *\r\nDisallow: /private\r\n", "Disallow: /private"),
        ("<html>not found</html>", None),
        ("", None),
    ],
)
def test_robots_txt_refuses_with_the_line_that_refused(text: str, line: str | None) -> None:
    refused = read_robots(ROBOTS, 200, text.encode()).refusal(URL)
    if line is None:
        assert refused is None
    else:
        assert refused is not None
        (opt_out,) = refused[1]
        assert (opt_out.channel, opt_out.value, opt_out.where) == ("robots", line, ROBOTS)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_robots_txt_that_is_not_there_allows_everything(status: int) -> None:
    assert read_robots(ROBOTS, status, b"User-agent: *\nDisallow: /").refusal(URL) is None


@pytest.mark.parametrize("status", [301, 429, 500, 503])
def test_a_robots_txt_that_cannot_be_had_closes_the_host_but_is_no_opt_out(status: int) -> None:
    refused = read_robots(ROBOTS, status, b"").refusal(URL)
    assert refused is not None
    assert refused[1] == ()


def test_crawl_delay_is_read() -> None:
    assert read_robots(ROBOTS, 200, b"User-agent: *\nCrawl-delay: 7").crawl_delay_s() == 7
    assert read_robots(ROBOTS, 404, b"").crawl_delay_s() is None


def test_robots_txt_stands_at_the_root_of_each_host() -> None:
    assert robots_url("http://user:secret@host.example:8080/a/b?c#d") == "http://host.example:8080/robots.txt"


@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("7", 7.0), (" 0 ", 0.0), ("Thu, 01 Jan 1970 00:01:40 GMT", 100.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None), ("-5", None), ("", None),
    ],
)  # fmt: skip
def test_retry_after_is_understood_in_both_forms(value: str, pause: float | None) -> None:
    assert pause_s(value, now=0.0) == pause
