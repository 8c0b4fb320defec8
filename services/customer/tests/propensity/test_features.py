"""Rows become features strictly: bad values are named by row and column, what leaks or is protected is never read."""

from typing import Any

import numpy as np
import pytest

from customer.propensity.domain import credit, products
from customer.propensity.domain.questions import DEFAULT, PRODUCT, Bar
from customer.propensity.domain.rows import UnfitFile, fingerprint

CLIENT = {
    "age": "41", "job": "technician", "marital": "married", "education": "unknown", "default": "no", "balance": "-20",
    "housing": "yes", "loan": "no", "contact": "cellular", "day": "3", "month": "nov", "duration": "900",
    "campaign": "2", "pdays": "100", "previous": "1", "poutcome": "failure", "y": "no",
}  # fmt: skip
CARD = dict.fromkeys(credit.COLUMNS, "0") | {"LIMIT_BAL": "1.00E+05", "BILL_AMT2": "200", "PAY_AMT1": "50"}


def client(**changed: Any) -> dict[str, str]:
    return CLIENT | changed


def test_the_year_follows_from_the_order_of_the_rows() -> None:
    rows = [client(month=month) for month in ("may", "nov", "jan", "jan", "dec", "mar")]
    assert products.years(rows) == [2008, 2008, 2009, 2009, 2009, 2010]


def test_a_file_in_no_order_has_no_years_and_is_answered_without() -> None:
    rows = [client(month=month) for month in ("may", "jan", "may", "jan", "may", "jan")]
    assert products.years(rows) is None
    assert PRODUCT.variants[0].build(rows) is None
    assert PRODUCT.variants[1].build(rows) is not None


def test_the_day_of_the_last_campaign_is_the_day_of_the_call_less_the_days_since() -> None:
    matrix = products.dated([client()], [2008])
    named = dict(zip(products.DATED, matrix[0], strict=True))
    assert named["date_of_call"] - named["date_of_last_campaign"] == 100
    assert named["weekday"] == 0, "3 November 2008 was a Monday"
    assert np.isnan(named["education"])
    never = dict(zip(products.DATED, products.dated([client(pdays="-1")], [2008])[0], strict=True))
    assert np.isnan(never["date_of_last_campaign"])


def test_what_a_customer_paid_is_held_against_the_bill_of_the_month_before() -> None:
    named = dict(zip(credit.FEATURES, credit.features([CARD])[0], strict=True))
    assert named["share_of_bill_paid_1"] == 0.25
    assert np.isnan(named["share_of_bill_paid_2"])
    assert named["use_of_limit_2"] == pytest.approx(0.002)


@pytest.mark.parametrize("question", [PRODUCT, DEFAULT], ids=lambda one: one.name)
def test_what_leaks_or_is_protected_changes_nothing(question: Any) -> None:
    row = CLIENT if question is PRODUCT else CARD | {"ID": "1", **dict.fromkeys(credit.PROTECTED, "1")}
    changed = row | dict.fromkeys(question.left_out, "77")
    for variant in question.variants:
        np.testing.assert_array_equal(variant.build([row]), variant.build([changed]))
        assert len(variant.features) == len(set(variant.features)) == variant.build([row]).shape[1]
    assert not set(question.columns) & set(question.left_out)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("age", "old"),
        ("age", "nan"),
        ("age", ""),
        ("job", "king"),
        ("housing", "maybe"),
        ("month", "13"),
        ("day", "31"),
    ],
)
def test_a_bad_value_is_named_by_row_and_column_and_never_told(column: str, value: str) -> None:
    with pytest.raises(UnfitFile) as refused:
        products.undated([client(), client(**{column: value})])
    assert "row 2" in str(refused.value)
    assert column in str(refused.value)
    assert not value or value not in str(refused.value)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UnfitFile, match="PAY_AMT6"):
        credit.features([{name: "1" for name in credit.COLUMNS if name != "PAY_AMT6"}])
    with pytest.raises(UnfitFile, match="no rows"):
        credit.features([])


def test_a_fingerprint_is_of_the_rows_and_not_of_their_order() -> None:
    rows = [client(age=str(age)) for age in (30, 40, 50)]
    turned = [dict(reversed(row.items())) for row in reversed(rows)]
    assert fingerprint(rows, PRODUCT.columns) == fingerprint(turned, PRODUCT.columns)
    assert fingerprint(rows, PRODUCT.columns) != fingerprint([*rows[:2], client(age="51")], PRODUCT.columns)
    assert fingerprint(rows, PRODUCT.columns) != fingerprint([*rows, rows[0]], PRODUCT.columns)


def test_a_figure_beyond_what_is_possible_is_no_success() -> None:
    bar = Bar(0.80, 0.812, 0.83)
    assert [bar.verdict(value) for value in (0.79, 0.80, 0.82, 0.84)] == ["missed", "must", "aim", "suspicious"]
