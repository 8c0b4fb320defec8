"""Many at once is the same as one by one; what is shown adds up; what is stored comes back."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.deadlines.bulk import NONE, Rows, recompute
from shared.deadlines.calendars import Beyond, Calendar, Week, spans
from shared.deadlines.clocks import due, read
from shared.deadlines.feeds import mainland_china, public_holidays
from shared.deadlines.profiles import statutory
from shared.deadlines.rules import Counting, Extension, Kind, Rule, Term, Unit
from shared.deadlines.state import Granted, Pause, State
from shared.deadlines.timeline import Almanac
from shared.deadlines.views import clock_view
from shared.deadlines.zones import instant, seconds

HOURS = Week.of(
    mon=["09:00-12:30", "13:30-17:00"], tue=["09:00-12:30", "13:30-17:00"], wed=["09:00-20:00"],
    thu=["09:00-12:30", "13:30-17:00"], fri=["22:00-06:00"], sat=["10:00-12:00"],
)  # fmt: skip
CALENDARS = [
    Calendar.weekly("uk", "Europe/London", HOURS, public_holidays("GB", range(2025, 2028), subdivision="ENG")),
    Calendar.weekly("lh", "Australia/Lord_Howe", HOURS),
    mainland_china(Calendar.weekly("cn", "Asia/Shanghai", HOURS), spans("09:00-17:00")),
    replace(
        Calendar.weekly("known until May", "America/New_York", HOURS),
        covers=(date(2026, 1, 1), date(2026, 5, 10)), beyond=Beyond.ESTIMATE,
    ),
]  # fmt: skip
# As stored clocks have them: what lies beyond the known holidays is estimated.
CALENDARS += [
    replace(one, key=f"{one.key}, estimating", beyond=Beyond.ESTIMATE) for one in (CALENDARS[0], CALENDARS[2])
]
LEADS = (Term(3_600, Unit.OPEN_SECONDS), Term(30 * 3_600, Unit.OPEN_SECONDS), Term(4_000_000, Unit.OPEN_SECONDS))
DATE_LEADS = (Term(2, Unit.BUSINESS_DAYS), Term(60, Unit.CALENDAR_DAYS), Term(6, Unit.CALENDAR_DAYS))


def clock(term: Term, counting: Counting = Counting()) -> Rule:  # noqa: B008  # a frozen value
    more = Extension("more", to=Term(term.amount * 2, term.unit))
    leads: tuple[Term, ...] = DATE_LEADS
    if term.unit.by_the_second:
        leads = LEADS if term.unit is Unit.OPEN_SECONDS else (Term(5, Unit.HOURS), Term(500, Unit.HOURS))
    return Rule(
        "clock", Kind.SERVICE, ("receipt",), ("answer",), term, counting,
        pauses_for=frozenset({"customer"}), warnings=leads, extensions=(more,),
    )  # fmt: skip


RULES = [
    clock(Term(40 * 3_600, Unit.OPEN_SECONDS)),
    clock(Term(72, Unit.HOURS)),
    clock(Term(72, Unit.HOURS), Counting(first_hour_counts=False)),
    clock(Term(10, Unit.BUSINESS_DAYS)),
    clock(Term(1, Unit.MONTHS), Counting(rolls=True)),
    clock(Term(15, Unit.CALENDAR_DAYS)),
]


def cases(many: int, seed: int, *, years: bool = False) -> list[State]:
    """Starts over half a year, a third of them with pauses (some still standing, some for years) and extensions."""
    told = random.Random(seed)  # noqa: S311  # test data
    found = []
    for _ in range(many):
        start = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(seconds=told.randrange(180 * 86_400))
        pauses: list[Pause] = []
        for _ in range(told.randrange(1, 4) if told.random() < 0.3 else 0):
            since = start + timedelta(seconds=told.randrange(-86_400, 20 * 86_400))
            until = None if told.random() < 0.2 else since + timedelta(seconds=told.randrange(5 * 86_400))
            if years and told.random() < 0.05:
                until = since + timedelta(days=2_000)
            pauses.append(Pause(told.choice(["customer", "lunch"]), since, until))
        granted = (Granted("more", start + timedelta(days=told.randrange(30))),) if told.random() < 0.1 else ()
        found.append(State(start, tuple(pauses), granted))
    return found


def held(state: State) -> dict[str, Any] | None:
    return state.as_json() if state.pauses or state.granted else None


def alike(calendar: Calendar, rule: Rule, states: list[State], warned: int = 0) -> None:
    """Together they are what each is alone."""
    rows = Rows([seconds(one.started_at) for one in states], [held(one) for one in states], [warned] * len(states))
    told = recompute(rule, rows, calendar, Almanac())
    for state, at, warns, estimated in zip(states, *told.columns(), strict=True):
        alone = read(rule, state, calendar, Almanac(), at=state.started_at)
        assert at == (seconds(alone.due_at) if alone.due_at is not None else None)
        ahead = alone.warnings[warned:]
        assert warns == (seconds(ahead[0]) if ahead else None)
        assert estimated is alone.estimated


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.term.amount} {rule.term.unit}")
@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda calendar: calendar.key)
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.integers(0, 3))
def test_many_at_once_equal_one_by_one(calendar: Calendar, rule: Rule, seed: int, warned: int) -> None:
    alike(calendar, rule, cases(60, seed, years=calendar.beyond is Beyond.ESTIMATE), warned)


@pytest.mark.parametrize("away", [-1, 0, 1])
@pytest.mark.parametrize("rule", RULES[:3], ids=lambda rule: f"{rule.term.amount} {rule.term.unit}")
def test_a_pause_about_the_end_of_a_period_counts_as_it_does_alone(rule: Rule, away: int) -> None:
    start = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)
    at = due(rule, State(start), CALENDARS[1], Almanac()).at
    assert at is not None
    since = instant(at + away)
    states = [State(start, (Pause("customer", since, until),)) for until in (None, since + timedelta(days=2))]
    alike(CALENDARS[1], rule, [*states, State(start)])


@pytest.mark.parametrize("days", [1_200, 1_829, 1_831])
def test_a_pause_of_years_is_counted_to_its_end(days: int) -> None:
    start = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)
    pause = Pause("customer", start + timedelta(hours=1), start + timedelta(days=days))
    alike(CALENDARS[1], RULES[0], [State(start, (pause,)), State(start)])


def test_nothing_at_all_is_no_trouble() -> None:
    told = recompute(RULES[0], Rows([], [], []), CALENDARS[0], Almanac())
    assert [list(column) for column in told.columns()] == [[], [], []]
    still = State(datetime(2026, 3, 2, 9, tzinfo=UTC), (Pause("customer", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),))
    told = recompute(RULES[0], Rows([seconds(still.started_at)], [held(still)], [0]), CALENDARS[0], Almanac())
    assert (told.due.tolist(), told.warns.tolist()) == ([NONE], [NONE])


def test_what_is_stored_comes_back() -> None:
    for state in cases(50, 7):
        assert State.from_json(state.started_at, state.as_json()) == state


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.term.amount} {rule.term.unit}")
@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda calendar: calendar.key)
def test_the_view_re_adds_to_what_it_says(rule: Rule, calendar: Calendar) -> None:
    almanac = Almanac()
    for state in cases(25, 3):
        now = state.started_at + timedelta(days=9)
        view = clock_view(rule, state, calendar, almanac, at=now)
        assert sum(step.counted for step in view.steps) == view.total
        assert [step.running for step in view.steps] == [
            sum(step.counted for step in view.steps[: at + 1]) for at in range(len(view.steps))
        ]
        assert view.due_at is None or view.total == view.needed
        assert view.counted + view.remaining == view.needed
        for before, after in zip(view.steps, view.steps[1:], strict=False):
            assert before.until == after.since
        told = due(rule, state, calendar, almanac)
        assert view.due_at == (instant(told.at) if told.at is not None else None)


def test_the_view_calls_things_by_their_names() -> None:
    """Thursday before Easter, 16:00, five open hours, and the customer kept us waiting on Tuesday morning."""
    start = datetime(2026, 4, 2, 15, tzinfo=UTC)
    pause = Pause("customer", datetime(2026, 4, 7, 8, 30, tzinfo=UTC), datetime(2026, 4, 7, 9, tzinfo=UTC))
    rule = clock(Term(5 * 3_600, Unit.OPEN_SECONDS))
    view = clock_view(rule, State(start, (pause,)), CALENDARS[0], Almanac(), at=start)
    assert [(f"{step.since:%a %H:%M}", step.counted // 60, step.why.value, step.label) for step in view.steps] == [
        ("Thu 16:00", 60, "counted", ""),
        ("Thu 17:00", 0, "closed", ""),
        ("Fri 00:00", 0, "holiday", "Good Friday"),
        ("Sat 00:00", 0, "closed", ""),
        ("Sat 10:00", 120, "counted", ""),
        ("Sat 12:00", 0, "closed", ""),
        ("Mon 00:00", 0, "holiday", "Easter Monday"),
        ("Tue 00:00", 0, "closed", ""),
        ("Tue 09:00", 30, "counted", ""),
        ("Tue 09:30", 0, "pause", "customer"),
        ("Tue 10:00", 90, "counted", ""),
    ]
    assert (view.zone, view.period, view.unit, view.needed, view.total) == (
        "Europe/London", "18000 open_seconds", "seconds", 18_000, 18_000,
    )  # fmt: skip
    assert f"{view.due_at:%a %H:%M}" == "Tue 11:30"


def test_a_statutory_view_carries_its_source() -> None:
    policy = statutory()["eu-data-protection"].rules(date(2026, 1, 1))
    state = State(datetime(2026, 2, 27, 9, tzinfo=UTC))
    view = clock_view(policy["data_subject_request"], state, CALENDARS[0], Almanac(), at=state.started_at)
    assert view.source is not None
    assert view.source.article.startswith("Art. 12(3)")
    assert [(step.why.value, step.first_day, step.last_day, step.counted) for step in view.steps] == [
        ("start", date(2026, 2, 27), date(2026, 2, 27), 0),
        ("counted", date(2026, 2, 28), date(2026, 3, 27), 28),
    ]
