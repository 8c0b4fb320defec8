"""Random wishes, people, consents, zones, caps, bars and letters: no message breaks a promise, and none waits for nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from customer.outreach.domain.messages import Category, Channel, Reason, Urgency
from customer.outreach.domain.policy import (
    Cap,
    ChannelRules,
    Circumstances,
    Hold,
    Option,
    Permission,
    Policy,
    ReplyWindow,
    Send,
    Suppress,
    Window,
    plan,
)
from customer.outreach.usecases.reaching import POINTS, Mark, last_act, point_for, rests_of
from customer.parties.usecases.reaching import Point, Quiet, Reach

ZONES = ["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]
START = datetime(2026, 3, 20, tzinfo=UTC)
RECEIPT = Permission(UUID(int=1), None)

times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
windows = st.builds(Window, times, times).filter(lambda one: one.start != one.end)
caps = st.builds(Cap, st.frozensets(st.sampled_from(Category), min_size=1), st.integers(1, 4), st.integers(1, 30))


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
    """How somebody is reached: verified points, hours they asked for by a clock of theirs, what they like and need.

    `wrote` are the moments at which they wrote to the bank through WeChat.
    """

    verified: frozenset[Channel]
    hours: dict[Channel, tuple[Window, ZoneInfo]]
    preferred: frozenset[Channel]
    needs: frozenset[str]
    wrote: frozenset[datetime]


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
    st.dictionaries(st.sampled_from([Channel.EMAIL, Channel.SMS, Channel.WECHAT]), st.tuples(windows, zones)),
    several,
    st.frozensets(st.sampled_from(["large_print", "screen_reader"])),
    st.frozensets(st.integers(0, 14 * 24).map(lambda hours: START + timedelta(hours=hours)), max_size=6),
)
PERSON = UUID(int=7)
# What makes one device sound.
SOUNDS = frozenset({Channel.PUSH, Channel.SMS, Channel.WECHAT})
REPLY = ReplyWindow(timedelta(hours=48), 2, frozenset({"message"}), frozenset({Category.SERVICE, Category.SALES}))
NEEDS = {"large_print": frozenset({Channel.EMAIL}), "screen_reader": frozenset({Channel.SMS, Channel.EMAIL})}


Sent = list[tuple[datetime, Wish, Channel]]


def point(quiet: Quiet | None) -> Point:
    return Point("x", verified=True, preferred=False, quiet=quiet)


def reach_of(person: Person) -> Reach:
    points = {
        str(POINTS[channel]): [point(Quiet(hours.start, hours.end, clock))]
        for channel, (hours, clock) in person.hours.items()
    }
    return Reach("x", points)


def options_of(at: datetime, wish: Wish, person: Person, policy: Policy, barred: set[str], sent: Sent) -> list[Option]:
    reach = reach_of(person)
    wrote = [moment for moment in person.wrote if at - REPLY.within <= moment <= at]
    acts = {(PERSON, Channel.WECHAT): max(wrote)} if wrote else {}
    marks = [Mark(UUID(int=place), PERSON, *one) for place, one in enumerate((a, w.category, c) for a, w, c in sent)]
    return [
        Option(
            channel,
            RECEIPT if yes else None,
            reachable=True,
            rank=policy.rank(channel, preferred=channel in person.preferred, needs=person.needs),
            quiet=rests_of(policy, channel, [reach], point_for(reach, channel, delicate=False)),
            verified=channel in person.verified,
            barred=policy.bars(channel, barred),
            last_act=last_act(channel, [PERSON], acts, marks),
        )
        for channel, yes in wish.consents.items()
    ]


def quiet_at(at: datetime, channel: Channel, person: Person, quiet: Window, zone: ZoneInfo) -> bool:
    """The policy's hours and their own, by the clocks they named; hours of one that sounds are those of all that do."""
    ours = [one for other, one in person.hours.items() if other is channel or {other, channel} <= SOUNDS]
    clocks = [clock for _, clock in ours] or [zone]
    return any(quiet.around(at, clock) is not None for clock in clocks) or any(
        hours.around(at, clock) is not None for hours, clock in ours
    )


def taken_at(at: datetime, category: Category, channel: Channel, person: Person, sent: Sent) -> bool:
    """Whether the owner of the channel lets us write: on WeChat for 48 hours after they wrote, and twice."""
    if channel is not Channel.WECHAT or category not in {Category.SERVICE, Category.SALES}:
        return True
    wrote = [moment for moment in person.wrote if moment <= at < moment + timedelta(hours=48)]
    return bool(wrote) and sum(way is channel and moment >= max(wrote) for moment, _, way in sent) < 2


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
        one: ChannelRules(
            cost=place,
            closed={},
            falls_with=falls.get(one, frozenset()),
            interrupts=one in SOUNDS,
            reply=REPLY if one is Channel.WECHAT else None,
        )
        for place, one in enumerate(Channel)
    }
    policy = Policy("t", START, quiet, tuple(limits), rules, NEEDS)
    sent: Sent = []
    waiting = sorted(((wish.at, place) for place, wish in enumerate(asked)), reverse=True)
    for _ in range(2_000):
        if not waiting:
            break
        at, place = waiting.pop()
        wish = asked[place]
        counted = [(moment, other.category) for moment, other, _ in sent]
        here = Circumstances(at, zone, counted, complaint_open=complaint, hours=hours)
        options = options_of(at, wish, person, policy, names_at(at, restricted), sent)
        told = plan(wish.category, wish.urgency, options, policy, here, delicate=wish.delicate)
        ways = [one for one in options if one.permission and (one.verified or not wish.delicate)]
        open_ = [one for one in ways if taken_at(at, wish.category, one.channel, person, sent)]
        free = [one for one in open_ if not barred_at(at, one.channel, restricted)]
        if isinstance(told, Send):
            assert told.channel in {one.channel for one in open_}, "sent where its owner would refuse it"
            assert set(told.passed_over) == {one.channel for one in ways if one not in open_}
            sent.append((at, wish, told.channel))
            better = [one for one in free if one.rank < _rank(options, told.channel)]
            assert all(quiet_at(at, one.channel, person, quiet, zone) for one in better), "a better liked one was free"
            assert wish.urgency is Urgency.URGENT or hours is None or hours.around(at, zone) is not None
        elif isinstance(told, Hold):
            assert told.until > at, "a message that waits for no time at all is asked for without end"
            if told.reason is Reason.CHANNEL_BARRED:
                assert open_, "it waits although no bar that ends would let it go"
                assert not free, "it waits although a channel is free"
            waiting = sorted([*waiting, (told.until, place)], reverse=True)
        elif told == Suppress(Reason.QUIET_HOURS):
            day = [at + timedelta(minutes=15 * quarter) for quarter in range(4 * 24)]
            assert free, "suppressed for its hours although a bar may end"
            wanted = [moment for moment in day if hours is None or hours.around(moment, zone) is not None]
            assert all(quiet_at(moment, one.channel, person, quiet, zone) for one in free for moment in wanted)
        elif told == Suppress(Reason.REPLY_WINDOW_CLOSED):
            assert ways, "nobody allowed it"
            assert not open_, "suppressed although a channel takes it"
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
