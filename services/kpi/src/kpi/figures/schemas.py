"""Outputs of kpi: a figure with what it is made of, and what a metric means."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from kpi.figures.domain.facts import Kind
from kpi.figures.domain.metrics import Direction, MetricKey, MetricType
from shared.schemas import View

_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
Unit = Annotated[
    str,
    StringConstraints(
        pattern=rf"^(bank|(source|channel):[a-z][a-z_]{{0,39}}|purpose:[a-z][a-z0-9_]{{0,63}}|(campaign:)?{_ID})$"
    ),
]


class Figure(View):
    """One period of a metric. `value` is `numerator` / `denominator` where it is a ratio or a mean."""

    period: Annotated[
        date | datetime,
        Field(description="its first day; of an hour the instant it begins, with the offset of the unit's zone"),
    ]
    value: Annotated[float | None, Field(description="null where the denominator is 0")]
    numerator: Annotated[int, Field(description="exact; of a count, a quantile or a stock the value itself")]
    denominator: Annotated[int, Field(description="exact; 1 for a count, a quantile or a stock")]
    n: Annotated[int, Field(description="how many things stand behind it")]
    freshness: Annotated[datetime, Field(description="the newest event that changed it, by its own time")]


class MetricView(View):
    """What a metric means; `share` is the part of all values that a quantile reaches."""

    key: MetricKey
    names: Annotated[dict[str, str], Field(description="by BCP 47 language: zh-Hans, zh-Hant, en")]
    definition: str
    type: MetricType
    made_of: Annotated[Kind, Field(description="the things it counts")]
    measure_unit: str
    direction: Annotated[Direction | None, Field(description="which way is better; null where neither is")]
    counted_on: Annotated[str, Field(description="the day a thing counts on, in the unit's zone")]
    share: float | None
