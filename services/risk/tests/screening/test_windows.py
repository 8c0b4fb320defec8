"""The database's features equal a brute-force twin's, over shuffled, late and repeated events, as known to each."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk.screening import repository
from risk.screening.domain.ruleset import RULESETS
from risk.screening.domain.windows import Aggregate, Feature, Kind, Pivot
from risk.screening.schemas import ScreenEvent
from risk.screening.usecases import screening as usecases
from shared import clock
from shared.access import Caller
from shared.idempotency import Answer, Wish, wish_for
from shared.money import minor_units
from shared.testing.service import Service

# Not a frozen instant: what is said lands in partitions of the present days.
NOW = clock.now()
CALLER = Caller(sub="twin", actor="client", scopes=frozenset())
# Every feature's own edges, and a microsecond on either side of them.
EDGES = sorted({feature.window for feature in RULESETS[0].features} | {timedelta(0), timedelta(seconds=30)})
TICK = timedelta(microseconds=1)
AGES = [edge + by for edge in EDGES for by in (-TICK, timedelta(0), TICK) if edge + by >= timedelta(0)]


@dataclass(frozen=True)
class Told:
    """One event of an example, as the twin remembers it; `customer_id` and the pivots are small numbers."""

    event: int
    customer_id: int
    kind: Kind
    age: timedelta
    amount: str | None
    currency: str
    account: int | None
    device: int | None
    payee: int | None
    place: int | None

    @property
    def at(self) -> datetime:
        """When it happened."""
        return NOW - self.age

    @property
    def minor(self) -> int | None:
        """Its amount."""
        return None if self.amount is None else minor_units(self.amount, self.currency)


few = st.none() | st.integers(0, 1)
events = st.builds(
    Told,
    event=st.integers(0, 30),
    customer_id=st.integers(0, 1),
    kind=st.sampled_from([Kind.TRANSACTION, Kind.TRANSACTION, Kind.LOGIN]),
    age=st.sampled_from(AGES),
    amount=st.none() | st.integers(0, 10**13).map(str),
    currency=st.sampled_from(["CNY", "JPY"]),
    account=few,
    device=few,
    payee=few,
    place=few,
)
# In groups, as callers who arrive together make them; the order within is not that of the events' times.
stories = st.lists(st.lists(events, min_size=1, max_size=8), min_size=1, max_size=4)


def twin(feature: Feature, known: Sequence[Told], own: Told) -> Any:
    """The feature by its definition: one pass over everything known, in plain Python."""

    def of(one: Told, pivot: Pivot) -> Any:
        return getattr(one, pivot.value)

    if of(own, feature.pivot) is None or (feature.same and of(own, feature.same) is None):
        return None
    if feature.of_amounts and own.minor is None:
        return None
    mine = [
        one
        for one in (known if feature.itself else known[:-1])
        if of(one, feature.pivot) == of(own, feature.pivot)
        and own.at - feature.window < one.at <= own.at
        and (not feature.kinds or one.kind in feature.kinds)
        and (feature.same is None or of(one, feature.same) == of(own, feature.same))
        and (not feature.of_amounts or (one.minor is not None and one.currency == own.currency))
    ]
    amounts = [Fraction(one.minor) for one in mine if one.minor is not None]
    values: dict[Aggregate, Any] = {
        Aggregate.COUNT: lambda: len(mine),
        Aggregate.SUM: lambda: sum(amounts),
        Aggregate.AVERAGE: lambda: statistics.mean(amounts) if amounts else None,
        Aggregate.DISTINCT: lambda: len({of(one, feature.distinct or Pivot.CUSTOMER) for one in mine}),
        Aggregate.LARGEST: lambda: max(amounts) if amounts else None,
        Aggregate.VARIANCE: lambda: statistics.pvariance(amounts) if amounts else None,
        Aggregate.FIRST_SEEN: lambda: max((own.at - one.at) // timedelta(seconds=1) for one in mine) if mine else None,
        Aggregate.TIME_SINCE: lambda: min((own.at - one.at) // timedelta(seconds=1) for one in mine) if mine else None,
    }
    return values[feature.aggregate]()


def body_of(one: Told, run: str, customers: Sequence[UUID]) -> ScreenEvent:
    """The event as the verb takes it; names hold the run, so that examples do not see one another."""
    pivots = {name: getattr(one, name) for name in ("account", "device", "payee", "place")}
    said: dict[str, Any] = {
        "event_id": f"{run}-{one.event}",
        "kind": one.kind,
        "customer_id": customers[one.customer_id],
        "occurred_at": one.at,
        "attributes": {name: f"{run}-{value}" for name, value in pivots.items() if value is not None},
    }
    if one.amount is not None:
        said["amount"] = {"amount": one.amount, "currency": one.currency}
    return ScreenEvent.model_validate(said)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories)
async def test_features_equal_the_twins_as_known_when_each_was_decided(
    service: Service, story: list[list[Told]]
) -> None:
    run, customers = uuid4().hex, (uuid4(), uuid4())
    known: list[Told] = []
    first: dict[int, Told] = {}
    expected: dict[UUID, dict[str, Any]] = {}
    for group in story:
        wishes: list[Wish[ScreenEvent]] = []
        fresh: list[tuple[Told, UUID]] = []
        for one in group:
            wish = wish_for(service.world.keyring, "screening", body_of(one, run, customers), CALLER)
            wishes.append(wish)
            if one.event not in first:
                first[one.event] = one
                fresh.append((one, wish.id))
        for one, id_ in fresh:
            known.append(one)
            expected[id_] = {feature.name: twin(feature, known, one) for feature in RULESETS[0].features}
        async with service.world.db.begin() as tx:
            answers = await usecases.screen_events(service.world, tx, wishes)
        made = {answer.view.id for answer in answers if isinstance(answer, Answer) and not answer.replayed}
        assert made == {id_ for _, id_ in fresh}
    async with service.world.db.read() as conn:
        kept = await usecases.details(service.world, conn, await repository.by_ids(conn, list(expected)))
    found = {id_: {k: v for k, v in one.features.items() if k != "amount"} for id_, one in kept.items()}
    exact = {
        id_: {name: None if value is None else Fraction(value) for name, value in features.items()}
        for id_, features in found.items()
    }
    assert exact == expected
