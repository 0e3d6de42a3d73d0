"""Batches run in order, here or in other processes, and a bad one is named and survived."""

import os
import time

import pytest

from base.errors import NoSpaceError
from engine.local import run_batches


def squared(batch: list[int]) -> list[int]:
    if 13 in batch:
        raise ValueError("13 is not for squaring")
    if 99 in batch:
        os._exit(1)
    if 77 in batch:
        raise NoSpaceError("the disk is full")
    return [number * number for number in batch]


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_and_a_bad_batch_is_named(workers: int) -> None:
    told: list[tuple[int, int]] = []
    done = list(run_batches(squared, [[1, 2], [13], [3]], workers=workers, progress=lambda *at: told.append(at)))
    assert [one.result for one in done] == [[1, 4], None, [9]]
    assert done[1].error == "ValueError: 13 is not for squaring"
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_batch_that_kills_its_process_does_not_take_the_others_along() -> None:
    done = list(run_batches(squared, [[1], [99], [2], [3]], workers=2))
    assert [one.result for one in done] == [[1], None, [4], [9]]
    assert done[1].error is not None
    assert "died" in done[1].error


def test_deaths_in_the_middle_of_many_batches_are_survived_wherever_they_are_noticed() -> None:
    batches = [[99] if number in (20, 21) else [100 + number] for number in range(40)]
    done = list(run_batches(squared, batches, workers=2))
    assert [one.index for one in done] == list(range(40))
    assert [one.index for one in done if one.error is not None] == [20, 21]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_no_bad_batch(workers: int) -> None:
    with pytest.raises(NoSpaceError):
        list(run_batches(squared, [[77], [1]], workers=workers))


def asleep(batch: list[int]) -> list[int]:
    if 5 in batch:
        time.sleep(600)
    return batch


def test_a_batch_that_never_ends_is_ended_and_the_others_have_their_results() -> None:
    done = list(run_batches(asleep, [[1], [5], [2], [3]], workers=2, patience_s=1.5))
    assert [one.result for one in done] == [[1], None, [2], [3]]
    assert done[1].error == "the process that worked on it had not ended after 2 seconds"
