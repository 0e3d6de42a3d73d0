"""What must hold for any input: never an error, nothing refused is passed on, canonical addresses read as themselves."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalog.licence_versions import CC_LETTERS, CC_VERSIONS, KNOWN_PORTS
from catalog.licences import FAMILIES
from catalog.records import Rights
from catalog.rights import as_case, combine_and, combine_or, permissions, read_rights

_WORDS = (
    "CC BY by - / SA NC ND 4.0 3.0 2.1 de igo + , all 0 not public domain PD- US © (c) <a·href=' '> </a> < > &amp; https:// //"
    " | : . ( ) creativecommons.org /licenses/ publicdomain/zero/ rightsstatements.org/vocab/InC 1.0 @ %2B all·rights·reserved"
    " Attribution ShareAlike International or and GFDL {{ }} self Copyright Museum no·longer·under <! <![ é · \u200b"
)
_PIECES = st.sampled_from([word.replace("·", " ") for word in _WORDS.split()])
_TEXT = st.one_of(st.text(), st.lists(_PIECES, max_size=14).map("".join))
_KEY_NAMES = (
    "flickr inaturalist gbif openverse met license license_version uri name rights attribution Permission LicenseShortName"
    " NonFree value templates source"
)
_KEYS = st.one_of(st.text(max_size=8), st.sampled_from(_KEY_NAMES.split()))
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 20), st.floats(allow_nan=True), _TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=8,
)


def _is_sound(rights: Rights) -> None:
    facts = FAMILIES[rights.family]
    granted = permissions(rights)
    assert list(rights.flags) == sorted(set(rights.flags))
    assert ("soft" in rights.flags) <= facts.soft
    assert not facts.refused or "refuse" in rights.flags
    if "refuse" in rights.flags:
        assert granted.redistribute is not True
        assert granted.commercial is not True
        assert granted.derivatives is not True
    if facts.soft and "refuse" not in rights.flags:
        assert {granted.derivatives, granted.redistribute, granted.commercial, granted.attribution, granted.share_alike} == {None}
    if facts.soft or facts.refused:
        assert (rights.version, rights.jurisdiction) == (None, None)
    assert not isinstance(rights.version, str) or rights.version.isascii()


@given(_TEXT)
def test_any_text_gives_a_sound_answer(text: str) -> None:
    rights = read_rights(text)
    _is_sound(rights)
    assert rights.raw == (("licence", text),)
    assert as_case(rights).keys() == {
        "family", "version", "jurisdiction", "derivatives", "commercial", "redistribute", "attribution",
        "share_alike", "flags",
    }  # fmt: skip


@given(_JSON)
def test_any_json_gives_a_sound_answer(value: Any) -> None:
    _is_sound(read_rights(value))


@given(_TEXT)
def test_canonical_address_reads_as_the_same_licence(text: str) -> None:
    first = read_rights(text)
    if first.uri is not None:
        again = read_rights(first.uri)
        assert (again.family, again.uri) == (first.family, first.uri)
        assert first.version is None or (again.version, again.jurisdiction) == (first.version, first.jurisdiction)


_CODES = st.sampled_from(sorted(CC_LETTERS.values()))
_VERSIONS = st.sampled_from([*CC_VERSIONS, "5.0", "2.2"])
_PORTS = st.sampled_from(["", "rs", *sorted(KNOWN_PORTS)])


@given(_CODES, _VERSIONS, _PORTS)
def test_address_and_name_agree(code: str, version: str, port: str) -> None:
    address = read_rights(f"http://creativecommons.org/licenses/{code}/{version}/{port}")
    name = read_rights(f"CC {code} {version} {port}".strip())
    assert as_case(address) == as_case(name)
    again = read_rights(address.uri) if address.uri else address
    assert as_case(again) == as_case(address)


@given(st.lists(_TEXT, min_size=1, max_size=4))
def test_layers_permit_no_more_than_each(texts: list[str]) -> None:
    layers = [read_rights(text) for text in texts]
    whole = permissions(combine_and(layers))
    for layer in map(permissions, layers):
        for answer in ("derivatives", "commercial", "redistribute"):
            assert getattr(whole, answer) is not True or getattr(layer, answer) is True


@given(st.lists(_TEXT, min_size=1, max_size=4))
def test_a_choice_takes_one_that_was_offered(texts: list[str]) -> None:
    offered = [read_rights(text) for text in texts]
    chosen = combine_or(offered)
    _is_sound(chosen)
    assert chosen.family in {one.family for one in offered}
