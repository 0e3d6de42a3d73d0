"""The shape of a source: what it declares, what it is given, and what it may yield."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from catalog import records
from catalog.records import Candidate


class WebSource:
    """An institution's service on the web. A plug-in is a subclass called `Source` in `harvest/sources/<name>.py`.

    `at_least` candidates are expected of any run: fewer fails the run, after what came has been kept.
    `checked_on` is the day on which a person last read the terms, empty when nobody has.
    """

    institution: ClassVar[str]
    home_url: ClassVar[str]
    terms_url: ClassVar[str]
    checked_on: ClassVar[str] = ""
    at_least: ClassVar[int] = 1
    politeness: ClassVar["Politeness"]
    api_url: ClassVar[str] = ""  # where its questions go, without a slash at the end; empty: where the user points
    asks: ClassVar[str] = "ADDRESS"  # what `start` understands, for the command's help
    again_at_once: ClassVar[int] = 1  # texts of `again` that one call of `start` takes, where a question may name several
    depth: int = 0  # how far below what was named it goes, where that makes sense
    key: ClassVar["Key | None"] = None
    reads_embedded_rights: ClassVar[bool] = False  # what a picture's own file says of its rights counts too

    def __init__(self, base_url: str | None = None, depth: int | None = None) -> None:
        """`base_url` stands in for `api_url` (a mirror, a test server); `depth` for the source's own."""
        self.base_url = (base_url or self.api_url).rstrip("/")
        self.depth = type(self).depth if depth is None else depth

    def again(self, source_id: str, other: Mapping[str, str]) -> str | None:
        """What `start` is to be asked so that its answer states this one item again; None when it cannot be asked for.

        Args:
            source_id: The item's identifier, as `parse` gave it.
            other: The candidate's `other`, as `parse` gave it.
        """
        return None

    def start(self, asked: Sequence[str]) -> Iterator["Ask"]:
        """The first questions, from what the user named (addresses, searches, identifiers).

        Raises:
            UsageError: something asked for makes no sense to this source.
        """
        raise NotImplementedError

    def parse(self, answer: "Answer", carry: Mapping[str, Any]) -> Iterator["Candidate | Ask | Problem"]:
        """What one answer holds. Pure: no network, no clock; nothing in the answer may make it raise."""
        raise NotImplementedError

    def stated(self, name: str) -> records.Source:
        """The row of table `sources` for the candidates' `source` called `name`."""
        return records.Source(
            name=name,
            institution=self.institution,
            home_url=self.home_url,
            terms_url=self.terms_url,
            checked_on=self.checked_on,
        )


@dataclass(frozen=True, kw_only=True)
class Key:
    """A secret that a service asks for. It is read from the environment where a request is made, and stands nowhere else."""

    variable: str  # of the environment
    header: str | None = None  # sent as this header, else
    parameter: str | None = None  # as this parameter of the address
    prefix: str = ""  # before the secret in the header, such as "Bearer "
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Politeness:
    """How a source's hosts are to be treated. Hosts opened with `--allow-host` are the user's own and are not paced."""

    delay_s: float = 1.0  # between two requests to one host; a longer Crawl-delay wins
    connections: int = 1  # at the same time to one host
    timeout_s: float = 30.0  # for one whole answer
    retries: int = 2  # after the first attempt, for 429, 5xx and broken connections
    max_size_bytes: int = 64 << 20  # of one answer; larger is the outcome too_large


@dataclass(frozen=True)
class Answer:
    """One answer of a server: header names in lower case, each with all its values in order."""

    url: str
    body: bytes
    status: int = 200
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the body: the proof of what was read."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A follow-up question; `carry` comes back with its answer, `reader` names another source that is to read it.

    Instead of `url`, `asked` may say in the reader's own terms what its `start` is to ask; `carry` is laid over what
    `start` gives each of its questions. With `even_unanswered` the reader is also given an answer of any other status, and
    one of status 0 where none came (its header `outcome` then says why), so that what `carry` holds is not lost; such a
    question may be asked more than once.
    """

    url: str = ""
    carry: Mapping[str, Any] = field(default_factory=dict)
    reader: str | None = None
    asked: tuple[str, ...] = ()
    even_unanswered: bool = False


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Source data that could not be taken as it stands: where (file and line, address) and what.

    `gone` when the source itself says that the item asked for no longer exists: a recheck then proposes its withdrawal.
    """

    where: str
    what: str
    gone: bool = False


@dataclass(frozen=True, kw_only=True)
class Found:
    """A candidate of a local source; `file` holds its bytes, None when `candidate.outcome` already says why not."""

    candidate: Candidate
    file: Path | None = None
