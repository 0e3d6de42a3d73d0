"""Scrapy's settings for one crawl, each departure from a default with its reason; and the order of the steps."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from base.version import CODE_VERSION
from harvest.addresses import host_and_port
from harvest.hosts import slots
from harvest.plan import CrawlPlan
from harvest.resolver import ALLOW_HOSTS
from harvest.source import Politeness

PIPELINES = (
    "harvest.pipelines.held.Held",  # bytes that are in the store are not asked for again
    "harvest.pipelines.rights.RightsGate",  # refused rights: the image is never requested
    "harvest.pipelines.metadata_only.MetadataOnly",
    "harvest.pipelines.host_consent.HostConsent",  # page and host may say no before anything is asked for
    "harvest.pipelines.held.HeldElsewhere",  # the same file came with another item
    "harvest.pipelines.fetch.Fetch",  # robots.txt, addresses and pauses are kept on the way, in MIDDLEWARES
    "harvest.pipelines.opt_out.OptOutHeaders",  # the answer's headers may still say no
    "harvest.pipelines.sniff.Sniff",  # is it an image at all
    "harvest.pipelines.checksum.Checksum",  # is it what the provider says
    "harvest.pipelines.embedded_rights.EmbeddedRights",  # of pages' pictures: what the file itself says of its rights
    "harvest.pipelines.hand_over.HandOver",  # to the command, which stores and spools
)
"""The life of a candidate from the web, in order."""

MIDDLEWARES = {
    "harvest.middlewares.enough.Enough": 10,
    "harvest.middlewares.addresses.Addresses": 20,
    "harvest.middlewares.robots.Robots": 30,
    "harvest.middlewares.keys.Keys": 40,  # after a redirect the request passes here again
    "harvest.middlewares.patience.Patience": 560,  # nearer to the host than Scrapy's retry (550): it sees every 429
    "harvest.middlewares.unpacking.Unpacking": 590,  # where Scrapy's own has its place
}
"""What each request passes, redirected ones again: the lower the number, the earlier on its way out."""

BASES: Mapping[str, Mapping[str, int]] = {
    "DOWNLOADER_MIDDLEWARES_BASE": {
        "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
        "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
        "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
        "scrapy.downloadermiddlewares.retry.RetryMiddleware": 550,
        "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": 600,
    },
    "SPIDER_MIDDLEWARES_BASE": {
        "scrapy.spidermiddlewares.start.StartSpiderMiddleware": 25,
        "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": 50,
    },
    "EXTENSIONS_BASE": {"scrapy.extensions.throttle.AutoThrottle": 0},
}
"""What we take of Scrapy's own components. Scrapy 2.19 imports even those that a setting switches off with None, which is a
quarter of the start, so they are named here and nowhere else; a test holds the two lists against Scrapy's."""

LEFT_OUT = {
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": "no list of domains to keep to",
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": "ignores the answer's status; ours keeps the evidence, too",
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": "no passwords",
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": "a page's own redirect is not followed",
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": "ours keeps to a ratio, too",
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": "no cookies",
    # A proxy named in the environment would look names up itself: what is connected to would not be what was checked.
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": "no proxies",
    "scrapy.downloadermiddlewares.stats.DownloaderStats": "counts that nobody reads",
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": "the store is the only copy",
    "scrapy.spidermiddlewares.referer.RefererMiddleware": "no host is told where we were before",
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": "drops long addresses without a word; servers refuse theirs",
    "scrapy.spidermiddlewares.depth.DepthMiddleware": "sources count for themselves",
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": "warns of what our requests never do",
    "scrapy.extensions.corestats.CoreStats": "counts that nobody reads",
    "scrapy.extensions.logcount.LogCount": "counts that nobody reads",
    "scrapy.extensions.logstats.LogStats": "a line a minute that nobody reads",
    "scrapy.extensions.memusage.MemoryUsage": "counts that nobody reads",
    "scrapy.extensions.memdebug.MemoryDebugger": "for those who write crawls",
    "scrapy.extensions.telnet.TelnetConsole": "a door for others",
    "scrapy.extensions.remote_control.RemoteControl": "runs code that is sent to it",
    "scrapy.extensions.closespider.CloseSpider": "the limit is ours to keep",
    "scrapy.extensions.feedexport.FeedExporter": "the command stores what is found",
    "scrapy.extensions.spiderstate.SpiderState": "the catalogue is what a harvest goes on from",
}
"""What we leave out, and why."""

CONNECTIONS = "harvest.connections.Connections"

FAST_LOOP = "uvloop.Loop"
"""There where it can be installed: it takes a third off the crawl's processor time (2026-11-21)."""

OPENED_CONNECTIONS = 8
"""To a host that the user opened: their own machine."""


def scrapy_settings(plan: CrawlPlan, politeness: Politeness) -> dict[str, Any]:
    """Everything that the crawl runs with."""
    return {
        "USER_AGENT": user_agent(plan.contact),
        "ITEM_PIPELINES": {name: number for number, name in enumerate(PIPELINES)},
        "ITEM_PROCESSOR": "harvest.steps.Steps",
        **BASES,
        "DOWNLOADER_MIDDLEWARES": MIDDLEWARES,
        "ROBOTSTXT_OBEY": False,  # ours obeys, and keeps the evidence
        "DOWNLOAD_HANDLERS": {"http": CONNECTIONS, "https": CONNECTIONS, "data": None, "file": None, "ftp": None, "s3": None},
        "TWISTED_DNS_RESOLVER": "harvest.resolver.PublicResolver",
        ALLOW_HOSTS: list(plan.allow_hosts),
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,  # runs code that is sent to it
        "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",
        "ASYNCIO_EVENT_LOOP": FAST_LOOP if find_spec("uvloop") else None,
        "DOWNLOAD_TIMEOUT": politeness.timeout_s,
        "DOWNLOAD_MAXSIZE": politeness.max_size_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "CONCURRENT_ITEMS": 16,
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": politeness.connections,
        "DOWNLOAD_DELAY": politeness.delay_s,
        "DOWNLOAD_DELAY_JITTER": 0.0,  # a pause that was asked for is never cut
        "DOWNLOAD_SLOTS": {**slots(), **opened_slots(plan)},
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": politeness.delay_s,
        "RETRY_TIMES": politeness.retries,
        "RETRY_HTTP_CODES": [500, 502, 504, 522, 524, 408],  # 429 and 503 are pleas for a pause: `Patience` asks again
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",  # the outcome says it
        "REDIRECT_MAX_TIMES": 5,
        "METAREFRESH_ENABLED": False,
        "COOKIES_ENABLED": False,
        "REFERER_ENABLED": False,
        "URLLENGTH_LIMIT": 0,  # long addresses are dropped without a word; servers refuse what is too long for them
        "LOG_LEVEL": "WARNING",
        "LOG_FORMATTER": "harvest.spider.QuietFormatter",
    }


def user_agent(contact: str | None) -> str:
    """Who we are and how to reach who runs us."""
    return f"fototeca/{CODE_VERSION} ({'+' if contact and contact.startswith('http') else ''}{contact or 'local test'})"


def opened_slots(plan: CrawlPlan) -> Mapping[str, Mapping[str, float]]:
    """No pauses for the user's own hosts; slots are by host name, as `Addresses` sets them."""
    places = [host_and_port(f"http://{one}") for one in plan.allow_hosts]
    return {place[0]: {"delay": 0.0, "concurrency": OPENED_CONNECTIONS, "jitter": 0.0} for place in places if place is not None}
