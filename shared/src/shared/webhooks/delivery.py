"""Deliveries: made in the transaction that marks events as published, sent by any worker, retried, parked, replayed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from prometheus_client import Counter, Gauge
from sqlalchemy import DateTime, Text, Uuid, any_, bindparam, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.crypto import Subject
from shared.events.tables import EventTables
from shared.http import Outside, OutsideAway
from shared.jobs.turns import take_turns
from shared.telemetry import log
from shared.webhooks.schemas import DeliveryState, WebhookState
from shared.webhooks.signing import signed_headers
from shared.webhooks.tables import WebhookTables
from shared.webhooks.targets import TargetRefused, address_of, check_url
from shared.world import World

WEBHOOK: Final = "webhook"
ALL: Final = "*"
BATCH: Final = 50
LEASE: Final = timedelta(seconds=60)
# A refused event is tried this often, minutes to hours apart, before somebody has to look.
ATTEMPTS: Final = 8
_LONGEST: Final = timedelta(hours=1)
_LOOK_SECONDS: Final = 2.0

SENT = Counter("webhook_deliveries_total", "Deliveries by outcome", ["outcome"])
PARKED = Gauge("webhook_parked", "Deliveries that wait for a person")


class Storage(Protocol):
    """What of a service's storage deliveries need."""

    SOURCE: str
    EVENTS: EventTables
    WEBHOOKS: WebhookTables


async def spread(tx: AsyncConnection, storage: Storage, ids: Sequence[UUID]) -> None:
    """Let every event that was just published wait for its subscribers; an event said again waits only once."""
    webhook, delivery, outbox = storage.WEBHOOKS.webhook, storage.WEBHOOKS.delivery, storage.EVENTS.outbox
    wanted = or_(outbox.c.type == any_(webhook.c.types), literal(ALL) == any_(webhook.c.types))
    since = webhook.c.created_at <= outbox.c.time
    chosen = (
        select(
            webhook.c.id,
            outbox.c.id,
            outbox.c.time,
            literal(DeliveryState.WAITING.value, Text),
            literal(0),
            bindparam("at", type_=DateTime(timezone=True)),
        )
        .join(webhook, (webhook.c.state != WebhookState.ENDED) & wanted & since)
        .where(
            outbox.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
            # Bounds beside the list, so that only the partitions of these days are looked at.
            outbox.c.id >= bindparam("low", type_=Uuid),
            outbox.c.id <= bindparam("high", type_=Uuid),
        )
    )
    names = ["webhook_id", "event_id", "said_at", "state", "attempts", "due_at"]
    made = insert(delivery).from_select(names, chosen).on_conflict_do_nothing()
    await tx.execute(made, {"ids": list(ids), "low": min(ids), "high": max(ids), "at": clock.now()})


@dataclass(frozen=True, slots=True)
class _Told:
    """What became of one attempt. `away` says that the other side, not the event, is the matter."""

    status: int | None
    cause: str | None = None
    away: bool = False
    retry_after: float | None = None


def _pause(failures: int) -> timedelta:
    return min(timedelta(seconds=2.0 ** min(failures, 12)), _LONGEST)


class Sender:
    """A part of a worker: sends what waits, at least once, in no promised order (the sequence is in each event)."""

    def __init__(self, world: World, storage: Storage, outside: Outside | None = None) -> None:
        self._world = world
        self._storage = storage
        self._outside = outside or Outside()
        self._hosts = world.settings.hosts_of_webhooks()
        self._inside = world.settings.webhook_inside

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop."""
        try:
            await take_turns(stopping, self.once, failure="webhooks_failed", seconds=_LOOK_SECONDS)
        finally:
            await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._outside.close()

    async def once(self) -> int:
        """Send what is due, a batch at most; how many were tried. A crash in the middle sends again after the lease."""
        rows = await self._claim()
        if not rows:
            return 0
        secrets = await self._secrets({row.webhook_id: row for row in rows})
        told = await asyncio.gather(*(self._send(row, secrets[row.webhook_id]) for row in rows))
        async with self._world.db.begin() as tx:
            for row, one in sorted(zip(rows, told, strict=True), key=lambda pair: pair[0].webhook_id):
                await self._note(tx, row, one)
        return len(rows)

    async def _claim(self) -> Sequence[Any]:
        tables, outbox, now = self._storage.WEBHOOKS, self._storage.EVENTS.outbox, clock.now()
        webhook, waiting = tables.webhook, tables.delivery
        free = or_(webhook.c.retry_at.is_(None), webhook.c.retry_at <= now)
        ready = (
            select(waiting.c.webhook_id, waiting.c.event_id)
            .join(webhook, webhook.c.id == waiting.c.webhook_id)
            .where(waiting.c.state == DeliveryState.WAITING, waiting.c.due_at <= now)
            .where(webhook.c.state == WebhookState.ACTIVE, free)
        )
        if not await self._world.db.any(ready):
            return []
        due = (ready.order_by(waiting.c.due_at).limit(BATCH).with_for_update(of=waiting, skip_locked=True)).cte("due")
        same = (waiting.c.webhook_id == due.c.webhook_id) & (waiting.c.event_id == due.c.event_id)
        leased = (
            update(waiting)
            .where(same)
            .values(due_at=now + LEASE, attempts=waiting.c.attempts + 1)
            .returning(waiting.c.webhook_id, waiting.c.event_id, waiting.c.attempts)
        ).cte("leased")
        found = (
            select(leased, webhook.c.url, webhook.c.secret, webhook.c.former_secret, webhook.c.former_until)
            .add_columns(*(outbox.c[name] for name in ("type", "key", "subject", "sequence", "time", "data")))
            .join(webhook, webhook.c.id == leased.c.webhook_id)
            .outerjoin(outbox, outbox.c.id == leased.c.event_id)
        )
        async with self._world.db.begin() as tx:
            return (await tx.execute(found)).all()

    async def _secrets(self, rows: Mapping[UUID, Any]) -> dict[UUID, list[str]]:
        subjects = {one: Subject(WEBHOOK, one) for one in rows}
        async with self._world.db.read() as conn:
            keys = await self._world.vault.for_read(conn, list(subjects.values()))
        opened: dict[UUID, list[str]] = {}
        for one, row in rows.items():
            key = keys[subjects[one]]
            former = row.former_until is not None and row.former_until > clock.now()
            blobs = [row.secret, row.former_secret] if former else [row.secret]
            opened[one] = [key.open(blob, row=one, field="secret") for blob in blobs] if key is not None else []
        return opened

    async def _send(self, row: Any, secrets: Sequence[str]) -> _Told:
        if row.type is None:
            return _Told(None, "the event is not kept any more")
        body = structured(row, self._storage.SOURCE)
        headers = signed_headers(secrets, str(row.event_id), clock.now(), body)
        headers["content-type"] = "application/cloudevents+json"
        try:
            # Asked again at each attempt: a list may have been shortened, a name may lead elsewhere now.
            check_url(row.url, self._hosts, inside=self._inside)
            address = await address_of(row.url, inside=self._inside)
            answer = await self._outside.post(row.url, address, body, headers)
        except TargetRefused as refused:
            return _Told(None, str(refused), away=True)
        except OutsideAway as away:
            return _Told(None, str(away), away=True)
        if 200 <= answer.status < 300:
            return _Told(answer.status)
        away_now = answer.status >= 500 or answer.status in {408, 410, 425, 429} or 300 <= answer.status < 400
        return _Told(answer.status, f"answered {answer.status}", away_now, answer.retry_after)

    async def _note(self, tx: AsyncConnection, row: Any, told: _Told) -> None:
        webhook, waiting, now = self._storage.WEBHOOKS.webhook, self._storage.WEBHOOKS.delivery, clock.now()
        here = (waiting.c.webhook_id == row.webhook_id) & (waiting.c.event_id == row.event_id)
        subscriber = webhook.c.id == row.webhook_id
        values: dict[str, Any] = {"status": told.status, "cause": told.cause}
        if told.cause is None:
            SENT.labels("delivered").inc()
            values |= {"state": DeliveryState.DELIVERED, "done_at": now}
            well = {"failures": 0, "retry_at": None}
            await tx.execute(update(webhook).where(subscriber, webhook.c.failures > 0).values(**well))
        elif told.status == 410:
            values |= {"state": DeliveryState.PARKED, "done_at": now}
            await tx.execute(update(webhook).where(subscriber).values(state=WebhookState.ENDED, updated_at=now))
        elif told.away:
            SENT.labels("away").inc()
            await self._rest(tx, row.webhook_id, told.retry_after)
            # The other side's absence is not this event's fault: it keeps its attempts, and its place.
            values |= {"due_at": now, "attempts": waiting.c.attempts - 1}
        elif row.attempts >= ATTEMPTS or told.status is None:
            SENT.labels("parked").inc()
            values |= {"state": DeliveryState.PARKED, "done_at": now}
            log.warning("webhook_parked", webhook_id=str(row.webhook_id), event_id=str(row.event_id))
        else:
            SENT.labels("refused").inc()
            values |= {"due_at": now + _pause(2 * row.attempts)}
        await tx.execute(update(waiting).where(here, waiting.c.state == DeliveryState.WAITING).values(**values))

    async def _rest(self, tx: AsyncConnection, webhook_id: UUID, retry_after: float | None) -> None:
        webhook, now = self._storage.WEBHOOKS.webhook, clock.now()
        held = select(webhook.c.failures, webhook.c.retry_at).where(webhook.c.id == webhook_id).with_for_update()
        row = (await tx.execute(held)).one_or_none()
        if row is None or (row.retry_at is not None and row.retry_at > now):
            return  # another of this batch has met it already
        asked = timedelta(seconds=retry_after) if retry_after is not None else timedelta(0)
        pause = min(max(_pause(row.failures + 1), asked), _LONGEST)
        values = {"failures": row.failures + 1, "retry_at": now + pause}
        await tx.execute(update(webhook).where(webhook.c.id == webhook_id).values(**values))

    async def upkeep(self, tx: AsyncConnection) -> None:
        """Park what a subscriber has not taken for too long, drop what is done with the events it was of."""
        waiting, settings, now = self._storage.WEBHOOKS.delivery, self._world.settings, clock.now()
        late = now - timedelta(hours=settings.webhook_give_up_hours)
        tired = update(waiting).where(waiting.c.state == DeliveryState.WAITING, waiting.c.said_at < late)
        await tx.execute(tired.values(state=DeliveryState.PARKED, done_at=now))
        # A day longer than the outbox, so that a refill of a lost log does not deliver once more.
        past = now - timedelta(hours=settings.retention_hours + 24)
        await tx.execute(delete(waiting).where(waiting.c.said_at < past))
        parked = select(func.count()).select_from(waiting).where(waiting.c.state == DeliveryState.PARKED)
        PARKED.set((await tx.execute(parked)).scalar_one())


async def replay(tx: AsyncConnection, tables: WebhookTables, webhook_id: UUID, since: datetime | None) -> int:
    """Let parked deliveries wait again, or all since an instant; how many."""
    waiting = tables.delivery
    which = waiting.c.state == DeliveryState.PARKED if since is None else waiting.c.said_at >= since
    again = update(waiting).where(waiting.c.webhook_id == webhook_id, which)
    fresh = {"state": DeliveryState.WAITING, "attempts": 0, "due_at": clock.now(), "done_at": None, "cause": None}
    told = await tx.execute(again.values(**fresh).returning(waiting.c.event_id))
    return len(told.all())


def structured(row: Any, source: str) -> bytes:
    """An outbox row as CloudEvents 1.0 in structured JSON mode, with the sequence and partitioning extensions."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(row.event_id),
            "source": source,
            "type": row.type,
            "subject": row.subject,
            "time": row.time,
            "sequence": str(row.sequence),
            "partitionkey": row.key,
            "datacontenttype": "application/json",
            "data": orjson.Fragment(row.data),
        }
    )
