"""One-time codes of access grants: taken over once, accepted as messages in the same transaction, gone when they are stale."""

from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.disclosure import usecases as disclosure
from customer.outreach.domain.messages import Category, Urgency
from customer.outreach.schemas import SubmitMessage
from customer.outreach.usecases.planning import COURIER
from customer.outreach.usecases.shipped import texts_for
from customer.outreach.usecases.submitting import MESSAGE, submit_messages
from shared import clock
from shared.idempotency import wish_for
from shared.problems import Problem
from shared.telemetry import log
from shared.world import World

ACCESS_CODE: Final = "access_code"
_PLACES: Final = {"code", "minutes"}
_PURPOSE: Final = "servicing"


async def accept_codes(world: World, tx: AsyncConnection) -> int:
    """Make messages of the codes that wait; how many. A code that is lost from here on expires and is asked for again.

    Codes are urgent: somebody stands at a counter and waits. Where the bank's own text of this key cannot hold a code they
    are left where they are, which is logged, and they expire there.
    """
    text = (await texts_for(world, tx, [ACCESS_CODE]))[ACCESS_CODE]
    if text.category != Category.CODE or set(text.places) != _PLACES or _PURPOSE not in text.purposes:
        log.error("access_code_text_unfit", version=text.version)
        return 0
    codes = await disclosure.hand_out_codes(world, tx)
    now = clock.now()
    wishes = [
        wish_for(
            world.keyring,
            MESSAGE,
            SubmitMessage(
                customer_id=one.customer_id,
                template=ACCESS_CODE,
                purpose=_PURPOSE,
                data={"code": one.code, "minutes": max(1, (one.expires_at - now) // timedelta(minutes=1))},
                urgency=Urgency.URGENT,
                expires_at=one.expires_at,
                external_ref=f"{ACCESS_CODE}:{one.grant_id}",
            ),
            COURIER,
        )
        for one in codes
    ]
    for answer in await submit_messages(world, tx, wishes) if wishes else ():
        if isinstance(answer, Problem):
            log.warning("access_code_refused", problem=answer.code())
    return len(wishes)
