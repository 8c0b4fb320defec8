"""Nesting: who asks about whom comes first, and nobody asks about themselves by any road."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.segments.domain.rules import Circular, layers

graphs = st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.sampled_from("abcdefx"), max_size=3), max_size=6)


def reaches(asks: dict[str, frozenset[str]], start: str) -> set[str]:
    """Everything asked about, by whatever road: the plain closure."""
    seen: set[str] = set()
    while True:
        more = {one for key in (seen or {start}) | {start} for one in asks.get(key, ())} - seen
        if not more:
            return seen
        seen |= more


@settings(deadline=None, max_examples=60)  # a busy machine is no fault
@given(asks=graphs)
def test_a_circle_is_found_exactly_where_there_is_one(asks: dict[str, frozenset[str]]) -> None:
    circular = any(key in reaches(asks, key) for key in asks)
    if circular:
        with pytest.raises(Circular) as found:
            layers(asks)
        path = found.value.path
        assert path[0] == path[-1]
        assert all(after in asks[before] for before, after in pairwise(path))
        return
    place = {key: number for number, layer in enumerate(layers(asks)) for key in layer}
    assert place.keys() == asks.keys()
    assert all(place[one] < place[key] for key in asks for one in asks[key] if one in asks)
