"""Generated: the operations of feedback, one method each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import UUID

from cxbank_client.answers import Page
from cxbank_client.feedback import models
from cxbank_client.jobs import ended
from cxbank_client.transport import Rows, Transport


class Feedback(Transport):
    """The feedback service. Every method raises `cxbank_client.problems.Problem` for an answer that is no success."""

    async def list_feedback(
        self,
        *,
        limit: int | None = None,
        source: models.Source | None = None,
        kind: models.Kind | None = None,
        customer_id: UUID | None = None,
        cursor: str | None = None,
    ) -> Page[models.FeedbackLine]:
        """Expressions, newest first, in their redacted form."""
        return await self._ask(
            "GET",
            "/v1/feedback",
            Page[models.FeedbackLine],
            query={"limit": limit, "source": source, "kind": kind, "customer_id": customer_id, "cursor": cursor},
        )

    def all_feedback(
        self,
        *,
        limit: int | None = None,
        source: models.Source | None = None,
        kind: models.Kind | None = None,
        customer_id: UUID | None = None,
    ) -> AsyncIterator[models.FeedbackLine]:
        """Every item of `list_feedback`, page by page, as they are needed."""
        return self._pages(
            lambda at: self.list_feedback(limit=limit, source=source, kind=kind, customer_id=customer_id, cursor=at),
            None,
        )

    async def submit_feedback(
        self, body: models.SubmitFeedback, *, idempotency_key: str | None = None
    ) -> models.Feedback:
        """Keep an expression; a repeat by `source` + `source_ref` answers 200 with it as it is now.

        A customer speaks for themself only. Errors: 404 in another's name; 409 the key is known with other
        content;
        410 the customer was erased; 422 no key of any kind.
        """
        return await self._ask(
            "POST", "/v1/feedback", models.Feedback, body=body, headers={"Idempotency-Key": idempotency_key}, keyed=True
        )

    async def import_feedback(
        self, rows: Rows, *, media: str = "application/x-ndjson", pack: bool = False
    ) -> models.Job:
        """Bring many feedback as NDJSON or CSV (gzip allowed), with their own times; 202 with a job once every
        byte is stored. Good rows land, bad ones are listed in the job's rejects; the same file again changes
        nothing.

        `rows` are bytes, or an async iterator of bytes that is sent as it comes (`cxbank_client.rows.ndjson`
        makes one of models); `pack` sends them as gzip. The job tells the rest.
        """
        return await self._upload("/v1/feedback/imports", models.Job, rows, media=media, pack=pack)

    async def show_feedback(self, feedback_id: UUID) -> models.Feedback:
        """One expression in its own words. The reading is recorded before the answer leaves."""
        return await self._ask("GET", f"/v1/feedback/{feedback_id}", models.Feedback)

    async def show_job(self, job_id: UUID) -> models.Job:
        """How far a job has come."""
        return await self._ask("GET", f"/v1/jobs/{job_id}", models.Job)

    def list_rejects(self, job_id: UUID) -> AsyncIterator[str]:
        """The rows that did not land, one JSON object a line: line, code, pointer; never the value."""
        return self._lines(f"/v1/jobs/{job_id}/rejects")

    async def wait_for_job(
        self, job_id: UUID, *, within: float = 600, watch: Callable[[models.Job], None] | None = None
    ) -> models.Job:
        """The job once it has ended; `watch` is told how it stands meanwhile."""
        return await ended(lambda: self.show_job(job_id), within=within, watch=watch)
