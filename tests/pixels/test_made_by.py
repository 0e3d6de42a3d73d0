"""Marks of machines are read wherever files carry them, and words that only look like them are not."""

import io
import struct
import zlib

import pytest
from curated_archive import drawn, encoded
from PIL import Image, PngImagePlugin

from pixels.decode import Picture, open_picture
from pixels.made_by import MadeBy, made_by
from pixels.marks import GENERATED, write_xmp

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
UUID = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"


def _made(data: bytes) -> MadeBy:
    picture = open_picture(data, side_px=512)
    assert isinstance(picture, Picture), picture
    return made_by(picture.data, picture.info)


def _file(format_name: str, **options: object) -> bytes:
    return encoded(drawn(1, 64), format_name, **options)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _manifest(filler: int = 0) -> bytes:
    """A store with one action in CBOR, after as many bytes of other things."""
    says = (
        b"\xa1\x71digitalSourceType\x78"
        + bytes([len(TRAINED)])
        + TRAINED.encode()
        + b"\x6dsoftwareAgent\x6dAdobe Firefly\x66action"
    )
    return _box(b"jumb", _box(b"jumd", UUID + b"\x03c2pa\0") + _box(b"free", bytes(filler)) + _box(b"cbor", says))


def _jpeg_with(manifest: bytes, size: int = 60_000) -> bytes:
    pieces = [manifest[:8] + manifest[at : at + size] for at in range(8, len(manifest), size)]
    segments = b""
    for number, piece in enumerate(pieces, start=1):
        body = b"JP" + struct.pack(">HI", 1, number) + piece
        segments += b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body
    whole = _file("JPEG")
    return whole[:2] + segments + whole[2:]


def _png_with(kind: bytes, body: bytes) -> bytes:
    whole = _file("PNG")
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return whole[:33] + chunk + whole[33:]


def _png_text(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_itxt(key, text, zip=len(text) > 40)
    return _file("PNG", pnginfo=info)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP", "GIF"])
def test_an_ordinary_file_says_nothing(format_name: str) -> None:
    assert _made(_file(format_name)) == MadeBy()


@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
def test_our_own_variations_are_recognised(format_name: str) -> None:
    marked = write_xmp(_file(format_name), {"Iptc4xmpExt:DigitalSourceType": GENERATED, "xmp:CreatorTool": "fototeca augment"})
    assert _made(marked) == MadeBy(source_type="compositeWithTrainedAlgorithmicMedia", generator="fototeca")


@pytest.mark.parametrize(
    "said",
    [
        'Iptc4xmpExt:DigitalSourceType="trainedAlgorithmicMedia"',
        f'Iptc4xmpExt:DigitalSourceType="{TRAINED}"',
        f"><Iptc4xmpExt:DigitalSourceType>{TRAINED}</Iptc4xmpExt:DigitalSourceType",
        f'><Iptc4xmpExt:DigitalSourceType rdf:resource="{TRAINED}"/',
        f"><Iptc4xmpExt:DigitalSourceType>{TRAINED.replace('http', 'https')}/</Iptc4xmpExt:DigitalSourceType",
    ],
)
@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "TIFF", "JPEG"])
def test_the_source_type_is_read_however_it_is_written(said: str, format_name: str) -> None:
    packet = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description {said}></rdf:Description></rdf:RDF></x:xmpmeta>'
    if format_name == "PNG":
        data = _png_text(**{"XML:com.adobe.xmp": packet})  # compressed
    elif format_name == "TIFF":
        data = _file("TIFF", tiffinfo={700: packet.encode()})
    else:
        data = _file(format_name, xmp=packet.encode())
    assert _made(data).source_type == "trainedAlgorithmicMedia"


def test_a_source_type_of_no_machine_is_a_fact_too_and_a_machine_counts_first() -> None:
    address = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    both = _png_text(Comment=f"DigitalSourceType={address}negativeFilm ; DigitalSourceType={address}algorithmicMedia ;")
    assert _made(both).source_type == "algorithmicMedia"
    film = write_xmp(_file("JPEG"), {"Iptc4xmpExt:DigitalSourceType": address + "negativeFilm"})
    assert _made(film) == MadeBy(source_type="negativeFilm")
    new = write_xmp(_file("JPEG"), {"Iptc4xmpExt:DigitalSourceType": address + "aWordOfTomorrow"})
    assert _made(new).source_type == "aWordOfTomorrow"


@pytest.mark.parametrize("filler", [0, 59_900, 150_000])
def test_a_c2pa_manifest_is_found_also_where_a_jpeg_cuts_it(filler: int) -> None:
    found = MadeBy(source_type="trainedAlgorithmicMedia", c2pa=True, generator="Adobe Firefly")
    assert _made(_jpeg_with(_manifest(filler))) == found
    assert _made(_png_with(b"caBX", _manifest(filler))) == found


@pytest.mark.parametrize(
    ("texts", "generator"),
    [
        ({"parameters": "a gourd\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7"}, "Stable Diffusion"),
        ({"workflow": "{}", "prompt": "{}"}, "ComfyUI"),
        ({"Software": "NovelAI", "Title": "AI generated image"}, "NovelAI"),
        ({"invokeai_metadata": "{}"}, "InvokeAI"),
        ({"Software": "Adobe Photoshop 25.0"}, None),
        ({"Software": "Fototeca Nacional del INAH"}, None),
        ({"Description": "Exhibition on Midjourney and Stable Diffusion"}, None),
        ({"prompt": "curtain"}, None),
    ],
)
def test_generators_are_named_by_their_own_texts_and_not_by_descriptions(texts: dict[str, str], generator: str | None) -> None:
    assert _made(_png_text(**texts)).generator == generator


@pytest.mark.parametrize(
    ("creator", "generator"),
    [("Midjourney v6", "Midjourney"), ("Adobe Firefly", "Adobe Firefly"), ("Firefly Studio, Pelotas", None), ("Ana Dalle", None)],
)
def test_a_generator_in_the_creator_tool(creator: str, generator: str | None) -> None:
    assert _made(write_xmp(_file("JPEG"), {"xmp:CreatorTool": creator})).generator == generator


def test_exif_software_and_comment_are_read_and_its_description_is_not() -> None:
    def with_exif(tag: int, value: object) -> bytes:
        exif = Image.Exif()
        (exif.get_ifd(0x8769) if tag == 0x9286 else exif)[tag] = value
        stream = io.BytesIO()
        drawn(1, 64).save(stream, "JPEG", exif=exif)
        return stream.getvalue()

    assert _made(with_exif(0x0131, "Stable Diffusion XL")).generator == "Stable Diffusion"
    settings = "a gourd Steps: 30, Sampler: DPM++ 2M"
    for order in ("utf-16-le", "utf-16-be"):
        assert _made(with_exif(0x9286, b"UNICODE\0" + settings.encode(order))).generator == "Stable Diffusion"
    assert _made(with_exif(0x010E, "A talk on Midjourney")).generator is None


def test_damaged_marks_raise_nothing() -> None:
    for data in (_jpeg_with(_manifest(100)), _png_with(b"caBX", _manifest(10))):
        for cut in range(0, len(data), 97):
            assert isinstance(made_by(data[:cut], {"xmp": b"\xff", "exif": b"II*\0\xff\xff\xff"}), MadeBy)
