"""Generated: the operations of risk, one method each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import UUID

from pydantic import TypeAdapter

from cxbank_client.answers import Page
from cxbank_client.jobs import ended
from cxbank_client.risk import models
from cxbank_client.transport import Rows, Transport


class Risk(Transport):
    """The risk service. Every method raises `cxbank_client.problems.Problem` for an answer that is no success."""

    async def show_job(self, job_id: UUID) -> models.Job:
        """How far a job has come."""
        return await self._ask("GET", f"/v1/jobs/{job_id}", models.Job)

    def list_rejects(self, job_id: UUID) -> AsyncIterator[str]:
        """The rows that did not land, one JSON object a line: line, code, pointer; never the value."""
        return self._lines(f"/v1/jobs/{job_id}/rejects")

    def fetch_export(self, request_id: UUID) -> AsyncIterator[str]:
        """All this service holds of the customer who asked, one `{section, record}` a line. Recorded before it
        begins.

        Of an id that was erased here nothing is held: a duty may have kept the person elsewhere, and they may
        ask there.
        """
        return self._lines(f"/v1/privacy-exports/{request_id}")

    async def list_restrictions(
        self,
        *,
        limit: int | None = None,
        customer_id: UUID | None = None,
        state: models.RestrictionState | None = None,
        cursor: str | None = None,
    ) -> Page[models.Restriction]:
        """Restrictions, newest first; each names the screening that set it."""
        return await self._ask(
            "GET",
            "/v1/restrictions",
            Page[models.Restriction],
            query={"limit": limit, "customer_id": customer_id, "state": state, "cursor": cursor},
        )

    def all_restrictions(
        self, *, limit: int | None = None, customer_id: UUID | None = None, state: models.RestrictionState | None = None
    ) -> AsyncIterator[models.Restriction]:
        """Every item of `list_restrictions`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_restrictions(limit=limit, customer_id=customer_id, state=state, cursor=at), None
        )

    async def show_restriction(self, restriction_id: UUID) -> models.Restriction:
        """One restriction. The reading is recorded before the answer leaves."""
        return await self._ask("GET", f"/v1/restrictions/{restriction_id}", models.Restriction)

    async def lift_restriction(
        self, restriction_id: UUID, body: models.LiftRestriction, *, if_match: int
    ) -> models.Restriction:
        """Lift a restriction before its time. Errors: 409 it has ended already; 410; 412 stale; 428 without `If-
        Match`.
        """
        return await self._ask(
            "PATCH",
            f"/v1/restrictions/{restriction_id}",
            models.Restriction,
            body=body,
            headers={"If-Match": f'"{if_match}"'},
        )

    async def list_screenings(
        self, *, limit: int | None = None, customer_id: UUID | None = None, cursor: str | None = None
    ) -> Page[models.ScreeningLine]:
        """Decisions, newest first, without what they rest on."""
        return await self._ask(
            "GET",
            "/v1/screenings",
            Page[models.ScreeningLine],
            query={"limit": limit, "customer_id": customer_id, "cursor": cursor},
        )

    def all_screenings(
        self, *, limit: int | None = None, customer_id: UUID | None = None
    ) -> AsyncIterator[models.ScreeningLine]:
        """Every item of `list_screenings`, page by page, as they are needed."""
        return self._pages(lambda at: self.list_screenings(limit=limit, customer_id=customer_id, cursor=at), None)

    async def screen_event(self, body: models.ScreenEvent) -> models.Screening:
        """Decide one event; the decision is durable before it is answered, and the same event id has the same
        answer.

        Errors: 409 the `event_id` is known with other content; 410 the customer was erased.
        """
        return await self._ask("POST", "/v1/screenings", models.Screening, body=body)

    async def import_screenings(
        self, rows: Rows, *, media: str = "application/x-ndjson", pack: bool = False
    ) -> models.Job:
        """Bring many screenings as NDJSON or CSV (gzip allowed), with their own times; 202 with a job once every
        byte is stored. Good rows land, bad ones are listed in the job's rejects; the same file again changes
        nothing.

        `rows` are bytes, or an async iterator of bytes that is sent as it comes (`cxbank_client.rows.ndjson`
        makes one of models); `pack` sends them as gzip. The job tells the rest.
        """
        return await self._upload("/v1/screenings/imports", models.Job, rows, media=media, pack=pack)

    async def show_screening(self, screening_id: UUID) -> models.Screening:
        """One decision with the rules that fired and the values they saw. The reading is recorded before the
        answer leaves.
        """
        return await self._ask("GET", f"/v1/screenings/{screening_id}", models.Screening)

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
