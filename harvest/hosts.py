"""How hard each host may be asked: one table of connections, paces and budgets, and a source's own pace for all others.

Hosts of one group share its budget. A pace is kept as it stands: the automatic throttle neither slows nor hastens it.
Budgets count within one harvest: what an earlier one asked today is not known.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0


@dataclass(frozen=True, kw_only=True)
class HostPolicy:
    """What one group of hosts allows. `source` says who says so.

    `requests` and `size_bytes` are pairs (at most so many, within so many seconds).
    """

    group: str
    connections: int = 1  # at the same time
    delay_s: float = 1.0  # between the beginnings of two requests
    requests: tuple[tuple[float, float], ...] = ()
    size_bytes: tuple[tuple[float, float], ...] = ()
    max_size_bytes: int | None = None  # of one answer, where that is less than the source's own limit
    source: str = ""


WIKIMEDIA_MEDIA = HostPolicy(
    group="wikimedia-media",
    connections=2,
    delay_s=0.1,
    size_bytes=((25e6 / 8 * 10, 10.0),),
    source="Wikimedia robot policy, April 2025: two connections and 25 Mbps over 10 s for all media",
)
WIKIMEDIA_API = HostPolicy(group="wikimedia-api", delay_s=0.5, source="MediaWiki API:Etiquette: requests in series")
GBIF = HostPolicy(group="gbif", source="GBIF: one connection for its image cache; a second between questions is an assumption")
INATURALIST = HostPolicy(
    group="inaturalist-api",
    requests=((60, MINUTE_S), (10_000, DAY_S)),
    max_size_bytes=32 << 20,
    source="iNaturalist API, recommended practices: 60 requests a minute or fewer, and under 10,000 a day",
)
INATURALIST_MEDIA = HostPolicy(
    group="inaturalist-media",
    delay_s=0.5,
    size_bytes=((5e9, HOUR_S), (24e9, DAY_S)),
    source="iNaturalist: 5 GB of media an hour and 24 GB a day (unconfirmed)",
)
MET = HostPolicy(
    group="met", max_size_bytes=64 << 20, source="metmuseum/openaccess#58, #60: 403 after about 30 quick requests, so 1/s"
)
SMITHSONIAN = HostPolicy(
    group="smithsonian-api", delay_s=3.6, requests=((1_000, HOUR_S),), source="api.data.gov: 1,000 requests an hour, rolling"
)
SMITHSONIAN_TRIAL = HostPolicy(
    group="smithsonian-api-trial",
    delay_s=3.6,
    requests=((30, HOUR_S), (50, DAY_S)),
    source="api.data.gov: 30 requests an hour and 50 a day with DEMO_KEY",
)
SMITHSONIAN_MEDIA = HostPolicy(group="smithsonian-media", source="assumption: a second between images")
OPENVERSE = HostPolicy(
    group="openverse-api",
    delay_s=3.0,
    requests=((20, MINUTE_S), (200, DAY_S)),
    source="Openverse, January 2024: 20 requests a minute and 200 a day for guests",
)
OPENVERSE_KEYED = HostPolicy(
    group="openverse-api-keyed",
    requests=((100, MINUTE_S), (10_000, DAY_S)),
    source="Openverse: 100 requests a minute and 10,000 a day with a standard key",
)
EUROPEANA = HostPolicy(group="europeana-api", source="assumption: a second between requests")
FLICKR = HostPolicy(group="flickr-api", requests=((3_600, HOUR_S),), source="Flickr: 3,600 requests an hour for one key")
FLICKR_MEDIA = HostPolicy(group="flickr-media", source="assumption: a second between images")

POLICIES: Mapping[str, HostPolicy] = {
    "upload.wikimedia.org": WIKIMEDIA_MEDIA,
    "thumb.wikimedia.org": WIKIMEDIA_MEDIA,
    "wikimedia.org": WIKIMEDIA_API,
    "wikipedia.org": WIKIMEDIA_API,
    "wikidata.org": WIKIMEDIA_API,
    "gbif.org": GBIF,
    "inaturalist.org": INATURALIST,
    "static.inaturalist.org": INATURALIST_MEDIA,
    "inaturalist-open-data.s3.amazonaws.com": INATURALIST_MEDIA,
    "metmuseum.org": MET,
    "api.si.edu": SMITHSONIAN_TRIAL,
    "si.edu": SMITHSONIAN_MEDIA,
    "api.openverse.org": OPENVERSE,
    "europeana.eu": EUROPEANA,
    "flickr.com": FLICKR,
    "staticflickr.com": FLICKR_MEDIA,
}
"""By host or by the end of a host's name; the longest that fits counts."""

KEYED: Mapping[str, tuple[str, HostPolicy]] = {
    OPENVERSE.group: ("OPENVERSE_TOKEN", OPENVERSE_KEYED),
    SMITHSONIAN_TRIAL.group: ("SMITHSONIAN_API_KEY", SMITHSONIAN),
}
"""Groups that allow more where this variable of the environment holds a key."""


def policy_of(host: str) -> HostPolicy | None:
    """The policy of a host in lower case; None where a source's own pace counts."""
    labels = host.split(".")
    found = next((found for start in range(len(labels)) if (found := POLICIES.get(".".join(labels[start:])))), None)
    if found is None:
        return None
    variable, keyed = KEYED.get(found.group, ("", found))
    return keyed if variable and os.environ.get(variable) else found


def all_policies() -> tuple[HostPolicy, ...]:
    """Each group's once."""
    return tuple({one.group: one for one in (*POLICIES.values(), *(keyed for _, keyed in KEYED.values()))}.values())


def slots() -> dict[str, dict[str, float]]:
    """Scrapy's queue of each group: its delay, kept without chance, and its connections."""
    return {one.group: {"delay": one.delay_s, "concurrency": one.connections, "jitter": 0.0} for one in all_policies()}
