"""The file that a backup is: a tar with its own list of SHA-256s at the end, written whole and believed only when all agree."""

import gzip
import hashlib
import io
import json
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from base.errors import FototecaError, SourceError, from_os_error
from base.files import READ_SIZE_BYTES, canonical_json, written_whole

FORMAT = "fototeca backup 1"
MANIFEST = "manifest.json"
STORE_LIST = "store.csv"
SETTINGS = ("concepts.toml", "curation.toml")
COMPRESSED = (".gz", ".tgz")
LEVEL = 6  # of gzip; JSON lines become a tenth of their size
_PART = re.compile(
    r"catalog\.duckdb|store\.csv|concepts\.toml|curation\.toml|manifest\.json"
    r"|spool/(?:poured/)?[A-Za-z0-9][A-Za-z0-9_-]*/[a-z_]+\.jsonl?"
)
_TORN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError)


class PartsWriter:
    """Adds parts to a backup one after another and remembers the SHA-256 and the size of each."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        """Nothing is written yet."""
        self._archive = archive
        self.parts: dict[str, dict[str, Any]] = {}

    def add_file(self, name: str, path: Path) -> None:
        """Add a file as long as it is now; what a running command appends meanwhile is left to the next backup.

        Raises:
            FileNotFoundError: it is gone.
            SourceError: it became shorter while it was read.
        """
        with path.open("rb") as stream:
            size = path.stat().st_size
            self._add(name, stream, size)

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add a part that was made just now."""
        self._add(name, io.BytesIO(data), len(data))

    def _add(self, name: str, stream: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size = size
        member.mode = 0o644
        reader = _Hashing(stream)
        try:
            self._archive.addfile(member, reader)
        except OSError as error:
            if "unexpected end of data" in str(error):
                raise SourceError(f"{name} became shorter while it was read: run the backup again.") from error
            raise
        self.parts[name] = {"sha256": reader.digest.hexdigest(), "size_bytes": size}


@contextmanager
def written(path: Path) -> Iterator[PartsWriter]:
    """A writer of parts; the file appears whole when the block ends, and not at all when it fails.

    Raises:
        NoSpaceError: the disk is full; nothing is left behind.
    """
    for left in path.parent.glob(f".{path.name}.*.tmp"):  # of a killed backup into the same file
        left.unlink(missing_ok=True)
    try:
        with written_whole(path) as stream:
            if path.suffix in COMPRESSED:
                with gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=LEVEL, mtime=0) as packed:
                    yield from _tar(packed)  # type: ignore[arg-type]  # a binary stream all the same
            else:
                yield from _tar(stream)
    except OSError as error:
        known: FototecaError | None = from_os_error(error, f"writing {path}")
        if known:
            raise known from error
        raise


def _tar(stream: IO[bytes]) -> Iterator[PartsWriter]:
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        yield PartsWriter(archive)


def finish(writer: PartsWriter, about: Mapping[str, Any]) -> dict[str, Any]:
    """Add the manifest, which makes the file a backup; returns it."""
    manifest = {"format": FORMAT, **about, "parts": dict(writer.parts)}
    writer.add_bytes(MANIFEST, (canonical_json(manifest) + "\n").encode())
    return manifest


def verified(path: Path) -> dict[str, Any]:
    """The manifest, when every part is there and is what the manifest says; nothing is written.

    Raises:
        SourceError: the file is no backup, is cut off, or a part was changed; the message names it.
    """
    found: dict[str, dict[str, Any]] = {}
    manifest: Any = None
    with _parts(path) as parts:
        for name, stream in parts:
            reader = _Hashing(stream)
            if name == MANIFEST:
                manifest = _manifest(path, reader.read())
                continue
            while reader.read(READ_SIZE_BYTES):
                pass
            found[name] = {"sha256": reader.digest.hexdigest(), "size_bytes": reader.size_bytes}
    if manifest is None:
        raise SourceError(f"{path} is no whole backup: it has no {MANIFEST}, which is written last.")
    for name in sorted({*found, *manifest["parts"]}):
        if found.get(name) != manifest["parts"].get(name):
            raise SourceError(f"{path} is damaged: {name} is not what its manifest says. Use another copy.")
    return dict(manifest)


def unpack(path: Path, folder: Path) -> None:
    """Write every part but the manifest under `folder`; the file was verified before.

    Raises:
        NoSpaceError: the disk is full.
    """
    try:
        with _parts(path) as parts:
            for name, stream in parts:
                if name != MANIFEST:
                    with written_whole(folder / name) as target:
                        shutil.copyfileobj(stream, target, READ_SIZE_BYTES)
    except OSError as error:
        if known := from_os_error(error, f"unpacking {path}"):
            raise known from error
        raise


def digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the manifest: names this one backup."""
    return hashlib.sha256(canonical_json(manifest).encode()).hexdigest()


@contextmanager
def _parts(path: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """Name and content of each part, in order; every name is one that a backup may have.

    Raises:
        SourceError: on the way or at the end, whatever is wrong with the file.
    """
    try:
        with tarfile.open(path, mode="r|*") as archive:
            yield _named_parts(path, archive)
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist: name a file that `fototeca backup` wrote.") from None
    except IsADirectoryError:
        raise SourceError(f"{path} is a folder: name a file that `fototeca backup` wrote.") from None
    except _TORN as error:
        raise SourceError(f"{path} is no backup, or is cut off: {error}") from error


def _named_parts(path: Path, archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    seen = set()
    for member in archive:
        if not member.isfile() or not _PART.fullmatch(member.name) or member.name in seen:
            raise SourceError(f"{path} is no fototeca backup: it holds {member.name!r}.")
        seen.add(member.name)
        stream = archive.extractfile(member)
        assert stream is not None
        yield member.name, stream


def _manifest(path: Path, data: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(data)
    except ValueError as error:
        raise SourceError(f"{path} is damaged: its {MANIFEST} is no JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or not isinstance(manifest.get("parts"), dict):
        raise SourceError(f"{path} is no backup that this fototeca knows ({FORMAT}).")
    return manifest


class _Hashing:
    """A stream that remembers the SHA-256 of what was read through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.size_bytes = 0

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self.digest.update(block)
        self.size_bytes += len(block)
        return block
