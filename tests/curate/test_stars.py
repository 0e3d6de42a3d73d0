"""Stars gather copies around the best of them: nothing chains, order does not matter, and people's links come first."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.stars import components, stars


def test_fifty_pictures_in_a_chain_are_not_one_group() -> None:
    chain = [f"{number:02}" for number in range(50)]
    edges = list(itertools.pairwise(chain))
    joined = stars(chain, edges)
    assert len(joined) == 25
    assert all(abs(int(member) - int(best)) == 1 for member, best in joined.items())
    assert components(chain, edges) == [chain]


def test_stars_do_not_depend_on_the_order_of_edges_and_links() -> None:
    chance = random.Random(3)
    nodes = [str(number) for number in range(40)]
    edges = [(a, b) for a, b in itertools.combinations(nodes, 2) if chance.random() < 0.06]
    must, cannot = edges[::9], edges[4::9]
    first = stars(nodes, edges, must, cannot)
    assert first
    for _ in range(5):
        for some in (edges, must, cannot):
            chance.shuffle(some)
        assert stars(nodes, [(b, a) for a, b in edges], [(b, a) for a, b in must], [(b, a) for a, b in cannot]) == first


def test_a_cannot_link_parts_a_member_from_the_best_also_where_another_edge_leads_there() -> None:
    edges = [("a", "b"), ("b", "c"), ("a", "c")]
    assert stars("abc", edges) == {"b": "a", "c": "a"}
    assert stars("abc", edges, cannot=[("a", "c")]) == {"b": "a"}


def test_who_may_not_join_the_best_joins_the_next() -> None:
    assert stars("abc", [("a", "c"), ("b", "c")], cannot=[("a", "c")]) == {"c": "b"}


def test_a_must_link_joins_without_an_edge_and_through_others() -> None:
    assert stars("abc", [], must=[("a", "c")]) == {"c": "a"}
    assert stars("abc", [], must=[("a", "b"), ("b", "c")]) == {"b": "a", "c": "a"}
    assert stars("ac", [], must=[("a", "b"), ("b", "c")]) == {"c": "a"}  # b is excluded, and still says that a is c


def test_what_a_person_says_is_one_picture_has_each_other_s_edges() -> None:
    assert stars("abc", [("a", "c")], must=[("b", "c")]) == {"b": "a", "c": "a"}


def test_what_is_not_one_of_a_picture_s_kin_is_not_the_picture() -> None:
    assert stars("abc", [("a", "b"), ("a", "c")], must=[("b", "c")], cannot=[("a", "c")]) == {"c": "b"}


def test_must_links_that_chain_across_a_cannot_link_leave_the_parted_one_alone() -> None:
    assert stars("abc", [("a", "c")], must=[("a", "b"), ("b", "c")], cannot=[("a", "c")]) == {"b": "a"}


@pytest.mark.parametrize("must", [[], [("c", "d")]])
def test_a_cannot_link_beats_a_measured_edge_whoever_else_is_linked(must: list[tuple[str, str]]) -> None:
    assert stars("abcd", [("a", "b")], must, cannot=[("a", "b")]).get("b") is None


LINKS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")).filter(lambda two: two[0] != two[1]), max_size=9
)


@given(LINKS, LINKS, LINKS)
def test_members_join_representatives_only_and_never_one_that_a_person_parts_them_from(
    edges: list[tuple[str, str]], must: list[tuple[str, str]], cannot: list[tuple[str, str]]
) -> None:
    joined = stars("abcdefgh", edges, must, cannot)
    assert not joined.keys() & set(joined.values())
    for member, best in joined.items():
        assert best < member
        assert (member, best) not in cannot
        assert (best, member) not in cannot
        kin = next((one for one in components("abcdefgh", must) if member in one), [member])
        others = next((one for one in components("abcdefgh", must) if best in one), [best])
        assert kin == others or any((a in kin and b in others) or (b in kin and a in others) for a, b in edges)
