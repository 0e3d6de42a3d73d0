"""The crawling process: reads its plan from standard input, crawls, and writes frames to the given file descriptor.

Started by `harvest/web.py` only: `python -m harvest.child FD`. It ends at once when its standard input closes, which
happens when the command that started it is gone, in whatever way.
"""

import json
import os
import sys
import threading
from typing import IO

from scrapy.crawler import AsyncCrawlerProcess

from base import plugins
from harvest.plan import CrawlPlan
from harvest.settings import scrapy_settings
from harvest.spider import HarvestSpider
from harvest.wire import Frame, pack, pack_end


class Outlet:
    """Writes whole frames, one at a time, from any thread."""

    def __init__(self, stream: IO[bytes]) -> None:
        """`stream` leads to the command."""
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, frame: Frame) -> None:
        """Hand over one frame; waits while the command is busy."""
        self._write(pack(frame))

    def end(self) -> None:
        """Say that the crawl is done."""
        self._write(pack_end())

    def _write(self, data: bytes) -> None:
        with self._lock:
            self._stream.write(data)
            self._stream.flush()


def main() -> None:
    """Crawl once."""
    plan = CrawlPlan.from_json(json.loads(sys.stdin.buffer.readline()))
    threading.Thread(target=_end_with_the_command, daemon=True).start()
    source = plugins.load("harvest.sources", plan.source).Source()
    with os.fdopen(int(sys.argv[1]), "wb") as stream:
        outlet = Outlet(stream)
        process = AsyncCrawlerProcess(scrapy_settings(plan, source.politeness))
        crawler = process.create_crawler(HarvestSpider)
        process.crawl(crawler, plan=plan, source=source, outlet=outlet)
        process.start()
        reason = crawler.stats.get_value("finish_reason") if crawler.stats else None
        if reason != "finished":
            raise SystemExit(f"the crawl stopped: {reason}")
        outlet.end()


def _end_with_the_command() -> None:
    # Not through sys.stdin, whose lock a thread that waits would still hold at the interpreter's end.
    while os.read(0, 1 << 16):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
