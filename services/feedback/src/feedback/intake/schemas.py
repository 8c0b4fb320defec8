"""Inputs and outputs of an expression; routes and imports build the same ones."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from feedback.intake.domain import Kind, Source, SubjectKind, too_far_ahead, too_far_back
from shared import clock
from shared.schemas import Body, View

Ref = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Language = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"),
    Field(description="BCP 47: `zh-Hans` is not `zh-Hant`"),
]


class About(Body):
    """What an expression is about."""

    kind: SubjectKind
    id: Annotated[str, StringConstraints(min_length=1, max_length=120)]


class SubmitFeedback(Body):
    """One expression: words, a rating, or both; `captured_at` is when it was said (tablets are offline for days)."""

    source: Source
    source_ref: Ref | None = None
    text: Words | None = None
    rating: Annotated[int, Field(ge=1, le=5)] | None = None
    language: Language | None = None
    customer_id: UUID | None = None
    subject: About | None = None
    captured_at: AwareDatetime | None = None
    external_ref: Ref | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.text is None and self.rating is None:
            raise ValueError("give a text, a rating, or both")
        if self.captured_at is not None and too_far_ahead(self.captured_at, clock.now()):
            raise ValueError("captured_at lies more than two minutes ahead")
        if self.captured_at is not None and too_far_back(self.captured_at):
            raise ValueError("captured_at lies before 1900")
        return self


class AboutView(View):
    """What an expression is about, as it is kept."""

    kind: SubjectKind
    id: str


class Feedback(View):
    """An expression with its own words. `customer_tier` is what we last heard of the customer, null if not yet."""

    id: UUID
    version: int
    source: Source
    source_ref: str | None
    text: str | None
    redacted_text: str | None
    rating: int | None
    language: str | None
    kind: Kind | None
    customer_id: UUID | None
    customer_tier: str | None
    subject: AboutView | None
    captured_at: datetime
    received_at: datetime


class FeedbackLine(View):
    """A line of a list: the redacted words only."""

    id: UUID
    version: int
    source: Source
    redacted_text: str | None
    rating: int | None
    language: str | None
    kind: Kind | None
    customer_id: UUID | None
    customer_tier: str | None
    subject: AboutView | None
    captured_at: datetime
    received_at: datetime
