"""Looks names up, once for the check and for the connection: what was checked is what is connected to.

A name may answer differently each time it is asked (DNS rebinding). So Twisted is given this resolver in place of its own:
every connection gets its addresses from here, and here an answer passes only when all of it is public, or the user opened
the host at that port.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import idna
from scrapy.resolver import HostResolution
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver
from zope.interface import implementer  # type: ignore[import-untyped]  # Twisted brings it, without types

from harvest.addresses import Resolve, is_opened, looked_up, private_among

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

ALLOW_HOSTS = "FOTOTECA_ALLOW_HOSTS"
"""Scrapy's setting for what the user opened, as `HOST` or `HOST:PORT`."""

KEPT_S = 300.0
"""A looked-up name is used for so long; then it is looked up, and checked, again."""

KEPT_EMPTY_S = 30.0
"""A name without an address is asked for again after this."""

MOST_KEPT = 10_000


@dataclass(frozen=True)
class Found:
    """The addresses of a name, in the system's order, and the first of them that is not public."""

    addresses: tuple[str, ...]
    private: str | None


NOTHING = Found((), None)


@implementer(IHostnameResolver)
class PublicResolver:
    """One a process. Refuses a name altogether when any of its addresses is not public: half an answer is no answer."""

    def __init__(
        self,
        allow_hosts: Sequence[str] = (),
        *,
        look_up: Resolve = looked_up,
        clock: Callable[[], float] = time.monotonic,
        reactor: Any = None,
    ) -> None:
        """`look_up` asks the system and may raise OSError; it runs in a thread."""
        self._allow_hosts = tuple(allow_hosts)
        self._look_up = look_up
        self._clock = clock
        self._reactor = reactor
        self._kept: dict[str, tuple[Found, float]] = {}
        self._asked: dict[str, asyncio.Task[Found]] = {}

    @classmethod
    def from_crawler(cls, crawler: "Crawler", reactor: Any) -> "PublicResolver":
        """As Scrapy makes it."""
        return cls(crawler.settings.getlist(ALLOW_HOSTS), reactor=reactor)

    def install_on_reactor(self) -> None:
        """As Scrapy asks for it."""
        self._reactor.installNameResolver(self)

    async def found(self, host: str) -> Found:
        """What is known of a name, for the check before a request is sent."""
        known = self._known(host)
        if known is not None:
            return known
        if host not in self._asked:
            self._asked[host] = asyncio.ensure_future(self._asked_now(host))
        return await asyncio.shield(self._asked[host])

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Any = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """Twisted's own question, at each new connection; a refused name has no address."""
        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        host = _as_asked(hostName)
        known = self._known(host)
        if known is not None:
            self._tell(resolutionReceiver, host, portNumber, known)
        else:
            looking = asyncio.ensure_future(self.found(host))
            looking.add_done_callback(
                lambda done: self._tell(resolutionReceiver, host, portNumber, NOTHING if done.cancelled() else done.result())
            )
        return resolution

    def _tell(self, receiver: Any, host: str, port: int, found: Found) -> None:
        if found.private is None or is_opened(host, port, self._allow_hosts):
            for address in found.addresses:
                kind = IPv6Address if ":" in address else IPv4Address
                receiver.addressResolved(kind("TCP", address, port))
        receiver.resolutionComplete()

    def _known(self, host: str) -> Found | None:
        found, until = self._kept.get(host, (None, 0.0))
        return found if self._clock() < until else None

    async def _asked_now(self, host: str) -> Found:
        try:
            addresses = tuple(await asyncio.to_thread(self._look_up, host, 0))
        except (OSError, UnicodeError):
            addresses = ()
        finally:
            self._asked.pop(host, None)
        found = Found(addresses, private_among(addresses))
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[host] = (found, self._clock() + (KEPT_S if addresses else KEPT_EMPTY_S))
        return found


def _as_asked(name: str) -> str:
    """A name as it stands in addresses: Twisted spells IDNA names out before it asks."""
    plain = name.lower().rstrip(".")
    if plain.isascii():
        return plain
    try:
        return idna.encode(plain).decode()
    except idna.IDNAError:
        return plain


def installed() -> PublicResolver:
    """The process's own.

    Raises:
        AssertionError: Twisted would look names up by itself, unchecked: nothing may be asked then.
    """
    from twisted.internet import reactor

    found: Any = getattr(reactor, "nameResolver", None)
    assert isinstance(found, PublicResolver), "the crawl looks names up without checking them"
    return found
