"""Accepting messages, for many at once: checked against their templates, kept under seal, decided by a worker."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.outreach import repository
from customer.outreach.domain.messages import Category, Reason, State
from customer.outreach.domain.templates import moment
from customer.outreach.problems import MessageUnknown
from customer.outreach.schemas import AskedMessage, CampaignMessage, Message, SubmitMessage, Template
from customer.outreach.usecases.saying import say
from customer.outreach.usecases.shipped import texts_for
from customer.parties import usecases as parties
from customer.parties.problems import CustomerErased
from shared import audit
from shared.access import Caller
from shared.crypto import DataKey
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Malformed, Problem
from shared.subjects import reached
from shared.world import World

MESSAGE: Final = "message"
# A code that may still be used tomorrow is a password.
CODE_LIVES: Final = timedelta(hours=1)
# Characters of what did not fit; a wish that is wrong in a hundred ways need not be read to the end.
DETAIL: Final = 500
_TIMES: Final = "the place takes an RFC 3339 time, or a date where its name ends in _on"


async def submit_messages(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[SubmitMessage]]
) -> list[Answer[Message] | Problem]:
    """Accept messages, each once by its gate; one that no template or customer fits fails alone.

    One that another service asked for and no template fits is kept as failed, and said: nobody waits for its answer.
    """

    async def do(fresh: Sequence[Wish[SubmitMessage]]) -> Sequence[Message | Problem]:
        return await _submit(world, tx, fresh)

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Message]:
        return {row.id: message_of(row) for row in await repository.by_ids(tx, ids) if row.reason != "erased"}

    passage = Passage(
        storage.GATE,
        world.vault,
        Message,
        do=do,
        again=again,
        subject=lambda wish, _: parties.subject_of(wish.body.customer_id),
    )
    return await passage.run(tx, wishes)


async def _submit(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[SubmitMessage]]
) -> Sequence[Message | Problem]:
    newest = await texts_for(world, tx, sorted({wish.body.template for wish in wishes}))
    begun = [(one.template, one.template_version) for wish in wishes if isinstance(one := wish.body, CampaignMessage)]
    pinned = await repository.wordings(tx, begun) if begun else {}
    templates = {
        wish.id: pinned.get((one.template, one.template_version))
        if isinstance(one := wish.body, CampaignMessage)
        else newest.get(one.template)
        for wish in wishes
    }
    absent = await parties.absences(world, tx, [wish.body.customer_id for wish in wishes])
    known = sorted({wish.body.customer_id for wish in wishes} - set(absent))
    keys = await world.vault.for_write(tx, [parties.subject_of(one) for one in known])
    answers: list[Message | Problem] = []
    rows: list[dict[str, Any]] = []
    for asked in wishes:
        template = templates[asked.id]
        wish = asked._replace(body=_purposed(asked.body, template))
        body = wish.body
        key = keys.get(parties.subject_of(body.customer_id))
        if absent.get(body.customer_id) or key is None:
            answers.append(absent.get(body.customer_id) or CustomerErased())
            continue
        faults = _faults(body, template, wish)
        if isinstance(body, AskedMessage) and (faults or body.faults):
            rows.append(_unwritten(wish, body, template, faults))
        elif faults or template is None:
            answers.append(Malformed(errors=faults))
            continue
        else:
            rows.append(_row(wish, template, key))
        answers.append(Message.model_validate(rows[-1]))
    await _keep(world, tx, rows, wishes)
    return answers


async def _keep(
    world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]], wishes: Sequence[Wish[SubmitMessage]]
) -> None:
    if not rows:
        return
    asked = {wish.id: wish for wish in wishes}
    open_ = [row["id"] for row in rows if row["state"] == State.ACCEPTED]
    due = {one: max(asked[one].at, asked[one].body.not_before or asked[one].at) for one in open_}
    await repository.insert_messages(tx, rows, due)
    await say(tx, *(Message.model_validate(row) for row in rows if row["state"] == State.FAILED))
    entries = [
        audit.Entry(
            "message.accept" if row["id"] in due else "message.refuse",
            parties.subject_of(row["customer_id"]),
            MESSAGE,
            row["id"],
            asked[row["id"]].caller,
            {"template": row["template"], "purpose": row["purpose"]},
        )
        for row in rows
    ]
    await audit.record(tx, storage.AUDIT, world.keyring, entries)


def _purposed(body: SubmitMessage, template: Row[Any] | None) -> SubmitMessage:
    """The same for the text's only purpose, where another service did not say one and its usual one is not the text's."""
    if not isinstance(body, AskedMessage) or body.purpose_said or template is None:
        return body
    if body.purpose in template.purposes or len(template.purposes) > 1:
        return body
    return body.model_copy(update={"purpose": template.purposes[0]})


def _faults(body: SubmitMessage, template: Row[Any] | None, wish: Wish[Any]) -> list[FieldError]:
    if template is None:
        return [FieldError("/template", "unknown", "no such template")]
    faults = misfits(template, body.purpose, body.data)
    if template.category == Category.CODE and not (body.expires_at and body.expires_at <= wish.at + CODE_LIVES):
        faults.append(FieldError("/expires_at", "code-lives-too-long", "a code expires within an hour"))
    return faults


def misfits(template: Row[Any] | Template, purpose: str, data: Mapping[str, Any]) -> list[FieldError]:
    """Why a text cannot be sent for a purpose, filled with this."""
    given, wanted = set(data), set(template.places)
    faults: list[FieldError] = []
    if purpose not in template.purposes:
        faults.append(FieldError("/purpose", "not-of-template", "the template is not written for this purpose"))
    faults += [FieldError(f"/data/{one}", "missing", "the text wants it filled") for one in sorted(wanted - given)]
    faults += [FieldError(f"/data/{one}", "unknown", "the text has no such place") for one in sorted(given - wanted)]
    faults += [
        FieldError(f"/data/{one}", "not-a-time", _TIMES) for one in sorted(given & wanted) if _untimely(one, data)
    ]
    return faults


def _untimely(place: str, data: Mapping[str, Any]) -> bool:
    try:
        moment(place, data[place])
    except ValueError:
        return True
    return False


def _row(wish: Wish[SubmitMessage], template: Row[Any], key: DataKey) -> dict[str, Any]:
    sealed = key.seal_bytes(orjson.dumps(wish.body.data), row=wish.id, field="data")
    return _columns(wish) | {
        "template": template.key,
        "template_version": template.version,
        "category": template.category,
        "data": sealed,
        "state": State.ACCEPTED,
    }


def _unwritten(
    wish: Wish[Any], body: AskedMessage, template: Row[Any] | None, faults: Sequence[FieldError]
) -> dict[str, Any]:
    """A wish that is kept for its asker to read: why it cannot be written, and nothing of what it was to be filled with."""
    told = [*body.faults, *(f"{one.pointer} {one.code}" for one in faults)]
    return _columns(wish) | {
        "template": body.template,
        "template_version": 0 if template is None else template.version,
        "category": body.category if template is None else template.category,
        "data": b"",
        "state": State.FAILED,
        "reason": Reason.UNKNOWN_TEMPLATE if template is None else Reason.UNFIT,
        "detail": "; ".join(told)[:DETAIL],
    }


def _columns(wish: Wish[SubmitMessage]) -> dict[str, Any]:
    body = wish.body
    return {
        "id": wish.id,
        "version": 1,
        "customer_id": body.customer_id,
        "purpose": body.purpose,
        "urgency": body.urgency,
        "language": body.language,
        "channels": body.channels,
        "requested_by": wish.caller.sub,
        "created_at": wish.at,
        "expires_at": body.expires_at,
        "updated_at": wish.at,
        "campaign_id": body.campaign_id if isinstance(body, CampaignMessage) else None,
        "variant": body.variant if isinstance(body, CampaignMessage) else None,
        "hours_start": body.hours.start if body.hours else None,
        "hours_end": body.hours.end if body.hours else None,
        "asked_in": body.asked_in if isinstance(body, AskedMessage) else None,
    } | dict.fromkeys(("reason", "detail", "channel", "receipt_id", "basis", "policy", "sent_at"))


def message_of(row: Row[Any]) -> Message:
    """A row as callers see it."""
    return Message.model_validate(dict(row._mapping))


def own_message_of(row: Row[Any]) -> Message:
    """A row as the customer sees it: without why it waits or ended, which would tell them that risk bars a channel.

    Without any reason, so that a missing one says nothing either.
    """
    return message_of(row).model_copy(update={"reason": None, "detail": None})


async def show_message(world: World, tx: AsyncConnection, message_id: UUID, caller: Caller) -> Message:
    """One message, its reading recorded; a customer sees their own."""
    rows = await repository.by_ids(tx, [message_id])
    if not rows or not all(await reached(tx, storage.LINKS, [(caller, rows[0].customer_id)])):
        raise MessageUnknown()
    subject = parties.subject_of(rows[0].customer_id)
    entry = audit.Entry("message.read", subject, MESSAGE, message_id, caller)
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
    return own_message_of(rows[0]) if caller.actor == "customer" else message_of(rows[0])


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Leave of erased customers' messages that there were some."""
    await repository.forget(tx, ids)


async def gather(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Every message to a person under these ids, with what its text was filled with: for their own export."""
    keys = await world.vault.for_read(conn, [parties.subject_of(one) for one in customers])
    for row in await repository.of_customers(conn, customers):
        key = keys[parties.subject_of(row.customer_id)]
        data = orjson.loads(key.open_bytes(row.data, row=row.id, field="data")) if key is not None and row.data else {}
        yield "message", own_message_of(row).model_dump(mode="json") | {"data": data}
