"""Work that threads do a little before its answers are wanted."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def ahead(work: Callable[[Asked], Answer], asked: Iterable[Asked], *, threads: int, most: int) -> Iterator[Answer]:
    """The answers in the order asked; while one is used, up to `most` of the next are worked on.

    An error comes out in the place of its answer, and ends the iteration. Leaving early, by an error or `close()`, starts
    nothing more and waits for what is being worked on; an iterator that is only dropped keeps no program from ending.
    """
    coming: deque[Future[Answer]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="ahead") as pool:
        try:
            for one in asked:
                coming.append(pool.submit(work, one))
                if len(coming) > most:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
