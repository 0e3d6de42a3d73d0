"""Which addresses may be asked: public ones with a contact, and those that the user opened; one row a way around it."""

import ipaddress

import pytest

from base.errors import UsageError
from harvest.addresses import host_and_port, is_public, normalised, refusal, refuse_unusable
from harvest.plan import url_key

CONTACT = "https://archive.example/contact"
PUBLIC = "93.184.216.34"


def resolved(*addresses: str):  # type: ignore[no-untyped-def]  # a stand-in for the system's look-up
    return lambda host, port: addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.7", "198.18.0.1",
        "192.0.0.192", "192.88.99.1", "168.63.129.16", "::1", "::", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fec0::1",
        "fc00::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:0:5db8:d822::80ff:fffe", "2001:db8::1", "3fff::1",
        "5f00::1", "100::1", "ff02::1", "ff0e::1", "4000::1",
    ],
)  # fmt: skip
def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    assert refusal("https://innocent.example/a.jpg", (), CONTACT, resolved(PUBLIC, address)) is not None


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808", "2a02:ec80::1"]
)
def test_a_public_address_may_be_asked(address: str) -> None:
    assert refusal("https://museum.example/a.jpg", (), CONTACT, resolved(address)) is None
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://x.example/a", "data:image/png;base64,", "gopher://x.example/", "//x.example/a", "http://",
        "http://x.example:99999/", "http://x.example:-1/", "http://x.example:80:80/", "javascript:1", "", "http:x.example/",
        "http:///x.example/", "jar:http://x.example/", "http://./", "http://x.example:\uff18\uff10/",
    ],
)  # fmt: skip
def test_other_schemes_and_broken_addresses_are_refused(url: str) -> None:
    assert refusal(url, ("x.example",), CONTACT, resolved("8.8.8.8")) is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://museum.example@127.0.0.1/", "http://127.0.0.1@museum.example/", "http://user:password@museum.example/",
        "http://127.0.0.1%2f@museum.example/", "http://127.0.0.1\\@museum.example/", "http://museum.example\\.evil.example/",
        "http://127.0.0.1:443@museum.example:80/", "http://1.1.1.1 &@2.2.2.2# @3.3.3.3/", "http://%31%32%37.0.0.1/",
        "http://127.0.0.1%00.museum.example/", "http://[fe80::1%25eth0]/", "http://127\u30020\u30020\u30021/",
        "http://\u24db\u24de\u24d2al\u24d7ost/", "http://museum.example,127.0.0.1/", "http://museum example/",
    ],
)  # fmt: skip
def test_an_address_that_programs_may_read_differently_is_refused_whatever_it_leads_to(url: str) -> None:
    assert refusal(url, (), CONTACT, resolved(PUBLIC)) is not None
    with pytest.raises(UsageError):
        refuse_unusable(url, (), CONTACT)


@pytest.mark.parametrize(
    "host",
    [
        "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "127.0.0.1", "127.0.0.1.", "[::1]",
        "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "169.254.169.254", "0xa9fea9fe", "localhost",
        "LOCALHOST.", "a.localhost", "ip6-localhost",
    ],
)  # fmt: skip
def test_odd_spellings_of_a_private_address_are_named_before_anything_is_done(host: str) -> None:
    with pytest.raises(UsageError, match="private address"):
        refuse_unusable(f"http://{host}/m", (), CONTACT)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "017700000001", "0177.1", "\uff11\uff12\uff17.0.0.1", "0"])
def test_the_system_reads_odd_spellings_as_we_do(host: str) -> None:
    assert "no public address" in str(refusal(f"http://{host}/", (), CONTACT, looked_up_here))


def looked_up_here(host: str, port: int) -> list[str]:
    from harvest.addresses import looked_up

    return looked_up(host, port)


@pytest.mark.parametrize("port", [0, 1, 22, 25, 6379, 11211, 5432, 3306, 2375])
def test_ports_of_other_services_are_closed_unless_opened(port: int) -> None:
    url = f"http://museum.example:{port}/a.jpg"
    assert refusal(url, (), CONTACT, resolved(PUBLIC)) is not None
    assert refusal(url, (f"museum.example:{port}",), CONTACT, resolved(PUBLIC)) is None
    with pytest.raises(UsageError, match=f"--allow-host museum.example:{port}"):
        refuse_unusable(url, (), CONTACT)


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


@pytest.mark.parametrize(
    "host", ["m\u00fcnchen.example", "\u535a\u7269\u9928.example", "xn--mnchen-3ya.example", "under_score.example"]
)
def test_names_of_other_scripts_are_names(host: str) -> None:
    assert refusal(f"https://{host}/a.jpg", (), CONTACT, resolved(PUBLIC)) is None
    assert host_and_port(f"https://{host}/a.jpg") == (host, 443)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTP://Museum.Example:80/a.jpg", "http://museum.example/a.jpg"),
        ("https://museum.example:443/a.jpg#top", "https://museum.example/a.jpg"),
        ("https://museum.example/x/../a.jpg", "https://museum.example/a.jpg"),
        ("https://museum.example/./a.jpg", "https://museum.example/a.jpg"),
        ("https://museum.example/%7Eana/a%2fb.jpg", "https://museum.example/~ana/a%2Fb.jpg"),
        ("https://museum.example", "https://museum.example/"),
        ("https://museum.example./a b.jpg", "https://museum.example/a%20b.jpg"),
        ("https://museum.example/\u00e3.jpg", "https://museum.example/%C3%A3.jpg"),
        ("https://museum.example/../../a.jpg", "https://museum.example/a.jpg"),
        ("http://[::1]:80/a.jpg", "http://[::1]/a.jpg"),
    ],
)
def test_two_spellings_of_one_address_are_one(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert url_key(one) == url_key(other)
    assert normalised(normalised(one)) == normalised(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://museum.example/a.jpg", "https://museum.example/a.jpg"),
        ("https://museum.example/a.jpg?w=1&h=2", "https://museum.example/a.jpg?h=2&w=1"),
        ("https://museum.example/a%2Fb.jpg", "https://museum.example/a/b.jpg"),
        ("https://museum.example/A.jpg", "https://museum.example/a.jpg"),
        ("https://museum.example/a.jpg/", "https://museum.example/a.jpg"),
        ("https://museum.example/a//b.jpg", "https://museum.example/a/b.jpg"),
        ("https://museum.example:8443/a.jpg", "https://museum.example/a.jpg"),
        ("https://museum.example/a?utm_source=x", "https://museum.example/a"),
        ("https://museum.example/a+b.jpg", "https://museum.example/a%20b.jpg"),
    ],
)
def test_what_a_server_may_tell_apart_stays_apart(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize(
    "url", ["", "http://[::1", "http://x:99999999/", "mailto:ana@example.org", "//x/a", "%", "http://%zz/%zz%"]
)
def test_an_address_that_makes_no_sense_has_a_spelling_all_the_same(url: str) -> None:
    assert normalised(normalised(url)) == normalised(url)
