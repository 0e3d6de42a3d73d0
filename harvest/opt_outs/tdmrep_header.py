"""TDMRep's header: `tdm-reservation: 1`, with a `tdm-policy` where terms are offered. It outranks the host's tdmrep.json."""

from collections.abc import Iterator

from catalog.records import OptOut
from harvest.source import Answer
from harvest.tdmrep import HEADER_CHANNEL, said_in_headers

CHANNEL = HEADER_CHANNEL
PLACE = "header"


def read(answer: Answer) -> Iterator[OptOut]:
    """The reservation, if the answer's headers state one."""
    said = said_in_headers(answer.headers)
    if said is not None and said.reserved:
        yield OptOut(channel=CHANNEL, value=said.in_words(answer.url), where=answer.url)
