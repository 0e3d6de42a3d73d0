"""Which addresses may be asked: http and https only, public hosts only, unless the user opened one by name."""

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from base.errors import UsageError

DEFAULT_PORTS = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Sequence[str]]


def refuse_unusable(url: str, allow_hosts: Sequence[str], contact: str | None) -> None:
    """Check an address that the user named, before anything is done; names are not looked up yet.

    Raises:
        UsageError: no web address, a private host that is not opened, or a live host without a contact.
    """
    place = host_and_port(url)
    if place is None:
        raise UsageError(f"{url!r} is no http or https address.")
    host, port = place
    if is_opened(host, port, allow_hosts):
        return
    literal = _literal(host)
    if host == "localhost" or host.endswith(".localhost") or (literal and not is_public(literal)):
        raise UsageError(f"{host} is a private address: open it with --allow-host {_shown(host)}:{port}.")
    if not contact:
        raise UsageError(
            f"{host} is a live host: set FOTOTECA_CONTACT to a mail or web address, so that its keepers can reach you."
        )


def refusal(url: str, allow_hosts: Iterable[str], contact: str | None, resolve: Resolve) -> str | None:
    """Why this address must not be asked, or None. A name that cannot be resolved is left to fail by itself.

    Args:
        url: The address, also of each redirect.
        allow_hosts: `HOST` or `HOST:PORT` that the user opened.
        contact: Without one, no public host is asked.
        resolve: Gives the addresses of (host, port); may raise OSError.
    """
    place = host_and_port(url)
    if place is None:
        return "an address that is neither http nor https"
    host, port = place
    if is_opened(host, port, allow_hosts):
        return None
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError):
        return None
    for address in found:
        if not is_public(ipaddress.ip_address(address.partition("%")[0])):
            return f"{host} leads to {address}, which is no public address: --allow-host opens one"
    return None if contact else f"{host} is a live host, and FOTOTECA_CONTACT is not set"


def host_and_port(url: str) -> tuple[str, int] | None:
    """Lower-case host and port of a web address; None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    return parts.hostname.rstrip("."), port or DEFAULT_PORTS[parts.scheme]


def is_opened(host: str, port: int, allow_hosts: Iterable[str]) -> bool:
    """Whether the user opened this host, at any port or at this one."""
    shown = _shown(host)
    return any(one.lower().rstrip(".") in (host, shown, f"{shown}:{port}") for one in allow_hosts)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether the address belongs to the open internet; addresses that wrap another are judged by the inner one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def looked_up(host: str, port: int) -> list[str]:
    """Every address of a name, as the system resolves it; also for odd spellings such as 127.1 or 0x7f000001."""
    return sorted({str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
