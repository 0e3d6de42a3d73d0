"""A host that pleads for less is left alone for as long as it asks, then asked again; Scrapy 2.19 asks at once (#3849)."""

from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from harvest.failures import Refused
from harvest.throttle import Plea, plea_of
from harvest.turns import Turns

FIRST_PAUSE_S = {"busy": 5.0, "lag": 5.0, "challenge": 30.0}
"""Where the host does not say how long; each further plea doubles it (assumption, not measured)."""

OPENED_PAUSE_S = 0.05
"""The first pause of a host that the user opened: their own machine."""

MOST_LAGS = 6
"""Times that a lagging MediaWiki is asked again: its own advice warns of endless loops."""

MOST_CHALLENGES = 3
"""Times that a firewall is asked again before the item fails as throttled."""

THROTTLED = "the host's firewall answers in its place and wants to see a person: ask more slowly, or write to its keepers"


class Patience:
    """Notes the pauses (requests wait for them in `harvest/connections.py`) and asks again, a bounded number of times."""

    def __init__(self, turns: Turns, most_busy: int) -> None:
        """`most_busy`: times that a 429 or 503 is asked again."""
        self._turns = turns
        self._most = {"busy": most_busy, "lag": MOST_LAGS, "challenge": MOST_CHALLENGES}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Patience":
        """As Scrapy makes it."""
        return cls(Turns.of(crawler), crawler.settings.getint("RETRY_TIMES"))

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Pass a good answer on; ask again where a pause is asked for.

        Raises:
            Refused: a challenge that does not end.
        """
        found = plea_of(response)
        is_rules = request.meta.get("is_robots_txt") or request.meta.get("host_file")
        if found is None or (is_rules and found.kind == "challenge"):  # RFC 9309: robots.txt with a 403 closes nothing
            if response.status < 400:
                self._turns.well(request)
            return response
        times = int(request.meta.get(found.kind, 0)) + 1
        if self._pause(request, response, found) and times <= self._most[found.kind]:
            again = request.copy()
            again.meta[found.kind] = times
            again.dont_filter = True
            return again
        if found.kind == "challenge":
            raise Refused("failed_throttled", THROTTLED)
        request.meta["dont_retry"] = True
        return response  # the status is the outcome; of a lag, the source names it as the problem that it is

    def _pause(self, request: Request, response: Response, found: Plea) -> bool:
        outcome = f"failed_{response.status}" if found.kind == "busy" else "failed_throttled"
        first_s = OPENED_PAUSE_S if request.meta.get("opened") else FIRST_PAUSE_S[found.kind]
        return self._turns.plea(request, outcome, found.wait_s, first_s)
