"""Files that are either whole or absent, and JSON that is always written the same way."""

import hashlib
import json
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from base.direct import DirectStream

READ_SIZE_BYTES = 1 << 20


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, tight separators, Unicode in normal form C, not escaped, no NaN."""
    text = _CANONICAL.encode(value)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of_file(path: Path) -> str:
    """Lower-case hexadecimal SHA-256 of the file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(READ_SIZE_BYTES):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def written_whole(path: Path, *, sync: bool = True, past_cache: bool = False) -> Iterator[IO[bytes]]:
    """A stream whose bytes appear at `path` only when the block ends without an error; else nothing is left behind.

    The temporary file lies in the same folder, is fsynced (unless `sync` is False) and renamed over `path`. With `past_cache`
    its bytes go straight to the disk where the system can: for large files that nobody reads again soon.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with cast(IO[bytes], DirectStream(str(temporary))) if past_cache else temporary.open("wb") as stream:
            yield stream
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole or not at all."""
    with written_whole(path) as stream:
        stream.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write one JSON document that a person can read: two spaces, sorted keys, a newline at the end."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder durable (POSIX only; elsewhere the system does it in its own time)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
