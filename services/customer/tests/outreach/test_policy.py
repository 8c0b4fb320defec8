"""Nobody is written to without a permission, in their quiet hours unless it is urgent, or over a cap; whatever is asked."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.outreach.domain.messages import Category, Channel, Reason, State, Urgency, may_become
from customer.outreach.domain.policy import (
    BARS_LOOKED_AT_EVERY,
    Cap,
    ChannelRules,
    Circumstances,
    Hold,
    Option,
    Permission,
    Policy,
    Send,
    Suppress,
    Window,
    in_force,
    plan,
)
from customer.outreach.usecases.planning import policies

ZONES = ["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]
START = datetime(2026, 3, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RECEIPT = Permission(UUID(int=1), None)

times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
windows = st.builds(Window, times, times).filter(lambda one: one.start != one.end)
instants = st.integers(0, 60 * 24 * 230).map(lambda minutes: START + minutes * MINUTE)


def inside(window: Window, at: datetime, zone: ZoneInfo) -> bool:
    """What somebody would read off the wall clock."""
    shown = at.astimezone(zone).time().replace(tzinfo=None)
    if window.start < window.end:
        return window.start <= shown < window.end
    return shown >= window.start or shown < window.end


@given(windows, instants, st.sampled_from(ZONES))
def test_a_window_ends_where_the_wall_clock_says(window: Window, at: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    found = window.around(at, zone)
    # Around a change of the clocks an hour is shown twice or never: there a window may be longer than the wall clock says.
    offsets = {(at + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in (-30, 0, 30)}
    if len(offsets) > 1:
        assert found is not None or not inside(window, at, zone)
        assert found is None or found[0] <= at < found[1]
        return
    assert (found is not None) == inside(window, at, zone)
    if found is not None:
        assert inside(window, found[1] - MINUTE, zone)
        assert not inside(window, found[1], zone)


@pytest.mark.parametrize(
    ("zone", "at", "until"),
    [
        # Clocks go forward in the night: eight in the morning comes an hour earlier.
        ("Europe/London", "2026-03-29T00:30:00Z", "2026-03-29T07:00:00Z"),
        # Clocks go back: it comes an hour later, and the night has nine hours more than its numbers say.
        ("America/New_York", "2026-11-01T04:30:00Z", "2026-11-01T13:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T12:00:00Z", "2026-04-04T21:30:00Z"),
    ],
)
def test_a_night_in_which_the_clocks_change_ends_at_eight(zone: str, at: str, until: str) -> None:
    night = Window(time(22), time(8))
    found = night.around(datetime.fromisoformat(at), ZoneInfo(zone))
    assert found is not None
    assert found[1] == datetime.fromisoformat(until)


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"])
def test_no_minute_of_a_night_whose_clocks_change_is_loud_where_the_wall_clock_says_quiet(zone: str) -> None:
    clock, changes = ZoneInfo(zone), []
    hour = datetime(2026, 1, 1, tzinfo=UTC)
    while hour.year == 2026:
        after = hour + timedelta(hours=1)
        if hour.astimezone(clock).utcoffset() != after.astimezone(clock).utcoffset():
            changes.append(hour)
        hour = after
    assert len(changes) == 2
    starts = [time(0, 15), time(1, 15), time(2, 15), time(22)]
    ends = [time(0, 45), time(1, 45), time(2, 45), time(8)]
    minutes = [change + 5 * MINUTE * step for change in changes for step in range(-40, 40)]
    for window in (Window(start, end) for start in starts for end in ends):
        loud = [at for at in minutes if window.around(at, clock) is None]
        assert not any(inside(window, at, clock) for at in loud)


histories = st.lists(
    st.tuples(st.integers(-40 * 24, 0).map(lambda hours: START + timedelta(hours=hours)), st.sampled_from(Category)),
    max_size=12,
)
caps = st.builds(Cap, st.frozensets(st.sampled_from(Category), min_size=1), st.integers(1, 4), st.integers(1, 30))


@given(caps, histories)
def test_a_cap_is_free_at_the_first_hour_at_which_one_more_keeps_it(
    cap: Cap, sent: list[tuple[datetime, Category]]
) -> None:
    def fits(at: datetime) -> bool:
        counted = [moment for moment, category in sent if category in cap.categories and moment > at - span]
        return len(counted) < cap.most

    span = timedelta(days=cap.days)
    hours = (START + timedelta(hours=hour) for hour in range(31 * 24))
    assert cap.free_at(sent, START) == next(at for at in hours if fits(at))


@dataclass(frozen=True)
class Wish:
    """A message somebody wishes for, and what is true of it."""

    at: datetime
    category: Category
    urgency: Urgency
    delicate: bool
    consents: dict[Channel, bool]


@dataclass(frozen=True)
class Person:
    """How somebody is reached: verified points, hours they asked for by a clock of theirs, what they like and need."""

    verified: frozenset[Channel]
    hours: dict[Channel, tuple[Window, ZoneInfo]]
    preferred: frozenset[Channel]
    needs: frozenset[str]


@dataclass(frozen=True)
class Bar:
    """What risk bars under its own name, from then and for so many hours."""

    name: str
    since: datetime
    hours: int


LEADS_TO = {"app": Channel.PUSH, "phone": Channel.SMS}
bars = st.lists(
    st.builds(
        Bar,
        st.sampled_from([*Channel, *LEADS_TO, "atm"]),
        st.integers(0, 14 * 24).map(lambda hours: START + timedelta(hours=hours)),
        st.integers(1, 72),
    ),
    max_size=5,
)


def names_at(at: datetime, told: list[Bar]) -> set[str]:
    return {one.name for one in told if one.since <= at < one.since + timedelta(hours=one.hours)}


def barred_at(at: datetime, channel: Channel, told: list[Bar]) -> bool:
    """Where risk bars it, or what it leads to: the app shows a push, the number of a telephone gets a text."""
    return any(channel == name or LEADS_TO.get(name) is channel for name in names_at(at, told))


wishes = st.lists(
    st.builds(
        Wish,
        st.integers(0, 14 * 24 * 4).map(lambda quarters: START + quarters * timedelta(minutes=15)),
        st.sampled_from([Category.SERVICE, Category.SALES, Category.SURVEY]),
        st.sampled_from(Urgency),
        st.booleans(),
        st.dictionaries(st.sampled_from(Channel), st.booleans(), max_size=4),
    ),
    max_size=12,
)
several = st.frozensets(st.sampled_from(Channel))
zones = st.sampled_from(ZONES).map(ZoneInfo)
people = st.builds(
    Person,
    several,
    st.dictionaries(st.sampled_from(Channel), st.tuples(windows, zones)),
    several,
    st.frozensets(st.sampled_from(["large_print", "screen_reader"])),
)
NEEDS = {"large_print": frozenset({Channel.EMAIL}), "screen_reader": frozenset({Channel.SMS, Channel.EMAIL})}


def options_of(wish: Wish, person: Person, policy: Policy, barred: set[str]) -> list[Option]:
    return [
        Option(
            channel,
            RECEIPT if yes else None,
            reachable=True,
            rank=policy.rank(channel, preferred=channel in person.preferred, needs=person.needs),
            quiet=person.hours[channel][0] if channel in person.hours else None,
            zone=person.hours[channel][1] if channel in person.hours else None,
            verified=channel in person.verified,
            barred=policy.bars(channel, barred),
        )
        for channel, yes in wish.consents.items()
    ]


def quiet_at(at: datetime, channel: Channel, person: Person, quiet: Window, zone: ZoneInfo) -> bool:
    """By the clock of whoever is reached there: the policy's hours, and their own."""
    own, theirs = person.hours.get(channel, (None, zone))
    return quiet.around(at, theirs) is not None or (own is not None and own.around(at, theirs) is not None)


@settings(deadline=None)
@given(wishes, people, windows, st.lists(caps, max_size=3), zones, st.booleans(), st.none() | windows, bars)
def test_no_message_breaks_a_promise_whatever_is_asked(
    asked: list[Wish],
    person: Person,
    quiet: Window,
    limits: list[Cap],
    zone: ZoneInfo,
    complaint: bool,  # drawn
    hours: Window | None,
    restricted: list[Bar],
) -> None:
    falls = {Channel.PUSH: frozenset({"app"}), Channel.SMS: frozenset({"phone"})}
    rules = {
        one: ChannelRules(cost=place, closed={}, falls_with=falls.get(one, frozenset()))
        for place, one in enumerate(Channel)
    }
    policy = Policy("t", START, quiet, tuple(limits), rules, NEEDS)
    sent: list[tuple[datetime, Wish, Channel]] = []
    waiting = sorted(((wish.at, place) for place, wish in enumerate(asked)), reverse=True)
    for _ in range(2_000):
        if not waiting:
            break
        at, place = waiting.pop()
        wish = asked[place]
        counted = [(moment, other.category) for moment, other, _ in sent]
        here = Circumstances(at, zone, counted, complaint_open=complaint, hours=hours)
        options = options_of(wish, person, policy, names_at(at, restricted))
        told = plan(wish.category, wish.urgency, options, policy, here, delicate=wish.delicate)
        if isinstance(told, Send):
            sent.append((at, wish, told.channel))
            usable = [one for one in options if one.permission and (one.verified or not wish.delicate)]
            usable = [one for one in usable if not barred_at(at, one.channel, restricted)]
            better = [one for one in usable if one.rank < _rank(options, told.channel)]
            assert all(quiet_at(at, one.channel, person, quiet, zone) for one in better), "a better liked one was free"
            assert wish.urgency is Urgency.URGENT or hours is None or hours.around(at, zone) is not None
        elif isinstance(told, Hold):
            assert told.until > at, "a message that waits for no time at all is asked for without end"
            if told.reason is Reason.CHANNEL_BARRED:
                ways = [one.channel for one in options if one.permission and (one.verified or not wish.delicate)]
                assert all(barred_at(at, one, restricted) for one in ways), "it waits although a channel is free"
            waiting = sorted([*waiting, (told.until, place)], reverse=True)
        elif told == Suppress(Reason.QUIET_HOURS):
            day = [at + timedelta(minutes=15 * quarter) for quarter in range(4 * 24)]
            ways = [one.channel for one in options if one.permission and (one.verified or not wish.delicate)]
            ways = [one for one in ways if not barred_at(at, one, restricted)]
            assert ways, "suppressed for its hours although a bar may end"
            wanted = [moment for moment in day if hours is None or hours.around(moment, zone) is not None]
            assert all(quiet_at(moment, one, person, quiet, zone) for one in ways for moment in wanted)
    assert not waiting
    for at, wish, channel in sent:
        assert wish.consents[channel], "sent through a channel nobody allowed"
        assert not barred_at(at, channel, restricted), "sent through a channel that risk bars, urgent or not"
        assert channel in person.verified or not wish.delicate
        assert not (complaint and wish.category is Category.SALES)
        if wish.urgency is Urgency.URGENT:
            continue
        assert not quiet_at(at, channel, person, quiet, zone)
        for cap in (one for one in limits if wish.category in one.categories):
            span = timedelta(days=cap.days)
            within = [
                moment for moment, other, _ in sent if other.category in cap.categories and at - span < moment < at
            ]
            assert len(within) < cap.most


def _rank(options: list[Option], channel: Channel) -> int:
    return next(one.rank for one in options if one.channel is channel)


def option(channel: Channel = Channel.SMS, **other: Any) -> Option:
    made = Option(channel, RECEIPT, reachable=True, rank=0)
    return replace(made, **other)


NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
HERE = Circumstances(NOON, ZoneInfo("Asia/Shanghai"))
BARRED = Hold(NOON + BARS_LOOKED_AT_EVERY, Reason.CHANNEL_BARRED)


@pytest.mark.parametrize(
    ("options", "here", "expected"),
    [
        ([], HERE, Suppress(Reason.NO_CONSENT)),
        ([option(permission=None)], HERE, Suppress(Reason.NO_CONSENT)),
        ([option(reachable=False)], HERE, Suppress(Reason.NO_CONTACT_POINT)),
        ([option(Channel.EMAIL, written=False)], HERE, Suppress(Reason.NO_TEXT)),
        ([option()], replace(HERE, complaint_open=True), Suppress(Reason.OPEN_COMPLAINT)),
        ([option(), option(Channel.PUSH)], HERE, Send(Channel.PUSH, RECEIPT)),
        ([option(rank=0), option(Channel.PUSH, rank=1)], HERE, Send(Channel.SMS, RECEIPT)),
        ([option(), option(Channel.PUSH)], replace(HERE, busy=frozenset({Channel.PUSH})), Send(Channel.SMS, RECEIPT)),
        ([option(), option(Channel.PUSH, barred=True)], HERE, Send(Channel.SMS, RECEIPT)),
        ([option(barred=True), option(Channel.PUSH, permission=None)], HERE, BARRED),
        ([option(barred=True), option(Channel.PUSH, reachable=False)], HERE, BARRED),
        ([option(), option(Channel.PUSH, silent=True)], HERE, Send(Channel.SMS, RECEIPT)),
        ([option(permission=None), option(Channel.PUSH, silent=True)], HERE, Send(Channel.PUSH, RECEIPT)),
        ([option(barred=True), option(Channel.PUSH, silent=True)], HERE, Send(Channel.PUSH, RECEIPT)),
    ],
)
def test_the_policy_that_is_shipped_decides_as_it_says(
    options: list[Option], here: Circumstances, expected: object
) -> None:
    assert plan(Category.SALES, Urgency.ROUTINE, options, in_force(policies(), NOON), here) == expected


def test_hours_a_person_asked_for_add_to_the_policy_s_and_both_go_by_their_clock() -> None:
    policy = in_force(policies(), NOON)
    new_york = ZoneInfo("America/New_York")
    # Noon in Shanghai is midnight in New York, where the policy's night ends at eight, and this person's at ten.
    until = datetime(2026, 6, 1, 14, tzinfo=UTC)
    late = option(quiet=Window(time(23), time(10)), zone=new_york)
    assert plan(Category.SERVICE, Urgency.ROUTINE, [late], policy, HERE) == Hold(until, Reason.QUIET_HOURS)
    short = option(quiet=Window(time(1), time(2)), zone=new_york)
    eight = until - timedelta(hours=2)
    assert plan(Category.SERVICE, Urgency.ROUTINE, [short], policy, HERE) == Hold(eight, Reason.QUIET_HOURS)


def test_what_is_delicate_goes_to_a_verified_point_or_nowhere() -> None:
    policy = in_force(policies(), NOON)
    loose, sure = option(Channel.PUSH, verified=False), option(Channel.SMS)
    assert plan(Category.SERVICE, Urgency.URGENT, [loose, sure], policy, HERE) == Send(Channel.PUSH, RECEIPT)
    told = plan(Category.SERVICE, Urgency.URGENT, [loose, sure], policy, HERE, delicate=True)
    assert told == Send(Channel.SMS, RECEIPT)
    told = plan(Category.SERVICE, Urgency.URGENT, [loose], policy, HERE, delicate=True)
    assert told == Suppress(Reason.NO_VERIFIED_POINT)


def test_a_code_waits_for_its_barred_number_and_goes_nowhere_unproven() -> None:
    policy = in_force(policies(), NOON)
    loose, sure = option(Channel.EMAIL, verified=False), option(Channel.SMS, barred=policy.bars(Channel.SMS, {"phone"}))
    assert plan(Category.CODE, Urgency.URGENT, [loose, sure], policy, HERE, delicate=True) == BARRED


@pytest.mark.parametrize(
    ("preferred", "needs", "first"),
    [
        (None, [], Channel.PUSH),
        (None, ["large_print"], Channel.EMAIL),
        (Channel.SMS, ["large_print"], Channel.SMS),
        (None, ["wheelchair"], Channel.PUSH),
    ],
)
def test_what_a_person_likes_goes_before_what_they_need_and_that_before_cost(
    preferred: Channel | None, needs: list[str], first: Channel
) -> None:
    policy = in_force(policies(), NOON)
    made = [option(one, rank=policy.rank(one, preferred=one is preferred, needs=needs)) for one in Channel]
    assert plan(Category.SERVICE, Urgency.ROUTINE, made, policy, HERE) == Send(first, RECEIPT)


def test_a_third_sale_in_a_week_waits_for_the_first_to_be_a_week_old() -> None:
    sent = [(NOON - timedelta(days=6), Category.SALES), (NOON - timedelta(days=1), Category.SALES)]
    told = plan(Category.SALES, Urgency.ROUTINE, [option()], in_force(policies(), NOON), replace(HERE, sent=sent))
    assert told == Hold(NOON + timedelta(days=1), Reason.OVER_THE_CAP)


def test_before_the_first_policy_nothing_is_decided() -> None:
    with pytest.raises(LookupError):
        in_force(policies(), datetime(2000, 1, 1, tzinfo=UTC))


def test_a_permission_always_names_what_it_rests_on() -> None:
    with pytest.raises(ValueError, match="names"):
        Permission(None, None)


def test_a_receipt_never_moves_a_message_back() -> None:
    order = [State.SENT, State.DELIVERED, State.READ]
    for later, state in enumerate(order):
        assert not any(may_become(state, earlier) for earlier in order[: later + 1])
    for end in (State.FAILED, State.SUPPRESSED, State.READ):
        assert not any(may_become(end, one) for one in State)
