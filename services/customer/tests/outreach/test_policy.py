"""The rules by themselves: windows by the wall clock, caps, and what the policy that is shipped decides."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer.outreach.domain.messages import Category, Channel, Reason, State, Urgency, may_become
from customer.outreach.domain.policy import (
    BARS_LOOKED_AT_EVERY,
    Cap,
    Circumstances,
    Hold,
    LastAct,
    Option,
    Permission,
    Rest,
    Send,
    Suppress,
    Window,
    in_force,
    plan,
)
from customer.outreach.usecases.planning import policies
from customer.outreach.usecases.reaching import point_for, rests_of
from customer.parties.usecases.reaching import Point, Quiet, Reach

ZONES = ["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]
START = datetime(2026, 3, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RECEIPT = Permission(UUID(int=1), None)
LATE = Quiet(time(20), time(21), ZoneInfo("Asia/Shanghai"))

times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
windows = st.builds(Window, times, times).filter(lambda one: one.start != one.end)
instants = st.integers(0, 60 * 24 * 230).map(lambda minutes: START + minutes * MINUTE)


def point(quiet: Quiet | None) -> Point:
    return Point("x", verified=True, preferred=False, quiet=quiet)


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
        # Nobody wrote to us through WeChat: its owner takes nothing, and what risk bars may be free again.
        ([option(Channel.WECHAT)], HERE, Suppress(Reason.REPLY_WINDOW_CLOSED)),
        ([option(Channel.WECHAT), option()], HERE, Send(Channel.SMS, RECEIPT, (Channel.WECHAT,))),
        ([option(Channel.WECHAT), option(barred=True)], HERE, BARRED),
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
    late = option(quiet=(Rest(Window(time(23), time(10)), new_york),))
    assert plan(Category.SERVICE, Urgency.ROUTINE, [late], policy, HERE) == Hold(until, Reason.QUIET_HOURS)
    short = option(quiet=(Rest(Window(time(1), time(2)), new_york),))
    eight = until - timedelta(hours=2)
    assert plan(Category.SERVICE, Urgency.ROUTINE, [short], policy, HERE) == Hold(eight, Reason.QUIET_HOURS)


@pytest.mark.parametrize(
    ("ago", "answered", "taken"),
    [
        (timedelta(0), 0, True),
        (timedelta(hours=48) - timedelta(microseconds=1), 0, True),
        (timedelta(hours=48), 0, False),
        (timedelta(hours=1), 4, True),
        (timedelta(hours=1), 5, False),
        (-timedelta(seconds=1), 0, False),
    ],
)
def test_wechat_takes_five_messages_within_48_hours_of_what_somebody_wrote(
    ago: timedelta,
    answered: int,
    taken: bool,  # drawn
) -> None:
    way = option(Channel.WECHAT, last_act=LastAct(NOON - ago, answered))
    for urgency in Urgency:
        told = plan(Category.SERVICE, urgency, [way], in_force(policies(), NOON), HERE)
        assert told == (Send(Channel.WECHAT, RECEIPT) if taken else Suppress(Reason.REPLY_WINDOW_CLOSED))


def test_hours_asked_for_at_a_phone_hold_for_whatever_makes_it_sound_and_not_for_mail() -> None:
    policy, shanghai = in_force(policies(), NOON), ZoneInfo("Asia/Shanghai")
    asked: dict[str, list[Quiet | None]] = {
        "phone": [Quiet(time(12), time(14), shanghai), None],
        "email": [Quiet(time(15), time(16), shanghai)],
    }
    points = {kind: [point(quiet) for quiet in kept] for kind, kept in asked.items()}
    mine, second = Reach("x", points), Reach("x", {"wechat": [point(LATE)]})
    for channel in Channel:
        rests = rests_of(policy, channel, [mine, second], point_for(mine, channel, delicate=False))
        starts = {rest.window.start for rest in rests}
        assert starts == ({time(15)} if channel is Channel.EMAIL else {time(12), time(20)})


def test_every_hour_and_clock_of_several_is_kept() -> None:
    policy = in_force(policies(), NOON)
    rests = (
        Rest(Window(time(12), time(13)), ZoneInfo("Asia/Shanghai")),
        Rest(Window(time(1), time(2)), ZoneInfo("Europe/London")),
    )
    told = plan(Category.SERVICE, Urgency.ROUTINE, [option(quiet=rests)], policy, HERE)
    # Until one in Shanghai it is noon; in London the night ends at eight, which is three in the afternoon there.
    assert told == Hold(datetime(2026, 6, 1, 7, tzinfo=UTC), Reason.QUIET_HOURS)


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
    here = [one for one in Channel if one is not Channel.WECHAT]
    made = [option(one, rank=policy.rank(one, preferred=one is preferred, needs=needs)) for one in here]
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
