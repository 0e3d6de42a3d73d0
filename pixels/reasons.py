"""What Pillow's messages on broken files mean, in words that an archivist understands."""

_CUT = (
    "truncated",
    "unexpected end",
    "not enough",
    "end of file",
    "eof",
    "unrecognized data",
    "premature",
    "expected to read",
)
"""Of a file that ends too early; all else is wrong inside."""

_WORDS = (
    ("image file is truncated", "the data end before the picture does"),
    ("truncated file read", "the data end in the middle of a part"),
    ("expected to read", "the data end in the middle of a part"),
    ("not enough image data", "the data end before the picture does"),
    ("broken data stream", "its picture data are damaged"),
    ("decoder error -9", "decoding it asks for more memory than there is"),
    ("decoder error", "its packed picture data are damaged"),
    ("could not create decoder object", "its parts do not fit together, or it is cut off"),
    ("failed to decode", "its picture data are damaged"),
    ("failed to read next frame", "its picture data are damaged"),
    ("codec configuration error", "it is packed in a way that does not exist"),
    ("out of memory", "decoding it asks for more memory than there is"),
    ("cannot load this image", "it has a header and no picture data"),
    ("decompressed data too large", "a text or profile in it unpacks to far more than it should"),
    ("too much memory used in text chunks", "the texts in it unpack to far more than they should"),
    ("tile cannot extend outside image", "parts of the picture lie outside it"),
    ("broken png file", "one of its parts does not match its own checksum"),
    ("cannot read bmp", "its header says nothing that makes sense"),
    ("unsupported bmp", "it is a kind of BMP that is not read"),
    ("unable to seek", "a part of it lies where the file has nothing"),
)
"""The beginning of a message, or a part of it, in small letters, and what is said instead."""


def in_plain_words(error: BaseException) -> tuple[str, str]:
    """(kind, words) of a failed decode: truncated or broken, and a clause without a full stop."""
    if isinstance(error, MemoryError):
        return "broken", "decoding it asks for more memory than there is"
    said = " ".join(str(error).split())
    kind = "truncated" if any(word in said.lower() for word in _CUT) else "broken"
    for part, words in _WORDS:
        if part in said.lower():
            return kind, words
    if kind == "truncated":
        return kind, "the data end before the picture does"
    # A message of Python's own about some number inside helps nobody; the decoder's own words may help a colleague.
    return kind, f"what is inside contradicts itself ({said[:160] or type(error).__name__})"
