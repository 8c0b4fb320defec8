"""Inputs and outputs of identity links and merge reviews."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from customer.identity.domain.evidence import (
    Band,
    CandidateState,
    EvidenceKind,
    LinkReason,
    PartReason,
    ReviewOutcome,
    ReviewState,
    SetState,
)
from shared.schemas import Body, View

ExternalRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Reference = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,79}$"),
    Field(description="where the evidence is filed: a document, case or message id, never the evidence itself"),
]


class Evidence(Body):
    """One thing that was looked at, by kind and the id it is filed under."""

    kind: EvidenceKind
    reference: Reference


class LinkIdentities(Body):
    """These records, with all that already count with them, are one party; `leader` is the one it goes by."""

    members: Annotated[list[UUID], Field(min_length=2, max_length=100)]
    leader: UUID
    reason: LinkReason
    evidence: Annotated[list[Evidence], Field(min_length=1, max_length=10)]
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.members)) < len(self.members):
            raise ValueError("a member is named twice")
        if self.leader not in self.members:
            raise ValueError("the leader is one of the members")
        return self


class SplitIdentity(Body):
    """These leave the set; both parts may name the record they go by, else the leader stays and the oldest leads."""

    members: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    leader: UUID | None = None
    remaining_leader: UUID | None = None
    reason: PartReason
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.members)) < len(self.members):
            raise ValueError("a member is named twice")
        if self.leader is not None and self.leader not in self.members:
            raise ValueError("the leader is one of those who leave")
        return self


class IdentityLink(View):
    """A link set: `members` and `leader` are empty once it was absorbed by another (`absorbed_by`) or dissolved."""

    id: UUID
    version: int
    state: SetState
    leader: UUID | None
    members: list[UUID]
    reason: LinkReason | PartReason
    evidence: list[Evidence]
    absorbed_by: UUID | None
    created_at: datetime
    updated_at: datetime
    updated_by: str


class IdentitySplit(View):
    """A split as it was done: who left whom, which set they are now, and how many decisions a person has to look at."""

    id: UUID
    identity_link_id: UUID
    version: int
    members: list[UUID]
    leader: UUID
    remaining_leader: UUID
    split_off_id: UUID | None
    reason: PartReason
    together_since: datetime | None
    reviews: int
    created_at: datetime
    created_by: str


class MergeReview(View):
    """A decision taken on a record while it counted with others; it stands until a person says otherwise.

    `subject` is the record it was taken on, `service` and `kind` say what it was, `resource_id` where it can be seen.
    """

    id: UUID
    version: int
    identity_link_id: UUID
    subject: UUID
    service: str
    kind: str
    resource_id: str | None
    decided_at: datetime
    decided_by: str | None
    state: ReviewState
    outcome: ReviewOutcome | None
    created_at: datetime
    updated_at: datetime
    closed_by: str | None


class CloseReview(Body):
    """What a person found; a closed review may be judged anew."""

    outcome: ReviewOutcome


class Reason(View):
    """One field's part of a score: the level of agreement and its weight in bits; never the values."""

    field: str
    level: str
    weight: float


class DuplicateCandidate(View):
    """Two records that may be one party. Nothing links them but a person, whatever the score."""

    id: UUID
    version: int
    one: UUID
    other: UUID
    band: Band
    score: float
    probability: float
    reasons: list[Reason]
    state: CandidateState
    identity_link_id: UUID | None
    created_at: datetime
    updated_at: datetime
    decided_by: str | None


class DecideCandidate(Body):
    """What a person says of a candidate; to confirm is to link, and needs what a link needs."""

    state: CandidateState
    leader: UUID | None = None
    reason: LinkReason | None = None
    evidence: Annotated[list[Evidence], Field(min_length=1, max_length=10)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.state is CandidateState.OPEN:
            raise ValueError("a candidate is confirmed or rejected")
        given = [one is not None for one in (self.leader, self.reason, self.evidence)]
        if self.state is CandidateState.CONFIRMED and not all(given):
            raise ValueError("to confirm, name the leader, the reason and the evidence")
        if self.state is CandidateState.REJECTED and any(given):
            raise ValueError("leader, reason and evidence are for a confirmation")
        return self
