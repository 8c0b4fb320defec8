"""Generated: the operations of kpi, one method each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

from pydantic import TypeAdapter

from cxbank_client.answers import Page
from cxbank_client.kpi import models
from cxbank_client.transport import Transport


class Kpi(Transport):
    """The kpi service. Every method raises `cxbank_client.problems.Problem` for an answer that is no success."""

    async def list_figures(
        self,
        *,
        metric: models.MetricKey,
        from_: date,
        to: date,
        unit: str | None = None,
        grain: models.Grain | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[models.Figure]:
        """Figures of one metric and unit as they are now known, newest period first; late events restate them.

        A period in which there is nothing is not in the list; a week or month that is cut by `from` or `to`
        holds the days
        between them only. A stock is told from its first movement until today. A unit not heard of has no
        figures.
        Errors: 422 metric, unit or grain unknown, `to` not after `from`, hours of a stock.
        """
        return await self._ask(
            "GET",
            "/v1/figures",
            Page[models.Figure],
            query={
                "metric": metric,
                "from": from_,
                "to": to,
                "unit": unit,
                "grain": grain,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def all_figures(
        self,
        *,
        metric: models.MetricKey,
        from_: date,
        to: date,
        unit: str | None = None,
        grain: models.Grain | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.Figure]:
        """Every item of `list_figures`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_figures(
                metric=metric, from_=from_, to=to, unit=unit, grain=grain, limit=limit, cursor=at
            ),
            None,
        )

    async def list_metrics(self) -> Page[models.MetricView]:
        """Every metric: its name in three languages, its definition, its unit of measure, and which way is better."""
        return await self._ask("GET", "/v1/metrics", Page[models.MetricView])

    def fetch_export(self, request_id: UUID) -> AsyncIterator[str]:
        """All this service holds of the customer who asked, one `{section, record}` a line. Recorded before it
        begins.

        Of an id that was erased here nothing is held: a duty may have kept the person elsewhere, and they may
        ask there.
        """
        return self._lines(f"/v1/privacy-exports/{request_id}")

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
