"""What interactions hear: the bank's own systems, and what the other services of the suite saw a customer do."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions.consumers.bodies import SUITE_BODIES, body_of, body_of_ours
from customer.interactions.consumers.said import External, ExternalAccountChanged, ExternalLogin, ExternalTransaction
from customer.interactions.schemas import RecordInteraction
from customer.interactions.usecases import INTERACTION, record_interactions
from shared.access import Caller
from shared.events.consumer import Handlers, Heard
from shared.idempotency import wish_for
from shared.problems import Problem
from shared.telemetry import log
from shared.world import World

EXTERNAL: Final = Caller(sub="external", actor="service", scopes=frozenset())
SUITE: Final = Caller(sub="suite", actor="service", scopes=frozenset())


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    async def record(tx: AsyncConnection, bodies: Sequence[RecordInteraction], caller: Caller) -> None:
        wishes = [wish_for(world.keyring, INTERACTION, body, caller) for body in bodies]
        for answer in await record_interactions(world, tx, wishes) if wishes else ():
            # An erased customer's event, or a known id with other content: the first word stands. Parking it would
            # hold back every later event of this customer.
            if isinstance(answer, Problem):
                log.warning("interaction_refused", problem=answer.code())

    @handlers.on(ExternalTransaction, ExternalLogin, ExternalAccountChanged)
    async def heard_externals(tx: AsyncConnection, events: Sequence[Heard[External]]) -> None:
        await record(tx, [body_of(event) for event in events], EXTERNAL)

    @handlers.on(*SUITE_BODIES)
    async def heard_ours(tx: AsyncConnection, events: Sequence[Heard[Any]]) -> None:
        bodies = [body for event in events if (body := body_of_ours(event)) is not None]
        await record(tx, bodies, SUITE)
