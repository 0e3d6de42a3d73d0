"""The one spider: asks a source's questions and gives its answers back to it; candidates go through the pipelines."""

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import scrapy
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from scrapy.logformatter import LogFormatter
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from base import plugins
from catalog.records import Candidate, OptOut
from harvest.failures import Refused, outcome_of
from harvest.plan import CrawlPlan
from harvest.source import Answer, Ask, Problem, WebSource
from harvest.wire import Frame

MOST_QUESTIONS = 200_000
"""Collections that never end stop here (assumption, not measured)."""


@dataclass
class Piece:
    """A candidate on its way through the pipelines. `done` once its outcome is final; later steps then leave it alone."""

    candidate: Candidate
    answer: Answer | None = None
    done: bool = False
    held: bool = False

    def end(self, outcome: str, detail: str | None, opt_outs: tuple[OptOut, ...] = ()) -> "Piece":
        """Give the candidate its outcome; there will be no bytes."""
        found = (*self.candidate.opt_outs, *opt_outs)
        self.candidate = replace(self.candidate, outcome=outcome, outcome_detail=detail, opt_outs=found)
        self.done = True
        self.answer = None
        return self


class Sends(Protocol):
    """Where frames go: the command, or a list in a test."""

    def send(self, frame: Frame) -> None:
        """Take one frame."""


class HarvestSpider(scrapy.Spider):
    """Scrapy's part in a harvest; `enough` is set when the limit of candidates is reached."""

    name = "harvest"

    def __init__(self, plan: CrawlPlan, source: WebSource, outlet: Sends, **kwargs: Any) -> None:
        """`outlet` takes what is found."""
        super().__init__(**kwargs)
        self.plan = plan
        self.source = source
        self.outlet = outlet
        self.enough = False
        self._readers: dict[str, WebSource] = {plan.source: source}
        self._candidates = 0
        self._questions = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> "HarvestSpider":
        """Also listens for errors in our own code, so that none of them loses a candidate silently."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.piece_failed, signal=signals.item_error)
        crawler.signals.connect(spider.parse_failed, signal=signals.spider_error)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """The source's first questions."""
        for ask in self.source.start(self.plan.asked):
            yield self._request(ask)

    def answered(self, response: Response) -> Iterator[Piece | Request]:
        """Let the source read one answer."""
        ask: Ask = response.meta["ask"]
        answer = answer_of(response)
        for found in self._reader(ask.reader).parse(answer, ask.carry):
            if isinstance(found, Problem):
                self.outlet.send(found)
            elif isinstance(found, Ask):
                yield from self._follow(replace(found, reader=found.reader or ask.reader))
            elif not self.enough:
                self._candidates += 1
                self.enough = self.plan.limit is not None and self._candidates >= self.plan.limit
                yield Piece(found)

    def unanswered(self, failure: Failure) -> None:
        """A question without an answer is a problem of the run: what it would have named is not known."""
        error = failure.value
        assert error is not None
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        if isinstance(error, HttpError):
            what = f"answered with status {error.response.status}"
        elif isinstance(error, Refused) and error.outcome == "enough":
            return
        else:
            what = outcome_of(error)[1] or f"{type(error).__name__}: {error}"
        self.outlet.send(Problem(where=request.meta["ask"].url, what=what))

    def piece_failed(self, item: Piece, failure: Failure) -> None:
        """An error in a pipeline: the candidate is handed over all the same."""
        what = f"{failure.type.__name__ if failure.type else 'error'}: {failure.getErrorMessage()}"
        self.logger.error("pipeline_failed %s", failure.getTraceback())
        self.outlet.send(Problem(where=item.candidate.image_url or item.candidate.source_id, what=what))
        self.outlet.send((item.end("failed_internal", what).candidate, None, False))

    def parse_failed(self, failure: Failure, response: Response) -> None:
        """An error while an answer was read."""
        self.logger.error("parse_failed %s", failure.getTraceback())
        self.outlet.send(Problem(where=response.url, what=f"could not be read: {failure.getErrorMessage()}"))

    def _follow(self, ask: Ask) -> Iterator[Request]:
        if self._questions == MOST_QUESTIONS:
            self.outlet.send(Problem(where=ask.url, what=f"more than {MOST_QUESTIONS} questions: the rest is not asked"))
        if self._questions >= MOST_QUESTIONS or self.enough:
            return
        try:
            yield self._request(ask)
        except ValueError as error:
            self.outlet.send(Problem(where=ask.url, what=f"an address that makes no sense: {error}"))

    def _request(self, ask: Ask) -> Request:
        self._questions += 1
        return Request(ask.url, callback=self.answered, errback=self.unanswered, meta={"ask": ask})

    def _reader(self, name: str | None) -> WebSource:
        name = name or self.plan.source
        if name not in self._readers:
            self._readers[name] = plugins.load("harvest.sources", name).Source()
        return self._readers[name]


def answer_of(response: Response) -> Answer:
    """A Scrapy response in our own shape; header values as Latin-1, as HTTP has them."""
    headers = {
        name.decode("latin-1").lower(): tuple(value.decode("latin-1") for value in values)
        for name, values in response.headers.items()
    }
    return Answer(response.url, response.body, response.status, headers)


class QuietFormatter(LogFormatter):
    """Scrapy logs whole items when one fails; a picture's bytes are no log line."""

    def item_error(self, item: Any, *args: Any, **kwargs: Any) -> Any:
        """Name the item only."""
        return {"level": logging.ERROR, "msg": "error processing %(item)s", "args": {"item": item.candidate.source_id}}
