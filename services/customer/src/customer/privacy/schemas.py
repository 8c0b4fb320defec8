"""Inputs and outputs of an erasure."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from customer.privacy.domain import ErasureState
from shared.schemas import Body, View


class RequestErasure(Body):
    """A request to forget a customer; the customer is its natural key, so a repeat changes nothing."""

    external_ref: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class Confirmation(View):
    """One service has destroyed its key of the subject and what could be found by it."""

    service: str
    confirmed_at: datetime


class Erasure(View):
    """How far an erasure has come."""

    id: UUID
    customer_id: UUID
    version: int
    state: ErasureState
    requested_at: datetime
    completed_at: datetime | None
    confirmations: list[Confirmation]
