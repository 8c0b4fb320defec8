"""What must be kept of a customer now: duties as the data has them, the customer's relation, and the holds that stand."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties import usecases as parties
from customer.parties.domain import State
from customer.privacy import repository
from customer.privacy.domain import Duty, Hold, Refusal, Relation, refusals
from customer.privacy.schemas import RefusalView, RetentionDuty
from customer.settings import Settings
from shared import clock
from shared.world import World

_DUTIES = TypeAdapter(list[RetentionDuty])
_HELD = {
    "zh-Hans": "依照一项尚未了结的事项,目前须保留全部资料。",
    "zh-Hant": "依照一項尚未了結的事項,目前須保留全部資料。",
    "en": "A matter that is not settled yet requires that everything be kept for now.",
}


@cache
def written() -> dict[str, RetentionDuty]:
    """Every duty that is shipped, by code; checked when first read."""
    folder = Path(__file__).parents[1] / "data"
    files = sorted(folder.glob("retention_*.json"))
    return {duty.code: duty for path in files for duty in _DUTIES.validate_json(path.read_bytes())}


def duties_in(jurisdiction: str) -> list[Duty]:
    """The duties of one jurisdiction."""
    return [
        Duty(one.code, one.years, frozenset(one.services), date.fromisoformat(one.effective_from))
        for one in written().values()
        if one.jurisdiction == jurisdiction
    ]


async def refused(world: World, tx: AsyncConnection, persons: Sequence[UUID]) -> list[Refusal]:
    """What an erasure of a person with these records must leave now; nothing for somebody we do not know.

    A duty is about the person, whichever record the relation stands under; an order on one record is about all of them.
    """
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    now = clock.now()
    known = (await parties.views(world, tx, persons)).values()
    relations = [one for one in known if one.state is not State.PROSPECT]
    ended = None
    if all(one.state is State.CLOSED for one in relations):
        # The last change of a closed relation is no earlier than its end: the later date is the safe one.
        ended = max((one.updated_at for one in relations), default=None)
    relation = Relation(customer=bool(relations), ended_at=ended)
    holds = [Hold(row.code, row.until) for row in await repository.holds_of(tx, persons, now)]
    return refusals(relation, duties_in(settings.jurisdiction), holds, now, clock.day_in(settings.zone, now))


def as_views(told: Sequence[Refusal]) -> list[RefusalView]:
    """Refusals as the person is told them: the rule in three languages, and what an order is about not at all."""
    return [
        RefusalView(
            rule="hold" if one.rule.startswith("hold:") else one.rule,
            services=list(one.services),
            until=one.until,
            texts=written()[one.rule].texts if one.rule in written() else _HELD,
        )
        for one in told
    ]
