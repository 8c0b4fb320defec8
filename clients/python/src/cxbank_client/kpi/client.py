"""Generated: the operations of kpi, one method each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

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
