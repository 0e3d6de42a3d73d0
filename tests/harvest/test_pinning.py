"""What was checked is what is connected to, however a name changes in between."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from drawn_pictures import drawn
from iiif_loopback import BY, Loopback, canvas, manifest
from twisted.internet.address import IPv4Address, IPv6Address

from catalog import db
from harvest.crawl import harvest_iiif
from harvest.resolver import KEPT_EMPTY_S, KEPT_S, Found, PublicResolver, installed

PUBLIC = "93.184.216.34"


class Endpoint:
    """Takes a resolution as Twisted's endpoints do."""

    def __init__(self) -> None:
        self.addresses: list[Any] = []
        self.is_complete = asyncio.Event()

    def resolutionBegan(self, resolution: object) -> None:
        self.addresses.clear()

    def addressResolved(self, address: object) -> None:
        self.addresses.append(address)

    def resolutionComplete(self) -> None:
        self.is_complete.set()


async def connected_to(resolver: PublicResolver, host: str, port: int = 80) -> list[str]:
    """The addresses that a connection would use."""
    endpoint = Endpoint()
    resolver.resolveHostName(endpoint, host, port)
    await endpoint.is_complete.wait()
    assert all(one.port == port for one in endpoint.addresses)
    return [one.host for one in endpoint.addresses]


def answering(*answers: tuple[str, ...]) -> Callable[[str, int], tuple[str, ...]]:
    """A name server that gives another answer each time."""
    left: Iterator[tuple[str, ...]] = iter(answers)
    return lambda host, port: next(left)


def test_a_name_that_changes_after_the_check_is_connected_to_as_it_was_checked() -> None:
    async def crawl() -> None:
        resolver = PublicResolver(look_up=answering((PUBLIC,), ("127.0.0.1",)))
        assert (await resolver.found("rebind.example")) == Found((PUBLIC,), None)
        for _ in range(3):
            assert await connected_to(resolver, "Rebind.example.") == [PUBLIC]

    asyncio.run(crawl())


def test_a_name_that_is_looked_up_again_is_checked_again() -> None:
    async def crawl() -> None:
        at = [0.0]
        resolver = PublicResolver(look_up=answering((PUBLIC,), ("127.0.0.1",)), clock=lambda: at[0])
        assert await connected_to(resolver, "rebind.example") == [PUBLIC]
        at[0] = KEPT_S + 1
        assert await connected_to(resolver, "rebind.example") == []
        assert (await resolver.found("rebind.example")).private == "127.0.0.1"

    asyncio.run(crawl())


@pytest.mark.parametrize(
    ("addresses", "opened", "used"),
    [
        ((PUBLIC,), (), [PUBLIC]),
        ((PUBLIC, "127.0.0.1"), (), []),
        (("10.1.2.3",), (), []),
        (("169.254.169.254",), ("museum.local:8080",), []),
        (("10.1.2.3",), ("museum.local:80",), ["10.1.2.3"]),
        (("10.1.2.3",), ("museum.local",), ["10.1.2.3"]),
        (("10.1.2.3",), ("other.local",), []),
        (("2606:2800:220:1::1", PUBLIC), (), ["2606:2800:220:1::1", PUBLIC]),
        (("fe80::1%eth0",), (), []),
        ((), (), []),
    ],
)
def test_half_an_answer_is_no_answer_unless_the_host_is_opened_at_that_port(
    addresses: tuple[str, ...], opened: tuple[str, ...], used: list[str]
) -> None:
    assert asyncio.run(connected_to(PublicResolver(opened, look_up=answering(addresses)), "museum.local")) == used


def test_both_kinds_of_address_are_told_as_what_they_are() -> None:
    async def crawl() -> list[object]:
        endpoint = Endpoint()
        PublicResolver(look_up=answering((PUBLIC, "2606:2800:220:1::1"))).resolveHostName(endpoint, "museum.example", 443)
        await endpoint.is_complete.wait()
        return endpoint.addresses

    assert asyncio.run(crawl()) == [IPv4Address("TCP", PUBLIC, 443), IPv6Address("TCP", "2606:2800:220:1::1", 443)]


def test_a_name_of_another_script_is_looked_up_once_however_it_is_spelled() -> None:
    async def crawl() -> None:
        asked: list[str] = []
        resolver = PublicResolver(look_up=lambda host, port: asked.append(host) or (PUBLIC,))  # type: ignore[func-returns-value]
        await resolver.found("xn--strae-oqa.example")
        assert await connected_to(resolver, "stra\u00dfe.example") == [PUBLIC]
        assert asked == ["xn--strae-oqa.example"]

    asyncio.run(crawl())


def test_many_requests_at_a_time_are_one_look_up_and_a_name_without_address_is_soon_asked_again() -> None:
    async def crawl() -> None:
        at, asked = [0.0], []

        def look_up(host: str, port: int) -> tuple[str, ...]:
            asked.append(host)
            if len(asked) == 1:
                raise OSError("no such name")
            return (PUBLIC,)

        resolver = PublicResolver(look_up=look_up, clock=lambda: at[0])
        assert set(await asyncio.gather(*(resolver.found("museum.example") for _ in range(9)))) == {Found((), None)}
        assert len(asked) == 1
        at[0] = KEPT_EMPTY_S + 1
        assert await connected_to(resolver, "museum.example") == [PUBLIC]

    asyncio.run(crawl())


def test_no_crawl_goes_on_with_a_resolver_that_checks_nothing() -> None:
    with pytest.raises(AssertionError):
        installed()


def test_a_harvest_connects_to_what_the_user_opened_and_nothing_else(
    loopback: Loopback, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # would undo the check; it is not used
    monkeypatch.setenv("FOTOTECA_CONTACT", "ana@archive.example")
    port = loopback.host.rpartition(":")[2]
    loopback.page("/a.jpg", drawn(1), ("Content-Type", "image/jpeg"))
    loopback.page("/inward.jpg", "", ("Location", f"http://0x7f.1:{port}/a.jpg"), status=302)
    loopback.page("/named.jpg", "", ("Location", f"http://localhost:{port}/a.jpg"), status=302)
    hosts = {"name": "localhost", "short": "127.1", "number": "2130706433", "mapped": "[::ffff:127.0.0.1]", "user": "x@127.0.0.1"}
    urls = {name: f"http://{host}:{port}/a.jpg" for name, host in hosts.items()}
    urls |= {"other_port": "http://127.0.0.1:9/a.jpg", "redirected": loopback.url + "/inward.jpg"}
    urls |= {"redirected_by_name": loopback.url + "/named.jpg", "good": loopback.url + "/a.jpg"}
    canvases = [canvas(f"{loopback.url}/canvas/{name}", url) for name, url in urls.items()]
    loopback.page("/m", manifest(loopback.url + "/m", *canvases, rights=BY))
    harvest_iiif(workspace, [loopback.url + "/m"], allow_hosts=[loopback.host])
    sql = "SELECT source_id, outcome FROM current_candidates"
    outcomes = {row["source_id"].rpartition("/")[2]: row["outcome"] for row in db.rows(workspace, sql)}
    assert outcomes == {**dict.fromkeys(urls, "failed_address"), "good": "stored"}
    assert loopback.asked.count("/a.jpg") == 1
    harvest_iiif(workspace, [loopback.url + "/m"], allow_hosts=[loopback.host, f"localhost:{port}"])
    outcomes = {row["source_id"].rpartition("/")[2]: row["outcome"] for row in db.rows(workspace, sql)}
    assert {name for name, outcome in outcomes.items() if outcome == "stored"} == {"name", "redirected_by_name", "good"}
