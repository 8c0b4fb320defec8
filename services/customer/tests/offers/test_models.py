"""The trained models in a decision: asked of those who allow it and fit, believed as far as they held good, else left out."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from customer.main import app
from customer.propensity.domain.forests import Forest
from customer.propensity.domain.questions import DEFAULT, PRODUCT, Question
from customer.propensity.domain.scorers import Scorer
from customer.propensity.usecases import Model, keep
from customer.settings import Settings
from customer.worker import work
from shared import clock
from shared.crypto import Keyring
from shared.testing.service import Service, running
from shared.testing.tokens import Issuer

FOLDER = Path(__file__).parents[2]


def stump(feature: int, threshold: float, low: float, high: float) -> Scorer:
    """Log odds `low` up to the threshold, `high` above it."""
    forest = Forest(
        feature=np.array([feature, 0, 0], dtype=np.int32),
        threshold=np.array([threshold, 0.0, 0.0]),
        left=np.array([1, 1, 2], dtype=np.int32),
        right=np.array([2, 1, 2], dtype=np.int32),
        missing_left=np.array([True, False, False]),
        value=np.array([0.0, low, high]),
        roots=np.array([0], dtype=np.int32),
    )
    return Scorer(forest, 0.0)


def kept(folder: Path, question: Question, feature: str, threshold: float, low: float, high: float) -> None:
    scorers = {one.name: stump(one.features.index(feature), threshold, low, high) for one in question.variants}
    keep(folder, Model(question, scorers, datetime(2026, 11, 25, tzinfo=UTC), {}, {}, {}))


@pytest.fixture
def process(
    database_for: Callable[[Path], str], issuer: Issuer, keyring: Keyring, tmp_path: Path
) -> Callable[[], AbstractAsyncContextManager[Service]]:
    kept(tmp_path, PRODUCT, "balance", 5_000.0, -4.0, 2.0)
    kept(tmp_path, DEFAULT, "months_late_1", 1.0, -3.0, 1.0)
    url = database_for(FOLDER)
    extra = [("models", tmp_path)]
    return lambda: running(url, settings=Settings, app=app, work=work, issuer=issuer, keyring=keyring, extra=extra)


async def happened(staff: httpx.AsyncClient, who: str, **more: Any) -> None:
    body = {"event_id": str(clock.new_id()), "customer_id": who, "kind": "account_changed"}
    answer = await staff.post("/v1/interactions", json=body | {"occurred_at": clock.now().isoformat()} | more)
    assert answer.status_code == 201, answer.text


async def test_the_product_model_tilts_as_far_as_it_held_good_and_only_where_it_may_be_asked(
    staff: httpx.AsyncClient, define: Any, register: Any, ask: Any
) -> None:
    await define("deposit", model="product")
    told = {}
    for name, currency, amount, profiled in (
        ("rich", "EUR", "9000.00", True),
        ("poor", "EUR", "10.00", True),
        ("shy", "EUR", "9000.00", False),
        ("elsewhere", "CNY", "9000.00", True),
    ):
        who = await register(profiled=profiled)
        await happened(staff, who, balance={"amount": amount, "currency": currency})
        told[name] = (await ask(who))["items"][0]["propensity"]
    base = float(np.log(0.117 / 0.883))
    for name, odds in (("rich", 2.0), ("poor", -4.0)):
        tilt = 0.19 * (odds - base)
        assert told[name]["tilt"] == pytest.approx(tilt, abs=1e-6)
        assert told[name]["mean"] == pytest.approx(1 / (1 + np.exp(-(np.log(1 / 9) + tilt))))
    assert [told[name]["tilt"] for name in ("shy", "elsewhere")] == [0.0, 0.0]


async def test_six_statements_tell_whether_somebody_is_likely_to_default(
    staff: httpx.AsyncClient, define: Any, register: Any, ask: Any
) -> None:
    await define("loan", sells=True, purposes=["marketing", "profiling"], needs={"most_default_chance": 0.2})
    for late, statements, reason in (
        (0, 6, None),
        (3, 6, "likely-to-default"),
        (0, 5, "affordability-unknown"),
    ):
        who = await register(profiled=True)
        for month in range(statements):
            what: dict[str, Any] = {"product": "credit_card", "change": "statement", "account": "a"}
            attributes = {"limit_minor": 100_000, "bill_minor": 5_000, "paid_minor": 5_000, "months_late": late}
            at = (clock.now() - timedelta(days=30 * month + 1)).isoformat()
            balance = {"amount": "0.00", "currency": "TWD"}
            await happened(staff, who, attributes=attributes, occurred_at=at, balance=balance, **what)
        answer = await ask(who)
        found = {one["service"]: one["reason"]["code"] for one in answer["refused"]}
        assert found == ({} if reason is None else {"loan": reason})
