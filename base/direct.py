"""Writes whole files to the disk, past the system's page cache where it can be: what is kept for good is not read again soon.

Copying a gigabyte of pictures into the cache, from where they go to the disk anyway, took a fifth of a harvest's processor
time (2026-11-21, a virtual machine, whose fresh pages are dear: 3.3 s for 5,000 pictures, against 0.7 s past it).
"""

import errno
import io
import mmap
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

try:
    import fcntl
except ImportError:  # not on Windows, where nothing is written past the cache either
    fcntl = None  # type: ignore[assignment]

DIRECT = getattr(os, "O_DIRECT", 0)
"""Linux has it; elsewhere files go through the cache."""

BLOCK_BYTES = 4096
"""Place, length and memory of a direct write are multiples of this, which is the most that today's disks ask for."""

BUFFER_BYTES = 1 << 20
"""Written at once, by each thread from memory of its own; most pictures fit."""

NOT_SO_HERE = (errno.EINVAL, errno.EOPNOTSUPP)
"""What file systems say that know no direct writes (tmpfs before Linux 6.6), or only of larger blocks."""

STREAM_BUFFER_BYTES = 4 << 20

_own = threading.local()


def write_durably(files: Sequence[tuple[str, bytes]]) -> None:
    """Write every (path, bytes) and make all of them durable; folders are the caller's to sync.

    All are written before the first is synced: the journal then goes to the disk once for all of them.

    Raises:
        OSError: one cannot be written, and nothing is left at its path; or the disk cannot promise to keep them.
    """
    handles: list[int] = []
    try:
        for path, data in files:
            handles.append(_written(path, data))
        for handle in handles:
            os.fsync(handle)
    finally:
        for handle in handles:
            os.close(handle)


class DirectStream(io.RawIOBase):
    """One large file, written from beginning to end past the page cache, or through it where the system knows no other way.

    What does not fill a block at the end goes through the cache; `flush` ends the direct part.
    """

    def __init__(self, path: str) -> None:
        """Make the file, or empty it.

        Raises:
            OSError: it cannot be made.
        """
        super().__init__()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0)
        self._direct = bool(DIRECT and fcntl)
        try:
            self._handle = os.open(path, flags | (DIRECT if self._direct else 0), 0o666)
        except OSError as error:
            if not self._direct or error.errno not in NOT_SO_HERE:
                raise
            self._direct = False
            self._handle = os.open(path, flags, 0o666)
        self._buffer = memoryview(mmap.mmap(-1, STREAM_BUFFER_BYTES))
        self._filled = 0

    def writable(self) -> bool:
        """Nothing else."""
        return True

    def fileno(self) -> int:
        """For fsync, after `flush`."""
        return self._handle

    def write(self, data: Any) -> int:
        """Take all of the bytes.

        Raises:
            OSError: the disk is full, or gone.
        """
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            part = left[: STREAM_BUFFER_BYTES - self._filled]
            self._buffer[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            left = left[len(part) :]
            if self._filled == STREAM_BUFFER_BYTES:
                self._put(self._buffer)
                self._filled = 0
        return size

    def flush(self) -> None:
        """Everything taken is with the system; what follows goes through the cache."""
        if self.closed or not self._filled:
            return
        self._through_the_cache()
        self._put(self._buffer[: self._filled])
        self._filled = 0

    def close(self) -> None:
        """Write the rest, and let go of the file."""
        if self.closed:
            return
        try:
            super().close()  # flushes
        finally:
            os.close(self._handle)

    def _put(self, block: memoryview) -> None:
        while block:
            try:
                block = block[os.write(self._handle, block) :]
            except OSError as error:
                if not self._direct or error.errno not in NOT_SO_HERE:
                    raise
                self._through_the_cache()  # file systems that say so only now, or a write that ended inside a block

    def _through_the_cache(self) -> None:
        if self._direct:
            fcntl.fcntl(self._handle, fcntl.F_SETFL, fcntl.fcntl(self._handle, fcntl.F_GETFL) & ~DIRECT)
            self._direct = False


def _written(path: str, data: bytes) -> int:
    """The file, open, with these bytes in it."""
    if DIRECT:
        try:
            return _filled(path, data, DIRECT)
        except OSError as error:
            if error.errno not in NOT_SO_HERE:
                raise
    return _filled(path, data, 0)


def _filled(path: str, data: bytes, flag: int) -> int:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0) | flag, 0o666)
    try:
        if flag:
            _fill_past_the_cache(handle, data)
        else:
            _fill(handle, data)
    except OSError:
        os.close(handle)
        with suppress(FileNotFoundError):
            os.unlink(path)
        raise
    return handle


def _fill(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _fill_past_the_cache(handle: int, data: bytes) -> None:
    buffer = _buffer()
    whole = memoryview(data)
    for start in range(0, len(data), BUFFER_BYTES):
        part = whole[start : start + BUFFER_BYTES]
        padding = -len(part) % BLOCK_BYTES
        size = len(part) + padding
        buffer[: len(part)] = part
        buffer[len(part) : size] = bytes(padding)  # not what is left of another picture
        if os.write(handle, buffer[:size]) != size:
            raise OSError(errno.EINVAL, "a direct write ended early")  # through the cache it may go on, or say why not
    if len(data) % BLOCK_BYTES:
        os.ftruncate(handle, len(data))


def _buffer() -> memoryview:
    """This thread's, at the beginning of a page."""
    if not hasattr(_own, "buffer"):
        _own.buffer = memoryview(mmap.mmap(-1, BUFFER_BYTES))
    buffer: memoryview = _own.buffer
    return buffer
