"""Generated: what kpi takes and tells."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from cxbank_client.answers import Answer

Direction = Literal["up", "down"]

Grain = Literal["hour", "day", "week", "month", "quarter", "year"]

Kind = Literal["ticket", "feedback", "screening", "customer", "restriction"]

MetricKey = Literal[
    "customers_registered",
    "feedback_received",
    "complaint_share",
    "average_rating",
    "tickets_opened",
    "tickets_served",
    "tickets_abandoned",
    "abandonment_rate",
    "waiting_time_mean",
    "waiting_time_p50",
    "waiting_time_p90",
    "service_time_mean",
    "service_level_20s",
    "screenings",
    "screening_decline_rate",
    "restrictions_active",
]

MetricType = Literal["count", "ratio", "mean", "quantile", "stock"]


class Figure(Answer):
    """One period of a metric. `value` is `numerator` / `denominator` where it is a ratio or a mean."""

    period: date | datetime
    value: float | None
    numerator: int
    denominator: int
    n: int
    freshness: datetime


class MetricView(Answer):
    """What a metric means; `share` is the part of all values that a quantile reaches."""

    key: MetricKey | str
    names: dict[str, str]
    definition: str
    type: MetricType | str
    made_of: Kind | str
    measure_unit: str
    direction: Direction | str | None
    counted_on: str
    share: float | None
