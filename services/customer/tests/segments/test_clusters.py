"""Clusters are found again where they were put, told in every language, watched for drift, and frozen in versions."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.interactions.domain.features import FEATURES
from customer.segments.domain.clusters import (
    FEATURES as READ,
)
from customer.segments.domain.clusters import (
    TRADITIONAL,
    Clusters,
    agreement,
    cluster_at,
    describe,
    drift,
    fit_clusters,
    separation,
    stability,
)
from customer.segments.domain.readings import Said, Value

NOW = datetime(2026, 11, 25, tzinfo=UTC)
NAMES = ("acts_90d", "balance", "digital_share_90d")
MIDDLES = ((2.0, 50_000.0, 0.1), (40.0, 100_000.0, 0.95), (15.0, 9_000_000.0, 0.5))


def rows_of(weights: tuple[int, int, int], seed: int = 5) -> list[dict[str, Value]]:
    """Customers around three known middles."""
    chance = random.Random(seed)  # noqa: S311  # reproducible, not secret
    found: list[dict[str, Value]] = []
    for weight, (acts, balance, share) in zip(weights, MIDDLES, strict=True):
        for _ in range(weight):
            spread = chance.gauss(1, 0.05)
            found.append({NAMES[0]: int(acts * spread), NAMES[1]: int(balance * spread), NAMES[2]: int(share > 0.3)})
    chance.shuffle(found)
    return found


def test_clusters_that_are_there_are_found_with_their_sizes() -> None:
    found = fit_clusters(rows_of((120, 60, 30)), NOW, features=NAMES)
    assert [round(share * 210) for share in found.shares] == [120, 60, 30]
    assert found.silhouette > 0.8
    assert [found.of(rows_of(one)[0]) for one in ((1, 0, 0), (0, 1, 0), (0, 0, 1))] == ["c1", "c2", "c3"]


def test_the_same_customers_make_the_same_clusters_and_a_feature_that_does_not_vary_is_left_out() -> None:
    rows = [row | {"products_held": 1} for row in rows_of((40, 40, 20))]
    first, second = (fit_clusters(rows, NOW, features=(*NAMES, "products_held")) for _ in range(2))
    assert first == second
    assert "products_held" not in first.features


def test_a_few_who_hold_a_hundredfold_pull_no_centre_further_than_the_reach_and_what_was_frozen_judges_as_it_did() -> (
    None
):
    rows = rows_of((120, 60, 30))
    rich: list[dict[str, Value]] = [{NAMES[0]: 15, NAMES[1]: 2_000_000_000, NAMES[2]: 1} for _ in range(2)]
    found = fit_clusters([*rows, *rich], NOW, features=NAMES)
    assert max(abs(height) for centre in found.centres for height in centre) <= 3.0
    far = {NAMES[0]: 15, NAMES[1]: 10**12, NAMES[2]: 1}
    assert max(found.place(far)) == 3.0
    assert max(replace(found, reach=None).place(far)) > 100


def test_halves_agree_on_clusters_that_are_there_and_not_on_noise() -> None:
    rows = rows_of((120, 60, 30))
    found = fit_clusters(rows, NOW, features=NAMES)
    assert agreement(rows, found, halvings=3)[0] == pytest.approx(1)
    assert separation(found, rows_of((30, 30, 30), seed=8)) > 0.8
    chance = random.Random(3)  # noqa: S311  # reproducible, not secret
    noise: list[dict[str, Value]] = [{name: chance.randrange(1_000) for name in NAMES} for _ in range(120)]
    assert agreement(noise, fit_clusters(noise, NOW, features=NAMES), halvings=3)[2] < 0.9
    assert separation(found, rows[:1]) == 0


def test_every_feature_that_clusters_read_has_its_name_in_the_characters_of_hong_kong() -> None:
    assert TRADITIONAL.keys() == set(READ)
    simplified = "".join(FEATURES[name].description["zh-Hans"] for name in READ)
    only_there = set(simplified) - set("".join(TRADITIONAL.values()))
    assert set("户为额账数总产持") & set("".join(TRADITIONAL.values())) <= set("持產"), "a simplified character"
    assert {"户", "为", "额", "账", "总", "产"} <= only_there


def test_a_profile_says_in_every_language_what_sets_a_cluster_apart() -> None:
    told = describe(fit_clusters(rows_of((120, 60, 30)), NOW, features=NAMES), FEATURES)
    assert told["c3"]["en"].startswith("very high: last known balance")
    assert "余额合计很高" in told["c3"]["zh-Hans"]
    assert "餘額合計很高" in told["c3"]["zh-Hant"]
    assert told.keys() == {"c1", "c2", "c3"}


def test_drift_is_nothing_for_the_same_customers_and_large_for_others() -> None:
    found = fit_clusters(rows_of((120, 60, 30)), NOW, features=NAMES)
    assert drift(found, rows_of((120, 60, 30), seed=9)) == pytest.approx(0)
    assert drift(found, rows_of((60, 60, 90))) > 0.25
    with pytest.raises(ValueError, match="nobody"):
        drift(found, [])


@settings(deadline=None, max_examples=60)
@given(shares=st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=2, max_size=6))
def test_the_index_is_never_negative_and_does_not_mind_which_is_first(shares: list[tuple[int, int]]) -> None:
    one, other = ([pair[side] / sum(p[side] for p in shares) for pair in shares] for side in (0, 1))
    assert stability(one, other) == pytest.approx(stability(other, one))
    assert stability(one, other) >= -1e-12


def test_the_index_has_the_value_worked_out_by_hand() -> None:
    # (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5)
    assert stability((0.5, 0.5), (0.6, 0.4)) == pytest.approx(0.1 * log(1.2) - 0.1 * log(0.8))


def test_too_few_or_equal_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit_clusters(rows_of((5, 5, 5)), NOW, features=NAMES)
    with pytest.raises(ValueError, match="do not differ"):
        fit_clusters([{"acts_90d": 1}] * 30, NOW, features=NAMES)


def test_a_customer_changes_cluster_when_a_reading_ends_or_another_version_begins() -> None:
    first = Clusters(NOW, ("balance",), (0.0,), (1.0,), ((0.0,), (10.0,)), (0.5, 0.5), 1.0)
    second = Clusters(NOW + timedelta(days=9), ("balance",), (0.0,), (1.0,), ((8.0,), (0.0,)), (0.5, 0.5), 1.0)

    def read(_: frozenset[str]) -> dict[str, Said]:
        return {"balance": Said(9, NOW + timedelta(days=30))}

    versions = (first, second)
    assert cluster_at(versions, read, NOW - timedelta(1)) == Said(None, NOW)
    assert cluster_at(versions, read, NOW) == Said("c2", NOW + timedelta(days=9))
    assert cluster_at(versions, read, NOW + timedelta(days=9)) == Said("c1", NOW + timedelta(days=30))
