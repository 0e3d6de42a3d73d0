"""Scrapy's settings for one crawl, each departure from a default with its reason; and the order of the steps."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from catalog.runs import CODE_VERSION
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
        "DOWNLOADER_MIDDLEWARES": {
            **MIDDLEWARES,
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,  # ignores the answer's status
            # A proxy named in the environment would look names up itself: what is connected to would not be what was checked.
            "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,  # ours keeps to a ratio, too
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # no list of domains to keep to
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,  # no passwords
            "scrapy.downloadermiddlewares.stats.DownloaderStats": None,  # counts that nobody reads
        },
        "SPIDER_MIDDLEWARES": {"scrapy.spidermiddlewares.depth.DepthMiddleware": None},  # sources count for themselves
        "ROBOTSTXT_OBEY": False,  # ours obeys, and keeps the evidence
        "DOWNLOAD_HANDLERS": {"http": CONNECTIONS, "https": CONNECTIONS, "data": None, "file": None, "ftp": None, "s3": None},
        "TWISTED_DNS_RESOLVER": "harvest.resolver.PublicResolver",
        ALLOW_HOSTS: list(plan.allow_hosts),
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,  # runs code that is sent to it
        "EXTENSIONS": {
            "scrapy.extensions.remote_control.RemoteControl": None,  # not even imported: a third of the start
            "scrapy.extensions.logcount.LogCount": None,  # what these three count and log every minute, nobody reads
            "scrapy.extensions.logstats.LogStats": None,
            "scrapy.extensions.memusage.MemoryUsage": None,
        },
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
