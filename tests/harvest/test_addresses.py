"""Which addresses may be asked: public ones with a contact, and those that the user opened."""

import pytest

from base.errors import UsageError
from harvest.addresses import refusal, refuse_unusable

CONTACT = "https://archive.example/contact"


def resolved(*addresses: str):  # type: ignore[no-untyped-def]  # a stand-in for the system's look-up
    return lambda host, port: addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    assert refusal("https://innocent.example/a.jpg", (), CONTACT, resolved("93.184.216.34", address)) is not None


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_a_public_address_may_be_asked(address: str) -> None:
    assert refusal("https://museum.example/a.jpg", (), CONTACT, resolved(address)) is None


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://x.example/a", "data:image/png;base64,", "gopher://x.example/", "//x.example/a", "http://",
        "http://x.example:99999/", "javascript:1", "",
    ],
)  # fmt: skip
def test_other_schemes_and_broken_addresses_are_refused(url: str) -> None:
    assert refusal(url, ("x.example",), CONTACT, resolved("8.8.8.8")) is not None


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1", "[::1]", "localhost", "a.localhost"]
)
def test_odd_spellings_of_a_private_address_are_named_before_anything_is_done(host: str) -> None:
    with pytest.raises(UsageError, match="private address"):
        refuse_unusable(f"http://{host}/m", (), CONTACT)


@pytest.mark.parametrize(
    ("opened", "works"),
    [
        ("127.0.0.1:8080", True),
        ("127.0.0.1", True),
        ("127.0.0.1:8081", False),
        ("localhost:8080", False),
        ("27.0.0.1:8080", False),
    ],
)
def test_an_opened_host_is_opened_at_its_port_only(opened: str, works: bool) -> None:
    assert (refusal("http://127.0.0.1:8080/m", (opened,), None, resolved("127.0.0.1")) is None) is works


def test_an_opened_ipv6_host_is_written_in_brackets() -> None:
    assert refusal("http://[::1]:8080/m", ("[::1]:8080",), None, resolved("::1")) is None


def test_a_live_host_is_refused_without_a_contact() -> None:
    with pytest.raises(UsageError, match="FOTOTECA_CONTACT"):
        refuse_unusable("https://museum.example/m", (), None)
    assert "FOTOTECA_CONTACT" in str(refusal("https://museum.example/m", (), None, resolved("8.8.8.8")))
    refuse_unusable("https://museum.example/m", (), CONTACT)
