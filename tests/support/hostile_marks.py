"""Pictures whose words and profiles are hostile: EXIF in circles, ICC of other colours, XMP that grows, boxes in boxes."""

import struct

from bombs import encoded
from colour_profiles import adobe_rgb
from curated_archive import drawn
from hostile_jpegs import segment, with_segments
from hostile_pngs import chunk, with_chunks, zeros
from marked_pictures import iim, photoshop
from PIL import Image, ImageCms
from wishes_in_files import box, cbor, store

SIDE_PX = 256
XMP = b"http://ns.adobe.com/xap/1.0/\0"
MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"


def jpeg(seed: int) -> bytes:
    return encoded(drawn(seed, SIDE_PX), "JPEG", quality=90)


def with_exif(seed: int, body: bytes) -> bytes:
    """A JPEG with this EXIF."""
    return with_segments(jpeg(seed), segment(0xE1, b"Exif\0\0" + body))


def with_profile(seed: int, profile: bytes, mode: str = "RGB") -> bytes:
    return encoded(drawn(seed, SIDE_PX).convert(mode), "PNG", icc_profile=profile)


def extended(seed: int, packet: bytes) -> bytes:
    """A JPEG whose XMP lies in many segments."""
    pieces = [packet[at : at + 65_000] for at in range(0, len(packet), 65_000)]
    head = MORE_XMP + b"A" * 32 + struct.pack(">I", len(packet))
    parts = [segment(0xE1, head + struct.pack(">I", 65_000 * number) + piece) for number, piece in enumerate(pieces)]
    return with_segments(jpeg(seed), *parts)


def packet(inside: str, before: str = "") -> bytes:
    return (
        before + '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description rdf:about="">' + inside
        + "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()  # fmt: skip


LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)) + "]>"
FILES = "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>"


def nested_boxes(depth: int) -> bytes:
    """A C2PA store of superboxes in superboxes."""
    inner = store()
    for _ in range(depth):
        inner = struct.pack(">I", len(inner) + 8) + b"jumb" + inner
    return inner


def jumbf(seed: int, boxes: bytes) -> bytes:
    """The boxes in a JPEG's APP11 segments."""
    cut = [boxes[at : at + 60_000] for at in range(0, len(boxes), 60_000)]
    bodies = [cut[0], *(boxes[:8] + one for one in cut[1:])]
    parts = [segment(0xEB, b"JP\0\x01" + struct.pack(">I", number) + body) for number, body in enumerate(bodies, 1)]
    return with_segments(jpeg(seed), *parts)


def orientations() -> dict[str, tuple[bytes, str]]:
    """EXIF 1 to 8, and values that are none."""
    found = {}
    for value in (*range(1, 9), 0, 9, 65_535):
        exif = Image.Exif()
        exif[0x0112] = value
        picture = drawn(500 + min(value, 20), SIDE_PX).crop((0, 0, 256, 216))
        found[f"jpeg of orientation {value}"] = (encoded(picture, "JPEG", quality=92, exif=exif), "kept")
    return found


def marks() -> dict[str, tuple[bytes, str]]:
    """Each with how it ends."""
    tag = struct.pack
    directory = tag("<HHHII", 1, 0x0112, 3, 1, 6)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    grey = bytearray(adobe_rgb())
    grey[16:20] = b"GRAY"
    ink = bytearray(adobe_rgb())
    ink[16:20] = b"CMYK"
    tags = bytearray(adobe_rgb())
    tags[128:132] = b"\xff\xff\xff\xff"
    far = bytearray(adobe_rgb())
    far[136:140] = b"\x7f\xff\xff\xff"
    deep = b"<a>" * 100_000
    return orientations() | {
        "exif that points at itself": (with_exif(521, b"II*\0\x08\0\0\0" + directory + tag("<I", 8)), "kept"),
        "exif whose details are its beginning": (
            with_exif(522, b"II*\0\x08\0\0\0" + tag("<HHHII", 1, 0x8769, 4, 1, 8) + tag("<I", 0)),
            "kept",
        ),
        "exif of offsets beyond the file": (
            with_exif(523, b"II*\0\x08\0\0\0" + tag("<HHHII", 1, 0x010F, 2, 0x7FFFFFFF, 0x7FFFFFF0) + bytes(4)),
            "kept",
        ),
        "exif of 65535 tags": (with_exif(524, b"II*\0\x08\0\0\0" + b"\xff\xff" + directory[2:] * 3_000), "kept"),
        "exif without a directory": (with_exif(525, b"II*\0"), "kept"),
        "exif of rubbish": (with_exif(526, b"\xff" * 500), "kept"),
        "exif of nothing": (with_exif(527, b""), "kept"),
        "exif whose orientation is a text": (
            with_exif(528, b"II*\0\x08\0\0\0" + tag("<HHHI4s", 1, 0x0112, 2, 3, b"six\0") + bytes(4)),
            "kept",
        ),
        "exif whose orientation is many": (
            with_exif(529, b"II*\0\x08\0\0\0" + tag("<HHHIHH", 1, 0x0112, 3, 2, 6, 8) + bytes(4)),
            "kept",
        ),
        "exif divided by nothing": (
            with_exif(530, b"II*\0\x08\0\0\0" + tag("<HHHII", 1, 0x011A, 5, 1, 26) + bytes(4) + tag("<II", 0, 0)),
            "kept",
        ),
        "png exif of rubbish": (
            with_chunks(encoded(drawn(531, SIDE_PX), "PNG"), chunk(b"eXIf", b"MM\0*" + b"\xff" * 90)),
            "kept",
        ),
        "profile of wide colours": (with_profile(540, adobe_rgb()), "kept"),
        "profile of srgb": (with_profile(541, srgb), "kept"),
        "profile of rubbish": (with_profile(542, b"\xff" * 9_000), "kept"),
        "profile that is cut off": (with_profile(543, adobe_rgb()[:200]), "kept"),
        "profile of 4 billion tags": (with_profile(544, bytes(tags)), "kept"),
        "profile of tags beyond its end": (with_profile(545, bytes(far)), "kept"),
        "profile of greys on colours": (with_profile(546, bytes(grey)), "kept"),
        "profile of inks on colours": (with_profile(547, bytes(ink)), "kept"),
        "profile of lab on colours": (with_profile(548, lab), "kept"),
        "profile of colours on greys": (with_profile(549, srgb, "L"), "kept"),
        "profile of colours on inks": (encoded(drawn(550, SIDE_PX).convert("CMYK"), "TIFF", icc_profile=srgb), "kept"),
        "profile of 12 MB": (encoded(drawn(551, SIDE_PX), "JPEG", icc_profile=adobe_rgb() + bytes(12 << 20)), "kept"),
        "profile in pieces out of number": (
            with_segments(jpeg(552), segment(0xE2, b"ICC_PROFILE\0\7\2" + adobe_rgb()), segment(0xE2, b"ICC_PROFILE\0\0\0x")),
            "kept",
        ),
        "xmp of ten to the eleventh laughs": (
            with_segments(jpeg(560), segment(0xE1, XMP + packet("<dc:source>&a11;</dc:source>", LAUGHS))),
            "kept",
        ),
        "xmp that names a file": (
            with_segments(jpeg(561), segment(0xE1, XMP + packet("<dc:source>&f;</dc:source>", FILES))),
            "kept",
        ),
        "xmp of 50 MB": (extended(562, packet("<dc:source>" + "x" * (50 << 20) + "</dc:source>")), "kept"),
        "xmp of a hundred thousand elements in elements": (extended(563, packet(deep.decode())), "kept"),
        "xmp of a hundred thousand attributes": (
            extended(564, packet("<dc:source " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/>")),
            "kept",
        ),
        "xmp of openings that never close": (extended(565, b"<x:xmpmeta " * 90_000), "kept"),
        "xmp of a million source types": (extended(566, packet("DigitalSourceType " * 300_000)), "kept"),
        "xmp of pieces that overlap": (
            with_segments(
                jpeg(568),
                *(
                    segment(0xE1, b"".join(MORE_XMP + b"A" * 36 + tag(">IH", n, 65_000) for n in range(at, at + 800)))
                    for at in range(0, 16_000, 800)
                ),
            ),
            "kept",
        ),
        "xmp in png, unpacking to a gigabyte": (
            with_chunks(encoded(drawn(567, SIDE_PX), "PNG"), chunk(b"zTXt", b"Raw profile type xmp\0\0" + zeros(1 << 30))),
            "unreadable",
        ),
        "c2pa of 5000 boxes in boxes": (jumbf(570, nested_boxes(5_000)), "kept"),
        "c2pa of cbor in cbor": (jumbf(571, store(box(b"cbor", b"\x81" * 50_000))), "kept"),
        "c2pa of a list of four billion": (jumbf(572, store(box(b"cbor", b"\x9a\xff\xff\xff\xff" + cbor("x")))), "kept"),
        "c2pa of a box of no length": (jumbf(573, box(b"jumb", b"")[:4] + b"jumb" + bytes(400)), "kept"),
        "c2pa in pieces out of number": (
            with_segments(jpeg(574), *(segment(0xEB, b"JP\0\1" + tag(">I", 2**32 - n) + store()) for n in range(1, 300))),
            "kept",
        ),
        "iptc whose lengths lie": (
            with_segments(jpeg(580), segment(0xED, b"Photoshop 3.0\0" + photoshop(b"\x1c\x02\x74\xff\xff" + b"x" * 40))),
            "kept",
        ),
        "iptc of a length of a length": (
            with_segments(
                jpeg(581), segment(0xED, b"Photoshop 3.0\0" + photoshop(b"\x1c\x02\x74\x80\x04\xff\xff\xff\xff" + b"x"))
            ),
            "kept",
        ),
        "iptc of 9000 empty datasets": (
            with_segments(jpeg(582), segment(0xED, b"Photoshop 3.0\0" + photoshop(b"\x1c\x02\x19\0\0" * 9_000))),
            "kept",
        ),
        "iptc of half a letter": (
            with_segments(jpeg(583), segment(0xED, b"Photoshop 3.0\0" + photoshop(iim(title="María")[:-2]))),
            "kept",
        ),
        "photoshop of resources without end": (
            with_segments(jpeg(584), segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\xff\xff\xff\xff" * 3_000)),
            "kept",
        ),
    }
