"""Generated: the operations of channel-router, one method each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import UUID

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

    async def wait_for_job(
        self, job_id: UUID, *, within: float = 600, watch: Callable[[models.Job], None] | None = None
    ) -> models.Job:
        """The job once it has ended; `watch` is told how it stands meanwhile."""
        return await ended(lambda: self.show_job(job_id), within=within, watch=watch)
