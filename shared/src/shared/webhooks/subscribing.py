"""The verbs of a subscription: checked before it is kept, made once, its secret sealed, every change recorded."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import audit, clock
from shared.access import Caller
from shared.audit import AuditTables
from shared.crypto import Subject
from shared.events.envelope import types_said_by
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Gone, Malformed, NotFound, Problem
from shared.webhooks.delivery import ALL, WEBHOOK
from shared.webhooks.schemas import Subscribe, Webhook, WebhookState
from shared.webhooks.signing import new_secret
from shared.webhooks.targets import TargetRefused, check_url
from shared.world import World

# The former secret signs beside the new one for a day, so that a subscriber can change over without missing anything.
OVERLAP: Final = timedelta(hours=24)


class WebhookUnknown(NotFound):
    """No such webhook, or another client's."""

    title = "Webhook not found"


class Desk:
    """One service's subscriptions, over its storage."""

    def __init__(self, storage: Any, service: str) -> None:
        self.storage = storage
        self.service = service
        self.table = storage.WEBHOOKS.webhook
        self.audit: AuditTables = storage.AUDIT

    def check(self, world: World, url: str | None, types: Sequence[str] | None) -> None:
        """Raise Malformed for an address or a type that can never be delivered."""
        if url is not None:
            try:
                check_url(url, world.settings.hosts_of_webhooks(), inside=world.settings.webhook_inside)
            except TargetRefused as refused:
                raise Malformed(errors=[FieldError("/url", "target-refused", str(refused))]) from None
        known = {ALL, *types_said_by(self.service)}
        faults = [
            FieldError(f"/types/{place}", "unknown-type", "this service says no such event")
            for place, one in enumerate(types or ())
            if one not in known
        ]
        if faults:
            raise Malformed(errors=faults)

    async def row(self, conn: AsyncConnection, webhook_id: UUID, caller: Caller, *, held: bool = False) -> Any:
        """The subscription; a client sees its own only."""
        wanted = select(self.table).where(self.table.c.id == webhook_id)
        row = (await conn.execute(wanted.with_for_update() if held else wanted)).one_or_none()
        if row is None or (caller.actor == "client" and row.sub != caller.sub):
            raise WebhookUnknown()
        return row

    async def subscribe(self, world: World, tx: AsyncConnection, wish: Wish[Subscribe]) -> Answer[Webhook]:
        """Make the subscription once by its gate."""

        async def do(fresh: Sequence[Wish[Subscribe]]) -> Sequence[Webhook | Problem]:
            return [await self._made(world, tx, one) for one in fresh]

        async def again(ids: Sequence[UUID]) -> Mapping[UUID, Webhook]:
            rows = await tx.execute(select(self.table).where(self.table.c.id.in_(ids)))
            return {row.id: view_of(row) for row in rows}

        passage = Passage(
            self.storage.GATE, world.vault, Webhook, do=do, again=again, subject=lambda one, _: Subject(WEBHOOK, one.id)
        )
        (answer,) = await passage.run(tx, [wish])
        if isinstance(answer, Problem):
            raise answer
        return answer

    async def _made(self, world: World, tx: AsyncConnection, wish: Wish[Subscribe]) -> Webhook:
        secret = new_secret()
        row = {
            "id": wish.id,
            "version": 1,
            "url": wish.body.url,
            "types": sorted(set(wish.body.types)),
            "state": WebhookState.ACTIVE,
            "failures": 0,
            "retry_at": None,
            "created_at": wish.at,
            "updated_at": wish.at,
        }
        sealed = await self.sealed(world, tx, wish.id, secret)
        await tx.execute(insert(self.table).values(**row, secret=sealed, sub=wish.caller.sub))
        await self.note(world, tx, "webhook.subscribe", wish.id, wish.caller)
        return Webhook.model_validate(row | {"secret": secret})

    async def sealed(self, world: World, tx: AsyncConnection, webhook_id: UUID, secret: str) -> bytes:
        """The secret under the webhook's own key."""
        subject = Subject(WEBHOOK, webhook_id)
        key = (await world.vault.for_write(tx, [subject]))[subject]
        if key is None:
            raise Gone()
        return key.seal(secret, row=webhook_id, field="secret")

    async def change(self, tx: AsyncConnection, row: Any, values: dict[str, Any]) -> Webhook:
        """Write columns of a held row; its version moves on."""
        values |= {"version": row.version + 1, "updated_at": clock.now()}
        changed = update(self.table).where(self.table.c.id == row.id).values(**values).returning(self.table)
        return view_of((await tx.execute(changed)).one())

    async def note(self, world: World, tx: AsyncConnection, action: str, webhook_id: UUID, caller: Caller) -> None:
        """Record what was done."""
        await audit.record(tx, self.audit, world.keyring, [audit.Entry(action, None, WEBHOOK, webhook_id, caller)])


def view_of(row: Any) -> Webhook:
    """A row as callers see it: without its secret."""
    return Webhook.model_validate(dict(row._mapping) | {"secret": None})
