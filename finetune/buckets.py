"""Shapes and turns: which pictures share a batch, and how often an epoch shows each, so that nothing small is lost or overfed."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Shape = tuple[int, int]
"""(height, width) in pixels."""

LEAST_SHOWN = 2 / 3
"""A picture is moved to another shape only where so much of its own shape stays in sight. An assumption, not measured."""


@dataclass(frozen=True, kw_only=True)
class Merged:
    """Pictures of a rare shape that are shown in a near one, cropped a little more."""

    from_px: Shape
    into_px: Shape
    pictures: int

    def __str__(self) -> str:
        """For a person: "2 pictures of 640 x 384 are shown as 576 x 448, …"."""
        (height, width), (new_height, new_width) = self.from_px, self.into_px
        lost = 1 - shown(self.from_px, self.into_px)
        return (
            f"{_counted(self.pictures)} of shape {width} x {height} px shown as {new_width} x {new_height} px, "
            f"{lost:.0%} more cropped, because too few have that shape to fill a batch"
        )


def merged(pictures: Mapping[Shape, int], least: int) -> tuple[dict[Shape, Shape], tuple[Merged, ...]]:
    """The shape that each shape's pictures are shown in, and what was moved.

    A shape with fewer than `least` pictures goes into the nearest one, the rarest first, unless too much would be cropped
    away: such a shape stays, and its pictures fill a batch several times.

    Args:
        pictures: how many have each shape.
        least: pictures in a batch over all processes.
    """
    groups: dict[Shape, dict[Shape, int]] = {shape: {shape: number} for shape, number in sorted(pictures.items())}
    while True:
        moves = [
            (sum(members.values()), shape, near)
            for shape, members in groups.items()
            if sum(members.values()) < least and (near := _nearest(members, [one for one in groups if one != shape]))
        ]
        if not moves:
            break
        _, shape, near = min(moves)
        groups[near] |= groups.pop(shape)
    into = {member: shape for shape, members in groups.items() for member in members}
    moved = [Merged(from_px=one, into_px=into[one], pictures=pictures[one]) for one in sorted(into) if into[one] != one]
    return into, tuple(moved)


def shown(own: Shape, other: Shape) -> float:
    """The part of a picture of shape `own` that can be seen when it fills `other`, 0 to 1."""
    ratio = own[1] / own[0] / (other[1] / other[0])
    return min(ratio, 1 / ratio)


def _nearest(members: Mapping[Shape, int], others: Sequence[Shape]) -> Shape | None:
    worst = {other: min(shown(one, other) for one in members) for other in others}
    near = [other for other in others if worst[other] >= LEAST_SHOWN]
    return max(near, key=lambda other: (worst[other], other), default=None)


def turns(concepts: Sequence[Sequence[str]]) -> tuple[list[int], dict[str, int]]:
    """How often an epoch shows each picture so that every concept is shown as often as the most frequent one, and how often.

    A picture of two concepts counts for both. It is repeated only while neither has had its share, so a concept whose every
    picture also shows a frequent one stays behind; the second answer says so.

    Args:
        concepts: names of those that each picture depicts.

    Returns:
        Turns of each picture, 1 or more, and showings of each concept.
    """
    of: dict[str, list[int]] = defaultdict(list)
    for number, names in enumerate(concepts):
        for name in names:
            of[name].append(number)
    times = [1] * len(concepts)
    showings = Counter({name: len(numbers) for name, numbers in of.items()})
    most = max(showings.values(), default=0)
    for name in sorted(of, key=lambda one: (len(of[one]), one)):
        waiting = deque(of[name])
        while showings[name] < most and waiting:
            number = waiting.popleft()
            if all(showings[one] < most for one in concepts[number]):
                times[number] += 1
                showings.update(concepts[number])
                waiting.append(number)
    return times, dict(sorted(showings.items()))


def _counted(number: int) -> str:
    return "1 picture" if number == 1 else f"{number} pictures"
