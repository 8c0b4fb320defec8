"""What a metric is, on which day a thing counts, and what it adds to which figure: pure, and exact in integers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

BANK: Final = "bank"
WITHIN_SECONDS: Final = 20


class Kind(StrEnum):
    """What a fact tells of."""

    TICKET = "ticket"
    FEEDBACK = "feedback"
    SCREENING = "screening"
    CUSTOMER = "customer"
    RESTRICTION = "restriction"
    OFFER = "offer"


class Grain(StrEnum):
    """How long a period is; weeks are ISO weeks, they begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class MetricType(StrEnum):
    """How figures of two periods become one: everything adds up, except that of a stock the later one holds."""

    COUNT = "count"
    RATIO = "ratio"
    MEAN = "mean"
    QUANTILE = "quantile"
    STOCK = "stock"


class Direction(StrEnum):
    """Which way is better; a metric without one is neither good nor bad."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Fact:
    """A thing as it is now known; `zone` (of its place) and `bank_zone` are those it is counted in.

    A customer whose party is counted by another record does not count; everything else always does.
    """

    kind: Kind
    id: UUID
    version: int
    begun_at: datetime
    occurred_at: datetime
    state: str | None = None
    customer_id: UUID | None = None
    place_id: UUID | None = None
    source: str | None = None
    rating: int | None = None
    waited: int | None = None
    served: int | None = None
    ended_at: datetime | None = None
    zone: str | None = None
    bank_zone: str = "UTC"
    counts: bool = True


def merged(one: Fact, other: Fact) -> Fact:
    """What is known after both, whichever was heard first: the higher version's state, the earlier beginning.

    The earliest moment is kept apart because a later version of a customer or a restriction does not say when the
    first one was; so it does not matter whether the first is heard late.
    """
    newer = other if other.version > one.version else one
    return replace(newer, begun_at=min(one.begun_at, other.begun_at), counts=one.counts and other.counts)


def first_of_party(facts: Iterable[Fact]) -> list[Fact]:
    """The facts of one party's records, of which the earliest counts: a person is a customer once, since the first."""
    ordered = sorted(facts, key=lambda one: (one.begun_at, one.id))
    return [replace(one, counts=place == 0) for place, one in enumerate(ordered)]


def whole_seconds(begin: datetime, end: datetime) -> int:
    """Seconds from `begin` to `end`, a begun one counting as whole: so "within n seconds" is exact for every n."""
    elapsed = end - begin
    whole = elapsed.days * 86_400 + elapsed.seconds + (1 if elapsed.microseconds else 0)
    return max(0, whole)


Measure = Callable[[Fact], tuple[int, int] | None]


def _one(_: Fact) -> tuple[int, int]:
    return 1, 0


def _in_state(state: str) -> Measure:
    return lambda fact: (1, 0) if fact.state == state else None


def _share_in_state(state: str) -> Measure:
    return lambda fact: (int(fact.state == state), 1)


def _mean_of(value: Callable[[Fact], int | None]) -> Measure:
    def measure(fact: Fact) -> tuple[int, int] | None:
        found = value(fact)
        return None if found is None else (found, 1)

    return measure


def _waited(fact: Fact) -> int | None:
    return fact.waited


def _answered_in_time(fact: Fact) -> tuple[int, int]:
    """Answered within 20 seconds, over offered: the service factor of call centres.

    Its usual target, 80/20, is described in Gans, Koole and Mandelbaum, "Telephone Call Centers: Tutorial, Review, and
    Research Prospects", M&SOM 5(2), 2003. Of its variants this is the strict one: whoever hung up, however early, was
    offered and not answered.
    """
    return int(fact.waited is not None and fact.waited <= WITHIN_SECONDS), 1


class MetricKey(StrEnum):
    """What can be asked for."""

    CUSTOMERS_REGISTERED = "customers_registered"
    FEEDBACK_RECEIVED = "feedback_received"
    COMPLAINT_SHARE = "complaint_share"
    AVERAGE_RATING = "average_rating"
    TICKETS_OPENED = "tickets_opened"
    TICKETS_SERVED = "tickets_served"
    TICKETS_ABANDONED = "tickets_abandoned"
    ABANDONMENT_RATE = "abandonment_rate"
    WAITING_TIME_MEAN = "waiting_time_mean"
    WAITING_TIME_P50 = "waiting_time_p50"
    WAITING_TIME_P90 = "waiting_time_p90"
    SERVICE_TIME_MEAN = "service_time_mean"
    SERVICE_LEVEL_20S = "service_level_20s"
    SCREENINGS = "screenings"
    SCREENING_DECLINE_RATE = "screening_decline_rate"
    RESTRICTIONS_ACTIVE = "restrictions_active"
    OFFERS_SHOWN = "offers_shown"
    OFFER_ACCEPTANCE_RATE = "offer_acceptance_rate"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: of which facts it is made, what each adds (numerator, denominator), and how it is called."""

    key: MetricKey
    kind: Kind
    type: MetricType
    measure_unit: str
    direction: Direction | None
    counted_on: str
    zh_hans: str
    zh_hant: str
    en: str
    definition: str
    measure: Measure
    share: Fraction | None = None

    @property
    def names(self) -> dict[str, str]:
        """Its name by BCP 47 language."""
        return {"zh-Hans": self.zh_hans, "zh-Hant": self.zh_hant, "en": self.en}


_K, _T, _D = MetricKey, MetricType, Direction
_OPENED: Final = "the day the ticket was opened"
_RECEIVED: Final = "the day the expression was said"
_SCREENED: Final = "the day of the screening"
_SHOWN: Final = "the day the offer was first shown"
_QUANTILE: Final = (
    "The smallest number of whole seconds that at least {} of the waits do not exceed (inverse of the empirical"
    " distribution; exact, not estimated), over tickets whose service has begun."
)

# One line of data per metric: key, facts, type, measure unit, direction, day, three names, definition, what a fact adds.
# fmt: off
_ALL: Final = (
    Metric(_K.CUSTOMERS_REGISTERED, Kind.CUSTOMER, _T.COUNT, "customers", _D.UP, "the day of the registration",
           "新增客户数", "新增客戶數", "Customers registered",
           "Customers known from that day on, whatever became of them later; linked records are one customer, known since"
           " the first of them.", _one),
    Metric(_K.FEEDBACK_RECEIVED, Kind.FEEDBACK, _T.COUNT, "expressions", None, _RECEIVED,
           "收到的反馈数", "收到的回饋數", "Feedback received",
           "Expressions of any kind, through any door.", _one),
    Metric(_K.COMPLAINT_SHARE, Kind.FEEDBACK, _T.RATIO, "share", _D.DOWN, _RECEIVED,
           "投诉占比", "投訴佔比", "Complaint share",
           "Complaints over all expressions; one whose kind is still open is in the denominator only.",
           _share_in_state("complaint")),
    Metric(_K.AVERAGE_RATING, Kind.FEEDBACK, _T.MEAN, "stars", _D.UP, _RECEIVED,
           "平均评分", "平均評分", "Average rating",
           "Mean of the ratings from 1 to 5, over the expressions that carry one.", _mean_of(lambda fact: fact.rating)),
    Metric(_K.TICKETS_OPENED, Kind.TICKET, _T.COUNT, "tickets", None, _OPENED,
           "取号数", "取號數", "Tickets opened",
           "Everybody who asked for a service: the offered load.", _one),
    Metric(_K.TICKETS_SERVED, Kind.TICKET, _T.COUNT, "tickets", _D.UP, _OPENED,
           "已办结号数", "已服務號數", "Tickets served",
           "Tickets opened in the period whose service has ended.", _in_state("served")),
    Metric(_K.TICKETS_ABANDONED, Kind.TICKET, _T.COUNT, "tickets", _D.DOWN, _OPENED,
           "放弃号数", "放棄號數", "Tickets abandoned",
           "Tickets opened in the period whose holder left before being called.", _in_state("abandoned")),
    Metric(_K.ABANDONMENT_RATE, Kind.TICKET, _T.RATIO, "share", _D.DOWN, _OPENED,
           "放弃率", "放棄率", "Abandonment rate",
           "Tickets abandoned over tickets opened; those that still wait are in the denominator.",
           _share_in_state("abandoned")),
    Metric(_K.WAITING_TIME_MEAN, Kind.TICKET, _T.MEAN, "seconds", _D.DOWN, _OPENED,
           "平均等候时间", "平均等候時間", "Mean waiting time",
           "Mean of the whole seconds from opening to call, over tickets whose service has begun; whoever left, or did"
           " not come when called, is not in it.", _mean_of(_waited)),
    Metric(_K.WAITING_TIME_P50, Kind.TICKET, _T.QUANTILE, "seconds", _D.DOWN, _OPENED,
           "等候时间中位数", "等候時間中位數", "Median waiting time",
           _QUANTILE.format("half"), _mean_of(_waited), Fraction(1, 2)),
    Metric(_K.WAITING_TIME_P90, Kind.TICKET, _T.QUANTILE, "seconds", _D.DOWN, _OPENED,
           "等候时间第九十百分位", "等候時間第九十百分位", "Waiting time, 90th percentile",
           _QUANTILE.format("nine tenths"), _mean_of(_waited), Fraction(9, 10)),
    Metric(_K.SERVICE_TIME_MEAN, Kind.TICKET, _T.MEAN, "seconds", _D.DOWN, _OPENED,
           "平均服务时间", "平均服務時間", "Mean service time",
           "Mean of the whole seconds from call to end of service, over tickets served.",
           _mean_of(lambda fact: fact.served)),
    Metric(_K.SERVICE_LEVEL_20S, Kind.TICKET, _T.RATIO, "share", _D.UP, _OPENED,
           "20 秒服务水平", "20 秒服務水準", "Service level within 20 seconds",
           "Tickets whose service began within 20 seconds over all tickets opened (call-centre service factor, the 80/20"
           " convention; abandoned tickets stay in the denominator, however short their wait).", _answered_in_time),
    Metric(_K.SCREENINGS, Kind.SCREENING, _T.COUNT, "screenings", None, _SCREENED,
           "风险筛查数", "風險篩查數", "Screenings",
           "Events screened for risk.", _one),
    Metric(_K.SCREENING_DECLINE_RATE, Kind.SCREENING, _T.RATIO, "share", None, _SCREENED,
           "筛查拒绝率", "篩查拒絕率", "Screening decline rate",
           "Screenings with the outcome `decline` over all screenings.", _share_in_state("decline")),
    Metric(_K.RESTRICTIONS_ACTIVE, Kind.RESTRICTION, _T.STOCK, "restrictions", None,
           "every day from the one it was set on to the one before it was lifted or ran out",
           "生效中的限制数", "生效中的限制數", "Restrictions in force",
           "Restrictions in force at the end of the period (of the running one: today). A stock: days do not add up.",
           _one),
    Metric(_K.OFFERS_SHOWN, Kind.OFFER, _T.COUNT, "offers", None, _SHOWN,
           "展示的服务推荐数", "展示的服務推薦數", "Offers shown",
           "Services offered to a customer and shown, each offer once.", _one),
    Metric(_K.OFFER_ACCEPTANCE_RATE, Kind.OFFER, _T.RATIO, "share", None, _SHOWN,
           "服务推荐接受率", "服務推薦接受率", "Offer acceptance rate",
           "Offers accepted over offers shown; those nobody answered are in the denominator. It says nothing of what people"
           " would have done by themselves: that the customer service measures against its control group.",
           _share_in_state("accepted")),
)
# fmt: on
METRICS: Final[Mapping[MetricKey, Metric]] = {metric.key: metric for metric in _ALL}
_SUMMED: Final[Mapping[Kind, tuple[Metric, ...]]] = {
    kind: tuple(m for m in _ALL if m.kind is kind and m.type not in {_T.QUANTILE, _T.STOCK}) for kind in Kind
}
# Quantiles of one duration share one histogram.
WAITING_TIME: Final = "waiting_time"

_EVER: Final = datetime.min.replace(tzinfo=UTC)

Spot = tuple[str, str, date, datetime]


@dataclass(slots=True)
class Sum:
    """What is to be added to one bucket; `fresh_at` is the newest event behind it."""

    numerator: int = 0
    denominator: int = 0
    n: int = 0
    fresh_at: datetime = _EVER

    def add(self, numerator: int, denominator: int, n: int, fresh_at: datetime) -> None:
        """Add, or with negative numbers take away."""
        self.numerator += numerator
        self.denominator += denominator
        self.n += n
        self.fresh_at = max(self.fresh_at, fresh_at)

    def is_zero(self) -> bool:
        """Whether everything cancelled out."""
        return not (self.numerator or self.denominator or self.n)


@dataclass(slots=True)
class Tally:
    """Additions by (metric, unit, day, hour), and counts by (duration, unit, day, hour, whole seconds)."""

    figures: dict[Spot, Sum] = field(default_factory=dict)
    durations: dict[tuple[str, str, date, datetime, int], Sum] = field(default_factory=dict)

    def restate(self, before: Fact | None, after: Fact) -> None:
        """Take away what `before` added, and add what `after` adds; what is the same cancels out."""
        if before is not None:
            self._count(before, -1)
        self._count(after, 1)

    def _count(self, fact: Fact, sign: int) -> None:
        if not fact.counts:
            return
        fresh = fact.occurred_at
        for unit, zone in units_of(fact):
            day, hour = spot(fact.begun_at, zone)
            for metric in _SUMMED[fact.kind]:
                added = metric.measure(fact)
                if added is not None:
                    bucket = self.figures.setdefault((metric.key, unit, day, hour), Sum())
                    bucket.add(sign * added[0], sign * added[1], sign, fresh)
            if fact.waited is not None:
                self.durations.setdefault((WAITING_TIME, unit, day, hour, fact.waited), Sum()).add(0, 0, sign, fresh)
            for at, step in _movements(fact):
                where = (_K.RESTRICTIONS_ACTIVE, unit, *spot(at, zone))
                self.figures.setdefault(where, Sum()).add(sign * step, 0, sign, fresh)


def _movements(fact: Fact) -> Iterator[tuple[datetime, int]]:
    """When a stock rises and falls by this fact."""
    if fact.kind is Kind.RESTRICTION:
        yield fact.begun_at, 1
        if fact.ended_at is not None:
            # An end before the beginning (a backdated `until`) must not make the stock negative on the days between.
            yield max(fact.begun_at, fact.ended_at), -1


def units_of(fact: Fact) -> Iterator[tuple[str, str]]:
    """The units a fact counts for, each with the zone of its days; a place not heard of yet has the bank's."""
    yield BANK, fact.bank_zone
    if fact.place_id is not None:
        yield str(fact.place_id), fact.zone or fact.bank_zone
    if fact.source is not None:
        yield f"source:{fact.source}", fact.bank_zone


def spot(at: datetime, zone: str) -> tuple[date, datetime]:
    """The day of an instant in a zone, and the instant its hour there began (in UTC: an hour may come twice)."""
    local = at.astimezone(ZoneInfo(zone))
    return local.date(), local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def value_of(numerator: int, denominator: int) -> float | None:
    """The figure itself; none where nothing is there to divide by."""
    return numerator / denominator if denominator else None
