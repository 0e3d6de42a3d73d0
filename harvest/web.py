"""Runs a crawl in a process of its own (Scrapy's reactor starts only once a process) and hands on what it finds."""

import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from base.errors import FototecaError
from base.files import canonical_json
from harvest.plan import CrawlPlan
from harvest.wire import Frame, unpack

IDLE_S = 0.5
"""How long to wait for a frame before the caller gets a turn to make waiting items durable."""

WAITING_FRAMES = 4
"""Frames read ahead; a picture each, so this bounds memory, and a slow disk slows the crawl."""


@dataclass(frozen=True)
class Ended:
    """No more frames; `whole` when the crawl itself said so."""

    whole: bool


Arrival = Frame | Ended


def crawled(plan: CrawlPlan) -> Generator[Frame | None, None, None]:
    """What the crawl finds, as it finds it; None when there was nothing for a moment.

    The crawling process ends with this one, however this one ends: it watches its standard input, which closes.

    Raises:
        FototecaError: it ended before its time; the message holds its last words.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as words, os.fdopen(reading, "rb", buffering=1 << 20) as stream:
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
        arrived: queue.Queue[Arrival] = queue.Queue(maxsize=WAITING_FRAMES)
        stopped = threading.Event()
        reader = threading.Thread(target=_read_into, args=(stream, arrived, stopped), daemon=True)
        reader.start()
        try:
            _hand_over(process, plan)
            while not isinstance(frame := _next(arrived), Ended):
                yield frame
            if not frame.whole:
                raise FototecaError(_early_end(process, words))
        finally:
            stopped.set()
            process.kill()
            process.wait()
            reader.join()
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()


def _next(arrived: "queue.Queue[Arrival]") -> "Arrival | None":
    try:
        return arrived.get(timeout=IDLE_S)
    except queue.Empty:
        return None


def _hand_over(process: subprocess.Popen[bytes], plan: CrawlPlan) -> None:
    """The plan goes in; standard input then stays open for as long as the crawl is wanted."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # the process died at once: the end of its frames says so
        process.stdin.write(canonical_json(plan.as_json()).encode() + b"\n")
        process.stdin.flush()


def _read_into(stream: IO[bytes], arrived: "queue.Queue[Arrival]", stopped: threading.Event) -> None:
    """Read frames until the crawl's end; a full queue lets the crawl wait."""
    while not stopped.is_set():
        try:
            frame = unpack(stream) or Ended(whole=True)
        except (EOFError, ValueError):
            frame = Ended(whole=False)
        while not stopped.is_set():
            try:
                arrived.put(frame, timeout=IDLE_S)
                break
            except queue.Full:
                continue
        if isinstance(frame, Ended):
            return


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
    return words.read().decode("utf-8", "replace").strip() or "none"
