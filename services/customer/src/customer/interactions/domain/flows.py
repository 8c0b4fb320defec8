"""Money in event time: turnover, flows, balances and their trend, spending mix, income, rhythm, own baseline."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Final

from customer.interactions.domain.facts import (
    Category,
    Fact,
    has_currency,
    is_credit,
    is_debit,
    is_income,
    is_money,
    tells_balance,
)
from customer.interactions.domain.history import DAY, History, Predicate
from customer.interactions.domain.specs import (
    Family,
    Feature,
    Value,
    counted,
    measured,
    most,
    named,
    share,
    spans_of,
)
from customer.interactions.domain.words import SPENDING

_MINOR: Final = "minor"
_SECOND: Final = timedelta(seconds=1)
# A month is thirty days here, so that all are of one length and a window has the same borders for everybody.
_MONTH: Final = 30
_YEAR: Final = 12
_BASELINE: Final = 6


def total(facts: Sequence[Fact]) -> int:
    """The sum of the amounts, in minor units."""
    return sum(fact.amount_minor or 0 for fact in facts)


def is_own_money(fact: Fact) -> bool:
    """Whether the customer moved it, not the bank."""
    return is_money(fact) and fact.attributes.get("initiated_by") != "bank"


def _sum(name: str, wanted: Predicate, days: int, en: str, zh: str) -> Feature:
    spec = counted(f"{name}_{days}d", _MINOR, f"{en} in the last {days} days", f"近{days}天{zh}")
    return Feature(
        spec, wanted, lambda history: total(history.window(wanted, days, money=True)), spans_of(days), money=True
    )


def net_flow(days: int) -> Feature:
    """What came in less what went out."""

    def read(history: History) -> Value:
        return total(history.window(is_credit, days, money=True)) - total(history.window(is_debit, days, money=True))

    spec = counted(f"net_flow_{days}d", _MINOR, f"money in less money out, last {days} days", f"近{days}天净流入")
    return Feature(spec, is_money, read, spans_of(days), money=True)


def coverage(days: int) -> Feature:
    """How many times what came in covers what went out."""

    def read(history: History) -> Value:
        out = total(history.window(is_debit, days, money=True))
        return share(total(history.window(is_credit, days, money=True)), out)

    spec = measured(
        f"inflow_coverage_{days}d", "times", f"money in for one of money out, last {days} days", f"近{days}天流入流出比"
    )
    return Feature(spec, is_money, read, spans_of(days), money=True)


def category_of(fact: Fact) -> Category:
    """What money went for; a word that is none of ours, or none, is `other`."""
    said = fact.attributes.get("category")
    return next((one for one in SPENDING if one == said), Category.OTHER)


def spend_share(category: Category, days: int) -> Feature:
    """Which part of the money that went out went for that."""
    en, zh = SPENDING[category]

    def read(history: History) -> Value:
        facts = history.window(is_debit, days, money=True)
        return share(total([fact for fact in facts if category_of(fact) is category]), total(facts))

    spec = measured(
        f"spend_share_{category}_{days}d",
        "share",
        f"share of spending for {en} in the last {days} days",
        f"近{days}天{zh}支出占比",
    )
    return Feature(spec, is_debit, read, spans_of(days), money=True)


def top_category(days: int) -> Feature:
    """For what most money went out."""

    def read(history: History) -> Value:
        spent: Counter[str] = Counter()
        for fact in history.window(is_debit, days, money=True):
            spent[str(category_of(fact))] += fact.amount_minor or 0
        return most(spent)

    spec = named(
        f"top_spend_category_{days}d",
        "category",
        f"category of most spending, last {days} days",
        f"近{days}天最大支出类别",
    )
    return Feature(spec, is_debit, read, spans_of(days), money=True)


def _balance(history: History, days: int = 0) -> int | None:
    """What was on all accounts so many days before: of each account the last balance told until then."""
    latest: dict[object, int] = {}
    for fact in history.select(tells_balance, money=True).until(history.at - days * DAY):
        latest[fact.attributes.get("account", "")] = int(fact.attributes["balance_minor"])
    return sum(latest.values()) if latest else None


def balance_change(days: int) -> Feature:
    """By how much the balances changed; unknown where none was known then."""

    def read(history: History) -> Value:
        now, then = _balance(history), _balance(history, days)
        return None if now is None or then is None else now - then

    spec = counted(
        f"balance_change_{days}d", _MINOR, f"change of balances over the last {days} days", f"近{days}天余额变化"
    )
    return Feature(spec, tells_balance, read, spans_of(days), money=True)


def _balances() -> Iterator[Feature]:
    spec = counted("balance", _MINOR, "last known balance of all accounts together", "所有账户最近已知余额合计")
    yield Feature(spec, tells_balance, _balance, money=True)
    months = (0, 1, 2, 3)

    def slope(history: History) -> Value:
        # Least squares through four balances, a month apart: the weights are x - mean(x) over their sum of squares.
        points = [_balance(history, _MONTH * back) for back in months]
        known = [point for point in points if point is not None]
        if len(known) < len(points):
            return None
        return Fraction(3 * known[0] + known[1] - known[2] - 3 * known[3], 10)

    spec = measured(
        "balance_trend_90d",
        "minor per 30 days",
        "least-squares slope of the balances of now and 30, 60 and 90 days ago",
        "当前及30、60、90天前余额的最小二乘斜率",
    )
    yield Feature(spec, tells_balance, slope, spans_of(*(_MONTH * back for back in months)), money=True)


def _spread(values: Sequence[int]) -> Fraction | None:
    """The squared coefficient of variation, exact from the sum and the sum of squares; a root is no fraction."""
    summed = sum(values)
    if len(values) < 2 or summed == 0:
        return None
    return Fraction(len(values) * sum(value * value for value in values), summed * summed) - 1


def _gaps(history: History) -> list[int]:
    facts = history.window(is_income, 365, money=True)
    return [(after.occurred_at - before.occurred_at) // _SECOND for before, after in pairwise(facts)]


def _income() -> Iterator[Feature]:
    year = spans_of(365)

    def mean_gap(history: History) -> Value:
        gaps = _gaps(history)
        return Fraction(sum(gaps), len(gaps) * 86_400) if gaps else None

    def amounts(history: History) -> Value:
        return _spread([fact.amount_minor or 0 for fact in history.window(is_income, 365, money=True)])

    def months(history: History) -> Value:
        found = (history.window(is_income, _MONTH, ending=_MONTH * back, money=True) for back in range(_YEAR))
        return sum(bool(facts) for facts in found)

    spec = measured(
        "income_gap_days_365d", "days", "mean days between incomes, last 365 days", "近365天收入平均间隔天数"
    )
    yield Feature(spec, is_income, mean_gap, year, money=True)
    spec = measured(
        "income_gap_cv2_365d",
        "squared coefficient of variation",
        "how irregular the days between incomes are: 0 is a clock",
        "收入间隔的不规律程度：0表示完全规律",
    )
    yield Feature(spec, is_income, lambda history: _spread(_gaps(history)), year, money=True)
    spec = measured(
        "income_amount_cv2_365d",
        "squared coefficient of variation",
        "how irregular the amounts of incomes are: 0 is always the same",
        "收入金额的不规律程度：0表示金额恒定",
    )
    yield Feature(spec, is_income, amounts, year, money=True)
    spec = counted(
        "income_months_360d", "months", "of the last twelve 30 days, those with an income", "近12个30天中有收入的期数"
    )
    yield Feature(spec, is_income, months, _every_month(_YEAR), money=True)


def _every_month(count: int) -> tuple[timedelta, ...]:
    return spans_of(*(_MONTH * (back + 1) for back in range(count)))


def _rhythm() -> Iterator[Feature]:
    def early(history: History) -> Value:
        facts = history.window(is_debit, 90, money=True)
        return share(
            total([fact for fact in facts if fact.occurred_at.astimezone(history.zone).day <= 10]), total(facts)
        )

    def short(history: History) -> Value:
        count = 0
        for back in range(_YEAR):
            out = total(history.window(is_debit, _MONTH, ending=_MONTH * back, money=True))
            count += out > total(history.window(is_credit, _MONTH, ending=_MONTH * back, money=True))
        return count

    spec = measured(
        "early_month_spend_share_90d",
        "share",
        "share of spending on the first ten days of a month, last 90 days",
        "近90天每月前十日支出占比",
    )
    yield Feature(spec, is_debit, early, spans_of(90), money=True)
    spec = counted(
        "short_months_360d",
        "months",
        "of the last twelve 30 days, those with more out than in",
        "近12个30天中入不敷出的期数",
    )
    yield Feature(spec, is_money, short, _every_month(_YEAR), money=True)


def _against_baseline(name: str, wanted: Predicate, en: str, zh: str) -> Iterator[Feature]:
    def before(history: History) -> list[int]:
        return [
            total(history.window(wanted, _MONTH, ending=_MONTH * back, money=True)) for back in range(1, _BASELINE + 1)
        ]

    def change(history: History) -> Value:
        return share(total(history.window(wanted, _MONTH, money=True)) * _BASELINE, sum(before(history)))

    def deviation(history: History) -> Value:
        past = before(history)
        scaled = total(history.window(wanted, _MONTH, money=True)) * _BASELINE - sum(past)
        # n² times the variance: n Σx² - (Σx)², whole as long as the amounts are.
        variance = _BASELINE * sum(value * value for value in past) - sum(past) ** 2
        return Fraction(scaled * abs(scaled), variance) if variance else None

    spec = measured(
        f"{name}_change_30d",
        "times",
        f"{en} of the last 30 days against the customer's own average of the 180 days before",
        f"近30天{zh}与客户此前180天自身均值之比",
    )
    yield Feature(spec, wanted, change, spans_of(_MONTH, _MONTH * (_BASELINE + 1)), money=True)
    spec = measured(
        f"{name}_deviation_30d",
        "squared standard deviations, signed",
        f"how far {en} of the last 30 days is from the customer's own six 30 days before",
        f"近30天{zh}偏离客户此前六个30天的程度",
    )
    yield Feature(spec, wanted, deviation, _every_month(_BASELINE + 1), money=True)


def features() -> Iterator[Feature]:
    """Those without a window to choose."""
    spec = named("currency", "ISO 4217", "currency of the customer's money features", "客户金额特征所用币种")
    yield Feature(spec, has_currency, lambda history: history.currency)
    yield from _balances()
    yield from _income()
    yield from _rhythm()
    yield from _against_baseline("inflow", is_credit, "money in", "流入")
    yield from _against_baseline("outflow", is_debit, "money out", "流出")


FAMILIES: Final[Mapping[str, Family]] = {
    "inflow": partial(_sum, "inflow", is_credit, en="money in", zh="流入"),
    "outflow": partial(_sum, "outflow", is_debit, en="money out", zh="流出"),
    "monetary": partial(_sum, "monetary", is_own_money, en="money the customer moved", zh="客户交易总额"),
    "net_flow": net_flow,
    "inflow_coverage": coverage,
    "balance_change": balance_change,
    "top_spend_category": top_category,
    **{f"spend_share_{category}": partial(spend_share, category) for category in SPENDING},
}
