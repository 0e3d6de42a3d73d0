"""What a landing page says against the use of its pictures: robots and TDMRep `<meta>` elements, and its own headers."""

import html as entities
import re
from collections.abc import Iterator, Mapping, Sequence

from catalog.records import OptOut
from harvest.robots_tags import denials, is_ours
from harvest.tdmrep import Reservation, reservation, said_in_headers

ROBOTS_META = "robots-meta"
TDM_META = "tdmrep-meta"

PAGE_ROBOTS_TAG = "page-x-robots-tag"
PAGE_TDM_HEADER = "page-tdmrep-header"

PAGE_CHANNELS = (ROBOTS_META, TDM_META, PAGE_ROBOTS_TAG, PAGE_TDM_HEADER)
"""What a source that read the landing page adds to the candidate's `consulted`; what the page's host says of the page is
then asked for too."""

LONGEST_CHARACTERS = 2_000_000
"""`<meta>` stands at a page's beginning; no more than this is looked at."""

_PIECES = re.compile(
    r"""<!--.*?(?:--!?>|\Z)
    |<(script|style|textarea|title|template|xmp|iframe|noembed)\b.*?(?:</\1\s*>|\Z)
    |<meta(?=[\s/])(?P<meta>(?:[^<>"']{1,2000}+|"[^"]{0,4000}+"|'[^']{0,4000}+'){0,100}+)>?""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]{1,100}+)\s*+(?:=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++)))?""")


def page_opt_outs(html: str, url: str, headers: Mapping[str, Sequence[str]] | None = None) -> tuple[OptOut, ...]:
    """Every denial on a page, which then holds for each picture that the page shows. Pure; never raises.

    A page that permits (`tdm-reservation: 0`) lifts nothing that is said of the picture itself.

    Args:
        html: The page as text, or its beginning.
        url: The page's address: where the statement can be seen again.
        headers: The page's own headers, names in lower case: TDMRep's `<meta>` outranks TDMRep's header.
    """
    headers = headers or {}
    found: dict[OptOut, None] = {}
    reserved: list[bool] = []
    policy = ""
    for name, content, words in metas(html):
        if is_ours(name) and name != "*":
            for word in denials(content):
                found[OptOut(channel=ROBOTS_META, value=f"{word} ({words})", where=url)] = None
        elif name == "tdm-reservation" and (said := reservation(content)) is not None:
            reserved.append(said)
        elif name == "tdm-policy":
            policy = policy or content.strip()
    if any(reserved):
        found[OptOut(channel=TDM_META, value=Reservation(True, policy).in_words(url), where=url)] = None
    elif not reserved and (said_before := said_in_headers(headers)) and said_before.reserved:
        found[OptOut(channel=PAGE_TDM_HEADER, value=said_before.in_words(url), where=url)] = None
    for line in headers.get("x-robots-tag", ()):
        for word in denials(line):
            found[OptOut(channel=PAGE_ROBOTS_TAG, value=f"{word} (X-Robots-Tag: {line.strip()})", where=url)] = None
    return tuple(found)


def metas(html: str) -> Iterator[tuple[str, str, str]]:
    """(name in lower case, content, the element in one line) of each `<meta>` that a browser would see."""
    for piece in _PIECES.finditer(html[:LONGEST_CHARACTERS]):
        if piece["meta"] is None:
            continue
        values: dict[str, str] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(piece["meta"]):
            values.setdefault(name.lower(), entities.unescape(double or single or bare))
        if "name" in values:
            words = f'<meta name="{values["name"]}" content="{values.get("content", "")}">'
            yield values["name"].strip().lower(), values.get("content", ""), " ".join(words.split())[:300]
