"""Forecasts: what is known of a day counts, nothing of the future is used, intervals hold what they promise."""

import gzip
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.insights.domain.arrivals import Arrivals, Manner
from customer.insights.domain.backtests import Band, banded, conformal, judged, resampled, seasonal_scale
from customer.insights.domain.days import DayKind, Floats, days_from, kind_of
from customer.insights.domain.mix import mix_ahead, shares, told
from customer.insights.training import backtested, evaluate

FIRST = date(2025, 1, 6)
CLOSED = {FIRST + timedelta(days=number): DayKind.CLOSED for number in (40, 41, 100, 150, 170)}
MANNER = Manner(weekend=frozenset({5, 6}))


def made(seed: int, count: int = 180) -> Arrivals:
    """A centre that is busy on weekdays, almost shut on holidays, busiest around ten in the morning."""
    generator = np.random.default_rng(seed)
    days = days_from(FIRST, count)
    rate = np.array([300.0 if day.weekday() >= 5 else 1_000 - 60 * day.weekday() for day in days])
    rate *= np.array([0.1 if day in CLOSED else 1.0 for day in days])
    profile = np.exp(-((np.arange(24) - 10) ** 2) / 18)
    return Arrivals(days, generator.poisson(rate[:, None] * profile / profile.sum()), CLOSED, MANNER)


def test_a_holiday_known_ahead_is_foretold_and_one_not_known_is_missed() -> None:
    known = made(1)
    unaware = Arrivals(known.days, known.hourly, {}, MANNER)
    came = known.daily[170]
    assert abs(known.day_ahead(known.days[170], 170) - came) < 60
    assert abs(unaware.day_ahead(known.days[170], 170) - came) > 300


@settings(max_examples=15, deadline=None)
@given(st.integers(120, 178), st.integers(0, 10_000))
def test_what_comes_later_changes_no_forecast(known: int, seed: int) -> None:
    plain = made(2)
    changed = plain.hourly.copy()
    changed[known:] = np.random.default_rng(seed).poisson(50, changed[known:].shape)
    other = Arrivals(plain.days, changed, CLOSED, MANNER)
    np.testing.assert_array_equal(
        plain.hours_ahead(plain.days[known], known), other.hours_ahead(plain.days[known], known)
    )


def test_hours_add_up_to_their_day() -> None:
    known = made(3)
    assert known.hours_ahead(known.days[120], 120).sum() == pytest.approx(known.day_ahead(known.days[120], 120))


def test_a_quiet_hour_and_days_without_a_call_are_foretold_too() -> None:
    days = days_from(FIRST, 60)
    still = Arrivals(days, np.zeros((60, 24)), {}, MANNER)
    assert still.day_ahead(FIRST + timedelta(days=60), 60) == pytest.approx(0, abs=1e-6)


def test_days_that_do_not_follow_one_another_are_refused() -> None:
    with pytest.raises(ValueError, match="follow one another"):
        Arrivals([FIRST, FIRST + timedelta(days=2)], np.ones((2, 24)), {}, MANNER)
    with pytest.raises(ValueError, match="24 hours"):
        Arrivals([FIRST], np.ones((1, 23)), {}, MANNER)


def test_the_eve_and_the_day_after_follow_from_what_is_closed() -> None:
    day = timedelta(days=1)
    ahead = {FIRST: DayKind.CLOSED, FIRST + day: DayKind.CLOSED, FIRST + 3 * day: DayKind.MINOR}
    kinds = [kind_of(FIRST + day * number, ahead) for number in range(-2, 5)]
    assert kinds == ["plain", "eve", "closed", "closed", "after", "minor", "plain"]


def test_on_a_steady_centre_the_forecast_beats_last_week_and_its_interval_holds() -> None:
    known = made(4)
    span = range(90, 180)
    daily = np.array([known.day_ahead(known.days[at], at) for at in span])
    hourly = np.array([known.hours_ahead(known.days[at], at) for at in span])
    by_day, by_hour = backtested(known, CLOSED, daily, hourly, 60)
    assert by_day.mase < 0.75 * by_day.naive_mase
    assert by_hour.mase < 0.85 * by_hour.naive_mase
    assert 0.68 <= by_day.coverage <= 0.92
    assert 0.75 <= by_hour.coverage <= 0.87
    assert by_day.width < by_day.naive_width


@settings(max_examples=30, deadline=None)
@given(st.integers(9, 60), st.integers(0, 10_000))
def test_a_conformal_interval_is_made_of_the_ordered_residuals(count: int, seed: int) -> None:
    residuals = np.random.default_rng(seed).normal(size=count)
    low, high = conformal(residuals, 0.8)
    # Of n + 1 exchangeable values at most a tenth may lie below, and above, whatever their distribution.
    assert (residuals < low).sum() + 1 <= 0.1 * (count + 1) + 1e-9
    assert (residuals > high).sum() + 1 <= 0.1 * (count + 1) + 1e-9 or high == residuals.max()


def test_conformal_intervals_hold_four_of_five() -> None:
    generator = np.random.default_rng(5)
    hits = [
        low <= new <= high
        for *past, new in generator.gamma(2, size=(3_000, 40))
        for low, high in [conformal(np.array(past))]
    ]
    assert 0.78 <= np.mean(hits) <= 0.86


def test_the_scaled_error_is_that_of_hyndman_and_koehler() -> None:
    past = np.array([1.0, 2.0, 4.0, 8.0])
    assert seasonal_scale(past, 1) == pytest.approx((1 + 2 + 4) / 3)
    came, told = np.array([10.0, 20.0]), np.array([13.0, 16.0])
    band = Band(told, told - 3, told + 3)
    found = judged(came, band, band, seasonal_scale(past, 1))
    assert found.mase == pytest.approx(3.5 / (7 / 3))
    assert found.coverage == 0.5
    with pytest.raises(ValueError, match="longer than a season"):
        seasonal_scale(past, 4)


def test_the_interval_of_a_mean_is_wider_where_neighbours_err_alike_and_holds_the_truth() -> None:
    generator = np.random.default_rng(11)
    means, hits = [], 0
    for seed in range(200):
        runs = np.repeat(generator.normal(1, 1, size=30), 7)
        alone, together = resampled(runs, 1, seed=seed, times=400), resampled(runs, 7, seed=seed, times=400)
        means.append((together[1] - together[0]) / (alone[1] - alone[0]))
        hits += together[0] <= 1 <= together[1]
    assert 2 < np.mean(means) < 2.8, "runs of seven alike: about the root of seven"
    # Blocks begin anywhere and cut runs in two, so that a little is lost of the 95 %; points alone hold less than half.
    assert 0.78 <= hits / 200 <= 0.98


def test_an_interval_uses_residuals_of_its_own_kind_when_there_are_enough() -> None:
    told = np.full(120, 100.0)
    kinds = np.arange(120) % 2
    came = np.where(kinds == 1, 100 + 50 * np.sin(np.arange(120)), 100 + np.sin(np.arange(120)))
    band = banded(came, told, [(int(kind), -1) for kind in kinds], 118, 118)
    widths = band.high - band.low
    assert widths[1] > 10 * widths[0]


def counts(seed: int, months: int = 50) -> Floats:
    drift = np.linspace(0.2, 0.6, months)
    mix = np.column_stack([drift, 0.3 * np.ones(months), 0.7 - drift])
    return np.array(
        [np.random.default_rng(seed + at).multinomial(2_000, line) for at, line in enumerate(mix)], dtype=float
    )


def test_the_mix_to_come_adds_up_and_follows_its_drift_better_than_last_year() -> None:
    found = mix_ahead(counts(6), horizon=3)
    np.testing.assert_allclose(found.band.value.sum(axis=1), 1)
    assert ((found.band.low <= found.band.value) & (found.band.value <= found.band.high)).mean() > 0.9
    assert found.backtest.mase < 0.5 * found.backtest.naive_mase


@settings(max_examples=10, deadline=None)
@given(st.integers(8, 40), st.integers(1, 3))
def test_no_month_is_foretold_from_itself_or_later_ones(month: int, step: int) -> None:
    past = shares(counts(7))
    other = past.copy()
    other[month:] = other[month:, ::-1]
    row = month - (6 + step - 1)
    before, after = told(past, step, 0.3, 1.0), told(other, step, 0.3, 1.0)
    known = max(0, row + 1)
    np.testing.assert_array_equal(before[:known], after[:known])
    assert not np.allclose(before[known + step :], after[known + step :])


def test_a_month_without_contacts_or_too_short_a_past_is_refused() -> None:
    with pytest.raises(ValueError, match="no mix"):
        shares(np.array([[0.0, 0.0]]))
    with pytest.raises(ValueError, match="too short"):
        mix_ahead(counts(8)[:20])


def test_a_missing_or_broken_file_is_said_and_fails(tmp_path: Path) -> None:
    said: list[str] = []
    assert not evaluate(tmp_path, tmp_path, said.append, model="arrivals")
    assert said[-1].startswith("refused")
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls/arrivals_6min_1999.csv.gz").write_bytes(
        gzip.compress(b"date,slot,calls\n1999-01-01,0,2\n1999-01-03,0,many\n")
    )
    assert not evaluate(tmp_path, tmp_path, said.append, model="arrivals")
    assert "many" not in said[-1]
