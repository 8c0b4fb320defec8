"""How often, how lately, where and when: counts, days since, channel and digital share, time of day, own baseline."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import cache, partial
from typing import Final

from customer.interactions.domain.facts import DIGITAL, Channel, Fact, Kind, is_act
from customer.interactions.domain.history import DAY, History, Predicate
from customer.interactions.domain.specs import Family, Feature, Value, counted, measured, most, named, share, spans_of
from customer.interactions.domain.words import CHANNELS, KINDS

# Local hours from which the parts of a day begin.
_PARTS: Final = {
    "night": (0, 6, "between midnight and six", "零点到六点"),
    "morning": (6, 12, "between six and noon", "六点到正午"),
    "afternoon": (12, 18, "between noon and six", "正午到十八点"),
    "evening": (18, 24, "between six and midnight", "十八点到零点"),
}
_BASELINE: Final = 6


@cache
def of_kind(kind: Kind) -> Predicate:
    """Whether a fact is of that kind."""
    return lambda fact: fact.kind == kind


def is_act_on_a_channel(fact: Fact) -> bool:
    """An act of which the channel is known."""
    return fact.channel is not None and is_act(fact)


def is_act_at_an_hour(fact: Fact) -> bool:
    """An act of which the hour is known."""
    return is_act(fact) and fact.attributes.get("date_only") is not True


def days_since(name: str, wanted: Predicate, en: str, zh: str) -> Feature:
    """Whole periods of 24 hours since the last such fact; it changes by itself every 24 hours after it."""

    def read(history: History) -> Value:
        last = history.select(wanted).last(history.at)
        return None if last is None else (history.at - last.occurred_at) // DAY

    def clock(history: History) -> datetime | None:
        last = history.select(wanted).last(history.at)
        return None if last is None else last.occurred_at + ((history.at - last.occurred_at) // DAY + 1) * DAY

    return Feature(counted(name, "days", en, zh), wanted, read, clock=clock)


def _tenure() -> Feature:
    def first(history: History) -> datetime | None:
        known = history.select(is_act).until(history.at)
        return known[0].occurred_at if known else None

    def read(history: History) -> Value:
        at = first(history)
        return None if at is None else (history.at - at) // DAY

    def clock(history: History) -> datetime | None:
        at = first(history)
        return None if at is None else at + ((history.at - at) // DAY + 1) * DAY

    spec = counted("tenure_days", "days", "whole days since the first act we know of", "自首次已知行为以来的整日数")
    return Feature(spec, is_act, read, clock=clock)


def count_of(kind: Kind, days: int) -> Feature:
    """How many of a kind in the last days."""
    en, zh = KINDS[kind]
    spec = counted(f"count_{kind}_{days}d", "count", f"{en} in the last {days} days", f"近{days}天{zh}次数")
    wanted = of_kind(kind)
    return Feature(spec, wanted, lambda history: len(history.window(wanted, days)), spans_of(days))


def acts(days: int) -> Feature:
    """How many acts of the customer in the last days."""
    spec = counted(f"acts_{days}d", "count", f"acts of the customer in the last {days} days", f"近{days}天客户行为次数")
    return Feature(spec, is_act, lambda history: len(history.window(is_act, days)), spans_of(days))


def _on(facts: Sequence[Fact], channels: frozenset[Channel]) -> int:
    return sum(fact.channel in channels for fact in facts)


def channel_share(channel: Channel, days: int) -> Feature:
    """Which part of the acts went through one channel."""
    en, zh = CHANNELS[channel]
    return _share_of(
        f"channel_share_{channel}_{days}d",
        frozenset({channel}),
        days,
        f"share of acts through {en} in the last {days} days",
        f"近{days}天通过{zh}的行为占比",
    )


def digital_share(days: int) -> Feature:
    """Which part of the acts went through digital channels."""
    return _share_of(
        f"digital_share_{days}d",
        DIGITAL,
        days,
        f"share of acts through digital channels in the last {days} days",
        f"近{days}天数字渠道行为占比",
    )


def _share_of(name: str, channels: frozenset[Channel], days: int, en: str, zh: str) -> Feature:
    def read(history: History) -> Value:
        facts = history.window(is_act_on_a_channel, days)
        return share(_on(facts, channels), len(facts))

    return Feature(measured(name, "share", en, zh), is_act_on_a_channel, read, spans_of(days))


def main_channel(days: int) -> Feature:
    """Through which channel most acts went."""

    def read(history: History) -> Value:
        return most(Counter(str(fact.channel) for fact in history.window(is_act_on_a_channel, days)))

    spec = named(
        f"main_channel_{days}d", "channel", f"channel of most acts in the last {days} days", f"近{days}天最常用渠道"
    )
    return Feature(spec, is_act_on_a_channel, read, spans_of(days))


def part_of_day_share(part: str, days: int) -> Feature:
    """Which part of the acts fell into one part of the local day."""
    low, high, en, zh = _PARTS[part]

    def read(history: History) -> Value:
        hours = _hours(history, days)
        return share(sum(low <= hour < high for hour in hours), len(hours))

    spec = measured(
        f"{part}_share_{days}d", "share", f"share of acts {en} in the last {days} days", f"近{days}天{zh}行为占比"
    )
    return Feature(spec, is_act_at_an_hour, read, spans_of(days))


def usual_hour(days: int) -> Feature:
    """The local hour of most acts, the earliest of equally frequent ones."""

    def read(history: History) -> Value:
        found = Counter(_hours(history, days))
        return min(found, key=lambda hour: (-found[hour], hour), default=None)

    spec = counted(
        f"usual_hour_{days}d", "hour", f"local hour of most acts in the last {days} days", f"近{days}天最常活跃的小时"
    )
    return Feature(spec, is_act_at_an_hour, read, spans_of(days))


def weekend_share(days: int) -> Feature:
    """Which part of the acts fell on a local Saturday or Sunday."""

    def read(history: History) -> Value:
        facts = history.window(is_act, days)
        return share(sum(fact.occurred_at.astimezone(history.zone).weekday() >= 5 for fact in facts), len(facts))

    spec = measured(
        f"weekend_share_{days}d",
        "share",
        f"share of acts on weekends in the last {days} days",
        f"近{days}天周末行为占比",
    )
    return Feature(spec, is_act, read, spans_of(days))


def _hours(history: History, days: int) -> list[int]:
    return [fact.occurred_at.astimezone(history.zone).hour for fact in history.window(is_act_at_an_hour, days)]


def _acts_change() -> Feature:
    def read(history: History) -> Value:
        before = len(history.window(is_act, 30 * _BASELINE, ending=30))
        return share(len(history.window(is_act, 30)) * _BASELINE, before)

    spec = measured(
        "acts_change_30d",
        "times",
        "acts of the last 30 days against the customer's own average of the 180 days before",
        "近30天行为次数与客户此前180天自身均值之比",
    )
    return Feature(spec, is_act, read, spans_of(30, 30 + 30 * _BASELINE))


def _digital_change() -> Feature:
    def read(history: History) -> Value:
        late = history.window(is_act_on_a_channel, 90)
        early = history.window(is_act_on_a_channel, 270, ending=90)
        if not late or not early:
            return None
        return Fraction(_on(late, DIGITAL), len(late)) - Fraction(_on(early, DIGITAL), len(early))

    spec = measured(
        "digital_share_change_90d",
        "share",
        "digital share of the last 90 days less the customer's own of the 270 days before",
        "近90天数字渠道占比与客户此前270天自身占比之差",
    )
    return Feature(spec, is_act_on_a_channel, read, spans_of(90, 360))


def features() -> Iterator[Feature]:
    """Those without a window to choose."""
    yield days_since("recency_days", is_act, "whole days since the customer's last act", "距客户最近一次行为的整日数")
    yield _tenure()
    for kind, (en, zh) in KINDS.items():
        yield days_since(
            f"days_since_{kind}", of_kind(kind), f"whole days since the last of the {en}", f"距最近一次{zh}的整日数"
        )
    yield _acts_change()
    yield _digital_change()


FAMILIES: Final[Mapping[str, Family]] = {
    **{f"count_{kind}": partial(count_of, kind) for kind in Kind},
    "acts": acts,
    **{f"channel_share_{channel}": partial(channel_share, channel) for channel in Channel},
    "digital_share": digital_share,
    "main_channel": main_channel,
    **{f"{part}_share": partial(part_of_day_share, part) for part in _PARTS},
    "usual_hour": usual_hour,
    "weekend_share": weekend_share,
}
