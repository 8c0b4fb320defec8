"""The live part: people who come now, one request at a time through the single routes, known by the run they belong to."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from cxbank_client.channel_router import models as router_models
from cxbank_client.channel_router.client import ChannelRouter
from cxbank_client.customer import models as customer_models
from cxbank_client.customer.client import Customer
from cxbank_client.feedback import models as feedback_models
from cxbank_client.feedback.client import Feedback
from cxbank_client.risk import models as risk_models
from cxbank_client.risk.client import Risk
from cxbank_local.demo import sources
from cxbank_local.demo.people import person

VISITORS: Final = 40
_AT_ONCE: Final = 8
DESK_REF: Final = "demo-desk"


@dataclass(frozen=True, slots=True)
class Doors:
    """The typed clients of the services that take something in."""

    customer: Customer
    feedback: Feedback
    router: ChannelRouter
    risk: Risk


async def add_place(doors: Doors, row: Mapping[str, Any]) -> UUID:
    """A place, made now or long ago: its `external_ref` is its key."""
    return (await doors.router.add_place(router_models.AddPlace.model_validate(row))).id


def desk() -> Mapping[str, Any]:
    """The branch where the visitors of every run are served."""
    return {
        "kind": "branch",
        "names": {"en": "Demo desk", "zh-Hans": "演示网点", "zh-Hant": "示範分行"},
        "zone": "Asia/Shanghai",
        "external_ref": DESK_REF,
    }


async def serve_visitors(doors: Doors, place: UUID) -> list[UUID]:
    """Visitors who register, are promoted, draw a ticket, are served, rate it and pay: the customers they became."""
    run = uuid4().hex[:12]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def visit(number: int) -> UUID:
        async with gate:
            return await _visit(doors, place, run, number)

    return list(await asyncio.gather(*(visit(number) for number in range(VISITORS))))


async def _visit(doors: Doors, place: UUID, run: str, number: int) -> UUID:
    who = person(number, seed=run)
    points = [customer_models.NewContactPoint(kind="phone", value=who.phone)]
    wish = customer_models.RegisterCustomer(
        kind="individual",
        legal_name=who.legal_name,
        contact_points=points,
        region="CN",
        tier_hint="mass",
        external_ref=f"demo:{run}:{number}",
    )
    made = await doors.customer.register_customer(wish)
    await doors.customer.change_customer(
        made.id, customer_models.ChangeCustomer(tier="affluent"), if_match=made.version
    )
    await doors.router.open_ticket(
        router_models.OpenTicket(place_id=place, need="account.open", customer_id=made.id, channel="branch")
    )
    called = await doors.router.call_next(router_models.CallNext(place_id=place, staff=f"{run}-{number}"))
    await doors.router.change_ticket(called.id, router_models.ChangeTicket(state="served"), if_match=called.version)
    await doors.feedback.submit_feedback(
        feedback_models.SubmitFeedback(source="branch_desk", rating=1 + number % 5, customer_id=made.id)
    )
    await doors.risk.screen_event(
        risk_models.ScreenEvent(
            event_id=f"demo:{run}:{number}",
            kind="transaction",
            customer_id=made.id,
            occurred_at=datetime.now(UTC),
            amount=risk_models.Amount(amount="25.00", currency="CNY"),
            attributes={"account": f"account:{run}:{number}", "place": sources.CALL_CENTRE_REF},
        )
    )
    return made.id
