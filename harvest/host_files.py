"""What a host says once for all of its addresses: robots.txt, /.well-known/tdmrep.json and /ai.txt, asked for once a day."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from scrapy.http import Request
from scrapy.http.request import NO_CALLBACK

from catalog.records import OptOut
from harvest import ai_txt, tdmrep
from harvest.ai_txt import AiFile, read_ai_file
from harvest.failures import FETCH_ERRORS, outcome_of
from harvest.robots import Rules, beside, read_robots, robots_url
from harvest.signals import ROBOTS_CHANNELS, said_in_robots
from harvest.tdmrep import TdmFile, read_tdm_file

DAY_S = 24 * 3600.0
"""RFC 9309, 2.4: no file is used for longer."""

SOON_S = 600.0
"""A file that could not be had is asked for again after this: a host that stumbled is not closed for a day."""

MOST_FILES = 20_000
"""Files kept; the oldest is let go, so that a crawl over very many hosts does not grow."""

LARGEST_BYTES = 4 << 20
"""Of tdmrep.json and ai.txt."""


@dataclass(frozen=True)
class HostWide:
    """What a host's files deny for one address, in the order in which they decide, and which were read."""

    opt_outs: tuple[OptOut, ...] = ()
    consulted: tuple[str, ...] = ()


@dataclass
class _Kept:
    """One file, asked for at a time (seconds on the clock)."""

    task: "asyncio.Task[tuple[Any, bool]]"
    asked_at: float


class HostFiles:
    """One for each crawl: `HostFiles.of(crawler)`. All requests pass the middlewares, so private hosts stay closed."""

    def __init__(self, crawler: Crawler, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is asked yet."""
        self._crawler = crawler
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    @classmethod
    def of(cls, crawler: Crawler) -> "HostFiles":
        """The crawl's own: its middlewares and pipelines share what was read."""
        if crawler not in _CRAWLS:
            _CRAWLS[crawler] = cls(crawler)
        return _CRAWLS[crawler]

    async def robots(self, url: str) -> Rules:
        """The robots.txt of an address's host. When it cannot be had, the last one that could stays in force."""
        rules: Rules = await self._file(robots_url(url), self._ask_robots)
        return rules

    async def wide(self, url: str) -> HostWide:
        """What the host's files say of the use of one address; nothing of one that robots.txt closes anyway."""
        rules = await self.robots(url)
        if rules.closed is not None:
            return HostWide()
        consulted = ["robots", *ROBOTS_CHANNELS.values()]
        if rules.refusal(url):
            return HostWide((), tuple(consulted))
        found = said_in_robots(rules, url)
        tdm_place, ai_place = beside(url, tdmrep.FILE_PATH), beside(url, ai_txt.FILE_PATH)
        if self._fresh(tdm_place) and self._fresh(ai_place):  # as for nearly every picture: two tasks fewer
            files = (self._kept[tdm_place].task.result()[0], self._kept[ai_place].task.result()[0])
        else:
            files = await asyncio.gather(self._file(tdm_place, self._ask_tdm), self._file(ai_place, self._ask_ai))
        for file, channel in zip(files, (tdmrep.FILE_CHANNEL, ai_txt.CHANNEL), strict=True):
            if file is not None:
                consulted.append(channel)
                found += filter(None, [file.denial(url)])
        return HostWide(tuple(dict.fromkeys(found)), tuple(consulted))

    async def _file(self, place: str, ask: Callable[[str, Any], Awaitable[tuple[Any, bool]]]) -> Any:
        kept = self._kept.get(place)
        before: Any = None
        if kept is not None and kept.task.done():
            before = kept.task.result()[0]
            if self._fresh(place):
                return before
            kept = None
        if kept is None:
            kept = _Kept(asyncio.ensure_future(ask(place, before)), self._clock())
            self._kept.pop(place, None)
            self._kept[place] = kept
            if len(self._kept) > MOST_FILES:
                self._kept.pop(next(iter(self._kept)))
        found, _ = await asyncio.shield(kept.task)
        return found

    def _fresh(self, place: str) -> bool:
        """Whether this file has come, and not too long ago."""
        kept = self._kept.get(place)
        if kept is None or not kept.task.done():
            return False
        return self._clock() - kept.asked_at <= (DAY_S if kept.task.result()[1] else SOON_S)

    async def _ask_robots(self, place: str, before: Rules | None) -> tuple[Rules, bool]:
        found = await self._answer(place, {"is_robots_txt": True})
        why = f"could not be read ({found})"
        rules = Rules(place, closed=why) if isinstance(found, str) else read_robots(place, *found)
        if rules.closed is None:
            return rules, True
        return (before if before is not None else rules), False

    async def _ask_tdm(self, place: str, before: TdmFile | None) -> tuple[TdmFile | None, bool]:
        found = await self._answer(place, {"host_file": True, "download_maxsize": LARGEST_BYTES})
        return (before, False) if _unread(found) else (read_tdm_file(place, *found), True)

    async def _ask_ai(self, place: str, before: AiFile | None) -> tuple[AiFile | None, bool]:
        found = await self._answer(place, {"host_file": True, "download_maxsize": LARGEST_BYTES})
        return (before, False) if _unread(found) else (read_ai_file(place, *found), True)

    async def _answer(self, place: str, meta: dict[str, Any]) -> Any:
        """(status, body), or in a sentence why there is no answer."""
        engine: Any = self._crawler.engine
        try:
            response = await engine.download_async(Request(place, callback=NO_CALLBACK, meta=meta, dont_filter=True))
        except FETCH_ERRORS as error:
            return outcome_of(error)[1]
        return response.status, response.body


def _unread(found: Any) -> bool:
    """No answer, or one that says nothing of the file: busy, or broken."""
    return isinstance(found, str) or found[0] == 429 or found[0] >= 500


_CRAWLS: "WeakKeyDictionary[Crawler, HostFiles]" = WeakKeyDictionary()
