"""Links, splits and partings as a fold: whatever happened and however it was heard, only the final partition counts."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from customer.identity.domain.partition import (
    Dissolve,
    Link,
    LinkEvent,
    Said,
    Split,
    apply,
    fold,
    together_since,
    told,
)

PEOPLE = [UUID(int=number) for number in range(1, 9)]
START = datetime(2026, 1, 1, tzinfo=UTC)
people = st.sampled_from(PEOPLE)


class Twin:
    """The same, written without looking: groups as sets in a list, each with a leader."""

    def __init__(self) -> None:
        self.groups: list[tuple[UUID, set[UUID]]] = [(one, {one}) for one in PEOPLE]

    def happen(self, event: LinkEvent) -> None:
        if isinstance(event, Link):
            met = [members for _, members in self.groups if members & event.members]
            self.groups = [group for group in self.groups if group[1] not in met]
            self.groups.append((event.leader, set().union(*met)))
        elif isinstance(event, Split):
            (hit,) = [group for group in self.groups if event.leaving <= group[1]]
            self.groups.remove(hit)
            self.groups += [(event.leader, set(event.leaving)), (event.remaining_leader, hit[1] - event.leaving)]
        else:
            (hit,) = [group for group in self.groups if event.member in group[1]]
            self.groups.remove(hit)
            self.groups += [(one, {one}) for one in hit[1]]

    def leader_of(self, person: UUID) -> UUID:
        return next(leader for leader, members in self.groups if person in members)

    def sums(self, interactions: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
        rows = list(interactions)
        return {leader: sum(worth for who, worth in rows if who in members) for leader, members in self.groups}


@st.composite
def histories(draw: st.DrawFn) -> list[LinkEvent]:
    """Any sequence that may happen: each split names a proper part of a set that there is."""
    events: list[LinkEvent] = []
    twin = Twin()
    for number in range(draw(st.integers(1, 12))):
        at = START + timedelta(hours=number)
        sets = [members for _, members in twin.groups if len(members) > 1]
        kind = draw(st.sampled_from(("link", "split", "dissolve") if sets else ("link",)))
        event: LinkEvent
        if kind == "link":
            named = draw(st.lists(people, min_size=2, max_size=4, unique=True))
            event = Link(frozenset(named), draw(st.sampled_from(named)), at)
        else:
            members = sorted(draw(st.sampled_from(sets)))
            if kind == "split":
                leaving = draw(st.lists(st.sampled_from(members), min_size=1, max_size=len(members) - 1, unique=True))
                staying = [one for one in members if one not in leaving]
                leads, stays = draw(st.sampled_from(leaving)), draw(st.sampled_from(staying))
                event = Split(frozenset(leaving), leads, stays, at)
            else:
                event = Dissolve(draw(st.sampled_from(members)), at)
        twin.happen(event)
        events.append(event)
    return events


def resolved(partition: dict[UUID, UUID], person: UUID) -> UUID:
    return partition.get(person, person)


@given(histories(), st.lists(st.tuples(people, st.integers(-9, 9)), max_size=20))
@settings(max_examples=300, deadline=None)
def test_any_sequence_equals_the_fold_of_the_final_partition(
    events: list[LinkEvent], interactions: list[tuple[UUID, int]]
) -> None:
    twin = Twin()
    for event in events:
        twin.happen(event)
    partition = fold(events)
    assert {one: resolved(partition, one) for one in PEOPLE} == {one: twin.leader_of(one) for one in PEOPLE}
    sums: dict[UUID, int] = {resolved(partition, one): 0 for one in PEOPLE}
    for who, worth in interactions:
        sums[resolved(partition, who)] += worth
    assert sums == twin.sums(interactions)


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_in_whatever_order_and_however_often_it_is_heard_a_listener_ends_at_the_same(
    events: list[LinkEvent], chance: object
) -> None:
    partition: dict[UUID, UUID] = {}
    heard: list[tuple[int, Said]] = []
    for version, event in enumerate(events, start=1):
        after = apply(partition, event)
        heard += [(version, said) for said in told(partition, after)]
        partition = after
    heard = heard + heard[: len(heard) // 2]
    chance.shuffle(heard)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    latest: dict[UUID, tuple[int, Said]] = {}
    for version, said in heard:
        if said.member not in latest or latest[said.member][0] < version:
            latest[said.member] = (version, said)
    copy = {member: said.leader for member, (_, said) in latest.items() if said.linked}
    assert copy == partition


@given(histories())
@settings(max_examples=100, deadline=None)
def test_each_member_of_a_touched_set_is_told_of_once(events: list[LinkEvent]) -> None:
    partition: dict[UUID, UUID] = {}
    for event in events:
        after = apply(partition, event)
        members = [said.member for said in told(partition, after)]
        assert len(members) == len(set(members))
        changed = {one for one in PEOPLE if resolved(partition, one) != resolved(after, one)}
        assert changed <= set(members)
        partition = after


def test_nobody_is_left_in_a_set_of_one() -> None:
    a, b, c = PEOPLE[:3]
    linked = fold([Link(frozenset({a, b, c}), a, START), Split(frozenset({b}), b, a, START)])
    assert linked == {a: a, c: a}
    assert apply(linked, Split(frozenset({c}), c, a, START)) == {}


def test_together_since_counts_from_the_last_time_they_were_joined() -> None:
    a, b, c = PEOPLE[:3]
    hours = [START + timedelta(hours=number) for number in range(4)]
    events: list[LinkEvent] = [
        Link(frozenset({a, b}), a, hours[0]),
        Dissolve(a, hours[1]),
        Link(frozenset({a, b}), a, hours[2]),
        Link(frozenset({a, c}), a, hours[3]),
    ]
    assert together_since(events, frozenset({a}), frozenset({b})) == hours[2]
    assert together_since(events, frozenset({b}), frozenset({c})) == hours[3]
    assert together_since(events[:2], frozenset({a}), frozenset({b})) is None
