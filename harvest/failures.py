"""Why a request brought nothing, as the class of a `failed_<class>` outcome and a sentence that stays the same."""

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from twisted.internet import error as twisted_error

from catalog.records import OptOut


class Refused(IgnoreRequest):
    """We do not ask: the outcome says why, `opt_outs` who said so."""

    def __init__(self, outcome: str, detail: str, opt_outs: tuple[OptOut, ...] = ()) -> None:
        """`detail` becomes the candidate's outcome_detail, or the problem's text."""
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.opt_outs = opt_outs


_OUTCOMES: tuple[tuple[type[BaseException], str, str], ...] = (
    (DownloadTimeoutError, "failed_timeout", "no whole answer in time"),
    (twisted_error.TimeoutError, "failed_timeout", "no connection in time"),
    (CannotResolveHostError, "failed_dns", "the host's name has no address"),
    (DownloadConnectionRefusedError, "failed_connection", "the host refused the connection"),
    (DownloadCancelledError, "too_large", "larger than this source allows"),
    (ResponseDataLossError, "failed_truncated", "the connection ended before the answer did"),
    (DownloadFailedError, "failed_connection", "the connection broke"),
    (UnsupportedURLSchemeError, "failed_address", "an address that is neither http nor https"),
    (NotSupported, "failed_address", "an address that is neither http nor https"),
    (IgnoreRequest, "failed_redirects", "too many redirects"),
    (twisted_error.ConnectError, "failed_connection", "no connection"),
    (twisted_error.ConnectionLost, "failed_connection", "the connection broke"),
    (twisted_error.ConnectionDone, "failed_connection", "the connection broke"),
    (OSError, "failed_connection", "no connection"),
    (ValueError, "failed_address", "an address that makes no sense"),
)

FETCH_ERRORS: tuple[type[BaseException], ...] = tuple(kind for kind, _, _ in _OUTCOMES)
"""Everything that a request is known to raise with Scrapy 2.19 and Twisted 26; anything else is a bug and is shown."""


def outcome_of(error: BaseException) -> tuple[str, str]:
    """(outcome, sentence) for an error of `FETCH_ERRORS`."""
    if isinstance(error, Refused):
        return error.outcome, error.detail
    return next(((outcome, words) for kind, outcome, words in _OUTCOMES if isinstance(error, kind)), ("failed_unknown", ""))
