"""The crawling process: reads its plan from standard input, crawls, and writes frames to the given file descriptor.

Started by `harvest/web.py` only: `python -m harvest.child FD`. It ends at once when its standard input closes, which
happens when the command that started it is gone, in whatever way.
"""

import gc
import json
import os
import sys
import threading
from contextlib import closing

from scrapy.crawler import AsyncCrawlerProcess

from base import plugins
from harvest.outlet import Outlet
from harvest.plan import CrawlPlan
from harvest.settings import scrapy_settings
from harvest.shelf import with_shelf
from harvest.spider import HarvestSpider
from harvest.steps import Signals

COLLECT_AFTER = (20_000, 50, 100)
"""Scrapy makes many objects and few cycles, none of them with a picture's bytes: 4,000 pictures without any collection need
24 MB more, and collecting at Python's own pace (700) takes a seventh of the crawl (2026-11-21)."""


def main() -> None:
    """Crawl once."""
    gc.set_threshold(*COLLECT_AFTER)
    plan = with_shelf(CrawlPlan.from_json(json.loads(sys.stdin.buffer.readline())))
    threading.Thread(target=_end_with_the_command, daemon=True).start()
    source = plugins.load("harvest.sources", plan.source).Source(base_url=plan.base_urls.get(plan.source), depth=plan.depth)
    with closing(Outlet(int(sys.argv[1]))) as outlet:
        process = AsyncCrawlerProcess(scrapy_settings(plan, source.politeness))
        crawler = process.create_crawler(HarvestSpider)
        crawler.signals = Signals(crawler)
        process.crawl(crawler, plan=plan, source=source, outlet=outlet)
        process.start()
        if not isinstance(crawler.spider, HarvestSpider) or crawler.spider.ended != "finished":
            raise SystemExit(f"the crawl stopped: {getattr(crawler.spider, 'ended', None)}")
        for frame in crawler.spider.left_over():
            outlet.send(frame)
        outlet.end()


def _end_with_the_command() -> None:
    # Not through sys.stdin, whose lock a thread that waits would still hold at the interpreter's end.
    while os.read(0, 1 << 16):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
