"""The queue's rules without a database."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from channel_router.queue.domain import (
    STEPS,
    TicketState,
    expected_wait,
    gaps_between,
    in_order,
    may_become,
    priority_for,
    state_of,
)

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


@given(st.integers(1, 500), st.lists(st.floats(0, 3600), max_size=40))
def test_a_wait_lies_in_its_interval_and_grows_with_the_position(position: int, gaps: list[float]) -> None:
    wait, longer = expected_wait(position, gaps), expected_wait(position + 1, gaps)
    assert 0 <= wait.low <= wait.seconds + 0.1
    assert wait.seconds <= wait.high + 0.1
    assert longer.seconds >= wait.seconds


def test_few_calls_fall_back_and_say_so() -> None:
    assert expected_wait(2, [60.0]).method == "default"
    assert expected_wait(2, [60.0] * 5).method == "call_rate"
    assert expected_wait(3, [60.0] * 5).seconds == 180.0


def test_gaps_do_not_depend_on_the_order_of_the_calls() -> None:
    calls = [AT + timedelta(seconds=s) for s in (30, 0, 90)]
    assert gaps_between(calls) == [30.0, 60.0]


def test_nothing_leads_out_of_an_end() -> None:
    ends = [TicketState.SERVED, TicketState.ABANDONED, TicketState.NO_SHOW]
    assert not any(may_become(end, state) for end in ends for state in TicketState)
    assert set(STEPS) == set(TicketState)


def test_times_of_the_past_are_either_served_or_abandoned() -> None:
    later = AT + timedelta(minutes=1)
    assert in_order(AT, later, later, None)
    assert in_order(AT, None, None, later)
    assert not in_order(AT, later, None, later)
    assert not in_order(later, AT, None, None)
    assert not in_order(AT, None, later, None)
    assert state_of(later, later, None) is TicketState.SERVED
    assert state_of(None, None, later) is TicketState.ABANDONED
    assert state_of(None, None, None) is TicketState.WAITING


def test_unknown_customers_wait_with_the_mass() -> None:
    assert [priority_for(tier) for tier in ("private", "affluent", "mass", None)] == [2, 1, 0, 0]
