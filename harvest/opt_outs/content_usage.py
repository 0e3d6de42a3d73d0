"""The Content-Usage header (IETF AIPREF): `train-ai=n` and its kin; what denies is listed in `harvest/signals.py`."""

from collections.abc import Iterator

from catalog.records import OptOut
from harvest.signals import denied_in_headers
from harvest.source import Answer

CHANNEL = "content-usage"
PLACE = "header"


def read(answer: Answer) -> Iterator[OptOut]:
    """One statement for each use that is denied."""
    for member in denied_in_headers(answer.headers.get(CHANNEL, ())):
        yield OptOut(channel=CHANNEL, value=member, where=answer.url)
