"""Recognises a plea for less in an answer: Retry-After, MediaWiki's maxlag, and a firewall's challenge in its many dresses."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from scrapy.http import Response

BUSY = frozenset((429, 503))

LAG_S = 5.0
"""MediaWiki asks for at least this pause when its servers lag."""

LOOKED_AT = 65_536
"""Bytes of a page in which a challenge betrays itself."""

_CHALLENGE_HEADERS: Mapping[str, re.Pattern[str]] = {
    "cf-mitigated": re.compile("challenge", re.I),
    "x-amzn-waf-action": re.compile("challenge|captcha", re.I),
    "x-sucuri-block": re.compile("."),
}
"""Headers by which a firewall says that it, and not the host, answers; whatever the status."""

_REFUSING_HEADERS: Mapping[str, re.Pattern[str]] = {
    "x-iinfo": re.compile("."),  # Imperva
    "x-cdn": re.compile("imperva|incapsula", re.I),
    "x-datadome": re.compile("."),
    "server": re.compile("akamaighost|sucuri|ddos-guard", re.I),  # Cloudflare's stands on the host's own refusals, too
}
"""Headers of firewalls that stand on good answers, too: where one is refused, it was the firewall's doing."""

_REFUSED = frozenset((401, 403, 405, 406, 429, 503))

_CHALLENGE_WORDS = re.compile(
    rb"incapsula incident|<title>just a moment\.\.\.|checking your browser before|attention required! \| cloudflare"
    rb"|captcha-delivery\.com|px-captcha|errors\.edgesuite\.net|<title>pardon our interruption|ddos protection by"
    rb"|please enable js and disable any ad blocker|making sure you(?:'|&#39;|&#x27;|\xe2\x80\x99)re not a bot"
    rb"|<title>(?:human verification|security check|one moment, please)|sucuri website firewall",
    re.I,
)
_WORDS_ALSO_IN_GOOD_PAGES = re.compile(
    rb"_incapsula_resource|cf-chl-|cf_chl_|challenge-platform|aws-waf-token|awswafintegration"
    rb"|verify(?:ing)? (?:that )?you are (?:a )?human|g-recaptcha|h-captcha|cf-turnstile",
    re.I,
)
"""Firewalls put scripts of these names into the pages that they let through; a challenge is hardly more than such a script."""

SHORT_PAGE = 10_000
"""Bytes of a page, at most, that is nothing but a challenge (assumption)."""

_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|!--|\?xml|html|head|body|meta|script|noscript|title)", re.I)
_LAG = re.compile(rb'"code"\s*:\s*"(?:maxlag|ratelimited)"')


@dataclass(frozen=True)
class Plea:
    """A host asks for a pause of `wait_s` seconds; `kind` is busy, lag or challenge. None: it does not say how long."""

    kind: str
    wait_s: float | None


def plea_of(response: Response, now: float | None = None) -> Plea | None:
    """What an answer of Scrapy's pleads for; the usual one, a picture, costs hardly a look."""
    if response.status in (200, 206, 304) and response.body[:1] not in _TEXT_BEGINS:
        return None
    headers = {
        name.decode("latin-1").lower(): tuple(value.decode("latin-1") for value in values)
        for name, values in response.headers.items()
    }
    return plea(response.status, headers, response.body, time.time() if now is None else now)


_TEXT_BEGINS = frozenset((b"<", b"{", b" ", b"\t", b"\r", b"\n", b"\xef"))


def plea(status: int, headers: Mapping[str, tuple[str, ...]], body: bytes, now: float) -> Plea | None:
    """What an answer pleads for, if anything.

    Args:
        status: Of the answer.
        headers: Names in lower case.
        body: The beginning suffices.
        now: Seconds since 1970, against which a date counts.
    """
    wait_s = next((found for text in headers.get("retry-after", ()) if (found := pause_s(text, now)) is not None), None)
    if is_challenge(status, headers, body):
        return Plea("challenge", wait_s)
    if status in BUSY:
        return Plea("busy", wait_s)
    if status == 200 and _LAG.search(body[: LOOKED_AT if _LAG_HEADERS & headers.keys() else 2000]):
        return Plea("lag", max(LAG_S, wait_s or 0.0))
    return None


_LAG_HEADERS = frozenset(("x-database-lag", "mediawiki-api-error"))


def is_challenge(status: int, headers: Mapping[str, tuple[str, ...]], body: bytes) -> bool:
    """Whether a firewall answers in the host's place, asking us to prove that we are a person."""
    is_page = bool(_PAGE.match(body[:200]))
    if _says(_CHALLENGE_HEADERS, headers):
        return status >= 400 or is_page or not body
    if status in _REFUSED:
        if status not in BUSY and _says(_REFUSING_HEADERS, headers):
            return True
        return bool(_CHALLENGE_WORDS.search(body[:LOOKED_AT]) or _WORDS_ALSO_IN_GOOD_PAGES.search(body[:LOOKED_AT]))
    if status not in (200, 202) or not is_page:
        return False
    if len(body) <= SHORT_PAGE and _WORDS_ALSO_IN_GOOD_PAGES.search(body):
        return True
    return bool(_CHALLENGE_WORDS.search(body[:LOOKED_AT]))


def pause_s(value: str, now: float) -> float | None:
    """Seconds to wait, from either form of Retry-After (a number, or an HTTP date); None when it is neither.

    Args:
        value: The header.
        now: Seconds since 1970, against which a date counts.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, at.timestamp() - now)


def _says(table: Mapping[str, re.Pattern[str]], headers: Mapping[str, tuple[str, ...]]) -> bool:
    return any(words.search(value) for name, words in table.items() for value in headers.get(name, ()))
