"""Inputs and outputs of templates, messages and receipts."""

from datetime import time, timedelta
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from customer.interactions.domain.facts import Kind
from customer.outreach.domain.messages import Category, Channel, Reason, State, Urgency
from customer.outreach.domain.policy import Cap, ChannelRules, Policy, ReplyWindow, Window
from customer.outreach.domain.templates import ALWAYS, TextFault, places
from customer.parties.domain.details import AccessibilityNeed
from shared.schemas import Body, View

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{1,79}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")]
ExternalRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Place = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
# JSON has longer whole numbers; nobody writes one into a letter, and 64 bits are what is kept.
Whole = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Filling = Annotated[str, StringConstraints(max_length=500)] | Whole | bool
MOST_PLACES: Final = 30
LANGUAGES = ("zh-Hans", "zh-Hant", "en")


def _usable(text: str) -> str:
    try:
        places(text)
    except TextFault as fault:
        raise ValueError(str(fault)) from None
    return text


Text = Annotated[str, StringConstraints(min_length=1, max_length=8_000), AfterValidator(_usable)]


class Wording(Body):
    """One text in one language: a subject where the channel has one, and a body; `{{ name }}` fills a place."""

    subject: Text | None = None
    body: Text


class WriteTemplate(Body):
    """The next version of a template. Every language is needed; `channels` says it otherwise where a channel needs that."""

    key: Key
    category: Category
    purposes: list[Code] = Field(min_length=1, max_length=10, description="purposes of consent it may be sent for")
    texts: dict[Language, Wording] = Field(description="by language: zh-Hans, zh-Hant and en at least")
    channels: dict[Channel, dict[Language, Wording]] = Field({}, description="other wordings of a channel")
    delicate: bool = Field(default=False, description="goes only to contact points that were verified; codes always do")
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not set(LANGUAGES) <= set(self.texts):
            raise ValueError("the text is needed in zh-Hans, zh-Hant and en")
        wanted = {self.wanted(one) for one in self.texts.values()}
        if len(wanted) > 1:
            raise ValueError("every language fills the same places")
        known = next(iter(wanted))
        if any(not self.wanted(one) <= known for texts in self.channels.values() for one in texts.values()):
            raise ValueError("a channel's wording fills no place that the others do not have")
        return self

    def wanted(self, wording: Wording) -> frozenset[str]:
        """The places a wording fills from a message's data."""
        return (places(wording.body) | places(wording.subject or "")) - ALWAYS

    def fields(self) -> list[str]:
        """The places a message must give."""
        return sorted(self.wanted(next(iter(self.texts.values()))))


class ShippedTemplate(WriteTemplate):
    """A text that comes with the service; `asked_by` is the event or the route that asks for it."""

    asked_by: str


class Template(View):
    """A version of a template."""

    id: UUID
    key: str
    version: int
    category: Category
    purposes: list[str]
    places: list[str]
    delicate: bool
    texts: dict[str, Wording]
    channels: dict[str, dict[str, Wording]]
    created_at: AwareDatetime
    created_by: str


class Hours(Body):
    """A span of every day by the bank's clock, `end` not included; one that ends before it starts goes over midnight."""

    start: time
    end: time

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.start == self.end:
            raise ValueError("it begins and ends at once")
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("hours are the bank's own and name no zone")
        return self


class SubmitMessage(Body):
    """A wish that a customer be told something; whether, when and through what is decided by consent and policy."""

    customer_id: UUID
    template: Key
    purpose: Code
    data: dict[Place, Filling] = Field(
        {},
        max_length=MOST_PLACES,
        description="what the text's places are filled with; `…_at` takes an RFC 3339 time and `…_on` a date,"
        " shown as the reader's language writes them",
    )
    urgency: Urgency = Field(
        Urgency.ROUTINE, description="urgent passes quiet hours and caps, never consent or a bar of risk"
    )
    channels: list[Channel] | None = Field(None, min_length=1, description="only through these; none given: any")
    language: Language | None = Field(None, description="none given: the customer's own")
    not_before: AwareDatetime | None = None
    expires_at: AwareDatetime | None = Field(None, description="later it is not sent; a code must have it")
    hours: Hours | None = Field(None, description="sent only between these, unless it is urgent")
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _lives(self) -> Self:
        if self.expires_at and self.not_before and self.expires_at <= self.not_before:
            raise ValueError("it expires before it may be sent")
        return self


class CampaignMessage(SubmitMessage):
    """The same from a campaign of ours, in the version of the text that the campaign was begun with."""

    campaign_id: UUID
    variant: str
    template_version: int


class AskedMessage(SubmitMessage):
    """The same from another service, by event: what cannot be written is kept as failed, for whoever asked to read.

    `category` is what this asker's messages are where no text says it, `faults` what was wrong before a text was looked at.
    A purpose that was not said is the asker's usual one, or the only one of the text.
    """

    asked_in: UUID
    category: Category
    purpose_said: bool
    faults: tuple[str, ...] = ()


class Message(View):
    """A message without its text: how far it has come, and on what it rests."""

    id: UUID
    version: int
    customer_id: UUID
    template: str
    template_version: int
    purpose: str
    category: Category
    urgency: Urgency
    state: State
    reason: Reason | None = Field(description="why it waits or ended; withheld from the customer")
    detail: str | None = Field(
        description="what does not fit or stood in the way, by pointer and code, never the value; withheld too"
    )
    asked_in: UUID | None = Field(description="the event by which another service asked for it")
    channel: Channel | None
    receipt_id: UUID | None = Field(description="of the consent it rests on")
    basis: str | None = Field(description="the legal basis it rests on, where that is no consent")
    campaign_id: UUID | None
    variant: str | None
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    sent_at: AwareDatetime | None
    updated_at: AwareDatetime


class ReportReceipt(Body):
    """What a gateway tells of a message later. The same again changes nothing."""

    channel: Channel
    state: State = Field(description="`delivered`, `read` or `failed`")
    occurred_at: AwareDatetime

    @model_validator(mode="after")
    def _told_by_gateways(self) -> Self:
        if self.state not in {State.DELIVERED, State.READ, State.FAILED}:
            raise ValueError("a gateway tells that it was delivered, read, or failed")
        return self


class _Span(Body):
    start: time
    end: time

    def window(self) -> Window:
        return Window(self.start, self.end)


class _Cap(Body):
    categories: frozenset[Category]
    most: int = Field(ge=1)
    days: int = Field(ge=1)


class _Reply(Body):
    hours: int = Field(ge=1)
    most: int = Field(ge=1)
    opened_by: frozenset[Kind] = Field(min_length=1)
    categories: frozenset[Category] = Field(min_length=1)
    source: str

    def window(self) -> ReplyWindow:
        return ReplyWindow(timedelta(hours=self.hours), self.most, frozenset(self.opened_by), self.categories)


class _Channel(Body):
    cost: int = Field(ge=0)
    closed: dict[Category, _Span] = {}
    per_minute: int | None = Field(None, ge=1)
    falls_with: frozenset[str] = frozenset()
    interrupts: bool = False
    reply_window: _Reply | None = None

    def rules(self) -> ChannelRules:
        return ChannelRules(
            self.cost,
            {category: span.window() for category, span in self.closed.items()},
            self.per_minute,
            self.falls_with,
            self.interrupts,
            self.reply_window.window() if self.reply_window is not None else None,
        )


class PolicyFile(Body):
    """A contact policy as it is written down: dated data with its source, never constants in code."""

    version: str
    effective_from: AwareDatetime
    source: str
    quiet: _Span
    caps: list[_Cap]
    channels: dict[Channel, _Channel]
    needs: dict[AccessibilityNeed, frozenset[Channel]] = {}

    def policy(self) -> Policy:
        """The rules it states."""
        return Policy(
            version=self.version,
            effective_from=self.effective_from,
            quiet=self.quiet.window(),
            caps=tuple(Cap(one.categories, one.most, one.days) for one in self.caps),
            channels={channel: one.rules() for channel, one in self.channels.items()},
            needs={need.value: channels for need, channels in self.needs.items()},
        )
