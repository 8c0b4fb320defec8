"""The rules as data, dated and numbered: a change is a new ruleset beside the old, so that a decision names its rules."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final

from risk.screening.domain.rules import Band, Deviation, Given, Outcome, Ratio, Restricts, Rule, Ruleset, Value
from risk.screening.domain.windows import Aggregate, Feature, Kind, Pivot

# The amount of the event itself, beside the features.
AMOUNT: Final = "amount"

_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_DAY_SECONDS: Final = 86_400
_PAID: Final = (Kind.TRANSACTION,)

_FEATURES: Final = (
    Feature("events_1m", Aggregate.COUNT, Pivot.CUSTOMER, _MINUTE),
    Feature("spent_1d", Aggregate.SUM, Pivot.ACCOUNT, _DAY, _PAID),
    Feature("spent_90d", Aggregate.SUM, Pivot.ACCOUNT, 90 * _DAY, _PAID),
    Feature("paid_90d", Aggregate.COUNT, Pivot.ACCOUNT, 90 * _DAY, _PAID, in_currency=True),
    Feature("average_30d", Aggregate.AVERAGE, Pivot.CUSTOMER, 30 * _DAY, _PAID, itself=False),
    Feature("payments_30d", Aggregate.COUNT, Pivot.CUSTOMER, 30 * _DAY, _PAID, itself=False, in_currency=True),
    Feature("largest_90d", Aggregate.LARGEST, Pivot.ACCOUNT, 90 * _DAY, _PAID, itself=False),
    Feature("average_90d", Aggregate.AVERAGE, Pivot.CUSTOMER, 90 * _DAY, _PAID, itself=False),
    Feature("variance_90d", Aggregate.VARIANCE, Pivot.CUSTOMER, 90 * _DAY, _PAID, itself=False),
    Feature("payments_90d", Aggregate.COUNT, Pivot.CUSTOMER, 90 * _DAY, _PAID, itself=False, in_currency=True),
    Feature("payers_1d", Aggregate.DISTINCT, Pivot.PAYEE, _DAY, distinct=Pivot.CUSTOMER),
    Feature("device_age_90d", Aggregate.FIRST_SEEN, Pivot.CUSTOMER, 90 * _DAY, same=Pivot.DEVICE),
    Feature("events_90d", Aggregate.COUNT, Pivot.CUSTOMER, 90 * _DAY, itself=False),
    Feature("account_rest_90d", Aggregate.TIME_SINCE, Pivot.ACCOUNT, 90 * _DAY, itself=False),
    Feature("device_customers_7d", Aggregate.DISTINCT, Pivot.DEVICE, 7 * _DAY, distinct=Pivot.CUSTOMER),
    Feature("place_events_10m", Aggregate.COUNT, Pivot.PLACE, 10 * _MINUTE),
)

# Points: 30 alone ask for a second factor, 60 for a person, 90 say no. One pattern alone never declines.
_RULES: Final = (
    Rule("burst_of_events", Value("events_1m"), (Band(5, 10, 30), Band(10, None, 60))),
    Rule(
        "spending_spree",
        Ratio("spent_1d", "spent_90d"),
        (Band(Fraction(1, 2), Fraction(4, 5), 20), Band(Fraction(4, 5), None, 40)),
        (Given("paid_90d", 20),),
    ),
    Rule(
        "amount_over_average",
        Ratio(AMOUNT, "average_30d"),
        (Band(5, 10, 20), Band(10, None, 35)),
        (Given("payments_30d", 5),),
    ),
    Rule(
        "amount_over_largest",
        Ratio(AMOUNT, "largest_90d"),
        (Band(2, 4, 15), Band(4, None, 25)),
        (Given("paid_90d", 6),),
    ),
    Rule(
        "amount_deviates",
        Deviation(AMOUNT, "average_90d", "variance_90d"),
        (Band(16, 36, 15), Band(36, None, 25)),
        (Given("payments_90d", 10),),
    ),
    Rule("payee_of_many", Value("payers_1d"), (Band(5, 10, 25), Band(10, None, 50))),
    Rule(
        "new_device",
        Value("device_age_90d"),
        (Band(0, 3_600, 20), Band(3_600, _DAY_SECONDS, 10)),
        (Given("events_90d", 5),),
    ),
    Rule(
        "account_wakes",
        Value("account_rest_90d"),
        (Band(30 * _DAY_SECONDS, 60 * _DAY_SECONDS, 10), Band(60 * _DAY_SECONDS, None, 20)),
    ),
    Rule("shared_device", Value("device_customers_7d"), (Band(3, 6, 30), Band(6, None, 60))),
    Rule("rush_at_place", Value("place_events_10m"), (Band(30, 60, 15), Band(60, None, 30))),
)

RULESETS: Final = (
    Ruleset(
        version=1,
        since=datetime(2026, 1, 1, tzinfo=UTC),
        features=_FEATURES,
        rules=_RULES,
        outcomes=((0, Outcome.ALLOW), (30, Outcome.STEP_UP), (60, Outcome.REVIEW), (90, Outcome.DECLINE)),
        restricts=Restricts(channels=("app", "web", "atm"), services=("transfer",), lasts=timedelta(hours=24)),
    ),
)


def ruleset_at(at: datetime) -> Ruleset:
    """The rules that decide at that instant; before the first of them, the first."""
    begun = [one for one in RULESETS if one.since <= at]
    return max(begun, key=lambda one: one.since) if begun else RULESETS[0]
