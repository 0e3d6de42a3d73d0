"""Shapes, turns and order: small sets are neither lost nor overfed."""

import random
from collections import Counter

import pytest

from finetune.buckets import Merged, merged, shown, turns
from finetune.order import Order

SQUARE, WIDE, WIDER, TALL = (512, 512), (448, 576), (384, 640), (640, 384)


def test_rare_shape_is_shown_in_the_nearest_one_and_that_is_said() -> None:
    into, moved = merged({SQUARE: 9, WIDE: 1}, 4)
    assert into == {SQUARE: SQUARE, WIDE: SQUARE}
    assert moved == (Merged(from_px=WIDE, into_px=SQUARE, pictures=1),)
    assert str(moved[0]) == (
        "1 picture of shape 576 x 448 px shown as 512 x 512 px, 22% more cropped, because too few have that shape to fill a batch"
    )


def test_shapes_that_fill_a_batch_are_left_alone() -> None:
    into, moved = merged({SQUARE: 4, WIDE: 4}, 4)
    assert into == {SQUARE: SQUARE, WIDE: WIDE}
    assert moved == ()


def test_upright_picture_is_not_cropped_into_a_wide_one() -> None:
    into, moved = merged({WIDER: 9, TALL: 1}, 4)
    assert into[TALL] == TALL
    assert moved == ()


def test_small_shapes_join_each_other_and_no_picture_loses_more_than_a_third() -> None:
    pictures = {SQUARE: 2, WIDE: 2, WIDER: 2, TALL: 1}
    into, moved = merged(pictures, 4)
    assert all(shown(one, into[one]) >= 2 / 3 for one in pictures)
    assert sum(one.pictures for one in moved) == sum(number for one, number in pictures.items() if into[one] != one)
    assert into[WIDE] == into[SQUARE] or into[WIDE] == into[WIDER]


def test_merging_does_not_depend_on_the_order_of_the_shapes() -> None:
    pictures = {SQUARE: 3, WIDE: 1, WIDER: 3, TALL: 3, (576, 448): 1}
    shuffled = list(pictures.items())
    random.Random(4).shuffle(shuffled)
    assert merged(dict(shuffled), 8) == merged(pictures, 8)


def test_every_concept_is_shown_as_often_as_the_most_frequent_one() -> None:
    concepts = [["gourd"]] * 6 + [["tree"]] * 2 + [["gourd", "tree"]]
    times, showings = turns(concepts)
    assert showings == {"gourd": 7, "tree": 7}
    assert times[:6] == [1] * 6
    assert times[8] == 1  # it shows a gourd too, and gourds have had their share
    assert sorted(times[6:8]) == [3, 3]


def test_picture_of_two_rare_concepts_serves_both() -> None:
    concepts = [["gourd"]] * 5 + [["tree", "poncho"]]
    times, showings = turns(concepts)
    assert times[5] == 5
    assert showings == {"gourd": 5, "poncho": 5, "tree": 5}


def test_concept_that_never_stands_alone_stays_behind_and_says_so() -> None:
    times, showings = turns([["gourd"]] * 4 + [["gourd", "tree"]])
    assert times == [1] * 5
    assert showings == {"gourd": 5, "tree": 1}


@pytest.mark.parametrize("rows", [1, 3, 4, 7, 16])
def test_after_a_cycle_every_picture_was_shown_equally_often(rows: int) -> None:
    buckets = {SQUARE: [0, 1, 2, 3, 4], WIDE: [5], TALL: [6, 7, 8]}
    order = Order(buckets, rows, seed=3)
    for cycle in (0, 1):
        span = range(cycle * order.batches_per_cycle, (cycle + 1) * order.batches_per_cycle)
        times = Counter(number for batch in span for number in order.batch(batch))
        assert times == dict.fromkeys(range(9), order.rounds)


def test_turns_are_kept_exactly() -> None:
    order = Order({SQUARE: [0, 0, 0, 1], WIDE: [2, 2, 2]}, 4, seed=0)
    times = Counter(number for batch in range(order.batches_per_cycle) for number in order.batch(batch))
    assert times == {0: 3 * order.rounds, 1: order.rounds, 2: 3 * order.rounds}


def test_batch_holds_one_shape_and_is_always_full() -> None:
    buckets = {SQUARE: [0, 1, 2, 3, 4], WIDE: [5], TALL: [6, 7, 8]}
    order = Order(buckets, 4, seed=1)
    for number in range(50):
        batch = order.batch(number)
        assert len(batch) == 4
        assert sum(set(batch) <= set(numbers) for numbers in buckets.values()) == 1


def test_lone_picture_is_seen_in_the_first_epoch_and_not_more_often_over_time() -> None:
    order = Order({SQUARE: list(range(40)), WIDE: [40]}, 4, seed=5)
    first = [number for batch in range(order.batches_per_epoch + 1) for number in order.batch(batch)]
    assert first.count(40) == 4
    later = Counter(number for batch in range(10 * order.batches_per_cycle) for number in order.batch(batch))
    assert later[40] == later[0]


def test_within_an_epoch_no_picture_is_shown_twice_before_all_were_shown_once() -> None:
    order = Order({SQUARE: list(range(8))}, 4, seed=2)
    for epoch in range(3):
        assert sorted(order.batch(2 * epoch) + order.batch(2 * epoch + 1)) == list(range(8))


def test_another_seed_and_another_epoch_give_another_order() -> None:
    buckets = {SQUARE: list(range(32))}
    one, other = Order(buckets, 32, seed=1), Order(buckets, 32, seed=2)
    assert one.batch(0) != other.batch(0)
    assert one.batch(0) != one.batch(1)
