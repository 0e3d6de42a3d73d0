"""When a host may be asked next: after the pauses that it asked for, and within its group's budget.

Requests wait for their turn where they leave (`harvest/connections.py`), so that those that stand in the queue when a host
asks for a pause wait, too.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from scrapy.http import Request

from harvest.budgets import Budget
from harvest.failures import Refused
from harvest.hosts import all_policies

LONGEST_WAIT_S = 120.0
"""A host that asks for a longer pause is left for the next harvest: its items fail with the status it gave."""

LONGEST_BUDGET_WAIT_S = 3_600.0
"""An hour's budget is waited for; a day's is not."""

MOST_PLEAS_IN_A_ROW = 12
"""Pleas without a good answer between them, after which the host is left for this harvest (assumption, not measured)."""

LEFT = "the host asked for a longer pause than a harvest waits, or for too many in a row: it is left for the next one"
SPENT = "what this host allows in a day has been asked for: it is left for the next harvest"


class Turns:
    """One for each crawl: `Turns.of(crawler)`. Slots are Scrapy's queues, as `middlewares/addresses.py` names them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """No host has asked for anything yet."""
        self._clock = clock
        self._until: dict[str, float] = {}
        self._pleas: dict[str, int] = {}
        self._left: dict[str, tuple[float, str]] = {}
        policies = all_policies()
        self._budgets = {
            one.group: Budget(one.requests, one.size_bytes, clock) for one in policies if one.requests or one.size_bytes
        }

    @classmethod
    def of(cls, crawler: Crawler) -> "Turns":
        """The crawl's own."""
        if crawler not in _CRAWLS:
            _CRAWLS[crawler] = cls()
        return _CRAWLS[crawler]

    async def turn(self, request: Request) -> None:
        """Wait until this request may be sent.

        Raises:
            Refused: the host is left for this harvest, or its day's budget is spent.
        """
        slot = str(request.meta.get("download_slot"))
        budget = self._budgets.get(slot)
        while (wait_s := max(self._until.get(slot, 0.0) - self._clock(), budget.wait_s() if budget else 0.0)) > 0:
            if left := self.left(slot):
                raise Refused(*left)
            if wait_s > LONGEST_BUDGET_WAIT_S:
                raise Refused("failed_budget", SPENT)
            await asyncio.sleep(wait_s)
        if budget:
            budget.request()
        request.meta["sent_at"] = self._clock()

    def left(self, slot: str) -> tuple[str, str] | None:
        """(outcome, sentence) when the host is left for this harvest."""
        until, outcome = self._left.get(slot, (0.0, ""))
        return (outcome, LEFT) if self._clock() < until else None

    def answered(self, request: Request, size_bytes: int) -> None:
        """Count what came."""
        if budget := self._budgets.get(str(request.meta.get("download_slot"))):
            budget.answer(size_bytes)

    def well(self, request: Request) -> None:
        """The host answers as it should: its next plea is the first."""
        self._pleas.pop(str(request.meta.get("download_slot")), None)

    def plea(self, request: Request, outcome: str, wait_s: float | None, first_s: float) -> bool:
        """Note a plea for a pause; answers to requests that were under way before the last one count for nothing more.

        Args:
            request: The one that was answered so.
            outcome: What its items become when the host is left.
            wait_s: What the host asks for; None: it does not say, and each further plea doubles `first_s`.
            first_s: The first pause in seconds.

        Returns:
            Whether the host may be asked again in this harvest.
        """
        slot = str(request.meta.get("download_slot"))
        now = self._clock()
        is_news = request.meta.get("sent_at", now) >= self._until.get(slot, 0.0)
        self._pleas[slot] = self._pleas.get(slot, 0) + is_news
        if wait_s is None:
            wait_s = min(first_s * 2 ** (self._pleas[slot] - 1), LONGEST_WAIT_S)
        if wait_s > LONGEST_WAIT_S or self._pleas[slot] > MOST_PLEAS_IN_A_ROW:
            self._left[slot] = (max(now + wait_s, self._left.get(slot, (0.0, ""))[0]), outcome)
            if self._pleas[slot] > MOST_PLEAS_IN_A_ROW:
                self._left[slot] = (float("inf"), outcome)
            self._until[slot] = self._left[slot][0]
            return False
        if is_news or wait_s > first_s:
            self._until[slot] = max(self._until.get(slot, 0.0), now + wait_s)
        return True


_CRAWLS: "WeakKeyDictionary[Any, Turns]" = WeakKeyDictionary()
