"""Circles, nested households and shares without a database."""

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from customer.relationships.domain import Edge, closes_circle, nested, overowned

IDS = [UUID(int=number) for number in range(6)]
edges = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=14)


def circular(told: list[Edge]) -> bool:
    """The twin: a graph is free of circles if and only if it can be taken away leaf by leaf."""
    left = set(told)
    while True:
        leaves = {edge for edge in left if not any(edge[1] == other[0] for other in left)}
        if not leaves:
            return bool(left)
        left -= leaves


@given(edges)
@settings(max_examples=300, deadline=None)
def test_what_is_let_in_never_holds_a_circle_and_what_is_refused_would_have(told: list[Edge]) -> None:
    kept: list[Edge] = []
    for edge in told:
        refused = closes_circle(kept, edge)
        assert refused == circular([*kept, edge])
        if not refused:
            kept.append(edge)


def test_a_head_lives_nowhere_else_and_a_member_heads_nothing() -> None:
    a, b, c = IDS[:3]
    assert not nested([], (a, b))
    assert not nested([(a, b)], (c, b))
    assert nested([(a, b)], (b, c))
    assert nested([(a, b)], (c, a))


def test_shares_add_up_to_the_whole_and_no_further() -> None:
    assert not overowned([5000, None, 4999], 1)
    assert overowned([5000, 5000], 1)
    assert not overowned([10_000], None)
