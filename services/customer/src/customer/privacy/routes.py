"""HTTP of erasures: ask, and see how far it has come."""

from uuid import UUID

from fastapi import Request, Response

from customer.privacy import usecases
from customer.privacy.access import CanErase, CanRead
from customer.privacy.schemas import Erasure, RequestErasure
from shared.db import Tx
from shared.etags import created, with_etag
from shared.idempotency import Answer
from shared.routing import Router

router = Router(prefix="/v1/customers/{customer_id}/erasures", tags=["privacy"])


@router.post("", status_code=201, response_model=Erasure)
async def request_erasure(
    request: Request, customer_id: UUID, body: RequestErasure, caller: CanErase, tx: Tx
) -> Response:
    """Forget a customer in all five services; a repeat answers 200 with the erasure as it is now.

    An id nobody has heard of yet is accepted: it becomes a tombstone, so that nothing late brings the person back.
    """
    caller.see(customer_id)
    view, replayed = await usecases.request_erasure(request.app.state.world, tx, customer_id, caller)
    answer = Answer(view, replayed=replayed)
    return created(answer, location=f"/v1/customers/{customer_id}/erasures", version=view.version)


@router.get("", response_model=Erasure)
async def show_erasure(customer_id: UUID, caller: CanRead, tx: Tx) -> Response:
    """The erasure of a customer: which services have confirmed, and whether it is complete."""
    caller.see(customer_id)
    view = await usecases.show_erasure(tx, customer_id)
    return with_etag(view, version=view.version)
