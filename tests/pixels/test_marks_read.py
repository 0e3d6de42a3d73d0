"""Marks are read wherever formats keep them, in place, and nothing that a file holds makes reading fail."""

import io
import random
import resource
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marked_pictures import BY, iim, packet, photoshop, picture, web_statement
from PIL import Image

from pixels.exif import COPYRIGHT, read_tags
from pixels.iptc import read_iptc
from pixels.marks import read_marks
from pixels.xmp import Text, read_packet

FORMATS = ["JPEG", "PNG", "TIFF", "WEBP"]


@pytest.mark.parametrize("form", FORMATS)
def test_xmp_iptc_and_exif_are_found_in_bytes_and_in_files(form: str, tmp_path: Path) -> None:
    data = picture(form, xmp=web_statement(BY), iptc=iim(creator="Zé"), artist="Joao", rights="(c) Joao")
    path = tmp_path / "a"
    path.write_bytes(data)
    for marks in (read_marks(data), read_marks(path)):
        assert marks.xmp == {"xmpRights:WebStatement": [Text(BY)]}
        assert marks.exif == {0x013B: "Joao", COPYRIGHT: "(c) Joao"}
        if form in ("JPEG", "TIFF"):
            assert marks.iptc == {80: ("Zé",)}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(web_statement(BY))),
        (b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(b"\nxmp\n%d\n" % 9 + web_statement(BY).hex().encode())),
        (b"tEXt", b"Raw profile type APP1\0\nx\n9\n" + (b"http://ns.adobe.com/xap/1.0/\0" + web_statement(BY)).hex().encode()),
    ],
)
def test_a_png_may_pack_its_xmp(kind: bytes, body: bytes) -> None:
    data = picture("PNG")
    assert read_marks(data[:33] + chunk(kind, body) + data[33:]).xmp["xmpRights:WebStatement"] == [Text(BY)]


def test_a_png_may_hold_iptc_as_a_raw_profile_and_plain_words() -> None:
    profile = b"\niptc\n9\n" + photoshop(iim(credit="Ana")).hex().encode()
    data = picture("PNG")
    body = chunk(b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(profile)) + chunk(b"tEXt", b"Copyright\0\xa9 Ana")
    marks = read_marks(data[:33] + body + data[33:])
    assert (marks.iptc, marks.exif) == ({110: ("Ana",)}, {COPYRIGHT: "© Ana"})


def test_xmp_too_long_for_one_segment_is_put_together() -> None:
    more = web_statement(BY)
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + struct.pack(">I", len(more))
    cut = len(more) // 2
    segments = b""
    for offset, piece in ((cut, more[cut:]), (0, more[:cut])):  # in any order
        body = head + struct.pack(">I", offset) + piece
        segments += b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    data = picture("JPEG", xmp=packet("<dc:source>x</dc:source>"))
    assert read_marks(data[:2] + segments + data[2:]).xmp["xmpRights:WebStatement"] == [Text(BY)]


def test_pages_of_a_tiff_are_counted_and_only_the_first_speaks() -> None:
    stream = io.BytesIO()
    pages = [Image.new("L", (4, 4)) for _ in range(3)]
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:], tiffinfo={COPYRIGHT: "(c) Ana"})
    marks = read_marks(stream.getvalue())
    assert (marks.pages, marks.exif) == (3, {COPYRIGHT: "(c) Ana"})


def test_a_big_tiff_is_read() -> None:
    stream = io.BytesIO()
    Image.new("L", (4, 4)).save(stream, "TIFF", big_tiff=True, tiffinfo={COPYRIGHT: "(c) Museu do Pampa"})
    assert read_marks(stream.getvalue()).exif == {COPYRIGHT: "(c) Museu do Pampa"}


def test_a_scan_of_a_gigabyte_is_read_in_place(tmp_path: Path) -> None:
    """Sparse files: marks at the end of a TIFF and behind the pixels of a PNG."""
    tiff = tmp_path / "scan.tif"
    with tiff.open("wb") as stream:
        stream.write(b"II*\0" + struct.pack("<I", 1 << 30))
        stream.seek(1 << 30)
        stream.write(struct.pack("<HHHII", 1, COPYRIGHT, 2, 6, (1 << 30) + 64) + b"\0" * 46 + b"(c) A\0")
        stream.seek(1 << 30)
    png = tmp_path / "scan.png"
    data = picture("PNG", xmp=web_statement(BY))
    with png.open("wb") as stream:
        stream.write(data[:33] + struct.pack(">I", 1 << 30) + b"IDAT")
        stream.seek(1 << 30, io.SEEK_CUR)
        stream.write(b"\0\0\0\0" + data[33:])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    marks = read_marks(tiff)
    assert set(marks.exif) == {COPYRIGHT}
    assert read_marks(png).xmp["xmpRights:WebStatement"] == [Text(BY)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # KiB


@pytest.mark.parametrize(
    ("inside", "attributes", "name", "values"),
    [
        ("", f'xmpRights:WebStatement="{BY}"', "xmpRights:WebStatement", [Text(BY)]),
        (f'<cc:license rdf:resource="{BY}"/>', "", "cc:license", [Text(BY)]),
        ('<dc:rights><rdf:Alt><rdf:li xml:lang="pt">à vontade</rdf:li></rdf:Alt></dc:rights>',
         "", "dc:rights", [Text("à vontade", "pt")]),
        ("<dc:creator><rdf:Seq><rdf:li>A</rdf:li><rdf:li>B</rdf:li></rdf:Seq></dc:creator>",
         "", "dc:creator", [Text("A"), Text("B")]),
        ("<dc:rights> </dc:rights>", "", "dc:rights", None),
        (f'<plus:Licensor><rdf:Seq><rdf:li rdf:parseType="Resource"><plus:LicensorURL>{BY}</plus:LicensorURL></rdf:li></rdf:Seq>'
         "</plus:Licensor>", "", "plus:LicensorURL", [Text(BY)]),
        (f'<plus:Licensor><rdf:Seq><rdf:li><rdf:Description plus:LicensorURL="{BY}"/></rdf:li></rdf:Seq></plus:Licensor>',
         "", "plus:LicensorURL", [Text(BY)]),
        ("<xmpMM:Ingredients><rdf:Bag><rdf:li><rdf:Description><dc:rights>of another</dc:rights></rdf:Description></rdf:li>"
         "</rdf:Bag></xmpMM:Ingredients>", "", "dc:rights", None),
    ],
)  # fmt: skip
def test_properties_come_in_every_way_that_rdf_can_be_written(inside: str, attributes: str, name: str, values: object) -> None:
    found = read_packet(packet(inside, attributes))
    assert found is not None
    assert found.get(name) == values


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-8-sig"])
def test_a_packet_may_come_in_any_encoding(encoding: str) -> None:
    text = '<?xml version="1.0" encoding="latin-1"?>' + web_statement(BY).decode() + "\n   \0"
    assert read_packet(text.encode(encoding)) == {"xmpRights:WebStatement": [Text(BY)]}


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(f'<!ENTITY a{n} "{"&a;" * 9}">' for n in range(9)) + "]>"


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS + web_statement("&a8;").decode(),
        '<!DOCTYPE l SYSTEM "file:///etc/passwd">' + web_statement(BY).decode(),
        "<x>" * 200_000,
        web_statement(BY).decode()[:-20],
        "\0\0\0",
        "",
        packet("<dc:rights>" + "x" * 5_000_000 + "</dc:rights>").decode(),
    ],
)
def test_a_packet_that_is_hostile_or_broken_is_not_read(text: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        assert not read_packet(text.encode(encoding))
    if "<" in text:
        assert read_marks(picture("TIFF", xmp=text.encode())).unreadable == ("XMP",)


def test_a_packed_bomb_is_not_unpacked() -> None:
    body = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b" " * (64 << 20))
    data = picture("PNG")
    assert read_marks(data[:33] + chunk(b"iTXt", body) + data[33:]).xmp == {}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (iim(creator="Ana", notice="© Ana"), {80: ("Ana",), 116: ("© Ana",)}),
        (b"\x1c\x02\x50\x00\x04Jo\xe3o", {80: ("João",)}),  # Latin-1 without a word on it
        (b"\x1c\x02\x50\x80\x04\x00\x00\x00\x03Ana", {80: ("Ana",)}),  # an extended data set
        (b"\x1c\x02\x50\xff\xff\x00", {}),
        (b"\x1c\x02\x50\x7f\xffAna", {80: ("Ana",)}),  # cut off
        (b"nonsense", {}),
        (b"", {}),
    ],
)
def test_iptc_is_read_in_its_encodings(data: bytes, expected: object) -> None:
    assert read_iptc(data) == expected


def test_a_directory_that_bites_its_tail_or_lies_about_sizes_ends() -> None:
    circle = b"II*\0\x08\0\0\0" + struct.pack("<H", 0) + struct.pack("<I", 8)
    assert read_tags(io.BytesIO(circle), (COPYRIGHT,), pages=True).pages == 1
    huge = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, COPYRIGHT, 2, 0xFFFFFFFF, 8) + b"\0" * 4
    assert len(read_tags(io.BytesIO(huge), (COPYRIGHT,)).values[COPYRIGHT]) < 100


def test_cut_and_changed_files_never_raise() -> None:
    chance = random.Random(1)
    for form in FORMATS:
        whole = picture(form, xmp=web_statement(BY), iptc=iim(creator="Zé"), artist="Joao", rights="(c) Joao")
        for _ in range(150):
            data = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.3 else whole)
            for _ in range(chance.randrange(8)):
                if data:
                    data[chance.randrange(len(data))] = chance.choice((0, 255, 1, chance.randrange(256)))
            read_marks(bytes(data))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0+", b"RIFF\xff\xff\xff\xffWEBP", b""]),
    st.binary(max_size=80),
)
def test_any_bytes_are_read(start: bytes, rest: bytes) -> None:
    read_marks(start + rest)
