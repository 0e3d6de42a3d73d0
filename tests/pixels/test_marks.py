"""XMP written into PNG and JPEG comes back, leaves the pixels alone, and is the same every time."""

import io

import pytest
from PIL import Image

from base.errors import UsageError
from pixels.marks import GENERATED, read_xmp, write_xmp

SAID = {
    "Iptc4xmpExt:DigitalSourceType": GENERATED,
    "dc:creator": ["Ana & Zé <fotógrafos>"],
    "dc:description": "a cuia\nde chimarrão",
    "xmpRights:WebStatement": "https://creativecommons.org/licenses/by/4.0/",
    "fototeca:seed": "17",
}


def _file(format_name: str) -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(stream, format_name)
    return stream.getvalue()


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
def test_what_is_written_is_read_back_and_pixels_stay(format_name: str) -> None:
    before = _file(format_name)
    after = write_xmp(before, SAID)
    assert read_xmp(after) == SAID
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
def test_order_of_properties_does_not_matter_and_a_second_packet_replaces_the_first(format_name: str) -> None:
    once = write_xmp(_file(format_name), SAID)
    again = write_xmp(once, dict(reversed(list(SAID.items()))))
    assert once == again


def test_a_file_without_xmp_says_nothing() -> None:
    assert read_xmp(_file("PNG")) == {}
    assert read_xmp(b"GIF89a") == {}


def test_an_entity_bomb_is_not_parsed() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    packet = write_xmp(_file("JPEG"), {"dc:rights": "x"})
    start = packet.index(b"<?xpacket begin")
    broken = packet[:start] + bomb + packet[start + len(bomb) :]
    assert read_xmp(broken) == {}


def test_other_formats_and_prefixes_are_refused() -> None:
    with pytest.raises(UsageError, match="PNG and JPEG only"):
        write_xmp(b"GIF89a", SAID)
    with pytest.raises(UsageError, match="'foo' is unknown"):
        write_xmp(_file("PNG"), {"foo:bar": "x"})
