"""The one spider: asks a source's questions and gives its answers back to it; candidates go through the pipelines."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import scrapy
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from scrapy.logformatter import LogFormatter
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from base import plugins
from base.errors import UsageError
from catalog.records import Candidate, OptOut
from harvest.addresses import host_and_port
from harvest.again import GONE_STATUSES, Again
from harvest.failures import Refused, outcome_of
from harvest.keys import scrubbed, scrubbed_answer, with_key
from harvest.plan import CrawlPlan, Wanted
from harvest.source import Answer, Ask, Problem, WebSource
from harvest.wire import Answered, Frame

SETTLE_S = 0.01
"""For Scrapy to count an item as done after it said so."""

MOST_QUESTIONS = 200_000
"""Collections that never end stop here (assumption, not measured)."""


@dataclass
class Piece:
    """A candidate on its way through the pipelines. `done` once its outcome is final; later steps then leave it alone.

    `held`: its bytes are in the store. `conditions` are headers for the request of its image, `answered` what its server
    said. `noted_only`: no bytes are wanted of this one.
    """

    candidate: Candidate
    answer: Answer | None = None
    done: bool = False
    held: bool = False
    conditions: Mapping[str, str] = field(default_factory=dict)
    answered: Answered | None = None
    noted_only: bool = False

    def end(self, outcome: str, detail: str | None, opt_outs: tuple[OptOut, ...] = ()) -> "Piece":
        """Give the candidate its outcome; there will be no bytes."""
        found = tuple(dict.fromkeys((*self.candidate.opt_outs, *opt_outs)))
        self.candidate = replace(self.candidate, outcome=outcome, outcome_detail=detail, opt_outs=found)
        self.done = True
        self.held = False
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
        self.ended: str | None = None
        self.again = Again(plan.wanted)
        self._readers: dict[str, WebSource] = {plan.source: source}
        self._candidates = 0
        self._questions = 0
        self._at_once = 1
        self._under_way = asyncio.Semaphore(self._at_once)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> "HarvestSpider":
        """Also listens for errors in our own code, so that none of them loses a candidate silently."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider._at_once = crawler.settings.getint("CONCURRENT_ITEMS")
        spider._under_way = asyncio.Semaphore(spider._at_once)
        crawler.signals.connect(spider.piece_failed, signal=signals.item_error)
        crawler.signals.connect(spider.parse_failed, signal=signals.spider_error)
        if spider.plan.wanted:
            crawler.signals.connect(spider.piece_left, signal=signals.item_scraped)
        return spider

    async def start(self) -> AsyncIterator[Request | Piece]:
        """The source's first questions; or, with items that are wanted again, the questions that state them, and the rest."""
        if not self.plan.wanted:
            for ask in self.source.start(self.plan.asked):
                yield self._request(ask)
            return
        for asked in self.again.questions(self.source.again_at_once):
            try:
                for ask in self.source.start(asked):
                    yield self._request(ask, again=asked, first=True)
            except UsageError as error:
                self.again.not_known(asked, str(error))
                self.outlet.send(Problem(where=", ".join(asked), what=str(error)))
        for wanted in self.again.without_question():
            await self._under_way.acquire()  # Scrapy would take them all at once
            yield self._sent_again(wanted.candidate, wanted)
        for _ in range(self._at_once):
            await self._under_way.acquire()
        # Scrapy 2.19 looks whether all is done only at its next request or heartbeat, 5 s; the end of this is one, too.
        await asyncio.sleep(SETTLE_S)

    def answered(self, response: Response) -> Iterator[Piece | Request]:
        """Let the source read one answer."""
        ask: Ask = response.meta["ask"]
        again: tuple[str, ...] = response.meta["again"]
        reader = self._reader(ask.reader)
        yield from self._read(scrubbed_answer(answer_of(response), ask.url, reader.key), ask, again)

    def _read(self, answer: Answer, ask: Ask, again: tuple[str, ...]) -> Iterator[Piece | Request]:
        for found in self._reader(ask.reader).parse(answer, ask.carry):
            if isinstance(found, Problem):
                self.outlet.send(found)
                if not found.gone:
                    self.again.not_known(again, found.what)
            elif isinstance(found, Ask):
                yield from self._follow(replace(found, reader=found.reader or ask.reader), again)
            elif self.plan.wanted:
                if wanted := self.again.stated(found.candidate_id):
                    yield self._sent_again(found, wanted)
            elif not self.enough:
                self._candidates += 1
                self.enough = self.plan.limit is not None and self._candidates >= self.plan.limit
                yield self._piece(found)

    def unanswered(self, failure: Failure) -> Iterator[Piece | Request]:
        """A question without an answer is a problem of the run: what it would have named is not known."""
        error = failure.value
        assert error is not None
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        if isinstance(error, HttpError):
            what = f"answered with status {error.response.status}"
            if error.response.status in GONE_STATUSES and request.meta["first"] and len(request.meta["again"]) == 1:
                return  # what it asked for is gone, which is no problem of the run
        elif isinstance(error, Refused) and error.outcome == "enough":
            return
        else:
            what = outcome_of(error)[1] or f"{type(error).__name__}: {error}"
        ask: Ask = request.meta["ask"]
        if ask.even_unanswered:
            status = error.response.status if isinstance(error, HttpError) else 0
            headers = {} if status else {"outcome": (outcome_of(error)[0],)}
            yield from self._read(Answer(ask.url, b"", status, headers), ask, request.meta["again"])
            return
        self.again.not_known(request.meta["again"], what)
        self.outlet.send(Problem(where=ask.url, what=what))

    def piece_left(self, item: Piece) -> None:
        """One that needed no question has left the pipelines: the next may enter."""
        if not self.again.has_question(item.candidate.candidate_id):
            self._under_way.release()

    def piece_failed(self, item: Piece, failure: Failure) -> None:
        """An error in a pipeline: the candidate is handed over all the same."""
        what = f"{failure.type.__name__ if failure.type else 'error'}: {failure.getErrorMessage()}"
        self.logger.error("pipeline_failed %s", failure.getTraceback())
        self.outlet.send(Problem(where=item.candidate.image_url or item.candidate.source_id, what=what))
        self.outlet.send((item.end("failed_internal", what).candidate, None, False, None))
        self.piece_left(item)

    def parse_failed(self, failure: Failure, response: Response | None) -> None:
        """An error while an answer was read."""
        self.logger.error("parse_failed %s", failure.getTraceback())
        what = f"could not be read: {failure.getErrorMessage()}"
        if response is None:
            raise AssertionError(what)
        self.again.not_known(response.meta["again"], what)
        self.outlet.send(Problem(where=response.meta["ask"].url, what=scrubbed(what)))

    def closed(self, reason: str) -> None:
        """Scrapy says why the crawl is over: `finished`, or what stopped it."""
        self.ended = reason

    def left_over(self) -> Iterator[Frame]:
        """When the crawl is done: the wanted items that were not stated, each with what that means."""
        for candidate in self.again.left_over():
            yield candidate, None, False, None

    def _piece(self, candidate: Candidate) -> Piece:
        # a source that says itself that a file is no picture has the last word: there is no address to ask
        piece = Piece(candidate, done=candidate.outcome == "not_an_image" and candidate.image_url is None)
        if candidate.candidate_id in self.plan.withdrawn or candidate.checksum in self.plan.withdrawn_checksums:
            piece.end("withdrawn", None)
        return piece

    def _sent_again(self, candidate: Candidate, wanted: Wanted) -> Piece:
        piece = self._piece(candidate)
        piece.noted_only = wanted.noted_only
        if candidate.image_url == wanted.candidate.image_url:
            piece.conditions = wanted.conditions
        return piece

    def _follow(self, ask: Ask, again: tuple[str, ...]) -> Iterable[Request]:
        if self._questions == MOST_QUESTIONS:
            self.outlet.send(Problem(where=ask.url, what=f"more than {MOST_QUESTIONS} questions: the rest is not asked"))
        if self._questions >= MOST_QUESTIONS or self.enough:
            return
        try:
            for one in self._spelled_out(ask):
                yield self._request(one, again=again)
        except ValueError as error:
            what = f"an address that makes no sense: {error}"
            self.again.not_known(again, what)
            self.outlet.send(Problem(where=ask.url, what=what))
        except UsageError as error:
            self.again.not_known(again, str(error))
            self.outlet.send(Problem(where=", ".join(ask.asked), what=str(error)))

    def _spelled_out(self, ask: Ask) -> Iterator[Ask]:
        """The reader's own questions, where a source named a thing and not an address."""
        if not ask.asked:
            yield ask
            return
        for one in self._reader(ask.reader).start(ask.asked):
            yield replace(one, reader=one.reader or ask.reader, carry={**one.carry, **ask.carry})

    def _request(self, ask: Ask, *, again: tuple[str, ...] = (), first: bool = False) -> Request:
        self._questions += 1
        url, headers = with_key(ask.url, self._reader(ask.reader).key)
        meta: dict[str, Any] = {"ask": ask, "again": again, "first": first}
        if headers:
            meta["keyed"] = {"place": host_and_port(url), "headers": list(headers)}
        return Request(
            url,
            headers=headers,
            callback=self.answered,
            errback=self.unanswered,
            meta=meta,
            dont_filter=ask.even_unanswered,  # Scrapy drops a question that it has seen, with all that it carries
        )

    def _reader(self, name: str | None) -> WebSource:
        name = name or self.plan.source
        if name not in self._readers:
            self._readers[name] = plugins.load("harvest.sources", name).Source(base_url=self.plan.base_urls.get(name))
        return self._readers[name]


def answer_of(response: Response) -> Answer:
    """A Scrapy response in our own shape; header values as Latin-1, as HTTP has them."""
    headers = {
        name.decode("latin-1").lower(): tuple(value.decode("latin-1") for value in values)
        for name, values in response.headers.items()
    }
    return Answer(response.url, response.body, response.status, headers)


def answered_of(response: Response, piece: Piece) -> Answered:
    """What the image's server said; a 304 without marks of its own confirms those that it was asked with."""
    kept = piece.conditions if response.status == 304 else {}
    return Answered(
        url=str(piece.candidate.image_url),
        status=response.status,
        etag=_header(response, "ETag") or kept.get("If-None-Match"),
        last_modified=_header(response, "Last-Modified") or kept.get("If-Modified-Since"),
    )


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1").strip()[:LONGEST_MARK_CHARACTERS] or None if value else None


LONGEST_MARK_CHARACTERS = 1000
"""A longer ETag is no mark but an attempt to fill our disk; cut, it no longer matches, and the bytes come again."""


class QuietFormatter(LogFormatter):
    """Scrapy logs whole items when one fails, and a picture's bytes are no log line; what goes well is in the catalogue."""

    def crawled(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing: two lines a picture that no level shows would still be put together."""
        return None

    def scraped(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing."""
        return None

    def item_error(self, item: Any, *args: Any, **kwargs: Any) -> Any:
        """Name the item only."""
        return {"level": logging.ERROR, "msg": "error processing %(item)s", "args": {"item": item.candidate.source_id}}
