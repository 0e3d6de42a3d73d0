"""Which addresses may be asked: http and https only, public hosts only, unless the user opened one by name."""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote, urlsplit, urlunsplit

from base.errors import UsageError

DEFAULT_PORTS = {"http": 80, "https": 443}

CLOSED_PORTS = frozenset(
    (0, 1, 7, 9, 19, 21, 22, 23, 25, 53, 69, 110, 111, 123, 135, 137, 139, 143, 161, 389, 445, 465, 514, 587, 636, 873, 993, 995,
     2049, 2375, 2376, 3306, 3389, 5432, 5900, 6379, 6667, 9200, 11211, 27017)
)  # fmt: skip
"""Other protocols' ports, which a web request could be made to speak to."""

Resolve = Callable[[str, int], Sequence[str]]

LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


def refuse_unusable(url: str, allow_hosts: Sequence[str], contact: str | None) -> None:
    """Check an address that the user named, before anything is done; names are not looked up yet.

    Raises:
        UsageError: no web address, a private host that is not opened, or a live host without a contact.
    """
    place = host_and_port(url)
    if place is None:
        raise UsageError(f"{url!r} is no http or https address.")
    host, port = place
    if why := why_misleading(url):
        raise UsageError(f"{url!r} is {why}.")
    if is_opened(host, port, allow_hosts):
        return
    literal = _literal(host)
    if host in LOOPBACK_NAMES or host.endswith(".localhost") or (literal and not is_public(literal)):
        raise UsageError(f"{host} is a private address: open it with --allow-host {_shown(host)}:{port}.")
    if port in CLOSED_PORTS:
        raise UsageError(f"port {port} belongs to another service than the web: --allow-host {_shown(host)}:{port} opens it.")
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
    if why := why_misleading(url):
        return why
    if is_opened(host, port, allow_hosts):
        return None
    if why := why_closed(host, port, contact):
        return why
    try:
        private = private_among(resolve(host, port))
    except (OSError, UnicodeError):
        return None
    return why_private(host, private) if private else None


def why_misleading(url: str) -> str | None:
    """Why programs may read different hosts from this address, in a sentence; None when there is only one way to read it.

    Each such spelling has been used to have one host checked and another one asked.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "an address with a name or a password before its host"
    if "\\" in parts.netloc or not _HOST.fullmatch(parts.hostname or ""):
        return "an address whose host makes no sense"
    return None


def why_closed(host: str, port: int, contact: str | None) -> str | None:
    """Why a host that the user did not open must not be asked, whatever its address is."""
    if port in CLOSED_PORTS:
        return f"port {port} belongs to another service than the web: --allow-host opens one"
    return None if contact else f"{host} is a live host, and FOTOTECA_CONTACT is not set"


def why_private(host: str, address: str) -> str:
    """The sentence for a host that leads inward."""
    return f"{host} leads to {address}, which is no public address: --allow-host opens one"


def private_among(addresses: Iterable[str]) -> str | None:
    """The first address that is not public; None when all are."""
    return next((one for one in addresses if not is_public(ipaddress.ip_address(one.partition("%")[0]))), None)


def host_and_port(url: str) -> tuple[str, int] | None:
    """Lower-case host and port of a web address; None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not (host := (parts.hostname or "").rstrip(".")):
        return None
    return host, DEFAULT_PORTS[parts.scheme] if port is None else port


def is_opened(host: str, port: int, allow_hosts: Iterable[str]) -> bool:
    """Whether the user opened this host, at any port or at this one."""
    shown = _shown(host)
    return any(one.lower().rstrip(".") in (host, shown, f"{shown}:{port}") for one in allow_hosts)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether the address belongs to the open internet; addresses that wrap others are judged by those."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.teredo:
            return all(is_public(one) for one in address.teredo)
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address not in _UNICAST:
            return False
    if any(address in network for network in _CLOSED_NETWORKS if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def normalised(url: str) -> str:
    """One spelling for addresses that are the same by RFC 3986, 6.2.2 and 6.2.3; nothing that a server might tell apart.

    Scheme and host in lower case, no default port, no fragment, no dot segments, percent signs in capitals and only where
    they are needed. The order and the parameters of a query stay.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url.strip()
    host = _shown((parts.hostname or "").rstrip("."))
    place = host if port in (None, DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{port}"
    user = parts.netloc.rpartition("@")[0]
    path = _without_dots(_percent(parts.path)) or "/"
    return urlunsplit((parts.scheme, f"{user}@{place}" if user else place, path, _percent(parts.query), ""))


def _percent(text: str) -> str:
    def spelled(found: re.Match[str]) -> str:
        character = chr(int(found.group(1), 16))
        return character if character in _UNRESERVED else found.group(0).upper()

    return _QUOTED.sub(spelled, quote(text, safe=_SAFE))


_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE = "%/:=&?~#+!$,;'@()*[]-._"
_QUOTED = re.compile(r"%([0-9A-Fa-f]{2})")


def _without_dots(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)


def looked_up(host: str, port: int) -> list[str]:
    """Every address of a name, in the system's order; also for odd spellings such as 127.1 or 0x7f000001."""
    return list(dict.fromkeys(str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is routed in IPv6 is here (IANA's registry of the address space)."""

_CLOSED_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # carrier-grade NAT
        "192.0.0.0/24",  # protocol assignments; some clouds answer questions on the machine itself here
        "192.88.99.0/24",  # relays of 6to4, withdrawn
        "168.63.129.16/32",  # Azure's own services, the same in every virtual network
        "3fff::/20",  # documentation (RFC 9637)
    )
)
"""Not public although Python 3.11's `is_global` may say so: it knows the registries of its own day."""

_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
"""Letters, digits and hyphens, also those of other scripts; or an IPv6 address without a zone, which only a neighbour has."""


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
