"""Inputs and outputs of insight: market signals, tables with small cells hidden, the quality of what is recorded."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from customer.consents.schemas import UseGrounds
from customer.insights.domain.habits import Measure
from shared import clock
from shared.schemas import Body, View

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Region = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"),
    Field(description="ISO 3166-1 country or ISO 3166-2 subdivision"),
]
Value = Annotated[Decimal, Field(max_digits=18, decimal_places=6)]


class Topic(StrEnum):
    """What a market signal is about."""

    RATE = "rate"
    FEE = "fee"
    PRODUCT = "product"
    CAMPAIGN = "campaign"
    CHANNEL = "channel"
    OUTAGE = "outage"
    REGULATION = "regulation"
    ECONOMY = "economy"
    SENTIMENT = "sentiment"


class ObserveMarket(Body):
    """Something seen of the market or a competitor on a day; what is wrong is answered by a newer signal, not changed.

    `value` with its `measure_unit` is what was measured, such as 2.35 and `percent`. `source` is where it was seen. It is
    about firms and markets: a person's name does not belong here.
    """

    observed_on: date
    topic: Topic
    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
    competitor: Word | None = None
    product: Word | None = None
    region: Region | None = None
    value: Value | None = None
    measure_unit: Word | None = None
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)] | None = None
    external_ref: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        # What is today where the bank is, only the verb knows: here passes what has begun anywhere.
        if not date(1990, 1, 1) <= self.observed_on <= clock.latest_day():
            raise ValueError("observed_on must lie in the past, after 1990")
        if (self.value is None) != (self.measure_unit is None):
            raise ValueError("value and measure_unit come together")
        return self


class MarketSignal(View):
    """A market signal as it was recorded."""

    id: UUID
    observed_on: date
    topic: Topic
    source: str
    competitor: str | None
    product: str | None
    region: str | None
    value: Decimal | None
    measure_unit: str | None
    note: str | None
    recorded_at: datetime
    recorded_by: str


class Dimension(StrEnum):
    """By what people are counted; a customer of whom it is not known counts as `unknown`."""

    KIND = "kind"
    STATE = "state"
    TIER = "tier"
    AGE_BAND = "age_band"
    REGION = "region"


class Line(View):
    """One row: `counts` in the order of the table's columns, null where a count is hidden."""

    group: str
    counts: list[int | None]
    total: int


class By(StrEnum):
    """By what people are grouped beside what they do; segments overlap, the others do not."""

    KIND = "kind"
    STATE = "state"
    TIER = "tier"
    AGE_BAND = "age_band"
    REGION = "region"
    SEGMENT = "segment"


class CrossTable(View):
    """Customers by two words of theirs. Counts below `fewest` are hidden, and others with them, so that none can be worked out.

    Groups of fewer people than that are joined under `other`. `signals` are what was seen of the market in the 90 days
    before. `grounds` say on what counting people rests.
    """

    rows: Dimension
    columns: Dimension
    names: list[str]
    lines: list[Line]
    totals: list[int]
    total: int
    fewest: int
    as_of: datetime
    signals: list[MarketSignal]
    grounds: UseGrounds | None = None


class HabitTable(View):
    """Customers by what they did in the last `window_days`, each counted in one column, as it was counted at `made_at`.

    It is counted over `total` of the `customers`: everybody (`exact`), or a random sample. Lines of a dimension add up to
    `totals`. Segments overlap: each stands for itself, and `totals` are everybody. Counts below `fewest` are hidden, and
    others with them, so that none can be worked out. `withheld` are segments that are too small, or so like another group
    that is shown that the difference would tell of a few. `signals` are what was seen of the market in these days.
    `grounds` say on what counting people rests; who objects to it is in no count.
    """

    measure: Measure
    by: By
    window_days: int
    names: list[str] = []
    lines: list[Line] = []
    totals: list[int] = []
    total: int = 0
    withheld: list[str] = []
    customers: int = 0
    exact: bool = True
    fewest: int | None = None
    made_at: datetime | None = None
    signals: list[MarketSignal] = []
    grounds: UseGrounds | None = None


class FieldQuality(View):
    """One field in the words of one source; `all` are all sources, `other` those of a few people, together.

    `records` are the parties whose kind has the field. `completeness` is the share of them that have it (from that source),
    `validity` the share of those at no fault, `staleness` of those without a word for `stale_after_days` (null: never stale
    by age). Of contact points: how many share one with another party (`shared`), and have proven to be reached at one
    (`verified`). Null is a figure that tells of a few, or that there is nothing to share.
    """

    field: str
    source: str
    records: int
    filled: int
    completeness: float | None
    valid: int | None
    validity: float | None
    stale: int | None = None
    staleness: float | None = None
    stale_after_days: int | None = None
    shared: int | None = None
    verified: int | None = None
    faults: Annotated[
        dict[str, int | None], Field(description="how many break which rule; null: a few, or a secret of others")
    ] = {}


class Freshness(View):
    """How long ago the records of a source were last changed; `oldest_at` is the month in which the first few were."""

    source: str
    records: int
    within_30_days: int
    within_year: int
    older: int
    oldest_at: datetime | None


class Duplicates(View):
    """Contact points that lead to more than one party: a family's phone, or one person recorded twice and not linked."""

    kind: str
    values: int
    shared_values: int
    customers_sharing: int


class DataQuality(View):
    """What is recorded of customers, judged once a day, counted: completeness, validity, duplicates, staleness.

    The source of a field is whose word holds (of a record: of its name). Staleness is as of `as_of`, when the count began;
    `made_at` is when it ended, null before the first has. What tells of fewer than `fewest` people is left out or null;
    `kinds_left_out` are kinds of party of whom there are that few; `unreadable` are records in no figure, for their seal is
    broken: which they are, the log of the worker says.
    """

    as_of: datetime
    fields: list[FieldQuality]
    freshness: list[Freshness]
    duplicates: list[Duplicates]
    made_at: datetime | None = None
    fewest: int = 0
    kinds_left_out: list[str] = []
    unreadable: int = 0


class ForecastDay(View):
    """One day to come: the median number of contacts, and the interval that shall hold it in `level` of all cases."""

    date: date
    value: float
    low: float
    high: float


class BacktestView(View):
    """Forecasts one day ahead over the last `days`, each made before its day.

    `mase` is the mean absolute error over that of "as a week ago" in the past before; `naive_mase` is that forecast's own on
    the same days. `coverage` is the share of days within the interval, `width` its mean width.
    """

    days: int
    mase: float
    naive_mase: float
    coverage: float
    width: float
    naive_width: float


class Forecast(View):
    """Contacts through one channel, or `all`; without days where a forecast would be a guess, and then `reason` says so."""

    channel: str
    level: float
    days: list[ForecastDay]
    backtest: BacktestView | None
    reason: str | None


class Forecasts(View):
    """Forecasts as they were made last; days are days in `zone`. Null before the first were made.

    `signals` are what was seen of the market in the 90 days before they were made; `grounds` say on what counting what
    people do rests.
    """

    made_at: datetime | None
    zone: str | None
    forecasts: list[Forecast]
    signals: list[MarketSignal] = []
    grounds: UseGrounds | None = None


class ShareAhead(View):
    """The share of one channel in a month to come, between 0 and 1; `low` to `high` shall hold it in `level` of all cases."""

    channel: str
    value: float
    low: float
    high: float


class MonthAhead(View):
    """The mix of one month to come (`2026-12`): the values of all channels add up to one."""

    month: str
    shares: list[ShareAhead]


class MixBacktest(View):
    """Forecasts one month ahead over the last `months`, each made before its month, all channels together.

    `mase` is the mean absolute error of a share over that of "as a year ago" in the past before; `naive_mase` is that
    forecast's own on the same months. `coverage` is the share of what came that lay within the interval, `width` its mean
    width.
    """

    months: int
    mase: float
    naive_mase: float
    coverage: float
    width: float
    naive_width: float


class ChannelMix(View):
    """Through which channels contacts will come, as it was foretold last from `past_months` whole months in `zone`.

    Without months where a forecast would be a guess, and then `reason` says so. `signals` are what was seen of the market in
    the 90 days before. `grounds` say on what counting what people do rests.
    """

    made_at: datetime | None
    zone: str | None
    level: float = 0.8
    past_months: int = 0
    months: list[MonthAhead] = []
    backtest: MixBacktest | None = None
    reason: str | None = None
    signals: list[MarketSignal] = []
    grounds: UseGrounds | None = None
