"""How much a group of hosts may still be asked for: rolling windows over requests and over bytes."""

import time
from collections import deque
from collections.abc import Callable, Iterable

PARTS = 200
"""A window's entries are kept in so many parts, so that a day of them needs no more memory than a minute."""


class Window:
    """At most `amount` within any `length_s` seconds, but for what one answer brings at once: that is paid back afterwards."""

    def __init__(self, amount: float, length_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Empty; `clock` gives seconds."""
        self._amount = amount
        self._length_s = length_s
        self._clock = clock
        self._spent: deque[list[float]] = deque()  # [at, amount], the oldest first
        self._total = 0.0

    def spend(self, amount: float) -> None:
        """Count it now; what is more than the window has room for counts for the windows to come."""
        at = self._clock()
        if self._spent and self._spent[-1][0] >= at:  # in debt already
            at = self._spent[-1][0]
            room = self._amount - self._spent[-1][1]
        else:
            room = max(0.0, self._amount - self._total)
        while amount > 0:
            part = min(amount, room)
            if self._spent and at - self._spent[-1][0] < self._length_s / PARTS:
                self._spent[-1][1] += part
            elif part:
                self._spent.append([at, part])
            self._total += part
            amount -= part
            room = self._amount
            at += self._length_s

    def wait_s(self) -> float:
        """Seconds until there is room again; 0 when there is."""
        now = self._clock()
        while self._spent and now - self._spent[0][0] >= self._length_s:
            self._total -= self._spent.popleft()[1]
        over = self._total - self._amount
        if over < 0 or not self._spent:
            return 0.0
        for at, amount in self._spent:
            over -= amount
            if over < 0:
                return at + self._length_s - now
        return self._spent[-1][0] + self._length_s - now


class Budget:
    """All the windows of one group."""

    def __init__(
        self,
        requests: Iterable[tuple[float, float]] = (),
        size_bytes: Iterable[tuple[float, float]] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Pairs as in `HostPolicy`."""
        self._requests = [Window(amount, length_s, clock) for amount, length_s in requests]
        self._bytes = [Window(amount, length_s, clock) for amount, length_s in size_bytes]

    def request(self) -> None:
        """One is sent."""
        for window in self._requests:
            window.spend(1)

    def answer(self, size_bytes: int) -> None:
        """So much came."""
        for window in self._bytes:
            window.spend(size_bytes)

    def wait_s(self) -> float:
        """Seconds until a request may be sent."""
        return max((window.wait_s() for window in (*self._requests, *self._bytes)), default=0.0)
