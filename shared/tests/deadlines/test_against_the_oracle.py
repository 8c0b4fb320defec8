"""The engine equals a walk that looks at a wall clock every minute and asks whether the door is open."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shared.deadlines.arithmetic import arithmetic
from shared.deadlines.calendars import Calendar, Day, Season, Span, Week
from shared.deadlines.clocks import counted_until, due, measure, reached, warnings
from shared.deadlines.days import Why
from shared.deadlines.rules import Counting, Ends, Kind, Rule, Term, Unit
from shared.deadlines.state import Pause, State, stills
from shared.deadlines.timeline import Almanac
from shared.deadlines.zones import instant, seconds

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
FARTHEST_DAYS = 7
# Each zone with dates of its clock changes, both ways; Cairo skips midnight, Lord Howe moves by half an hour, and Apia
# left a whole date out.
ZONES = {
    "Europe/London": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
    "Asia/Shanghai": [date(2026, 10, 1), date(2026, 2, 14)],
    "Africa/Cairo": [date(2026, 4, 24), date(2026, 10, 29)],
    "America/Havana": [date(2026, 3, 8), date(2026, 11, 1)],
    "Pacific/Apia": [date(2011, 12, 30)],
    "Asia/Kathmandu": [date(2026, 1, 31)],
}
WEEKDAYS = range(7)
FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
MANY = settings(FEW, max_examples=3_000)

Hours = list[tuple[int, int]]


@dataclass(frozen=True)
class World:
    """Plain data that both sides read: minutes after midnight, past 1,440 where a span runs over midnight."""

    zone: str
    week: dict[int, Hours]
    later: tuple[date, dict[int, Hours]]
    special: dict[date, Hours]
    start: datetime
    pauses: list[tuple[datetime, datetime | None]]

    def hours(self, day: date) -> Hours:
        """What opens on a date."""
        if day in self.special:
            return self.special[day]
        return (self.later[1] if day >= self.later[0] else self.week)[day.weekday()]

    def is_open(self, at: datetime) -> bool:
        """Whether a sign with these hours says open when the wall clock shows this."""
        shown = at.astimezone(ZoneInfo(self.zone))
        minute = shown.hour * 60 + shown.minute
        today, night = shown.date(), shown.date() - timedelta(days=1)
        return any(opens <= minute < closes for opens, closes in self.hours(today)) or any(
            minute + 1_440 < closes for _, closes in self.hours(night)
        )

    def is_paused(self, at: datetime) -> bool:
        """Whether the clock stands still at that instant."""
        return any(since <= at and (until is None or at < until) for since, until in self.pauses)

    def shows(self, at: datetime) -> date:
        """The date on the wall."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def calendar(self) -> Calendar:
        """The same as the engine wants it."""
        seasons = (Season(date.min, week_of(self.week)), Season(self.later[0], week_of(self.later[1])))
        return Calendar(
            "random", self.zone, seasons, {d: Day(d, "special", spans_of(h)) for d, h in self.special.items()}
        )

    def state(self) -> State:
        """The case as it is stored; a pause for a reason that is not the rule's lies over all of it."""
        mine = tuple(Pause("waiting", since, until) for since, until in self.pauses)
        return State(self.start, (*mine, Pause("not for this rule", self.start)))


def spans_of(hours: Hours) -> tuple[Span, ...]:
    return tuple(Span(opens * 60, closes * 60) for opens, closes in hours)


def week_of(hours: dict[int, Hours]) -> Week:
    mon, tue, wed, thu, fri, sat, sun = (spans_of(hours[day]) for day in WEEKDAYS)
    return Week((mon, tue, wed, thu, fri, sat, sun))


@st.composite
def opening(draw: st.DrawFn) -> Hours:
    """None to three spans of a day: split shifts, lunch breaks, the last one perhaps over midnight."""
    # Half of the marks fall into the small hours, where clocks change.
    marks = sorted(draw(st.lists(st.one_of(st.integers(0, 95), st.integers(0, 13)), max_size=6, unique=True)))
    pairs = [(marks[at] * 15, marks[at + 1] * 15) for at in range(0, len(marks) - 1, 2)]
    if draw(st.booleans()) and len(marks) % 2:
        pairs.append((marks[-1] * 15, 1_440 + draw(st.integers(0, marks[-1])) * 15))
    if draw(st.integers(0, 9)) == 0:
        return [(0, 1_440)]
    return pairs


def weeks() -> st.SearchStrategy[dict[int, Hours]]:
    return st.fixed_dictionaries({day: opening() for day in WEEKDAYS})


@st.composite
def worlds(draw: st.DrawFn, step: timedelta = MINUTE) -> World:
    """A calendar, a start near a change of the clock, and pauses, overlapping or not ended."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    anchor = draw(st.sampled_from(ZONES[zone])) + timedelta(days=draw(st.integers(-3, 1)))
    noon = datetime(anchor.year, anchor.month, anchor.day, tzinfo=UTC)
    moments = st.integers(0, int(timedelta(days=FARTHEST_DAYS - 2) / step)).map(lambda n: n * step)
    start = noon + draw(moments) / 3 // step * step
    days = st.integers(-1, FARTHEST_DAYS).map(lambda n: anchor + timedelta(days=n))
    pauses: list[tuple[datetime, datetime | None]] = []
    for _ in range(draw(st.integers(0, 3))):
        since = noon + draw(moments)
        pauses.append((since, None if draw(st.integers(0, 5)) == 0 else since + draw(moments) / 4 // step * step))
    special = draw(st.dictionaries(days, opening(), max_size=3))
    return World(zone, draw(weeks()), (draw(days), draw(weeks())), special, start, pauses)


def service(minutes: int, warn: int = 0) -> Rule:
    warnings = (Term(warn * 60, Unit.OPEN_SECONDS),) if warn else ()
    term = Term(minutes * 60, Unit.OPEN_SECONDS)
    return Rule(
        "answer", Kind.SERVICE, ("receipt",), ("answer",), term, pauses_for=frozenset({"waiting"}), warnings=warnings
    )


def days_rule(amount: int, unit: Unit, counting: Counting) -> Rule:
    return Rule(
        "law", Kind.SERVICE, ("receipt",), ("answer",), Term(amount, unit), counting, pauses_for=frozenset({"waiting"})
    )


def walked(world: World, minutes: int) -> datetime | None:
    """The end of the last minute needed, by looking at every minute; None beyond the farthest day."""
    at, left = world.start, minutes
    while left and at < world.start + timedelta(days=FARTHEST_DAYS):
        left -= world.is_open(at) and not world.is_paused(at)
        at += MINUTE
    return None if left else at


def walked_days(world: World, amount: int, counting: Counting, *, business: bool) -> datetime | None:
    """The last second in time, by looking every quarter of an hour which date it is; None beyond 40 days."""
    end, at = world.start + timedelta(days=40), world.start
    # Whether a date counts is decided at its first instant. The first date's may lie before the start, when no clock ran
    # that could stand still; where it is the start, it counts as any other.
    seen = world.shows(at)
    stood = world.shows(at - MINUTE) < seen and world.is_paused(at)
    counted = int(counting.first_day_counts and not stood and (not business or bool(world.hours(seen))))
    while counted < amount and at < end:
        at += QUARTER
        if world.shows(at) <= seen:
            continue
        seen = world.shows(at)
        counted += not world.is_paused(at) and (not business or bool(world.hours(seen)))
    while counting.rolls and at < end and not world.hours(seen):
        at += QUARTER
        seen = max(seen, world.shows(at))
    if at >= end:
        return None
    # Behind an hour put back over midnight the same date is shown again: look a little farther.
    last = max(at + QUARTER * n for n in range(120) if world.shows(at + QUARTER * n) == seen)
    return last + QUARTER - timedelta(seconds=1)


def check_open_time(world: World, minutes: int) -> None:
    rule, calendar, almanac = service(minutes), world.calendar(), Almanac()
    expected = walked(world, minutes)
    if expected is None:
        # Too far to walk: the engine must say that it is later, or that the clock stands still, or that nobody opens.
        limit = seconds(world.start + timedelta(days=FARTHEST_DAYS))
        assume(any(world.hours(world.later[0] + timedelta(days=n + 20)) for n in WEEKDAYS))
        found = due(rule, world.state(), calendar, almanac).at
        assert found is None or found > limit
        return
    assert instant(due(rule, world.state(), calendar, almanac).at or 0) == expected


def check_dates(world: World, amount: int, unit: Unit, counting: Counting) -> None:
    expected = walked_days(world, amount, counting, business=unit is Unit.BUSINESS_DAYS)
    assume(expected is not None or any(world.hours(world.later[0] + timedelta(days=n + 50)) for n in WEEKDAYS))
    found = due(days_rule(amount, unit, counting), world.state(), world.calendar(), Almanac()).at
    if expected is None:
        assert found is None or instant(found) > world.start + timedelta(days=38)
    else:
        assert found is not None
        assert instant(found) == expected


# Spans open and close on quarters: counted in quarters from a quarter, a period often ends at a closing time.
moments_of = st.one_of(worlds(), worlds(QUARTER))
lengths = st.one_of(st.integers(1, 30 * 60), st.integers(1, 100).map(lambda quarters: 15 * quarters))
conventions = st.builds(Counting, first_day_counts=st.booleans(), rolls=st.booleans())


@FEW
@given(moments_of, lengths)
def test_open_time_equals_the_walk(world: World, minutes: int) -> None:
    check_open_time(world, minutes)


@FEW
@given(worlds(QUARTER), st.integers(1, 9), st.sampled_from([Unit.CALENDAR_DAYS, Unit.BUSINESS_DAYS]), conventions)
def test_dates_equal_the_walk(world: World, amount: int, unit: Unit, counting: Counting) -> None:
    check_dates(world, amount, unit, counting)


@pytest.mark.slow
@MANY
@given(moments_of, lengths)
def test_open_time_equals_the_walk_in_thousands_of_worlds(world: World, minutes: int) -> None:
    check_open_time(world, minutes)


@pytest.mark.slow
@MANY
@given(worlds(QUARTER), st.integers(1, 20), st.sampled_from([Unit.CALENDAR_DAYS, Unit.BUSINESS_DAYS]), conventions)
def test_dates_equal_the_walk_in_thousands_of_worlds(world: World, amount: int, unit: Unit, counting: Counting) -> None:
    check_dates(world, amount, unit, counting)


@FEW
@given(worlds(), st.integers(1, 20 * 60), st.integers(0, 3 * 24 * 60))
def test_what_is_used_up_equals_the_walk(world: World, minutes: int, after: int) -> None:
    rule, calendar, almanac = service(minutes), world.calendar(), Almanac()
    assume(any(world.hours(world.later[0] + timedelta(days=n + 20)) for n in WEEKDAYS))
    at = world.start + after * MINUTE
    looked = (world.start + n * MINUTE for n in range(after))
    open_minutes = sum(world.is_open(one) and not world.is_paused(one) for one in looked)
    told = due(rule, world.state(), calendar, almanac)
    assert counted_until(rule, told, calendar, almanac, seconds(at)) == min(open_minutes, minutes) * 60
    assert almanac.covering(calendar, seconds(at), seconds(at)).is_open(seconds(at)) is world.is_open(at)


@FEW
@given(moments_of, lengths, st.integers(1, 10 * 60))
def test_a_warning_is_the_walk_without_the_lead(world: World, minutes: int, lead: int) -> None:
    rule, calendar, almanac = service(minutes + lead, warn=lead), world.calendar(), Almanac()
    assume(any(world.hours(world.later[0] + timedelta(days=n + 20)) for n in WEEKDAYS))
    told, expected = due(rule, world.state(), calendar, almanac), walked(world, minutes)
    if told.at is None:
        assert warnings(rule, told, calendar, almanac) == [], "a clock that stands still warns of nothing"
    elif expected is not None:
        assert warnings(rule, told, calendar, almanac) == [seconds(expected)]


@FEW
@given(worlds(), st.integers(1, 30 * 60))
def test_the_steps_add_up_to_the_result_and_leave_no_gap(world: World, minutes: int) -> None:
    rule, calendar, almanac = service(minutes), world.calendar(), Almanac()
    assume(any(world.hours(world.later[0] + timedelta(days=n + 20)) for n in WEEKDAYS))
    told = arithmetic(rule, world.state(), calendar, almanac, until=seconds(world.start + timedelta(days=2)))
    if told.due.at is not None:
        assert sum(step.counted for step in told.steps) == minutes * 60 == told.total
    at, running = seconds(world.start), 0
    for step in told.steps:
        running += step.counted
        assert (step.since, step.running) == (at, running)
        assert step.counted == (step.until - step.since if step.why is Why.COUNTED else 0)
        at = step.until
    assert at == (told.due.at if told.due.at is not None else max(at, seconds(world.start)))


@FEW
@given(worlds(QUARTER), st.integers(1, 9), st.sampled_from([Unit.CALENDAR_DAYS, Unit.BUSINESS_DAYS]), conventions)
def test_the_dates_add_up_to_the_result(world: World, amount: int, unit: Unit, counting: Counting) -> None:
    assume(any(world.hours(world.later[0] + timedelta(days=n + 20)) for n in WEEKDAYS))
    told = arithmetic(days_rule(amount, unit, counting), world.state(), world.calendar(), Almanac(), until=0)
    if told.due.at is not None:
        assert sum(step.counted for step in told.steps) == amount == told.total
        assert told.steps[-1].last_day == told.due.on
    for before, after in zip(told.steps, told.steps[1:], strict=False):
        assert (after.since, after.running - after.counted) == (before.until, before.running)


@FEW
@given(worlds(), st.integers(1, 12 * 60), st.integers(1, 12 * 60), weeks(), st.integers(0, 4))
def test_a_changed_policy_and_calendar_equal_the_walk_from_the_same_intervals(
    world: World, first: int, second: int, week: dict[int, Hours], after: int
) -> None:
    """The state is stored once; a new target, or new hours from a date on, are nothing but another computation of it."""
    changed = replace(world, later=(world.shows(world.start) + timedelta(days=after), week))
    assume(world.later[0] > changed.later[0] and any(week.values()))
    state, almanac, old = world.state(), Almanac(), world.calendar()
    due(service(first), state, old, almanac)
    new = replace(old, seasons=old.seasons[:1]).with_season(changed.later[0], week_of(week))
    assert new.revision == old.revision + 1
    expected = walked(changed, second)
    found = due(service(second), state, new, almanac).at
    assert expected is None or found == seconds(expected)


@FEW
@given(worlds(), st.lists(st.integers(1, 20 * 60), min_size=2, max_size=3))
def test_several_clocks_of_one_case_do_not_touch_one_another(world: World, targets: list[int]) -> None:
    calendar, almanac = world.calendar(), Almanac()
    assume(any(world.hours(world.later[0] + timedelta(days=n + 20)) for n in WEEKDAYS))
    together = [due(service(one), world.state(), calendar, almanac).at for one in targets]
    assert together == [due(service(one), world.state(), world.calendar(), Almanac()).at for one in targets]
    for one, at in zip(targets, together, strict=True):
        expected = walked(world, one)
        assert expected is None or at == seconds(expected)


@FEW
@given(worlds(), st.integers(0, 86_399), st.integers(1, 20 * 3_600))
def test_seconds_and_pauses_add_up_wherever_the_start_lies(world: World, shift: int, needed: int) -> None:
    """What the minute walk cannot see: at the result exactly `needed` open seconds have passed, and not one before."""
    calendar, almanac = world.calendar(), Almanac()
    assume(any(world.hours(world.later[0] + timedelta(days=n + 20)) for n in WEEKDAYS))
    start, rule = seconds(world.start) + shift, service(1)
    still = stills(rule, world.state().pauses, start)
    line = measure(rule, calendar, almanac, start)
    at = reached(line, start, needed, still)
    if at is None:
        return
    passed = [
        line.counted(end)
        - sum(line.counted(min(one.until or end, end)) - line.counted(min(one.since, end)) for one in still)
        for end in (at, at - 1)
    ]
    assert passed == [needed, needed - 1]


def test_the_close_of_business_is_the_last_closing_of_the_day() -> None:
    world = World(
        "Europe/London",
        {d: [(540, 720), (780, 1_020)] for d in WEEKDAYS},
        (date.max, {}),
        {},
        datetime(2026, 10, 23, 8, tzinfo=UTC),
        [],
    )
    rule = days_rule(2, Unit.BUSINESS_DAYS, Counting(ends=Ends.CLOSE_OF_BUSINESS))
    calendar = Calendar.weekly("uk", world.zone, week_of(world.week))
    # The second day is Sunday 25 October 2026, when the clocks went back: 17:00 is 17:00 UTC again.
    assert instant(due(rule, world.state(), calendar, Almanac()).at or 0) == datetime(2026, 10, 25, 17, tzinfo=UTC)
