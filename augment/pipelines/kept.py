"""What was worked out once and is wanted again: the newest answers of a model, as many as fit into so many bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any


class Kept:
    """Answers by key, the longest unused given up first; at least one is kept, however large."""

    def __init__(self, most_bytes: int) -> None:
        """Empty."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The answer for this key, made when it is not here."""
        if key not in self._answers:
            answer = make()
            self._answers[key] = (answer, size_bytes := _bytes_of(answer))
            self._bytes += size_bytes
        self._answers.move_to_end(key)
        while self._bytes > self._most_bytes and len(self._answers) > 1:
            _, (_, size_bytes) = self._answers.popitem(last=False)
            self._bytes -= size_bytes
        return self._answers[key][0]

    def clear(self) -> None:
        """Forget all of them."""
        self._answers.clear()
        self._bytes = 0


def _bytes_of(answer: Any) -> int:
    """The bytes of all tensors in it, also in tuples, tables, and what a VAE answers (an object that holds a distribution)."""
    if hasattr(answer, "nbytes"):
        return int(answer.nbytes)
    if isinstance(answer, Mapping):
        return sum(map(_bytes_of, answer.values()))
    if isinstance(answer, tuple | list):
        return sum(map(_bytes_of, answer))
    return sum(map(_bytes_of, vars(answer).values())) if hasattr(answer, "__dict__") else 0
