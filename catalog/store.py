"""Where the bytes live: once, under their SHA-256, never altered."""

import hashlib
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from base.direct import write_durably
from base.errors import SourceError, from_os_error
from base.faults import kill_point
from base.files import sha256_of_file, sync_folder

STORE_NAME = "store"
INCOMING_NAME = "incoming"  # temporary files; inside the store, so that the rename never crosses a file system


SYNC_BYTES = 8 << 20
SYNC_FILES = 16
SYNC_THREADS = 4
"""So many bytes or files go to the disk together, while more pictures come, by so many threads: a disk makes several files
durable in little more time than one. Where it is slower than the pictures come, no more of these lots than threads wait in
memory for it."""


class Store:
    """The store of one workspace. `put` in groups, then `sync`: only after `sync` are the bytes at their name and durable."""

    def __init__(self, workspace: Path) -> None:
        """Nothing is made on disk until the first `put`."""
        self.folder = workspace / STORE_NAME
        self._root = str(self.folder)
        self._pending: dict[str, str] = {}  # paths as text, here and below: Path takes its time, and this runs for each picture
        self._waiting: list[tuple[str, bytes]] = []
        self._waiting_bytes = 0
        self._syncing: deque[Future[None]] = deque()
        self._threads: ThreadPoolExecutor | None = None

    def put(self, data: bytes) -> str:
        """Take the bytes in and return their SHA-256; held already means that nothing is written.

        Raises:
            NoSpaceError: the disk is full, which those before this picture met with; nothing of the group is at its name.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in self._pending or self.has(sha256):
            return sha256
        if self._threads is None:
            self._prepare()
        temporary = f"{self._root}/{INCOMING_NAME}/{os.getpid()}-{sha256}"
        self._pending[sha256] = temporary
        self._waiting.append((temporary, data))
        self._waiting_bytes += len(data)
        if len(self._waiting) >= SYNC_FILES or self._waiting_bytes >= SYNC_BYTES:
            self._wait(SYNC_THREADS)
            self._write_waiting()
        return sha256

    def sync(self) -> None:
        """Make every picture put so far durable: fsync each, rename each to its name, fsync the folders.

        Raises:
            NoSpaceError: the disk is full. As after any error here, nothing of the group is at its name, and `sync` goes on
                failing: a disk that lost bytes once may well say later that all is written.
        """
        if not self._pending:
            return
        kill_point("store.before_group_sync")
        self._write_waiting()
        self._wait()
        kill_point("store.before_rename")
        touched: set[str] = set()
        for sha256, temporary in self._pending.items():
            shelf = sha256[:2]
            if shelf not in touched:
                (self.folder / shelf).mkdir(exist_ok=True)
                touched.add(shelf)
            os.replace(temporary, f"{self._root}/{shelf}/{sha256[2:]}")
            kill_point("store.after_rename")
        self._syncing.extend(self._in_a_thread(sync_folder, self.folder / shelf) for shelf in touched)
        self._syncing.append(self._in_a_thread(sync_folder, self.folder))
        self._wait()
        self._pending.clear()

    def _prepare(self) -> None:
        try:
            (self.folder / INCOMING_NAME).mkdir(parents=True, exist_ok=True)
            sync_folder(self.folder.parent)
        except OSError as error:
            if known := from_os_error(error, "storing a picture"):
                raise known from error
            raise
        self._threads = ThreadPoolExecutor(SYNC_THREADS, thread_name_prefix="store")

    def _write_waiting(self) -> None:
        if self._waiting:
            self._syncing.append(self._in_a_thread(write_durably, self._waiting))
            self._waiting, self._waiting_bytes = [], 0

    def _in_a_thread(self, work: Callable[[Any], None], what: Any) -> Future[None]:
        assert self._threads is not None  # something was put
        return self._threads.submit(work, what)

    def _wait(self, most_left: int = 0) -> None:
        """Until at most so many lots are under way; what has failed stays the first, so that every later call fails, too."""
        try:
            while len(self._syncing) > most_left:
                self._syncing[0].result()
                self._syncing.popleft()
        except OSError as error:
            if known := from_os_error(error, "storing a picture"):
                raise known from error
            raise

    def path(self, sha256: str) -> Path:
        """Where the bytes of this SHA-256 stand, held or not."""
        return self.folder / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        """Whether the bytes are held under their name."""
        return os.path.isfile(f"{self._root}/{sha256[:2]}/{sha256[2:]}")

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
