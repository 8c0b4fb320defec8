"""HTTP of outreach: write texts, submit messages, follow them, take receipts. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response

from customer import storage
from customer.outreach import repository, usecases
from customer.outreach.access import CanRead, CanReadTexts, CanReport, CanSend, CanWrite
from customer.outreach.domain.messages import State
from customer.outreach.schemas import Message, ReportReceipt, SubmitMessage, Template, WriteTemplate
from customer.outreach.tables import message, message_template
from shared.db import Read, Tx
from shared.etags import created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.pagination import Cursor, Limit, Page, keyset
from shared.routing import Router
from shared.subjects import circles

router = Router(prefix="/v1/messages", tags=["outreach"])
templates_router = Router(prefix="/v1/message-templates", tags=["outreach"])

Submit = Annotated[Grouped[Wish[SubmitMessage], Answer[Message]], grouped(usecases.submit_messages)]


@templates_router.post("", status_code=201, response_model=Template)
async def write_template(
    request: Request, body: WriteTemplate, caller: CanWrite, tx: Tx, key: IdempotencyKey = None
) -> Response:
    """Write the next version of a template, in all three languages; messages accepted before keep theirs.

    Errors: 409 the template has another category; 422 a text does not parse or fills other places than the others.
    """
    world = request.app.state.world
    answer = await usecases.write_template(world, tx, wish_for(world.keyring, "message_template", body, caller, key))
    return created(answer, location=f"/v1/message-templates/{answer.view.key}", version=answer.view.version)


@templates_router.get("")
async def list_templates(caller: CanReadTexts, db: Read, cursor: Cursor, limit: Limit = 50) -> Page[Template]:
    """All versions of all templates, newest first."""
    columns = (message_template.c.created_at, message_template.c.id)
    return await keyset(db, repository.templates(), columns, cursor, limit, usecases.template_of)


@templates_router.get("/{template_key}")
async def show_template(template_key: str, caller: CanReadTexts, db: Read) -> list[Template]:
    """All versions of one template, newest first."""
    return await usecases.versions(db, template_key)


@router.post("", status_code=201, response_model=Message)
async def submit_message(
    request: Request, body: SubmitMessage, submit: Submit, caller: CanSend, key: IdempotencyKey = None
) -> Response:
    """Have a customer told something: accepted here, sent when consent, policy and a channel allow it, else suppressed.

    Errors: 404 no such customer; 410 erased; 422 no such template, another purpose than its own, places missing.
    """
    answer = await submit(wish_for(request.app.state.keyring, "message", body, caller, key))
    return created(answer, location=f"/v1/messages/{answer.view.id}", version=answer.view.version)


@router.get("")
async def list_messages(
    caller: CanRead,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    customer_id: UUID | None = None,
    state: State | None = None,
    campaign_id: UUID | None = None,
) -> Page[Message]:
    """Messages, newest first, without their texts; a customer's token lists its own."""
    ids = None if customer_id is None else [customer_id]
    if caller.actor == "customer" and caller.customer_id is not None:
        ids = (await circles(db, storage.LINKS, [caller.customer_id]))[caller.customer_id]
    chosen = repository.listing(customer_ids=ids, state=state, campaign_id=campaign_id)
    shown = usecases.own_message_of if caller.actor == "customer" else usecases.message_of
    return await keyset(db, chosen, (message.c.created_at, message.c.id), cursor, limit, shown)


@router.get("/{message_id}", response_model=Message)
async def show_message(request: Request, message_id: UUID, caller: CanRead, tx: Tx) -> Response:
    """One message: how far it has come, through what, and on which consent or legal basis it rests."""
    view = await usecases.show_message(request.app.state.world, tx, message_id, caller)
    return with_etag(view, version=view.version)


@router.post("/{message_id}/receipts", response_model=Message)
async def report_receipt(
    request: Request, message_id: UUID, body: ReportReceipt, caller: CanReport, tx: Tx
) -> Response:
    """What a gateway learned later. A repeat, or less than is known already, changes nothing.

    Errors: 409 the message did not go through that channel.
    """
    view = await usecases.report_receipt(request.app.state.world, tx, message_id, body, caller)
    return with_etag(view, version=view.version)
