"""When a person may be reached: quiet hours by their clock, rolling caps, and what else forbids it; dated data, pure rules."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from customer.outreach.domain.messages import Category, Channel, Reason, Urgency

# A bar ends when risk says so, and whoever hears it has what waits decided again: this is for a word that was missed.
BARS_LOOKED_AT_EVERY: Final = timedelta(hours=1)
_LOOKED_AHEAD: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Window:
    """A span of every local day, `start` included and `end` not; one that ends before it starts goes over midnight."""

    start: time
    end: time

    def around(self, at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """The instants of the span that holds `at`, or None; a day of 23 or 25 hours counts as its clocks show.

        Where clocks show an hour twice or never, a span that begins or ends in it is the longer one: whatever the clock on
        the wall calls inside is inside.
        """
        local = at.astimezone(zone)
        for day in (local.date() - timedelta(days=1), local.date()):
            first, last = self._instants(day, zone)
            if first <= at < last:
                return first, last
        return None

    def _instants(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        ends_on = day if self.start < self.end else day + timedelta(days=1)
        return min(_shown(day, self.start, zone)), max(_shown(ends_on, self.end, zone))


def _shown(day: date, shown: time, zone: ZoneInfo) -> list[datetime]:
    """The instants a clock may mean by what it shows: two where it was put back over it, or forward past it (PEP 495)."""
    utc = ZoneInfo("UTC")
    return [datetime.combine(day, shown, zone).replace(fold=fold).astimezone(utc) for fold in (0, 1)]


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` messages of these categories to one person in any span of `days` days."""

    categories: frozenset[Category]
    most: int
    days: int

    def free_at(self, sent: Sequence[tuple[datetime, Category]], at: datetime) -> datetime:
        """The first instant from `at` on at which one more keeps the cap, if nothing else is sent until then."""
        span = timedelta(days=self.days)
        times = sorted(moment for moment, category in sent if category in self.categories and moment > at - span)
        over = len(times) - self.most
        return at if over < 0 else max(at, times[over] + span)


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """A channel whose owner lets us write only to who wrote to us: `most` messages within `within` of their last act.

    Only acts of the kinds in `opened_by` open it, and only messages of `categories` need it open.
    """

    within: timedelta
    most: int
    opened_by: frozenset[str]
    categories: frozenset[Category]


@dataclass(frozen=True, slots=True)
class LastAct:
    """When somebody last did what opens the reply window of a channel, and how many messages went through it since."""

    at: datetime
    answered: int = 0


@dataclass(frozen=True, slots=True)
class Rest:
    """Hours in which a person asked to be left alone, by the clock they named."""

    window: Window
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """What a channel costs, when its gateway takes which categories, and how many a minute it takes.

    `falls_with` are other names under which risk may bar what it leads to: a push goes through the app. Where it
    `interrupts`, it makes the one device sound that everybody carries.
    """

    cost: int
    closed: Mapping[Category, Window]
    per_minute: int | None = None
    falls_with: frozenset[str] = frozenset()
    interrupts: bool = False
    reply: ReplyWindow | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The contact policy in force: its version is kept with each decision.

    `needs` names for an accessibility need the channels that serve it best.
    """

    version: str
    effective_from: datetime
    quiet: Window
    caps: tuple[Cap, ...]
    channels: Mapping[Channel, ChannelRules]
    needs: Mapping[str, frozenset[Channel]] = field(default_factory=dict)

    @property
    def longest(self) -> timedelta:
        """How far back sent messages count."""
        spans = [timedelta(days=cap.days) for cap in self.caps]
        spans += [one.reply.within for one in self.channels.values() if one.reply is not None]
        return max(spans, default=timedelta())

    @property
    def interrupting(self) -> frozenset[Channel]:
        """The channels that make a person's device sound: hours asked for at one of them hold for all."""
        return frozenset(channel for channel, rules in self.channels.items() if rules.interrupts)

    def rank(self, channel: Channel, *, preferred: bool, needs: Collection[str]) -> int:
        """How early a channel is tried, 0 first: the person's own wish, then what serves their needs, then the others."""
        if preferred:
            return 0
        return 1 if any(channel in self.needs.get(need, ()) for need in needs) else 2

    def bars(self, channel: Channel, barred: Collection[str]) -> bool:
        """Whether nothing may go through a channel where these are barred: itself, or what it leads to."""
        rules = self.channels.get(channel)
        return channel in barred or (rules is not None and not rules.falls_with.isdisjoint(barred))


def in_force(policies: Collection[Policy], at: datetime) -> Policy:
    """The policy of that instant; raises LookupError before the first."""
    begun = [one for one in policies if one.effective_from <= at]
    if not begun:
        raise LookupError("no contact policy is in force at that instant")
    return max(begun, key=lambda one: one.effective_from)


@dataclass(frozen=True, slots=True)
class Permission:
    """What a message through a channel rests on: the receipt of a consent, or the name of a legal basis."""

    receipt_id: UUID | None
    basis: str | None

    def __post_init__(self) -> None:
        if self.receipt_id is None and not self.basis:
            raise ValueError("a permission names what it rests on")


@dataclass(frozen=True, slots=True)
class Option:
    """One channel for one message: no permission means that it is denied; `rank` 0 is what the person likes best.

    `verified` says that the person has proven to be reached there. `quiet` are the hours the person asked for that hold
    here; the policy's hold by every clock they name. What is `barred` may be in other hands; what is `silent` is tried when
    all that are left are. `last_act` counts where the channel has a reply window.
    """

    channel: Channel
    permission: Permission | None
    reachable: bool
    rank: int
    quiet: tuple[Rest, ...] = ()
    written: bool = True
    verified: bool = True
    barred: bool = False
    silent: bool = False
    last_act: LastAct | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is true at the moment of deciding; `sent` is every message to the person that counts for a cap.

    `hours` are those, by the clock of `zone`, between which whoever asked for the message wants it sent.
    """

    at: datetime
    zone: ZoneInfo
    sent: Sequence[tuple[datetime, Category]] = ()
    complaint_open: bool = False
    busy: frozenset[Channel] = frozenset()
    hours: Window | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send it now through this channel; the reply windows of those `passed_over` are closed."""

    channel: Channel
    permission: Permission
    passed_over: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """Decide again then."""

    until: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Suppress:
    """It must not be sent, now or later."""

    reason: Reason


Plan = Send | Hold | Suppress


def plan(
    category: Category,
    urgency: Urgency,
    options: Sequence[Option],
    policy: Policy,
    here: Circumstances,
    *,
    delicate: bool = False,
) -> Plan:
    """What to do with a message now.

    Consent first, then what forbids this kind for this person, then caps, then the channel: the best liked and cheapest
    of those that may be used at this moment; when none may, the moment at which the first one may. What is `delicate`
    goes only where somebody has proven to be reached. Through a barred channel nothing goes, however urgent and whatever
    it rests on: it would reach whoever risk fears to be there. Where all are barred it waits for one that is not. Where
    the reply window of a channel is closed its owner would refuse it, urgent or not: the next one is taken, and where
    there is none it is suppressed, for nobody knows whether the person will ever write.
    """
    usable = _usable(category, options, policy, here, delicate=delicate)
    if isinstance(usable, Suppress):
        return usable
    passed_over = tuple(one.channel for one in usable if not may_reply(one, category, policy, here.at))
    usable = [one for one in usable if one.channel not in passed_over]
    if not usable:
        return Suppress(Reason.REPLY_WINDOW_CLOSED)
    usable = [one for one in usable if not one.barred]
    if not usable:
        return Hold(here.at + BARS_LOOKED_AT_EVERY, Reason.CHANNEL_BARRED)
    usable = [one for one in usable if not one.silent] or usable
    if urgency is not Urgency.URGENT:
        free = max((cap.free_at(here.sent, here.at) for cap in _of(policy.caps, category)), default=here.at)
        if free > here.at:
            return Hold(free, Reason.OVER_THE_CAP)
    held: list[Hold] = []
    for option in sorted(usable, key=lambda one: (one.rank, policy.channels[one.channel].cost, one.channel)):
        wait = _wait(option, category, urgency, policy, here)
        if wait is None and option.permission is not None:
            return Send(option.channel, option.permission, passed_over)
        if isinstance(wait, Hold):
            held.append(wait)
    return min(held, key=lambda one: one.until) if held else Suppress(Reason.QUIET_HOURS)


def _usable(
    category: Category, options: Sequence[Option], policy: Policy, here: Circumstances, *, delicate: bool
) -> list[Option] | Suppress:
    allowed = [one for one in options if one.permission is not None]
    if not allowed:
        return Suppress(Reason.NO_CONSENT)
    if category is Category.SALES and here.complaint_open:
        return Suppress(Reason.OPEN_COMPLAINT)
    usable = [one for one in allowed if one.reachable and one.written and one.channel in policy.channels]
    if not usable:
        missing = any(one.reachable for one in allowed)
        return Suppress(Reason.NO_TEXT if missing else Reason.NO_CONTACT_POINT)
    if delicate and not any(one.verified for one in usable):
        return Suppress(Reason.NO_VERIFIED_POINT)
    return [one for one in usable if one.verified] if delicate else usable


def may_reply(option: Option, category: Category, policy: Policy, at: datetime) -> bool:
    """Whether the channel takes such a message now, as far as its reply window goes; at its very end it does not."""
    window = policy.channels[option.channel].reply
    if window is None or category not in window.categories:
        return True
    act = option.last_act
    return act is not None and act.at <= at < act.at + window.within and act.answered < window.most


def _of(caps: Sequence[Cap], category: Category) -> list[Cap]:
    return [cap for cap in caps if category in cap.categories]


def _wait(
    option: Option, category: Category, urgency: Urgency, policy: Policy, here: Circumstances
) -> Hold | Suppress | None:
    rules = policy.channels[option.channel]
    if urgency is not Urgency.URGENT:
        loud = _loud_at(option, policy, here)
        if loud is None:
            return Suppress(Reason.QUIET_HOURS)
        if loud > here.at:
            return Hold(loud, Reason.QUIET_HOURS)
    closed = rules.closed.get(category)
    shut = closed.around(here.at, here.zone) if closed is not None else None
    if shut is not None:
        return Hold(shut[1], Reason.CHANNEL_CLOSED)
    if option.channel in here.busy:
        return Hold(here.at + timedelta(seconds=10), Reason.CHANNEL_BUSY)
    return None


def _loud_at(option: Option, policy: Policy, here: Circumstances) -> datetime | None:
    """The first moment that is in nobody's quiet hours; None where the policy's and the person's leave none of the day.

    All hold: a person can ask for more quiet than the policy gives, never for less.
    """
    clocks = {rest.zone for rest in option.quiet} or {here.zone}
    hours = [(policy.quiet, zone) for zone in clocks] + [(rest.window, rest.zone) for rest in option.quiet]
    if here.hours is not None:
        hours.append((Window(here.hours.end, here.hours.start), here.zone))
    moment = here.at
    # Each window comes once a day: what is not found in a day, and one more for a change of the clocks, is not there.
    while moment < here.at + _LOOKED_AHEAD:
        ends = [span[1] for one, zone in hours if (span := one.around(moment, zone)) is not None]
        if not ends:
            return moment
        moment = max(ends)
    return None
