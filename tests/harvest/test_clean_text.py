"""Text from outside becomes plain and safe, whatever it holds."""

import unicodedata

import pytest

from harvest.json_answer import LONGEST_WORDS, json_object, web_address, whole_number, words
from harvest.source import Answer
from harvest.text import clean, plain


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("A <b>gourd</b> &amp; bombilla", "A gourd & bombilla"),
        ("&lt;b&gt;A&lt;/b&gt; gourd", "A gourd"),
        ("&amp;lt;i&amp;gt;x", "x"),
        ("<![if x]>A<![endif]>", "A"),
        ("<![ [x>y", "y"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("A\u202eB\u0007C\u2028D\ud800", "AB C D"),
        ("<script>alert(1)</script>A<br>B", "A B"),
    ],
)
def test_markup_becomes_words(given: str, text: str) -> None:
    assert plain(given) == text


def test_no_control_and_no_direction_character_is_left_of_any() -> None:
    kept = clean("".join(map(chr, range(0x110000)))[:50_000] + "a")
    assert not [one for one in kept if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") and one not in "\n\t"]
    assert not set("\u061c\u200e\u200f\u202a\u202e\u2066\u2069\ufeff") & set(kept)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://a.example/b c#d", "https://a.example/b%20c"),
        ("//a.example/b", "https://a.example/b"),
        (" http://a.example ", "http://a.example"),
        ("/b", "https://commons.example/b"),
        ("javascript:alert(1)", None), ("http://[", None), ("https://", None), ("data:image/png;base64,x", None),
        ('https://a.example/"><b>', None), ("", None), (None, None), (7, None), (["https://a.example"], None),
    ],
)  # fmt: skip
def test_an_address_is_whole_and_of_the_web_or_none(given: object, url: str | None) -> None:
    assert web_address(given, "https://commons.example/") == url


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        ("7.5", None),
        (-1, None),
        (True, None),
        (None, None),
        ("٧", None),
        (1e400, None),
        (10**30, None),
    ],
)
def test_a_number_is_whole_and_not_negative_or_none(given: object, number: int | None) -> None:
    assert whole_number(given) == number


def test_long_words_are_cut_and_empty_ones_are_none() -> None:
    assert len(str(words("a " * 50_000))) <= LONGEST_WORDS
    assert [words(one) for one in ("", " <p></p> ", None, True, [], {}, 1850)] == [None] * 6 + ["1850"]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"a": NaN', b'{"a": ' + b"9" * 5000 + b"}"])
def test_what_is_no_object_is_none(body: bytes) -> None:
    assert json_object(Answer("https://a.example/", body)) is None


def test_half_characters_and_deep_nesting_are_repaired_and_whole_ones_kept() -> None:
    body = b'{"a\\ud800": "x\\u0000\\ud83c\\udf3f", "b": ' + b"[" * 300 + b"]" * 300 + b"}"
    found = json_object(Answer("https://a.example/", body))
    assert found is not None
    assert found["a?"] == "x🌿"
    assert len(str(found["b"])) < 200
