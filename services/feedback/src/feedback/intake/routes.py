"""HTTP of expressions: submit, read, list. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response

from feedback import storage
from feedback.intake import repository, usecases
from feedback.intake.access import CanImport, CanList, CanRead, CanSubmit
from feedback.intake.domain import Kind, Source
from feedback.intake.schemas import Feedback, FeedbackLine, SubmitFeedback
from feedback.intake.tables import feedback
from shared.db import Read
from shared.etags import created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.jobs.importer import Importer
from shared.jobs.routes import import_route
from shared.pagination import Cursor, Limit, Page, keyset
from shared.routing import Router

router = Router(prefix="/v1/feedback", tags=["feedback"])
EXPRESSIONS = Importer("feedback", "feedback", SubmitFeedback, usecases.submit_feedback)
import_route(router, EXPRESSIONS, storage.JOBS, CanImport)

Submit = Annotated[Grouped[Wish[SubmitFeedback], Answer[Feedback]], grouped(usecases.submit_feedback)]
Show = Annotated[Grouped[tuple[UUID, object], Feedback], grouped(usecases.show_feedback, looks=True)]


@router.post("", status_code=201, response_model=Feedback)
async def submit_feedback(
    request: Request, body: SubmitFeedback, submit: Submit, caller: CanSubmit, key: IdempotencyKey = None
) -> Response:
    """Keep an expression; a repeat by `source` + `source_ref` answers 200 with it as it is now.

    A customer speaks for themself only. Errors: 404 in another's name; 409 the key is known with other content;
    410 the customer was erased; 422 no key of any kind.
    """
    if body.customer_id is not None:
        caller.see(body.customer_id)
    answer = await submit(wish_for(request.app.state.keyring, "feedback", body, caller, key))
    return created(answer, location=f"/v1/feedback/{answer.view.id}", version=answer.view.version)


@router.get("", response_model=Page[FeedbackLine])
async def list_feedback(
    caller: CanList,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    source: Source | None = None,
    kind: Kind | None = None,
    customer_id: UUID | None = None,
) -> Page[FeedbackLine]:
    """Expressions, newest first, in their redacted form."""
    chosen = repository.listing(source=source, kind=kind, customer_id=customer_id)
    return await keyset(db, chosen, (feedback.c.received_at, feedback.c.id), cursor, limit, usecases.line)


@router.get("/{feedback_id}", response_model=Feedback)
async def show_feedback(feedback_id: UUID, show: Show, caller: CanRead) -> Response:
    """One expression in its own words. The reading is recorded before the answer leaves."""
    view = await show((feedback_id, caller))
    return with_etag(view, version=view.version)
