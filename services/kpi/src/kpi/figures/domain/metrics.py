"""What a metric is, on which day a thing counts, and what each thing adds to it, as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from kpi.figures.domain.facts import Fact, Kind

WITHIN_SECONDS: Final = 20


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


def _sent(fact: Fact) -> tuple[int, int] | None:
    return (1, 0) if fact.sent else None


def _arrived(fact: Fact) -> bool:
    return fact.state in {"delivered", "read"}


def _delivered(fact: Fact) -> tuple[int, int] | None:
    return (1, 0) if _arrived(fact) else None


def _delivered_of_sent(fact: Fact) -> tuple[int, int] | None:
    return (int(_arrived(fact)), 1) if fact.sent else None


def _read_of_delivered(fact: Fact) -> tuple[int, int] | None:
    return (int(fact.state == "read"), 1) if _arrived(fact) else None


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
    MESSAGES_SENT = "messages_sent"
    MESSAGES_DELIVERED = "messages_delivered"
    MESSAGES_READ = "messages_read"
    MESSAGES_FAILED = "messages_failed"
    MESSAGES_SUPPRESSED = "messages_suppressed"
    MESSAGE_DELIVERY_RATE = "message_delivery_rate"
    MESSAGE_READ_RATE = "message_read_rate"
    MESSAGE_SUPPRESSION_RATE = "message_suppression_rate"


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
_TOLD: Final = "the day the message was first sent or, where it never was, given up"
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
    Metric(_K.MESSAGES_SENT, Kind.MESSAGE, _T.COUNT, "messages", None, _TOLD,
           "已发送消息数", "已傳送訊息數", "Messages sent",
           "Messages a gateway took, each once, whatever became of them; by channel, those that channel's gateway took.",
           _sent),
    Metric(_K.MESSAGES_DELIVERED, Kind.MESSAGE, _T.COUNT, "messages", _D.UP, _TOLD,
           "已送达消息数", "已送達訊息數", "Messages delivered",
           "Messages sent in the period that have arrived, whenever they did; one that was read has arrived.", _delivered),
    Metric(_K.MESSAGES_READ, Kind.MESSAGE, _T.COUNT, "messages", _D.UP, _TOLD,
           "已读消息数", "已讀訊息數", "Messages read",
           "Messages sent in the period that were opened, whenever they were.", _in_state("read")),
    Metric(_K.MESSAGES_FAILED, Kind.MESSAGE, _T.COUNT, "messages", _D.DOWN, _TOLD,
           "发送失败消息数", "傳送失敗訊息數", "Messages failed",
           "Messages that did not arrive and will not, sent or not; by channel, those for which it was the last one tried.",
           _in_state("failed")),
    Metric(_K.MESSAGES_SUPPRESSED, Kind.MESSAGE, _T.COUNT, "messages", None, _TOLD,
           "不予发送消息数", "不予傳送訊息數", "Messages suppressed",
           "Messages that must not be sent (no consent, no way to reach them, an open complaint and the like), or not"
           " again after they came back. Not kept by channel: none was chosen for them.", _in_state("suppressed")),
    Metric(_K.MESSAGE_DELIVERY_RATE, Kind.MESSAGE, _T.RATIO, "share", _D.UP, _TOLD,
           "消息送达率", "訊息送達率", "Message delivery rate",
           "Messages delivered over messages sent; those whose gateway has not answered are in the denominator. By"
           " channel, one that came back and went on through another is in the first one's denominator too.",
           _delivered_of_sent),
    Metric(_K.MESSAGE_READ_RATE, Kind.MESSAGE, _T.RATIO, "share", _D.UP, _TOLD,
           "消息阅读率", "訊息閱讀率", "Message read rate",
           "Messages read over messages delivered; a channel whose gateway does not tell of reading has the rate 0.",
           _read_of_delivered),
    Metric(_K.MESSAGE_SUPPRESSION_RATE, Kind.MESSAGE, _T.RATIO, "share", None, _TOLD,
           "消息不予发送率", "訊息不予傳送率", "Message suppression rate",
           "Messages suppressed over all that were sent, failed or suppressed; those still under way are in neither. Not"
           " kept by channel.", _share_in_state("suppressed")),
)
# fmt: on
METRICS: Final[Mapping[MetricKey, Metric]] = {metric.key: metric for metric in _ALL}
_NOT_BY_CHANNEL: Final = frozenset({_K.MESSAGES_SUPPRESSED, _K.MESSAGE_SUPPRESSION_RATE})


def _made_of(kind: Kind) -> tuple[Metric, ...]:
    """The metrics that sums of such facts are; a sending adds, for its channel, to those of messages."""
    if kind is Kind.SENDING:
        return tuple(one for one in _made_of(Kind.MESSAGE) if one.key not in _NOT_BY_CHANNEL)
    return tuple(one for one in _ALL if one.kind is kind and one.type not in {_T.QUANTILE, _T.STOCK})


SUMMED: Final[Mapping[Kind, tuple[Metric, ...]]] = {kind: _made_of(kind) for kind in Kind}


def value_of(numerator: int, denominator: int) -> float | None:
    """The figure itself; none where nothing is there to divide by."""
    return numerator / denominator if denominator else None
