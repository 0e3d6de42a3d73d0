"""Where the bytes live: once, under their SHA-256, never altered."""

import hashlib
import os
from pathlib import Path

from base.errors import SourceError, from_os_error
from base.faults import kill_point
from base.files import sha256_of_file, sync_folder

STORE_NAME = "store"
INCOMING_NAME = "incoming"  # temporary files; inside the store, so that the rename never crosses a file system


class Store:
    """The store of one workspace. `put` in groups, then `sync`: only after `sync` are the bytes at their name and durable."""

    def __init__(self, workspace: Path) -> None:
        """Nothing is made on disk until the first `put`."""
        self.folder = workspace / STORE_NAME
        self._pending: dict[str, Path] = {}

    def put(self, data: bytes) -> str:
        """Take the bytes in and return their SHA-256; held already means that nothing is written.

        Raises:
            NoSpaceError: the disk is full; nothing of this picture is left behind.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in self._pending or self.has(sha256):
            return sha256
        incoming = self.folder / INCOMING_NAME
        incoming.mkdir(parents=True, exist_ok=True)
        temporary = incoming / f"{os.getpid()}-{sha256}"
        try:
            temporary.write_bytes(data)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            if known := from_os_error(error, "storing a picture"):
                raise known from error
            raise
        self._pending[sha256] = temporary
        return sha256

    def sync(self) -> None:
        """Make every picture put so far durable: fsync each, rename each to its name, fsync the folders."""
        if not self._pending:
            return
        kill_point("store.before_group_sync")
        for temporary in self._pending.values():
            handle = os.open(temporary, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        kill_point("store.before_rename")
        touched: set[Path] = set()
        for sha256, temporary in self._pending.items():
            target = self.path(sha256)
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(target)
            touched.add(target.parent)
            kill_point("store.after_rename")
        for folder in (*touched, self.folder):
            sync_folder(folder)
        self._pending.clear()

    def path(self, sha256: str) -> Path:
        """Where the bytes of this SHA-256 stand, held or not."""
        return self.folder / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        """Whether the bytes are held under their name."""
        return self.path(sha256).is_file()

    def read(self, sha256: str) -> bytes:
        """The bytes.

        Raises:
            SourceError: they are not in the store.
        """
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise SourceError(f"the store does not hold {sha256}: run `fototeca check`, or harvest its source again.") from None

    def names(self) -> set[str]:
        """Every SHA-256 that the store holds a file for."""
        return {
            shelf.name + book.name
            for shelf in self.folder.glob("[0-9a-f][0-9a-f]")
            for book in shelf.iterdir()
            if len(book.name) == 62
        }

    def damaged(self, sha256: str) -> str | None:
        """What is wrong with the held bytes, in words; None when they still match their name."""
        path = self.path(sha256)
        if not path.is_file():
            return "the file is missing"
        found = sha256_of_file(path)
        return None if found == sha256 else f"the bytes have changed: their SHA-256 is now {found}"

    def sweep(self) -> int:
        """Remove what killed processes left half done; returns how many files. Files of living processes stay."""
        removed = 0
        for path in (self.folder / INCOMING_NAME).glob("*"):
            process_id = path.name.partition("-")[0]
            if not process_id.isdigit() or not _is_alive(int(process_id)):
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def _is_alive(process_id: int) -> bool:
    if process_id == os.getpid():
        return True
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
