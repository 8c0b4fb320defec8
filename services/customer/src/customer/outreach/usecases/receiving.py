"""Taking receipts from gateways: delivered, read, failed; a message only ever moves on."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.outreach import repository
from customer.outreach.domain.messages import Category, Reason, State, may_become
from customer.outreach.problems import MessageUnknown, ReceiptOutOfOrder
from customer.outreach.schemas import Message, ReportReceipt
from customer.outreach.usecases.saying import say
from customer.outreach.usecases.submitting import message_of
from customer.outreach.usecases.taking import taken
from customer.parties import usecases as parties
from shared import audit, clock
from shared.access import Caller
from shared.world import World


async def report_receipt(
    world: World, tx: AsyncConnection, message_id: UUID, body: ReportReceipt, caller: Caller
) -> Message:
    """What a gateway told of a message; the same again, or less than is known, changes nothing.

    A message that failed after it was taken goes on to the next channel that has not had it, if there is one; a code does
    not, for it may have been seen. Raises ReceiptOutOfOrder for a message that was never handed to that channel.
    """
    row = await repository.locked(tx, message_id)
    if row is None:
        raise MessageUnknown()
    if row.channel != body.channel or row.state in {State.ACCEPTED, State.SUPPRESSED}:
        raise ReceiptOutOfOrder("It did not go through that channel.")
    now = clock.now()
    if row.state == State.SENDING:
        # The gateway was quicker than our own note of the hand-over, which will find it done.
        due = await repository.due_of(tx, message_id)
        row = await taken(world, tx, row, () if due is None else due.tried, now)
    if not may_become(State(row.state), body.state):
        return message_of(row)
    if body.state is State.FAILED and row.category == Category.CODE:
        values = {"state": State.FAILED, "reason": Reason.REFUSED, "updated_at": now}
        moved = await repository.change(tx, message_id, values)
        await say(tx, moved)
    elif body.state is State.FAILED:
        values = {"state": State.ACCEPTED, "reason": Reason.REFUSED, "updated_at": now}
        moved = await repository.change(tx, message_id, values)
        await repository.unmark(tx, message_id)
        await repository.due_again(tx, row, now, [*row.tried, row.channel])
    else:
        moved = await repository.change(tx, message_id, {"state": body.state, "updated_at": now})
        await repository.settle(tx, message_id, counts=True)
        await say(tx, moved)
    subject = parties.subject_of(row.customer_id)
    entry = audit.Entry("message.receipt", subject, "message", message_id, caller, {"state": body.state})
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return message_of(moved)
