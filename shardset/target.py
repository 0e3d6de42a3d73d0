"""Where a folder of shards stands: on this machine, or at a place named by a URL. Every file is written whole or not at all."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import unquote

from base.errors import SourceError, UsageError
from base.files import written_whole
from shardset import names

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(//|:)")


class Target(Protocol):
    """A flat place for files. What a writer leaves behind when it is killed is invisible under the file's name."""

    @property
    def where(self) -> str:
        """The path or URL as it is shown to people and recorded; never with a password or key."""
        ...

    def size(self, name: str) -> int | None:
        """Bytes of the file; None when there is no such file."""
        ...

    def read(self, name: str) -> bytes:
        """The whole file.

        Raises:
            SourceError: there is no such file, or it cannot be read.
        """
        ...

    def read_range(self, name: str, offset: int, size_bytes: int) -> bytes:
        """`size_bytes` from `offset`; fewer where the file ends before that.

        Raises:
            SourceError: as for `read`.
        """
        ...

    def listed(self) -> list[str]:
        """The names of the files in it, sorted; folders are not looked into. Empty where nothing stands yet."""
        ...

    def writing(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A stream whose bytes stand under `name` when the block ends without an error; else the file is as it was."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file that is there."""
        ...

    def sweep(self, ours: Callable[[str], bool]) -> None:
        """Remove what a killed writer left half written of the files that are `ours`; the caller is the only writer."""
        ...


class LocalFolder:
    """A folder on this machine; made with the first file that is written."""

    def __init__(self, path: Path) -> None:
        """`path` need not exist yet."""
        self.path = path

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)

    def size(self, name: str) -> int | None:
        """As for `Target`."""
        try:
            return (self.path / name).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read(self, name: str) -> bytes:
        """As for `Target`."""
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise SourceError(f"{self.path / name} is missing.") from None

    def read_range(self, name: str, offset: int, size_bytes: int) -> bytes:
        """As for `Target`."""
        try:
            with (self.path / name).open("rb") as stream:
                stream.seek(offset)
                return stream.read(size_bytes)
        except (FileNotFoundError, NotADirectoryError):
            raise SourceError(f"{self.path / name} is missing.") from None

    def listed(self) -> list[str]:
        """As for `Target`."""
        return sorted(one.name for one in self.path.iterdir() if one.is_file()) if self.path.is_dir() else []

    def writing(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """As for `Target`."""
        return written_whole(self.path / name, past_cache=name.endswith(".tar"))

    def remove(self, name: str) -> None:
        """As for `Target`."""
        (self.path / name).unlink()

    def sweep(self, ours: Callable[[str], bool]) -> None:
        """As for `Target`."""
        names.sweep(self.path, ours)


def target(where: "str | Path | Target") -> Target:
    """The place that a path or a URL (`s3://bucket/collection`, `gs://…`, `memory://…`: whatever fsspec knows) names.

    Raises:
        UsageError: no such protocol, or what it needs is not installed.
    """
    if isinstance(where, Path):
        return LocalFolder(where)
    if not isinstance(where, str):
        return where
    if where.lower().startswith("file://"):
        path = unquote(where[len("file://") :].removeprefix("localhost"))
        if not path.startswith("/"):
            raise UsageError(f"{where} is no whole path: give file:///full/path, or the path alone.")
        return LocalFolder(Path(path).resolve())
    if not URL.match(where):
        return LocalFolder(Path(where))
    from shardset.remote import Remote

    return Remote(where)


def write_if_new(place: Target, name: str, data: bytes) -> bool:
    """Write the file unless it holds these bytes already; says whether it was written."""
    if place.size(name) == len(data) and place.read(name) == data:
        return False
    with place.writing(name) as stream:
        stream.write(data)
    return True
