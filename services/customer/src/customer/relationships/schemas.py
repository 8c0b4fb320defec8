"""Inputs and outputs of a relationship between two parties."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from customer.relationships.domain import RelationshipKind
from shared.schemas import Body, View

Share = Annotated[
    str,
    StringConstraints(pattern=r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)$"),
    Field(description="percent owned, at most two decimals"),
]


class Relate(Body):
    """The customer of the path is to `other_id` what the kind says: its owner, guardian, member of its household."""

    kind: RelationshipKind
    other_id: UUID
    share_percent: Share | None = None
    since: date | None = None
    external_ref: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _owned(self) -> Self:
        if self.share_percent is not None and self.kind is not RelationshipKind.OWNER:
            raise ValueError("only an owner has a share")
        return self


class Relationship(View):
    """How two parties belong together, from `recorded_at` until `ended_at` (null: still) in the records."""

    id: UUID
    version: int
    kind: RelationshipKind
    customer_id: UUID
    other_id: UUID
    share_percent: str | None
    since: date | None
    recorded_at: datetime
    recorded_by: str
    ended_at: datetime | None
