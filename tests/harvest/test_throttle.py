"""When a host pleads for less it is given a pause: one row an answer as hosts and firewalls give them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest
from scrapy.http import Request, Response

from catalog import db
from harvest.crawl import harvest_iiif
from harvest.failures import Refused
from harvest.middlewares.patience import MOST_CHALLENGES, MOST_LAGS, Patience
from harvest.throttle import plea, plea_of
from harvest.turns import LONGEST_WAIT_S, MOST_PLEAS_IN_A_ROW, Turns

NOW = 1_763_700_000.0
"""Fri, 21 Nov 2025 04:40:00 GMT."""

LAG = b'{"error":{"code":"maxlag","info":"Waiting for 10.64.48.35: 6.2 seconds lagged.","lag":6.2}}'
LIMITED = b'{"errors": [{"code" : "ratelimited", "module": "main"}]}'
MOMENT = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"
INCAPSULA = b'<html><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"></head><iframe src="/_Incapsula_Resource?x=1">'
LET_THROUGH = b'<!DOCTYPE html><html><script src="/_Incapsula_Resource?x"></script><p>A page' + b" of a museum" * 2_000
SCRIPTED = b'<!DOCTYPE html><html><script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>' + b"<p>x" * 5_000
ANUBIS = b"\xef\xbb\xbf<!doctype html><html><title>Making sure you&#39;re not a bot!</title>"
AKAMAI = b"<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><P>Reference #18 https://errors.edgesuite.net/18</BODY></HTML>"
PLAIN = b"<!DOCTYPE html><html><title>Forbidden</title><p>You may not see this page.</p></html>"
JPEG = b"\xff\xd8\xff\xe0"

ANSWERS = [
    (429, {"retry-after": "7"}, b"", "busy", 7.0),
    (503, {"retry-after": "Fri, 21 Nov 2025 04:40:30 GMT"}, b"", "busy", 30.0),
    (503, {"retry-after": "Friday, 21-Nov-25 04:40:30 GMT"}, b"", "busy", 30.0),
    (503, {"retry-after": "Fri, 21 Nov 2025 04:00:00 GMT"}, b"", "busy", 0.0),
    (429, {"retry-after": "soon"}, b"", "busy", None),
    (429, {"retry-after": "-5"}, b"", "busy", None),
    (429, {}, b"Too many requests", "busy", None),
    (503, {}, b"", "busy", None),
    (503, {"x-iinfo": "9-1-2"}, PLAIN, "busy", None),
    (200, {"retry-after": "5", "x-database-lag": "6"}, LAG, "lag", 5.0),
    (200, {"retry-after": "2"}, LAG, "lag", 5.0),
    (200, {"retry-after": "11", "x-database-lag": "12"}, LAG, "lag", 11.0),
    (200, {}, LAG, "lag", 5.0),
    (200, {"mediawiki-api-error": "ratelimited"}, LIMITED, "lag", 5.0),
    (403, {"x-iinfo": "9-1-2"}, PLAIN, "challenge", None),
    (403, {"x-iinfo": "9-1-2"}, b"", "challenge", None),
    (403, {"x-iinfo": "9-1-2"}, b'{"error":"blocked"}', "challenge", None),
    (403, {"x-cdn": "Imperva"}, b"denied", "challenge", None),
    (403, {}, INCAPSULA, "challenge", None),
    (403, {"cf-mitigated": "challenge"}, MOMENT, "challenge", None),
    (403, {"cf-mitigated": "challenge"}, b"", "challenge", None),
    (403, {"server": "cloudflare"}, MOMENT, "challenge", None),
    (503, {"server": "cloudflare", "retry-after": "9"}, MOMENT, "challenge", 9.0),
    (403, {"server": "AkamaiGHost"}, AKAMAI, "challenge", None),
    (200, {"content-type": "image/jpeg"}, MOMENT, "challenge", None),
    (200, {"content-type": "text/html"}, INCAPSULA, "challenge", None),
    (200, {}, ANUBIS, "challenge", None),
    (405, {"x-amzn-waf-action": "captcha"}, b"", "challenge", None),
    (202, {"x-amzn-waf-action": "challenge"}, b"", "challenge", None),
    (403, {"x-datadome": "protected"}, b'{"url":"https://geo.captcha-delivery.com"}', "challenge", None),
    (403, {}, PLAIN, None, None),
    (403, {}, b"", None, None),
    (403, {"server": "nginx"}, b"denied", None, None),
    (403, {"server": "cloudflare"}, PLAIN, None, None),
    (404, {"server": "cloudflare", "x-iinfo": "9-1-2", "x-datadome": "protected"}, PLAIN, None, None),
    (200, {"x-iinfo": "9-1-2"}, JPEG, None, None),
    (200, {"server": "cloudflare"}, JPEG, None, None),
    (200, {}, LET_THROUGH, None, None),
    (200, {}, SCRIPTED, None, None),
    (200, {"x-database-lag": "0.1"}, b'{"query":{"pages":[]}}', None, None),
    (200, {}, b'{"title":"a page that says \\"code\\":\\"maxlag\\""}', None, None),
    (200, {}, PLAIN, None, None),
    (304, {"cf-mitigated": ""}, b"", None, None),
]


@pytest.mark.parametrize(("status", "headers", "body", "kind", "wait_s"), ANSWERS)
def test_a_plea_is_told_from_a_plain_answer(
    status: int, headers: dict[str, str], body: bytes, kind: str | None, wait_s: float | None
) -> None:
    found = plea(status, {name: (value,) for name, value in headers.items()}, body, NOW)
    assert (found.kind if found else None, found.wait_s if found else None) == (kind, wait_s)
    fields = {name.title(): value for name, value in headers.items()}
    assert plea_of(Response("http://127.0.0.1/a", status=status, headers=fields, body=body), NOW) == found


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def sent(turns: Turns, clock: Clock, *, opened: bool = False, **meta: Any) -> Request:
    """A request that has just been sent."""
    return Request("http://m.example/a", meta={"download_slot": "m.example", "opened": opened, "sent_at": clock(), **meta})


def answered(patience: Patience, request: Request, body: bytes, status: int = 200, **headers: str) -> Any:
    """What becomes of one answer."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return patience.process_response(request, Response("http://m.example/a", status=status, headers=fields, body=body))


def made() -> tuple[Clock, Turns, Patience]:
    clock = Clock()
    turns = Turns(clock)
    return clock, turns, Patience(turns, most_busy=2)


@pytest.mark.parametrize(
    ("body", "status", "most"), [(MOMENT, 200, MOST_CHALLENGES), (b"", 429, 2), (b"", 503, 2), (LAG, 200, MOST_LAGS)]
)
def test_it_is_asked_again_a_bounded_number_of_times_with_growing_pauses(body: bytes, status: int, most: int) -> None:
    clock, turns, patience = made()
    request = sent(turns, clock)
    pauses = []
    for _ in range(most):
        request = answered(patience, request, body, status)
        assert isinstance(request, Request)
        pauses.append(turns._until["m.example"] - clock.now)
        clock.now += pauses[-1]
        request.meta["sent_at"] = clock.now
    assert pauses == sorted(pauses)
    assert pauses[0] >= 5.0
    if body == MOMENT:
        with pytest.raises(Refused) as refused:
            answered(patience, request, body, status)
        assert refused.value.outcome == "failed_throttled"
    else:
        last = answered(patience, request, body, status)
        assert (last.status, request.meta["dont_retry"]) == (status, True)  # the outcome says it, or the source does


def test_answers_that_were_under_way_when_the_pause_began_do_not_lengthen_it() -> None:
    clock, turns, patience = made()
    requests = [sent(turns, clock) for _ in range(8)]
    for request in requests:
        answered(patience, request, b"", 503)
    assert turns._until["m.example"] - clock.now == 5.0
    assert turns.left("m.example") is None


@pytest.mark.parametrize(("status", "outcome"), [(429, "failed_429"), (503, "failed_503")])
def test_a_host_that_asks_for_longer_than_we_wait_is_left_with_all_its_items(status: int, outcome: str) -> None:
    clock, turns, patience = made()
    request = sent(turns, clock)
    last = answered(patience, request, b"", status, Retry_After=str(int(LONGEST_WAIT_S) + 1))
    assert last.status == status
    with pytest.raises(Refused) as refused:
        asyncio.run(turns.turn(sent(turns, clock)))
    assert refused.value.outcome == outcome
    asyncio.run(turns.turn(Request("http://o.example/", meta={"download_slot": "o.example"})))
    clock.now += LONGEST_WAIT_S + 2
    assert turns.left("m.example") is None
    asyncio.run(turns.turn(sent(turns, clock)))


def test_a_challenge_that_asks_for_hours_fails_as_throttled() -> None:
    clock, turns, patience = made()
    with pytest.raises(Refused):
        answered(patience, sent(turns, clock), MOMENT, 503, Retry_After="7200")
    assert (turns.left("m.example") or ("",))[0] == "failed_throttled"


def test_a_host_that_only_pleads_is_left_in_the_end_and_one_good_answer_starts_the_count_anew() -> None:
    clock, turns, patience = made()
    for number in range(2 * MOST_PLEAS_IN_A_ROW):
        answered(patience, sent(turns, clock), b"", 503)
        clock.now += LONGEST_WAIT_S
        if number % MOST_PLEAS_IN_A_ROW == MOST_PLEAS_IN_A_ROW - 1:
            answered(patience, sent(turns, clock), JPEG)
    assert turns.left("m.example") is None
    for _ in range(MOST_PLEAS_IN_A_ROW + 1):
        answered(patience, sent(turns, clock), b"", 503)
        clock.now += LONGEST_WAIT_S
    assert turns.left("m.example") is not None


def test_a_firewall_before_robots_txt_closes_nothing_but_its_429_is_heard() -> None:
    clock, turns, patience = made()
    assert isinstance(answered(patience, sent(turns, clock, is_robots_txt=True), MOMENT, 403), Response)
    assert isinstance(answered(patience, sent(turns, clock, is_robots_txt=True), b"", 429), Request)


def test_requests_wait_for_the_end_of_the_pause_where_they_leave() -> None:
    turns = Turns()
    request = Request("http://127.0.0.1/a", meta={"download_slot": "127.0.0.1", "opened": True})
    Patience(turns, 2).process_response(request, Response("http://127.0.0.1/a", body=MOMENT))

    async def timed() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await turns.turn(request)
        return loop.time() - began

    assert 0.02 < asyncio.run(timed()) < 1.0


def test_a_harvest_outlasts_a_challenge_and_names_one_that_does_not_end(loopback: Loopback, workspace: Path) -> None:
    image = ("Content-Type", "image/jpeg")
    pages = {"short": drawn(1), "endless": drawn(2), "busy": drawn(3), "good": drawn(4)}
    urls = {name: loopback.page(f"/{name}.jpg", body, image) for name, body in pages.items()}
    answers = {"/short.jpg": [(403, MOMENT)], "/endless.jpg": [(200, MOMENT)] * 9, "/busy.jpg": [(429, b"")]}
    for path, left in answers.items():
        loopback.services[path] = _first(left, loopback, path)
    canvases = [canvas(f"{loopback.url}/canvas/{name}", url) for name, url in urls.items()]
    loopback.page("/m", manifest(loopback.url + "/m", *canvases, rights=BY))
    harvest_iiif(workspace, [loopback.url + "/m"], allow_hosts=[loopback.host])
    rows = db.rows(workspace, "SELECT source_id, outcome FROM current_candidates")
    assert {row["source_id"].rpartition("/")[2]: row["outcome"] for row in rows} == {
        "short": "stored",
        "endless": "failed_throttled",
        "busy": "stored",
        "good": "stored",
    }
    asked = {path: loopback.asked.count(path) for path in answers}
    assert asked == {"/short.jpg": 2, "/endless.jpg": MOST_CHALLENGES + 1, "/busy.jpg": 2}


def _first(answers: list[tuple[int, bytes]], loopback: Loopback, path: str):  # type: ignore[no-untyped-def]  # a service
    def service(asked: str) -> tuple[int, list[tuple[str, str]], bytes]:
        if answers:
            status, body = answers.pop(0)
            return status, [("Content-Type", "text/html")], body
        return loopback.pages[path]

    return service
