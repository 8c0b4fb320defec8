"""Inputs and outputs of privacy requests, erasures, holds and certificates."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from customer.privacy.domain import ErasureState, RequestKind, RequestState
from shared.deadlines.views import ClockView
from shared.schemas import Body, View

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,63}$")]
ExternalRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class RequestErasure(Body):
    """A request to forget a customer; the customer is its natural key, so a repeat changes nothing."""

    external_ref: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class Confirmation(View):
    """One service's answer: it has destroyed its key of the subject and what could be found by it, or `kept` it by duty."""

    service: str
    confirmed_at: datetime
    kept: bool


class Erasure(View):
    """How far an erasure has come."""

    id: UUID
    customer_id: UUID
    version: int
    state: ErasureState
    partial: bool
    requested_at: datetime
    completed_at: datetime | None
    confirmations: list[Confirmation]


class SubmitRequest(Body):
    """A person uses a right. `identity_method` says how it is sure who asks; without it the clock of a regime that allows it
    stands until that is settled.
    """

    customer_id: UUID
    kind: RequestKind
    regime: Code | None = Field(None, description="key of a statutory profile; none given: the bank's own")
    purpose: Code | None = Field(None, description="what is objected to")
    details: Annotated[str, StringConstraints(min_length=1, max_length=4_000)] | None = None
    identity_method: Code | None = Field(None, description="how it was checked who asks; their own token is one way")
    received_at: AwareDatetime | None = Field(None, description="none given: now")
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _names_what_it_is_about(self) -> Self:
        if (self.kind is RequestKind.OBJECTION) != (self.purpose is not None):
            raise ValueError("an objection names the purpose it objects to, and nothing else does")
        return self


class RefusalView(View):
    """What is not done now: the rule, what it says, which services keep, and until when (null: nobody can say yet)."""

    rule: str
    services: list[str]
    until: datetime | None
    texts: dict[str, str]


class PrivacyRequest(View):
    """A request and how far it has come."""

    id: UUID
    version: int
    customer_id: UUID
    kind: RequestKind
    state: RequestState
    regime: str
    purpose: str | None
    identity_method: str | None
    received_at: datetime
    due_at: datetime | None
    answered_at: datetime | None
    refusals: list[RefusalView]
    erasure_id: UUID | None
    ready: list[str] = Field(description="services that can hand over what they hold, of an access or a portability")
    updated_at: datetime


class RequestDetails(View):
    """What the person wrote with a request; null where they wrote nothing."""

    request_id: UUID
    details: str | None


class CertificateLine(View):
    """One service: rows by table that name the customer no more (`removed`) or still do (`left`), and what it keeps by.

    Rows that are left are counts and proofs under an id; their values went with the key, unless `stays_by` names a rule.
    """

    service: str
    confirmed_at: datetime | None
    removed: dict[str, int]
    left: dict[str, int]
    stays_by: list[RefusalView]


class ServiceErased(View):
    """What one service said of one erasure: whether it kept by a rule, and its rows by table, removed and left."""

    service: str
    confirmed_at: datetime
    kept: bool
    removed: dict[str, int]
    left: dict[str, int]


class CertifiedErasure(View):
    """One erasure of one record: in part, while something had to be kept, or whole."""

    erasure_id: UUID
    customer_id: UUID
    partial: bool
    requested_at: datetime
    completed_at: datetime | None
    services: list[ServiceErased]


class Certificate(View):
    """What became of an erasure: what was erased where, what stays and why, and when the last backup of it is gone.

    `services` are all erasures together: what was removed in any, what is left after the last. `erasures` are each of them.
    """

    request_id: UUID
    erasure_id: UUID | None
    customer_id: UUID
    customer_ids: list[UUID] = Field(description="every record that counted as this person, and was erased as one")
    state: RequestState
    answered_at: datetime
    backups_gone_at: datetime | None = Field(
        description="backups made before hold the wrapped keys until then; null where nothing was erased"
    )
    services: list[CertificateLine]
    erasures: list[CertifiedErasure] = Field(
        default=[], description="every erasure of these records up to the answer, the oldest first"
    )


class CheckIdentity(Body):
    """How it was made sure who asks."""

    method: Code


class ExtendRequest(Body):
    """An extension the regime knows, such as `complex_or_many`; the person is told of it and of its reasons."""

    extension: Code


class DecideRequest(Body):
    """A person's decision: done (a rectification), or refused by a rule that is named."""

    refused_by: Code | None = Field(None, description="the rule; none given: it is done")


class Clocks(View):
    """The clocks of a request, each with its arithmetic."""

    items: list[ClockView]


class SetHold(Body):
    """Keep everything of a customer: `code` names the matter, never the reason."""

    customer_id: UUID
    code: Code
    until: AwareDatetime | None = None
    external_ref: ExternalRef | None = None


class LegalHold(View):
    """A hold."""

    id: UUID
    version: int
    customer_id: UUID
    code: str
    until: datetime | None
    set_at: datetime
    lifted_at: datetime | None


class RetentionDuty(Body):
    """A duty as it is written down: dated data with its law."""

    code: Code
    jurisdiction: str
    years: int = Field(ge=1)
    services: list[str] = Field(min_length=1)
    effective_from: str
    law: str
    verified: str
    texts: dict[str, str]
