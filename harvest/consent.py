"""What one answer, or one file, says against its use, read through every channel of `harvest/opt_outs/`."""

from collections.abc import Iterable
from functools import cache
from types import ModuleType

from base import plugins
from catalog.records import OptOut
from harvest.robots import beside
from harvest.source import Answer
from harvest.tdmrep import FILE_CHANNEL, FILE_PATH, said_in_headers


def said_in_answer(answer: Answer) -> tuple[OptOut, ...]:
    """The denials in an answer's headers and in its bytes."""
    return tuple(dict.fromkeys(one for channel in _channels() for one in channel.read(answer)))


def said_in_file(body: bytes, where: str) -> tuple[OptOut, ...]:
    """The denials that a file carries itself; `where` is its address or its path in the collection."""
    answer = Answer(where, body)
    return tuple(dict.fromkeys(one for channel in _channels() if channel.PLACE == "file" for one in channel.read(answer)))


def answer_channels() -> tuple[str, ...]:
    """The names of all channels that `said_in_answer` reads."""
    return tuple(channel.CHANNEL for channel in _channels())


def file_channels() -> tuple[str, ...]:
    """The names of the channels that `said_in_file` reads."""
    return tuple(channel.CHANNEL for channel in _channels() if channel.PLACE == "file")


def without_overruled(before: Iterable[OptOut], answer: Answer) -> tuple[OptOut, ...]:
    """What was said before the answer, less what its headers overrule: `tdm-reservation: 0` lifts its host's tdmrep.json.

    Nothing else that permits lifts what another channel denies.
    """
    said = said_in_headers(answer.headers)
    if said is None or said.reserved:
        return tuple(before)
    place = beside(answer.url, FILE_PATH)
    return tuple(one for one in before if (one.channel, one.where) != (FILE_CHANNEL, place))


@cache
def _channels() -> tuple[ModuleType, ...]:
    """Headers first: they are read before the bytes are, so what they say decides."""
    loaded = [plugins.load("harvest.opt_outs", name) for name in plugins.names("harvest.opt_outs")]
    return tuple(sorted(loaded, key=lambda channel: (channel.PLACE != "header", channel.CHANNEL)))
