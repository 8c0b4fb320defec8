"""Groups of a campaign are drawn the same way always, and their difference has the interval that was published for it."""

from uuid import UUID

import pytest

from customer.outreach.domain.campaigns import HOLDOUT, Variant, assigned, lift, wilson

CAMPAIGN = UUID(int=7)
PAIR = [Variant("a", 1), Variant("b", 3)]


def test_groups_have_the_shares_they_should_have() -> None:
    people = [UUID(int=one) for one in range(20_000)]
    drawn = [assigned(CAMPAIGN, one, 10, PAIR) for one in people]
    shares = {name: drawn.count(name) / len(drawn) for name in (HOLDOUT, "a", "b")}
    # Six standard errors of a share of 20,000 draws.
    assert shares == pytest.approx({HOLDOUT: 0.1, "a": 0.225, "b": 0.675}, abs=0.02)
    assert drawn == [assigned(CAMPAIGN, one, 10, PAIR) for one in people]
    other = [assigned(UUID(int=8), one, 10, PAIR) for one in people]
    both = sum(one == HOLDOUT == two for one, two in zip(drawn, other, strict=True)) / len(people)
    assert both == pytest.approx(0.01, abs=0.005)


@pytest.mark.parametrize(("percent", "expected"), [(0, {"a", "b"}), (100, {HOLDOUT})])
def test_nobody_or_everybody_may_be_held_out(percent: int, expected: set[str]) -> None:
    assert {assigned(CAMPAIGN, UUID(int=one), percent, PAIR) for one in range(500)} == expected


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10.
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
        ((10, 10, 0, 10), 0.6075, 1.0000),
    ],
)
def test_the_interval_of_a_lift_is_the_published_one(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    told = lift(*counts)
    assert told.low == pytest.approx(low, abs=5e-5)
    assert told.high == pytest.approx(high, abs=5e-5)


def test_an_empty_group_has_no_lift_and_wilson_is_the_published_one() -> None:
    assert lift(1, 2, 0, 0).difference is None
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
