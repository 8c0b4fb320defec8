"""Generated: the operations of channel-router, one method each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import UUID

from pydantic import TypeAdapter

from cxbank_client.answers import Page
from cxbank_client.channel_router import models
from cxbank_client.jobs import ended
from cxbank_client.transport import Rows, Transport


class ChannelRouter(Transport):
    """The channel-router service. Every method raises `cxbank_client.problems.Problem` for an answer that is no success."""

    async def show_job(self, job_id: UUID) -> models.Job:
        """How far a job has come."""
        return await self._ask("GET", f"/v1/jobs/{job_id}", models.Job)

    def list_rejects(self, job_id: UUID) -> AsyncIterator[str]:
        """The rows that did not land, one JSON object a line: line, code, pointer; never the value."""
        return self._lines(f"/v1/jobs/{job_id}/rejects")

    async def list_places(
        self,
        *,
        limit: int | None = None,
        kind: models.PlaceKind | None = None,
        state: models.PlaceState | None = None,
        cursor: str | None = None,
    ) -> Page[models.Place]:
        """Places, newest first."""
        return await self._ask(
            "GET",
            "/v1/places",
            Page[models.Place],
            query={"limit": limit, "kind": kind, "state": state, "cursor": cursor},
        )

    def all_places(
        self, *, limit: int | None = None, kind: models.PlaceKind | None = None, state: models.PlaceState | None = None
    ) -> AsyncIterator[models.Place]:
        """Every item of `list_places`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_places(limit=limit, kind=kind, state=state, cursor=at), None)

    async def add_place(self, body: models.AddPlace, *, idempotency_key: str | None = None) -> models.Place:
        """Add a place; a repeat by `external_ref` answers 200 with the place as it is now."""
        return await self._ask(
            "POST", "/v1/places", models.Place, body=body, headers={"Idempotency-Key": idempotency_key}, keyed=True
        )

    async def import_places(self, rows: Rows, *, media: str = "application/x-ndjson", pack: bool = False) -> models.Job:
        """Bring many places as NDJSON or CSV (gzip allowed), with their own times; 202 with a job once every byte
        is stored. Good rows land, bad ones are listed in the job's rejects; the same file again changes
        nothing.

        `rows` are bytes, or an async iterator of bytes that is sent as it comes (`cxbank_client.rows.ndjson`
        makes one of models); `pack` sends them as gzip. The job tells the rest.
        """
        return await self._upload("/v1/places/imports", models.Job, rows, media=media, pack=pack)

    async def show_place(self, place_id: UUID) -> models.Place:
        """One place."""
        return await self._ask("GET", f"/v1/places/{place_id}", models.Place)

    async def change_place(self, place_id: UUID, body: models.ChangePlace, *, if_match: int) -> models.Place:
        """Change a place by RFC 7396 merge patch, on the version named by `If-Match`."""
        return await self._ask(
            "PATCH", f"/v1/places/{place_id}", models.Place, body=body, headers={"If-Match": f'"{if_match}"'}
        )

    def fetch_export(self, request_id: UUID) -> AsyncIterator[str]:
        """All this service holds of the customer who asked, one `{section, record}` a line. Recorded before it
        begins.

        Of an id that was erased here nothing is held: a duty may have kept the person elsewhere, and they may
        ask there.
        """
        return self._lines(f"/v1/privacy-exports/{request_id}")

    async def list_tickets(
        self,
        *,
        limit: int | None = None,
        place_id: UUID | None = None,
        state: models.TicketState | None = None,
        cursor: str | None = None,
    ) -> Page[models.Ticket]:
        """Tickets, newest first, without their positions."""
        return await self._ask(
            "GET",
            "/v1/tickets",
            Page[models.Ticket],
            query={"limit": limit, "place_id": place_id, "state": state, "cursor": cursor},
        )

    def all_tickets(
        self, *, limit: int | None = None, place_id: UUID | None = None, state: models.TicketState | None = None
    ) -> AsyncIterator[models.Ticket]:
        """Every item of `list_tickets`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_tickets(limit=limit, place_id=place_id, state=state, cursor=at), None)

    async def open_ticket(self, body: models.OpenTicket, *, idempotency_key: str | None = None) -> models.Ticket:
        """Draw a ticket; the answer tells number, position and expected wait.

        Errors: 404 in another customer's name; 410 the customer was erased; 422 the place does not exist.
        """
        return await self._ask(
            "POST", "/v1/tickets", models.Ticket, body=body, headers={"Idempotency-Key": idempotency_key}, keyed=True
        )

    async def call_next(self, body: models.CallNext) -> models.Ticket:
        """Call whoever is next at a place, or 404; a person with an unfinished ticket gets that one again."""
        return await self._ask("POST", "/v1/tickets/calls", models.Ticket, body=body)

    async def import_tickets(
        self, rows: Rows, *, media: str = "application/x-ndjson", pack: bool = False
    ) -> models.Job:
        """Bring many tickets as NDJSON or CSV (gzip allowed), with their own times; 202 with a job once every byte
        is stored. Good rows land, bad ones are listed in the job's rejects; the same file again changes
        nothing.

        `rows` are bytes, or an async iterator of bytes that is sent as it comes (`cxbank_client.rows.ndjson`
        makes one of models); `pack` sends them as gzip. The job tells the rest.
        """
        return await self._upload("/v1/tickets/imports", models.Job, rows, media=media, pack=pack)

    async def show_ticket(self, ticket_id: UUID) -> models.Ticket:
        """One ticket, with its position and expected wait while it waits."""
        return await self._ask("GET", f"/v1/tickets/{ticket_id}", models.Ticket)

    async def change_ticket(self, ticket_id: UUID, body: models.ChangeTicket, *, if_match: int) -> models.Ticket:
        """Finish a ticket (`served`, `no_show`), let it go (`abandoned`), or let it wait again. Errors: 409, 412,
        428.
        """
        return await self._ask(
            "PATCH", f"/v1/tickets/{ticket_id}", models.Ticket, body=body, headers={"If-Match": f'"{if_match}"'}
        )

    async def list_webhooks(self, *, limit: int | None = None, cursor: str | None = None) -> Page[models.Webhook]:
        """Subscriptions, newest first; a client sees its own."""
        return await self._ask("GET", "/v1/webhooks", Page[models.Webhook], query={"limit": limit, "cursor": cursor})

    def all_webhooks(self, *, limit: int | None = None) -> AsyncIterator[models.Webhook]:
        """Every item of `list_webhooks`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_webhooks(limit=limit, cursor=at), None)

    async def subscribe_webhook(self, body: models.Subscribe, *, idempotency_key: str | None = None) -> models.Webhook:
        """Be told of this service's events by signed POSTs (Standard Webhooks); the answer alone tells the secret.

        Errors: 422 the host is not allowed, or the service says no such event.
        """
        return await self._ask(
            "POST", "/v1/webhooks", models.Webhook, body=body, headers={"Idempotency-Key": idempotency_key}, keyed=True
        )

    async def show_webhook(self, webhook_id: UUID) -> models.Webhook:
        """One subscription, and whether its other side is away."""
        return await self._ask("GET", f"/v1/webhooks/{webhook_id}", models.Webhook)

    async def change_webhook(self, webhook_id: UUID, body: models.ChangeWebhook, *, if_match: int) -> models.Webhook:
        """Change address, types or state; `active` also forgets that the other side was away."""
        return await self._ask(
            "PATCH", f"/v1/webhooks/{webhook_id}", models.Webhook, body=body, headers={"If-Match": f'"{if_match}"'}
        )

    async def end_webhook(self, webhook_id: UUID, *, if_match: int) -> None:
        """End the subscription and drop what waits for it."""
        await self._ask(
            "DELETE", f"/v1/webhooks/{webhook_id}", TypeAdapter(None), headers={"If-Match": f'"{if_match}"'}
        )

    async def list_deliveries(
        self,
        webhook_id: UUID,
        *,
        limit: int | None = None,
        state: models.DeliveryState | None = None,
        cursor: str | None = None,
    ) -> Page[models.Delivery]:
        """What was delivered, waits or is parked, newest first."""
        return await self._ask(
            "GET",
            f"/v1/webhooks/{webhook_id}/deliveries",
            Page[models.Delivery],
            query={"limit": limit, "state": state, "cursor": cursor},
        )

    def all_deliveries(
        self, webhook_id: UUID, *, limit: int | None = None, state: models.DeliveryState | None = None
    ) -> AsyncIterator[models.Delivery]:
        """Every item of `list_deliveries`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_deliveries(webhook_id, limit=limit, state=state, cursor=at), None)

    async def replay_webhook(self, webhook_id: UUID, body: models.Replay) -> models.Replayed:
        """Send again what is parked, or everything since an instant that is still kept. A repeat does no harm."""
        return await self._ask("POST", f"/v1/webhooks/{webhook_id}/replays", models.Replayed, body=body)

    async def change_secret(self, webhook_id: UUID, *, if_match: int) -> models.Webhook:
        """A new secret, told in this answer alone; the former one signs beside it for 24 hours."""
        return await self._ask(
            "POST", f"/v1/webhooks/{webhook_id}/secrets", models.Webhook, headers={"If-Match": f'"{if_match}"'}
        )

    async def wait_for_job(
        self, job_id: UUID, *, within: float = 600, watch: Callable[[models.Job], None] | None = None
    ) -> models.Job:
        """The job once it has ended; `watch` is told how it stands meanwhile."""
        return await ended(lambda: self.show_job(job_id), within=within, watch=watch)
