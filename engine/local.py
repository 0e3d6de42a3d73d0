"""Batches of slow work over the processes of this machine: results in order, one bad batch never kills the rest."""

import functools
import logging
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Generic, TypeVar

from base.errors import FototecaError

B = TypeVar("B")
R = TypeVar("R")

IN_FLIGHT = 3
"""Batches handed out per worker: enough that none waits, few enough that a stop wastes little."""

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
) -> Iterator[Done[R]]:
    """Call `function` on every batch and yield what came of each, in the order of `batches`.

    Args:
        function: pure and importable by name (it travels to a fresh process); reads files, returns small records.
        batches: small picklable inputs, cut by the caller in a fixed order.
        workers: processes; None takes one a core that this process may use. 1 runs right here, where a crash in a codec
            would take the caller along.
        progress: told (batches done, batches in all) after each.

    Raises:
        FototecaError: whatever of it `function` raises: a full disk is no bad batch. Any other error, also the death of a
            worker, is that batch's `error`.
    """
    count = workers or cores()
    results = _here(function, batches) if count == 1 else _in_processes(function, batches, min(count, len(batches)))
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


def _in_processes(function: Callable[[B], R], batches: Sequence[B], workers: int) -> Iterator[Done[R]]:
    if not batches:
        return
    waiting = deque(range(len(batches)))
    pool = _pool(workers)
    running: deque[tuple[int, Future[R]]] = deque()
    try:
        while waiting or running:
            while waiting and len(running) < workers * IN_FLIGHT:
                index = waiting.popleft()
                running.append((index, pool.submit(function, batches[index])))
            index, future = running.popleft()
            try:
                done = _outcome(index, future.result)
            except BrokenProcessPool:
                # A worker died (out of memory, a crash in a codec). Which batch killed it is not known: try those that
                # were handed out one by one, each in a process of its own, and go on with a fresh pool.
                pool.shutdown(wait=True, cancel_futures=True)
                suspects = [index, *(one for one, _ in running)]
                running.clear()
                for suspect in suspects:
                    yield _alone(function, batches[suspect], suspect)
                pool = _pool(workers)
            else:
                yield done
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _alone(function: Callable[[B], R], batch: B, index: int) -> Done[R]:
    with _pool(1) as pool:
        try:
            return _outcome(index, pool.submit(function, batch).result)
        except BrokenProcessPool:
            return Done(index=index, error="the process that worked on it died (out of memory, or a crash in a codec)")


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
