"""Generated: what feedback takes and tells."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from cxbank_client.answers import Answer, Input

Kind = Literal["complaint", "suggestion", "praise", "question", "request", "incident"]

Source = Literal[
    "app",
    "web",
    "wechat",
    "social",
    "app_store",
    "phone",
    "email",
    "letter",
    "branch_desk",
    "suggestion_box",
    "atm",
    "kiosk",
    "forum",
    "interview",
    "survey",
    "regulator",
]

SubjectKind = Literal["product", "branch", "staff", "channel", "journey_step"]


class About(Input):
    """What an expression is about."""

    kind: SubjectKind
    id: str


class AboutView(Answer):
    """What an expression is about, as it is kept."""

    kind: SubjectKind | str
    id: str


class Feedback(Answer):
    """An expression with its own words. `customer_tier` is what we last heard of the customer, null if not yet."""

    id: UUID
    version: int
    source: Source | str
    source_ref: str | None
    text: str | None
    redacted_text: str | None
    rating: int | None
    language: str | None
    kind: Kind | str | None
    customer_id: UUID | None
    customer_tier: str | None
    subject: AboutView | None
    captured_at: datetime
    received_at: datetime


class FeedbackLine(Answer):
    """A line of a list: the redacted words only."""

    id: UUID
    version: int
    source: Source | str
    redacted_text: str | None
    rating: int | None
    language: str | None
    kind: Kind | str | None
    customer_id: UUID | None
    customer_tier: str | None
    subject: AboutView | None
    captured_at: datetime
    received_at: datetime


class Job(Answer):
    """Long work: `done` of `total` lines, `rate` a second, `eta_seconds` to go (null before it starts)."""

    id: UUID
    kind: str
    state: Literal["queued", "running", "done", "failed"] | str
    total: int
    done: int
    created: int
    unchanged: int
    rejected: int
    rate: float | None
    eta_seconds: float | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class SubmitFeedback(Input):
    """One expression: words, a rating, or both; `captured_at` is when it was said (tablets are offline for days)."""

    natural_keys: ClassVar[tuple[str, ...]] = ("source_ref", "external_ref")

    source: Source
    source_ref: str | None = None
    text: str | None = None
    rating: int | None = None
    language: str | None = None
    customer_id: UUID | None = None
    subject: About | None = None
    captured_at: datetime | None = None
    external_ref: str | None = None
