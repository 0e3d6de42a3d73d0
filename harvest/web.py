"""Runs a crawl in a process of its own (Scrapy's reactor starts only once a process) and hands on what it finds."""

import fcntl
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import IO

from base.errors import FototecaError
from base.files import canonical_json
from harvest.keys import scrubbed
from harvest.plan import CrawlPlan
from harvest.wire import Frame, unpack

IDLE_S = 0.5
"""How long to wait for a frame before the caller gets a turn to make waiting items durable."""

PIPE_BYTES = 1 << 20
"""Several pictures fit, so that the two processes seldom wait for one another; Linux's limit for ordinary users."""


def crawled(plan: CrawlPlan) -> Generator[Frame | None, None, None]:
    """What the crawl finds, as it finds it; None at first, and when there was nothing for a moment.

    The crawling process ends with this one, however this one ends: it watches its standard input, which closes.

    Raises:
        FototecaError: it ended before its time; the message holds its last words.
    """
    reading, writing = os.pipe()
    _widen(writing)
    with tempfile.TemporaryFile() as words, os.fdopen(reading, "rb", buffering=0) as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "harvest.child", str(writing)],
            stdin=subprocess.PIPE,
            stdout=words,
            stderr=words,
            pass_fds=(writing,),
            env=_environment(),
            process_group=0,  # Ctrl-C reaches the command alone, which then ends the crawl
        )
        os.close(writing)
        try:
            _hand_over(process, plan)
            yield None  # the process needs half a second to begin, which is the caller's to use
            yield from _frames(stream, process, words)
        finally:
            process.kill()
            process.wait()
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()


def _frames(stream: IO[bytes], process: subprocess.Popen[bytes], words: IO[bytes]) -> Generator[Frame | None, None, None]:
    arrival = select.poll()
    arrival.register(stream, select.POLLIN)
    while True:
        if not arrival.poll(IDLE_S * 1000):
            yield None
            continue
        try:
            frame = unpack(stream)  # one that has begun comes at once: the crawl hands over whole frames only
        except (EOFError, ValueError):
            raise FototecaError(_early_end(process, words)) from None
        if frame is None:
            return
        yield frame


def _widen(pipe: int) -> None:
    """Let the pipe hold more, where the system can."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _hand_over(process: subprocess.Popen[bytes], plan: CrawlPlan) -> None:
    """The plan goes in; standard input then stays open for as long as the crawl is wanted."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # the process died at once: the end of its frames says so
        process.stdin.write(canonical_json(plan.as_json()).encode() + b"\n")
        process.stdin.flush()


def _early_end(process: subprocess.Popen[bytes], words: IO[bytes]) -> str:
    try:
        code: object = process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        code = "none yet"
    return (
        f"the crawl ended before its time (exit code {code}). What came is kept, and the same command goes on from there. "
        f"Its last words: {_last(words)}"
    )


def _environment() -> dict[str, str]:
    """Ours, with the rooms importable, and without a test's order to die, which is meant for the command."""
    rooms = str(Path(__file__).resolve().parent.parent)
    kept = {name: value for name, value in os.environ.items() if name != "FOTOTECA_KILL_AT"}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, [rooms, os.environ.get("PYTHONPATH")]))}


def _last(words: IO[bytes]) -> str:
    words.seek(0, os.SEEK_END)
    words.seek(max(0, words.tell() - 2000))
    return scrubbed(words.read().decode("utf-8", "replace").strip()) or "none"
