"""What customers take by themselves, heard from the accounts they open: counted for both arms, and for offers that stood open."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.interactions import usecases as interactions
from customer.interactions.domain.facts import Fact, Product
from customer.offers import repository
from customer.offers.domain.services import Outcome
from customer.offers.domain.takings import Shown, accepted_by, is_taking, taken_at
from customer.offers.schemas import RecordOutcome
from customer.offers.usecases.answering import OUTCOME, Word, say_taken
from customer.offers.usecases.catalogue import listed_at
from customer.offers.usecases.knowing import DECIDER
from customer.offers.usecases.weighing import days_of, experiment_at
from shared import clock
from shared.idempotency import wish_for
from shared.subjects import circles
from shared.world import World

Openings = Mapping[Product, Sequence[datetime]]


async def hear_takings(
    world: World, tx: AsyncConnection, ids: Iterable[UUID], shown: Iterable[tuple[UUID, str]] = ()
) -> None:
    """Count what these customers, and all who count as the same persons, took within the window of an offer or comparison.

    Told anew from all that is recorded, whatever the cause, so that order, lateness and repeats make no difference. Of whom
    an entry was `shown` it is told where taking that entry can be seen: where it names a product.
    """
    at = clock.now()
    products = {one.service.key: one.service.product for one in await listed_at(tx, at) if one.service.product}
    asked = {*ids, *(customer for customer, service in shown if service in products)}
    if not products or not asked:
        return
    around = await circles(tx, storage.LINKS, sorted(asked))
    everybody = sorted({one for circle in around.values() for one in circle})
    facts = await interactions.openings_of(world, tx, everybody)
    if not any(facts.values()):
        return
    exposures = await repository.exposures_of(tx, everybody)
    offers = await repository.offers_of(tx, everybody)
    words: list[Word] = []
    taken: list[dict[str, Any]] = []
    for circle in sorted({tuple(circle) for circle in around.values()}):
        openings = _openings([fact for one in circle for fact in facts[one]])
        taken += _taken([row for row in exposures if row.customer_id in circle], products, openings)
        mine = [row for row in offers if row.customer_id in circle and row.shown_at is not None]
        words += _words(world, mine, products, openings, experiment_at(at).days)
    if words or taken:
        await say_taken(world, tx, words, taken, at)


def _openings(facts: Sequence[Fact]) -> Openings:
    told: dict[Product, list[datetime]] = {}
    for fact in facts:
        if is_taking(fact):
            told.setdefault(Product(str(fact.attributes["product"])), []).append(fact.occurred_at)
    return told


def _taken(exposures: Sequence[Row[Any]], products: Mapping[str, Product], openings: Openings) -> list[dict[str, Any]]:
    """For the comparison: who qualified, in either arm, and took it in the days of the experiment they were drawn in."""
    rows = []
    for row in exposures:
        days = days_of(row.experiment_id)
        product = products.get(row.service)
        if days is None or product is None:
            continue
        when = taken_at(openings.get(product, ()), row.qualified_at, days)
        known = row.accepted_at is not None and when is not None and row.qualified_at <= row.accepted_at <= when
        if when is not None and not known:
            rows.append(
                {
                    "experiment": row.experiment_id,
                    "customer": row.customer_id,
                    "entry": row.service,
                    "at": when,
                }
            )
    return rows


def _words(
    world: World, offers: Sequence[Row[Any]], products: Mapping[str, Product], openings: Openings, days: int
) -> list[Word]:
    """For what is learned: a word of acceptance for each offer that stood open when it was taken."""
    words = []
    for key, product in products.items():
        of = {row.id: row for row in offers if row.service == key and not row.unasked}
        shown = [Shown(row.id, row.shown_at, Outcome(row.outcome), row.answered_at) for row in of.values()]
        for offer_id, when in accepted_by(openings.get(product, ()), shown, days):
            body = RecordOutcome(
                customer_id=of[offer_id].customer_id,
                decision_id=offer_id,
                service=key,
                outcome=Outcome.ACCEPTED,
                occurred_at=when,
                external_ref=f"opened:{offer_id}",
            )
            words.append(wish_for(world.keyring, OUTCOME, body, DECIDER))
    return words
