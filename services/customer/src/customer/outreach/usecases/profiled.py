"""The messages' part of a customer's profile: the last contacts, through what, how far they came, and on what they rest."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions.schemas import Section
from customer.interactions.usecases import Asked, Part
from customer.outreach import repository
from customer.outreach.usecases.submitting import message_of, own_message_of
from shared.world import World

LAST: Final = 20


async def _messages(_: World, conn: AsyncConnection, asked: Asked) -> Section:
    """The last messages to anybody who counts as this person, newest first, never their texts."""
    rows = await repository.last_of(conn, asked.members, LAST)
    shown = own_message_of if asked.caller.actor == "customer" else message_of
    return Section(as_of=asked.at, items=[shown(row).model_dump(mode="json") for row in rows])


# Customers may list their own messages one by one, too.
PROFILE_PART: Final = Part("messages", _messages, for_customers=True, for_any_use=True)
