"""Several clocks of one case, what starts and ends each, extensions, warnings, and editions that follow one another."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.deadlines.calendars import Calendar, Day, Week
from shared.deadlines.clocks import Reading, Status, due, next_due, read
from shared.deadlines.rules import Counting, Edition, Ends, Extension, Kind, Policy, Rule, Term, Unit
from shared.deadlines.state import Event, Granted, Pause, State, states
from shared.deadlines.timeline import Almanac, NeverOpen
from shared.deadlines.zones import instant

HOUR = 3_600
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar.weekly("office", "Europe/Berlin", Week.weekdays("09:00-17:00"))
MAY = Term(1, Unit.MONTHS)

FIRST = Rule("first_response", Kind.SERVICE, ("receipt",), ("answer",), Term(8 * HOUR, Unit.OPEN_SECONDS))
UPDATE = Rule(
    "update", Kind.SERVICE, ("customer_message",), ("answer",), Term(2 * HOUR, Unit.OPEN_SECONDS),
    after=("answer",), repeats=True,
)  # fmt: skip
SOLUTION = Rule(
    "solution", Kind.SERVICE, ("receipt",), ("solved",), Term(24 * HOUR, Unit.OPEN_SECONDS),
    pauses_for=frozenset({"customer"}),
)  # fmt: skip
RULES = (FIRST, UPDATE, SOLUTION)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """March 2026 in Berlin; the second is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=BERLIN)


def readings(events: list[Event], now: datetime, pauses: tuple[Pause, ...] = ()) -> dict[str, list[Reading]]:
    almanac = Almanac()
    return {
        rule.key: [read(rule, one, OFFICE, almanac, at=now) for one in states(rule, events, pauses)] for rule in RULES
    }


def test_the_update_clock_does_not_overrule_the_first_response() -> None:
    """zammad/zammad#5177: with a shorter update time the first response was due by that."""
    told = readings([Event("receipt", at(2, 9)), Event("customer_message", at(2, 9))], at(2, 10))
    assert told["update"] == []
    first = next_due(one for runs in told.values() for one in runs)
    assert first is not None
    assert (first.rule.key, first.due_at) == ("first_response", at(2, 17))


def test_an_answer_stops_the_update_clock_and_only_a_customer_starts_it() -> None:
    """zammad/zammad#3140: it ran after the agent's own answer. zammad/zammad#2082: only the second answer was seen."""
    events = [Event("receipt", at(2, 9)), Event("answer", at(2, 10))]
    told = readings(events, at(4, 12))
    assert told["update"] == []
    assert [one.status for one in told["first_response"]] == [Status.MET]


def test_a_customer_who_writes_again_starts_it_anew_and_once() -> None:
    """zammad/zammad#1322: the answer by note did not count; a second message does not put the clock back either."""
    events = [
        Event("receipt", at(2, 9)), Event("answer", at(2, 10)),
        Event("customer_message", at(2, 16)), Event("customer_message", at(3, 10)),
        Event("answer", at(3, 10, 30)), Event("customer_message", at(4, 9)),
    ]  # fmt: skip
    told = readings(events, at(4, 9, 30))["update"]
    assert [(one.started_at, one.due_at, one.status) for one in told] == [
        (at(2, 16), at(3, 10), Status.MET_LATE),
        (at(4, 9), at(4, 11), Status.RUNNING),
    ]


def test_an_answered_case_is_not_overdue_when_the_customer_disappears() -> None:
    """osTicket/osTicket#1684: answered, and overdue all the same."""
    told = readings([Event("receipt", at(2, 9)), Event("answer", at(2, 11))], at(30, 12))
    assert [one.status for one in told["first_response"]] == [Status.MET]
    assert told["first_response"][0].overdue_seconds == 0


def test_a_pause_stops_only_the_clocks_its_reason_is_for() -> None:
    told = readings([Event("receipt", at(2, 9))], at(2, 12), (Pause("customer", at(2, 10)),))
    assert [told[key][0].status for key in ("first_response", "solution")] == [Status.RUNNING, Status.PAUSED]
    assert (told["solution"][0].paused_for, told["solution"][0].remaining) == ("customer", 23 * HOUR)


def test_a_pause_that_begins_at_the_very_second_a_clock_is_due_prolongs_nothing() -> None:
    hour = Rule(
        "hour",
        Kind.SERVICE,
        ("receipt",),
        ("answer",),
        Term(HOUR, Unit.OPEN_SECONDS),
        pauses_for=frozenset({"customer"}),
    )
    for since, expected in ((at(2, 10), at(2, 10)), (at(2, 9, 59), at(2, 12, 1))):
        state = State(at(2, 9), (Pause("customer", since, at(2, 12)),))
        assert due(hour, state, OFFICE, Almanac()).at == expected.timestamp()


def test_a_policy_without_a_clock_stops_what_was_escalated() -> None:
    """zammad/zammad#4353: a rule that was switched off went on escalating."""
    policy = Policy("support", "Support", (Edition(date(2026, 1, 1), RULES), Edition(date(2026, 3, 1), (SOLUTION,))))
    assert set(policy.rules(date(2026, 2, 28))) == {"first_response", "update", "solution"}
    assert set(policy.rules(date(2026, 3, 1))) == {"solution"}
    assert policy.rules(date(2025, 12, 31)) == {}


def test_a_changed_calendar_changes_what_the_same_state_means() -> None:
    """zammad/zammad#534: open cases kept the time of the old calendar."""
    state, almanac = State(at(2, 16)), Almanac()
    assert due(FIRST, state, OFFICE, almanac).at == at(3, 16).timestamp()
    closed = OFFICE.with_days([Day(date(2026, 3, 3), "Town holiday")])
    assert due(FIRST, state, closed, almanac).at == at(4, 16).timestamp()
    assert due(FIRST, state, OFFICE, almanac).at == at(3, 16).timestamp()


def test_a_time_without_an_offset_is_refused() -> None:
    """frappe/erpnext#38745: a naive time failed its deadline at creation."""
    with pytest.raises(ValueError, match="offset"):
        due(FIRST, State(datetime(2026, 3, 2, 9)), OFFICE, Almanac())  # noqa: DTZ001  # the point


def law(**changes: object) -> Rule:
    fields: dict[str, object] = {
        "key": "law", "kind": Kind.SERVICE, "starts_on": ("receipt",), "satisfied_on": ("answer",), "term": MAY,
        "extensions": (Extension("complex", by=Term(2, Unit.MONTHS)),), "pauses_for": frozenset({"identity"}),
    }  # fmt: skip
    return Rule(**(fields | changes))  # type: ignore[arg-type]  # fields by name


def on(rule: Rule, state: State) -> date | None:
    return due(rule, state, OFFICE, Almanac()).on


def test_an_extension_makes_one_longer_period_and_not_two_in_a_row() -> None:
    """jikig-ai/soleur#929: two further months are three from receipt; chained they would end on 28 April."""
    start = datetime(2026, 1, 31, 12, tzinfo=BERLIN)
    granted = Granted("complex", datetime(2026, 2, 20, tzinfo=BERLIN))
    assert on(law(), State(start)) == date(2026, 2, 28)
    assert on(law(), State(start, granted=(granted,))) == date(2026, 4, 30)


def test_an_extension_after_the_end_is_void_and_said_so() -> None:
    start = datetime(2026, 1, 31, 12, tzinfo=BERLIN)
    late = Granted("complex", datetime(2026, 3, 1, tzinfo=BERLIN))
    told = due(law(), State(start, granted=(late,)), OFFICE, Almanac())
    assert (told.on, told.void) == (date(2026, 2, 28), (late,))


def test_to_and_by_follow_one_another() -> None:
    days = law(
        term=Term(15, Unit.CALENDAR_DAYS),
        extensions=(Extension("complex", to=Term(30, Unit.CALENDAR_DAYS)), Extension("special", by=Term(30, Unit.CALENDAR_DAYS))),
    )  # fmt: skip
    start = at(2, 9)
    complex_case, special = Granted("complex", at(10, 9)), Granted("special", at(30, 9))
    assert on(days, State(start)) == date(2026, 3, 17)
    assert on(days, State(start, granted=(complex_case,))) == date(2026, 4, 1)
    assert on(days, State(start, granted=(complex_case, special))) == date(2026, 5, 1)
    assert on(days, State(start, granted=(special,))) == date(2026, 3, 17), "granted after the fifteenth day"


def test_an_identity_check_suspends_a_month_day_by_day() -> None:
    """A date does not count when the clock stood still as it began; within one day nothing is gained."""
    start = at(2, 9)
    assert on(law(), State(start, (Pause("identity", at(3, 9), at(3, 18)),))) == date(2026, 4, 2)
    assert on(law(), State(start, (Pause("identity", at(3, 9), at(6, 18)),))) == date(2026, 4, 5)
    assert on(law(), State(start, (Pause("lunch", at(3, 9), at(6, 18)),))) == date(2026, 4, 2)
    assert on(law(), State(start, (Pause("identity", at(3, 9)),))) is None


def test_a_warning_in_days_speaks_at_an_opening() -> None:
    """A lead of five days before Thursday 2 April is Saturday: Friday's opening, never midnight."""
    told = read(
        law(warnings=(Term(5, Unit.CALENDAR_DAYS), Term(5, Unit.BUSINESS_DAYS))),
        State(at(2, 9)),
        OFFICE,
        Almanac(),
        at=at(3, 9),
    )
    assert told.due_on == date(2026, 4, 2)
    assert told.warnings == (at(26, 9), at(27, 9))
    soon = read(law(warnings=(Term(60, Unit.CALENDAR_DAYS),)), State(at(2, 9)), OFFICE, Almanac(), at=at(3, 9))
    assert soon.warnings == (at(2, 9),)


def test_hours_may_leave_the_first_one_out() -> None:
    exact, left_out = (
        law(term=Term(72, Unit.HOURS), counting=Counting(first_hour_counts=one), extensions=()) for one in (True, False)
    )
    assert due(exact, State(at(2, 10, 20)), OFFICE, Almanac()).at == at(5, 10, 20).timestamp()
    assert due(left_out, State(at(2, 10, 20)), OFFICE, Almanac()).at == at(5, 11).timestamp()


def test_a_pause_within_the_hour_that_is_left_out_prolongs_nothing() -> None:
    rule = law(term=Term(72, Unit.HOURS), counting=Counting(first_hour_counts=False), extensions=())
    for until, expected in ((at(2, 10, 50), at(5, 11)), (at(2, 12), at(5, 12))):
        assert (
            due(rule, State(at(2, 10, 20), (Pause("identity", at(2, 10, 30), until),)), OFFICE, Almanac()).at
            == expected.timestamp()
        )


def test_statuses_change_at_the_second_after_the_last() -> None:
    state, almanac = State(at(2, 9)), Almanac()
    last = instant(due(law(), state, OFFICE, almanac).at or 0)
    assert last == datetime(2026, 4, 2, 21, 59, 59, tzinfo=UTC)
    assert read(law(), state, OFFICE, almanac, at=last + timedelta(milliseconds=999)).status is Status.RUNNING
    late = read(law(), state, OFFICE, almanac, at=last + timedelta(seconds=1))
    assert (late.status, late.overdue_seconds) == (Status.BREACHED, 1)
    answered = State(at(2, 9), satisfied_at=last)
    assert read(law(), answered, OFFICE, almanac, at=last + timedelta(days=9)).status is Status.MET


def test_nobody_waits_for_ever_for_a_calendar_that_never_opens() -> None:
    """osTicket/osTicket#4807 answered 150 days, seppemans/businesstimedelta#9 never."""
    never = Calendar.weekly("never", "UTC", Week.of())
    with pytest.raises(NeverOpen):
        due(FIRST, State(at(2, 9)), never, Almanac())
    with pytest.raises(NeverOpen):
        due(law(term=Term(1, Unit.BUSINESS_DAYS), extensions=()), State(at(2, 9)), never, Almanac())


def test_rules_that_contradict_themselves_are_refused() -> None:
    for changes in (
        {"kind": Kind.STATUTORY},
        {"extensions": (Extension("x", by=Term(1, Unit.WEEKS)),)},
        {"extensions": (Extension("x", to=Term(1, Unit.HOURS)),)},
        {"warnings": (Term(60, Unit.OPEN_SECONDS),)},
        {"counting": Counting(ends=Ends.CLOSE_OF_BUSINESS)},
    ):
        with pytest.raises(ValueError, match="law"):
            law(**changes)
    with pytest.raises(ValueError, match="at least one"):
        Term(0, Unit.HOURS)
    with pytest.raises(ValueError, match="either"):
        Extension("x")
    with pytest.raises(ValueError, match="ends after"):
        Pause("x", at(2, 9), at(1, 9))
