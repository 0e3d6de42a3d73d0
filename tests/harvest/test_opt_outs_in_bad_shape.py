"""Opt-out readers take whatever a server sends: they never raise, and take their time only in proportion to its size."""

import random
import time
from collections.abc import Callable

import pytest
from wishes_in_files import box, cbor, jpeg_with_extended_xmp, jpeg_with_store, png, png_with_xmp, store, training, webp, xmp

from harvest.ai_txt import read_ai_file
from harvest.consent import said_in_answer, said_in_file
from harvest.page_consent import page_opt_outs
from harvest.robots import read_robots
from harvest.signals import denied, said_in_robots
from harvest.source import Answer
from harvest.tdmrep import read_tdm_file
from pixels.cbor import BrokenError, read_cbor

HOST = "https://media.example"
URL = f"{HOST}/a/b.jpg"
PACKET = xmp("<plus:DataMining>DMI-PROHIBITED</plus:DataMining>")
FILES = [
    jpeg_with_store(store(training(ai_training="notAllowed")), 3),
    jpeg_with_extended_xmp(PACKET),
    png_with_xmp(PACKET, packed=True),
    png((b"caBX", store(training(data_mining="constrained")))),
    webp(b"XMP ", PACKET),
]


def test_damaged_files_are_read_as_far_as_they_go() -> None:
    draw = random.Random(7)
    for whole in FILES:
        for at in range(0, len(whole), 3):
            said_in_file(whole[:at], URL)
            said_in_file(whole[:at] + draw.randbytes(draw.randrange(1, 9)) + whole[at + 4 :], URL)


def test_noise_in_place_of_text_is_no_statement() -> None:
    draw = random.Random(8)
    for size in (0, 1, 7, 100, 3000):
        noise = draw.randbytes(size)
        text = noise.decode("latin-1")
        names = ("x-robots-tag", "tdm-reservation", "tdm-policy", "content-usage", "content-signal")
        assert said_in_answer(Answer(URL, noise, 200, dict.fromkeys(names, (text, "")))) == ()
        assert read_tdm_file(f"{HOST}/t", 200, noise).denial(URL) is None
        assert read_ai_file(f"{HOST}/ai.txt", 200, noise).denial(URL) is None
        rules = read_robots(f"{HOST}/robots.txt", 200, noise)
        assert rules.refusal(URL) is None
        assert said_in_robots(rules, URL) == []
        assert page_opt_outs(text, URL) == ()


@pytest.mark.parametrize("url", ["", "http://", "http://[::1", "//", "no address", "http://h/%ZZ%", "http://h/\ud800"])
def test_addresses_that_make_no_sense_are_matched_like_any_other(url: str) -> None:
    rules = read_robots(f"{HOST}/robots.txt", 200, b"User-agent: *\nDisallow: /private\nContent-Usage: /x train-ai=n")
    assert rules.refusal(url) is None
    assert said_in_robots(rules, url) == []


SLOW: list[tuple[str, Callable[[], object]]] = [
    (
        "stars in a rule",
        lambda: read_robots(HOST, 200, b"User-agent: *\nDisallow: /" + b"*a" * 20_000).refusal(URL + "a" * 20_000),
    ),
    ("many rules", lambda: read_robots(HOST, 200, b"User-agent: *\n" + b"Disallow: /*x*y\n" * 30_000).refusal(URL)),
    ("metas without end", lambda: page_opt_outs("<meta " * 200_000, URL)),
    ("metas with odd quotes", lambda: page_opt_outs("<meta name=\"robots' " * 100_000, URL)),
    ("one long meta", lambda: page_opt_outs("<meta " + "a='b' " * 200_000, URL)),
    ("comments", lambda: page_opt_outs("<!-- " * 300_000, URL)),
    ("a long dictionary", lambda: denied("a;b=c, " * 100_000 + "(" * 100_000)),
    ("parameters without end", lambda: denied("train-ai=n" + ";a" * 100_000 + '"')),
    ("packets without end", lambda: said_in_file(b"<rdf:RDF plus:DataMining=" * 200_000, URL)),
    ("unpacked bombs", lambda: said_in_file(png(*png_bombs()), URL)),
    ("many labels", lambda: said_in_file(training(ai_training="notAllowed") * 20_000, URL)),
    ("brackets", lambda: said_in_file(png((b"caBX", training() + b"\x81" * 100_000)), URL)),
    ("nested JSON", lambda: read_tdm_file(HOST, 200, b'[{"a":' * 200_000)),
]


def png_bombs() -> list[tuple[bytes, bytes]]:
    chunk = png_with_xmp(b" " * (8 << 20), packed=True)
    return [(b"iTXt", chunk[41:-24])] * 200


@pytest.mark.parametrize("read", [pytest.param(read, id=name) for name, read in SLOW])
def test_hostile_input_costs_no_more_than_its_size(read: Callable[[], object]) -> None:
    began = time.process_time()
    read()
    assert time.process_time() - began < 2.0  # each takes under 0.4 s here; quadratic time would take minutes


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x1b",
        b"\x5f\x41",
        b"\x9b" + b"\xff" * 8,
        b"\x81" * 64,
        b"\xff",
        b"\x1c",
        b"\x7f\x41a\xff",
        b"\xbf\x61a",
        b"\x9f" * 99,
    ],
)
def test_broken_cbor_is_named_so(body: bytes) -> None:
    with pytest.raises(BrokenError):
        read_cbor(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (cbor({"a": ["b", {}]}), {"a": ["b", {}]}),
        (b"\xbf\x61a\x9f\x01\x20\xff\xff", {"a": [1, -1]}),
        (b"\x7f\x61a\x61b\xff", "ab"),
        (b"\xc1\x1a\x00\x00\x00\x07", 7),
        (b"\x84\xf4\xf5\xf6\xf9\x3c\x00", [False, True, None, 1.0]),
        (b"\xa1\x81\x01\x02", {"[1]": 2}),
        (b"\x43abc", b"abc"),
    ],
)
def test_cbor_is_read_in_all_its_forms(body: bytes, value: object) -> None:
    assert read_cbor(body) == value


def test_a_box_with_a_long_length_is_read() -> None:
    whole = training(ai_training="notAllowed")
    start = whole.index(b"cbor", 40) - 4
    content = whole[start + 8 :]
    long = whole[:start] + b"\0\0\0\1cbor" + (len(content) + 16).to_bytes(8, "big") + content
    assert len(said_in_file(png((b"caBX", box(b"jumb", long))), URL)) == 1
