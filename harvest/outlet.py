"""The way out of the crawling process: frames wait in a short row, and a thread writes them, so that downloads go on."""

import os
import threading
from collections import deque

from harvest.wire import Frame, pack_end, pack_in_two

WAITING_BYTES = 32 << 20
"""Frames that wait for a busy command; beyond this the crawl itself waits, so that memory stays flat."""


class Outlet:
    """Writes whole frames, one after the other, given from any thread."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is open for writing and leads to the command; it is left open."""
        self._descriptor = descriptor
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._closed = False
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def has_room(self) -> bool:
        """Whether `send` would not wait."""
        return self._waiting_bytes < WAITING_BYTES

    def send(self, frame: Frame) -> None:
        """Hand over one frame; waits while too many wait already."""
        parts = pack_in_two(frame)
        with self._changed:
            self._changed.wait_for(self.has_room)
            self._put(parts)

    def end(self) -> None:
        """Say that the crawl came to its end."""
        with self._changed:
            self._put((pack_end(), b""))

    def close(self) -> None:
        """Wait until everything is written."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._writer.join()

    def _put(self, parts: tuple[bytes, bytes]) -> None:
        self._waiting.append(parts)
        self._waiting_bytes += len(parts[0]) + len(parts[1])
        self._changed.notify_all()

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                parts = self._waiting.popleft()
            try:
                self._write_whole(parts)
            except BrokenPipeError:
                os._exit(1)  # the command is gone: nobody wants the rest
            with self._changed:
                self._waiting_bytes -= len(parts[0]) + len(parts[1])
                self._changed.notify_all()

    def _write_whole(self, parts: tuple[bytes, bytes]) -> None:
        left = [memoryview(part) for part in parts]
        while left:
            written = os.writev(self._descriptor, left)
            while left and written >= len(left[0]):
                written -= len(left.pop(0))
            if left:
                left[0] = left[0][written:]
