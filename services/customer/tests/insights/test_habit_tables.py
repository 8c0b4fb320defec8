"""Tables of what people do: the shown counts are true, no hidden one follows, and no two groups differ by a few."""

from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from customer.insights.domain.suppression import Withheld
from customer.insights.domain.tables import Person, Table, apart, by_dimension, by_segment

FEWEST = 3
KEYS = ("s", "t", "u", "v")
people = st.lists(
    st.builds(
        lambda tier, segments, does: Person({"tier": tier}, frozenset(segments), {"m": does}),
        st.sampled_from(["mass", "rich"]),
        st.sets(st.sampled_from(KEYS)),
        st.sampled_from("abcd"),
    ),
    max_size=24,
)


def column_of(table: Table, does: str) -> int:
    return table.names.index(does if does in table.names else "other")


def true_counts(table: Table, members: list[Person]) -> list[int]:
    counts = [0] * len(table.names)
    for one in members:
        counts[column_of(table, one.habits["m"])] += 1
    return counts


@settings(max_examples=150, deadline=None)
@given(people)
def test_what_is_shown_of_a_segment_is_true_and_what_is_hidden_may_be_another_number(everybody: list[Person]) -> None:
    try:
        table = by_segment(everybody, KEYS, "m", FEWEST)
    except Withheld:
        assert len(everybody) < FEWEST
        return
    assert list(table.totals) == true_counts(table, everybody)
    for key, cells, total in table.lines:
        truth = true_counts(table, [one for one in everybody if key in one.segments])
        assert total == sum(truth)
        assert all(cell in {None, count} for cell, count in zip(cells, truth, strict=True))
        for count, whole, cell in zip(truth, table.totals, cells, strict=True):
            small = 0 < count < FEWEST or 0 < whole - count < FEWEST
            assert cell is None or not small, "a few inside, or a few outside"
        hidden = [place for place, cell in enumerate(cells) if cell is None]
        left = total - sum(cell for cell in cells if cell is not None)
        ways = [way for way in product(*(range(table.totals[place] + 1) for place in hidden)) if sum(way) == left]
        assert all(len({way[at] for way in ways}) > 1 for at in range(len(hidden)))


@settings(max_examples=150, deadline=None)
@given(people)
def test_no_two_groups_that_are_shown_differ_by_a_few(everybody: list[Person]) -> None:
    shown = apart(everybody, KEYS, ("tier",), FEWEST)
    sets = {key: {at for at, one in enumerate(everybody) if key in one.segments} for key in shown}
    every = set(range(len(everybody)))
    for one, other in combinations(sets.values(), 2):
        assert len(one ^ other) >= FEWEST
        assert len(one ^ (every - other)) >= FEWEST
    tiers = [{at for at, one in enumerate(everybody) if one.words["tier"] == tier} for tier in ("mass", "rich")]
    for one in sets.values():
        for union in (set(), tiers[0], tiers[1], every):
            assert len(one ^ union) >= FEWEST


@settings(max_examples=60, deadline=None)
@given(people)
def test_a_dimension_adds_up_to_everybody(everybody: list[Person]) -> None:
    try:
        table = by_dimension(everybody, "tier", "m", FEWEST)
    except Withheld:
        return
    assert (table.total, sum(table.totals)) == (len(everybody), len(everybody))
    assert list(table.totals) == true_counts(table, everybody)
    for tier, cells, total in table.lines:
        if tier != "other":
            members = [one for one in everybody if one.words["tier"] == tier]
            assert total == len(members)
            truth = true_counts(table, members)
            assert all(cell in {None, count} for cell, count in zip(cells, truth, strict=True))


def test_a_segment_that_is_a_tier_is_left_to_the_table_of_tiers() -> None:
    everybody = [
        Person({"tier": "mass" if at < 10 else "rich"}, frozenset({"s"} if at < 11 else {"t"} if at % 2 else ()), {})
        for at in range(30)
    ]
    # `s` is the mass market and one more: the difference would be that one.
    assert apart(everybody, ("s", "t"), ("tier",), FEWEST) == ["t"]
    assert apart(everybody, ("t", "s", "nobody"), (), FEWEST) == ["t", "s"], "a segment without members is no group"


def test_a_segment_that_is_everybody_but_those_of_another_and_a_few_is_left_out() -> None:
    def at(place: int) -> Person:
        return Person({}, frozenset({"s"} if place < 15 else {"t"} if place > 15 else ()), {})

    # One is in neither: who is not in `s` and who is in `t` differ by that one.
    assert apart([at(place) for place in range(30)], ("s", "t"), (), FEWEST) == ["s"]
