"""Inputs and outputs of openings, their reviews, and the list of who looked."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from customer.disclosure.domain import AccessPurpose, GlassReason, GrantState, ReviewVerdict, Sensitive
from shared.schemas import Body, View

Reader = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1_000)]
Fields = Annotated[list[Sensitive], Field(min_length=1, max_length=len(Sensitive))]


class AskAccess(Body):
    """A wish to see fields of a customer unmasked, for a purpose and a time; the customer decides."""

    purpose: AccessPurpose
    fields: Fields
    change: bool = Field(default=False, description="also to change them")
    reader: Reader | None = Field(None, description="`sub` of who will read; the caller where absent")
    duration_seconds: Annotated[int, Field(ge=60, le=86_400)] = 900
    send_code: bool = Field(default=False, description="send the customer a one-time code to read out")


class AskAccessOf(AskAccess):
    """The same, with whom it is about: what the gate compares."""

    customer_id: UUID


class ConfirmAccess(Body):
    """The code the customer read out; a customer's own token confirms without."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None


class BreakGlass(Body):
    """Opening fields at once, without the customer, for a reason that will be judged."""

    reason: GlassReason
    note: Note = Field(description="what happened, for the reviewer; kept under the customer's seal")
    fields: Fields


class BreakGlassOf(BreakGlass):
    """The same, with whom it is about: what the gate compares."""

    customer_id: UUID


class AccessGrant(View):
    """An authorisation. `expires_at` is null until it is confirmed; who broke the glass is `staff` to the customer."""

    id: UUID
    customer_id: UUID
    version: int
    state: GrantState
    purpose: str
    fields: list[str]
    change: bool
    reader: str
    requested_by: str
    broken_glass: bool
    code_sent: bool
    duration_seconds: int
    requested_at: AwareDatetime
    confirm_before: AwareDatetime
    confirmed_at: AwareDatetime | None
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None


class AccessReview(View):
    """A broken glass before a second pair of eyes; lists leave `note` null."""

    id: UUID
    customer_id: UUID
    version: int
    reader: str
    reason: GlassReason
    note: str | None
    fields: list[str]
    broken_at: AwareDatetime
    verdict: ReviewVerdict | None
    reviewed_at: AwareDatetime | None
    reviewed_by: str | None


class JudgeAccess(Body):
    """The reviewer's word."""

    verdict: ReviewVerdict


class AccessLine(View):
    """One line of who looked. Customers see what kind of caller it was and from which branch, staff see who.

    `customer_id` is the id under which it was done: this one, or one that counts as the same customer.
    """

    id: UUID
    customer_id: UUID
    at: AwareDatetime
    action: str
    actor: str
    sub: str | None
    branch: str | None
    purpose: str | None
    view: str | None
    fields: list[str]
    broken_glass: bool
