"""Generated: the operations of risk, one method each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import UUID

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

    async def wait_for_job(
        self, job_id: UUID, *, within: float = 600, watch: Callable[[models.Job], None] | None = None
    ) -> models.Job:
        """The job once it has ended; `watch` is told how it stands meanwhile."""
        return await ended(lambda: self.show_job(job_id), within=within, watch=watch)
