"""Batches of slow work over the processes of this machine: results in order, one bad batch never kills the rest."""

import functools
import logging
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Generic, TypeVar

from base.errors import FototecaError

B = TypeVar("B")
R = TypeVar("R")

IN_FLIGHT = 3
"""Batches handed out per worker: enough that none waits, few enough that a stop wastes little."""

DIED = "the process that worked on it died (out of memory, or a crash in a codec)"
NEVER_ENDS = "the process that worked on it had not ended after {:.0f} seconds"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Done(Generic[R]):
    """One batch that was worked on. `error` says why there is no `result`; exactly one of the two is present."""

    index: int
    result: R | None = None
    error: str | None = None


def run_batches(
    function: Callable[[B], R],
    batches: Sequence[B],
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    patience_s: float | None = None,
) -> Iterator[Done[R]]:
    """Call `function` on every batch and yield what came of each, in the order of `batches`.

    Args:
        function: pure and importable by name (it travels to a fresh process); reads files, returns small records.
        batches: small picklable inputs, cut by the caller in a fixed order.
        workers: processes; None takes one a core that this process may use. 1 runs right here, where a crash in a codec
            would take the caller along.
        progress: told (batches done, batches in all) after each.
        patience_s: a batch that takes longer is taken for one that never ends: its process is killed, and that is its
            error. None waits for ever, and so does work right here.

    Raises:
        FototecaError: whatever of it `function` raises: a full disk is no bad batch. Any other error, also the death of a
            worker, is that batch's `error`.
    """
    count = workers or cores()
    results = _here(function, batches) if count == 1 else _in_processes(function, batches, min(count, len(batches)), patience_s)
    for done in results:
        if done.error is not None:
            log.warning("batch_failed index=%d error=%s", done.index, done.error)
        if progress is not None:
            progress(done.index + 1, len(batches))
        yield done


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _here(function: Callable[[B], R], batches: Sequence[B]) -> Iterator[Done[R]]:
    for index, batch in enumerate(batches):
        yield _outcome(index, functools.partial(function, batch))


def _in_processes(function: Callable[[B], R], batches: Sequence[B], workers: int, patience_s: float | None) -> Iterator[Done[R]]:
    if not batches:
        return
    following = 0
    pool = _pool(workers)
    running: deque[tuple[int, Future[R]]] = deque()
    try:
        while running or following < len(batches):
            try:
                while following < len(batches) and len(running) < workers * IN_FLIGHT:
                    running.append((following, pool.submit(function, batches[following])))
                    following += 1
                _await(running[0][1], pool, patience_s)
                done = _outcome(running[0][0], running[0][1].result)
            except BrokenProcessPool:
                # A worker died (out of memory, a crash in a codec, no end), seen at its result or at the next submission. Which
                # batch killed it is not known: try those without a result one by one, and go on with a fresh pool.
                pool.shutdown(wait=True, cancel_futures=True)
                yield from _one_by_one(function, batches, running, patience_s)
                running.clear()
                pool = _pool(workers)
            else:
                running.popleft()
                yield done
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one_by_one(
    function: Callable[[B], R], batches: Sequence[B], suspects: Iterable[tuple[int, Future[R]]], patience_s: float | None
) -> Iterator[Done[R]]:
    """What came of each batch of a broken pool; whatever has no answer gets a process to itself, until that dies too."""
    pool: ProcessPoolExecutor | None = None
    try:
        for index, future in suspects:
            if not (future.cancelled() or isinstance(future.exception(), BrokenProcessPool)):
                yield _outcome(index, future.result)
                continue
            pool = pool or _pool(1)
            again = pool.submit(function, batches[index])
            try:
                _await(again, pool, patience_s)
                yield _outcome(index, again.result)
            except BrokenProcessPool as error:
                pool.shutdown(wait=True)
                pool = None
                yield Done(index=index, error=NEVER_ENDS.format(patience_s) if isinstance(error, _NeverEnds) else DIED)
    finally:
        if pool is not None:
            pool.shutdown(wait=True)


class _NeverEnds(BrokenProcessPool):
    """A batch outlasted all patience, and its pool was killed."""


def _await(future: Future[R], pool: ProcessPoolExecutor, patience_s: float | None) -> None:
    """Return once the batch has ended; else kill the pool and say so."""
    if wait([future], timeout=patience_s).done:
        return
    for process in list((pool._processes or {}).values()):  # before Python 3.14 a pool has no public way to be killed
        process.kill()
    raise _NeverEnds


def _outcome(index: int, work: Callable[[], R]) -> Done[R]:
    try:
        return Done(index=index, result=work())
    except (FototecaError, BrokenProcessPool):
        raise
    except Exception as error:  # noqa: BLE001  # the promise of this module: any failure is the batch's own
        return Done(index=index, error=f"{type(error).__name__}: {error}")


def _pool(workers: int) -> ProcessPoolExecutor:
    """Spawned, not forked: a fork copies the locks of threads that do not exist in the child."""
    return ProcessPoolExecutor(max_workers=workers, mp_context=multiprocessing.get_context("spawn"))
