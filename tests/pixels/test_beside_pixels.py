"""Only what stands beside a JPEG's pixels is searched for words, and all of any other file."""

import io

import pytest
from PIL import Image

from pixels.beside_pixels import beside_pixels


def saved(form: str, **more: object) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise((200, 200), 60).convert("RGB").save(stream, form, **more)
    return stream.getvalue()


@pytest.mark.parametrize("more", [{}, {"progressive": True}, {"comment": b"a word"}, {"exif": Image.Exif()}])
def test_a_jpeg_loses_its_pixels_and_nothing_else(more: dict[str, object]) -> None:
    data = saved("JPEG", **more)
    part = beside_pixels(data + b"a word behind its end")
    assert len(part) < len(data) / 4
    assert part.endswith(b"a word behind its end")
    assert data.startswith(part[: part.rfind(b"\xff\xd9")])
    assert data[len(part[: part.rfind(b"\xff\xd9")]) :].startswith(b"\xff\xda")


def test_a_thumbnail_inside_a_segment_is_not_taken_for_the_picture() -> None:
    data = saved("JPEG")
    segment = saved("JPEG", quality=20)[:5000] + b"a word after the thumbnail"
    data = data[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:]
    assert b"a word after the thumbnail" in beside_pixels(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\xff\xff short", b"\xff\xd8 rubbish", saved("PNG"), saved("WEBP")],
)
def test_what_cannot_be_followed_is_searched_whole(data: bytes) -> None:
    assert beside_pixels(data) == data
