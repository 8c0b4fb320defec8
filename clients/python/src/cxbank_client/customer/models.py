"""Generated: what customer takes and tells."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cxbank_client.answers import Answer, Input

AccessPurpose = Literal["servicing", "complaint", "advice", "correction", "fraud_inquiry", "legal_order"]

AccessibilityNeed = Literal[
    "large_print", "screen_reader", "sign_language", "hearing_loop", "wheelchair", "easy_language", "home_visit"
]

AddressKind = Literal["home", "work", "registered", "mailing"]

Alert = Literal["restricted", "possible_fraud", "complaint_open", "arrears", "high_value", "dormant", "closed"]

Arm = Literal["treated", "held-out"]

Band = Literal["likely", "possible"]

BarReason = Literal["risk_restriction", "customer_refusal"]

By = Literal["kind", "state", "tier", "age_band", "region", "segment"]

CandidateState = Literal["open", "confirmed", "rejected"]

Category = Literal["service", "sales", "survey", "code"]

Cause = Literal["event", "time", "rule"]

ContactKind = Literal["phone", "email", "wechat", "postal"]

DeliveryState = Literal["waiting", "delivered", "parked"]

DimensionInput = Literal["kind", "state", "tier", "age_band", "region"]

ErasureState = Literal["requested", "completed"]

EvidenceKind = Literal[
    "identity_document",
    "biometric",
    "account_ownership",
    "registry_extract",
    "customer_confirmed",
    "phone",
    "email",
    "device",
    "name",
    "address",
]

Extent = Literal["use", "approach"]

FirmSize = Literal["micro", "small", "medium", "large"]

GdprBasis = Literal["6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(f)"]

Gender = Literal[0, 1, 2, 9]

GivenBy = Literal["customer", "staff", "client", "import"]

GlassReason = Literal["customer_in_danger", "money_at_risk", "customer_unreachable", "legal_deadline"]

GrantState = Literal["requested", "active", "expired", "locked", "revoked"]

Joint = Literal["all", "any", "not"]

Language = Literal["zh-Hans", "zh-Hant", "en"]

LegalForm = Literal[
    "sole_trader", "partnership", "limited_company", "joint_stock_company", "cooperative", "association", "public_body"
]

LinkReason = Literal["same_person", "same_organisation", "migration"]

Measure = Literal[
    "channel",
    "channel_shift",
    "digital",
    "product_demand",
    "spending",
    "saving",
    "activity",
    "churn",
    "need",
    "satisfaction",
]

NameOrder = Literal["family_first", "given_first", "single"]

OccupationGroup = Literal[
    "managers",
    "professionals",
    "technicians",
    "clerical",
    "service_and_sales",
    "agriculture",
    "craft",
    "operators",
    "elementary",
    "armed_forces",
    "student",
    "retired",
    "homemaker",
    "unemployed",
]

Outcome = Literal["shown", "ignored", "declined", "accepted"]

PartReason = Literal["linked_by_mistake", "customer_objected", "fraud_suspected", "erasure"]

PiplBasis = Literal["13(1)", "13(2)", "13(3)", "13(4)", "13(5)", "13(6)", "13(7)"]

Product = Literal["current_account", "savings", "credit_card", "loan", "mortgage", "investment", "insurance"]

Rating = Literal["A", "B", "C", "D", "E"]

RelationshipKind = Literal["household", "owner", "guardian", "authorised_person"]

RequestKind = Literal["access", "portability", "rectification", "restriction", "objection", "erasure"]

RequestState = Literal["identity_check", "in_progress", "completed", "partly_refused", "refused"]

ReviewOutcome = Literal["stands", "corrected", "reversed"]

ReviewState = Literal["open", "closed"]

ReviewVerdict = Literal["justified", "unjustified"]

Sensitive = Literal[
    "legal_name",
    "birth_date",
    "occupation",
    "contact_points",
    "identifiers",
    "preferred_name",
    "name",
    "addresses",
    "declared_income_band",
    "declared_asset_band",
]

ServiceKind = Literal["service", "advice", "education", "remedy", "product"]

SetState = Literal["active", "absorbed", "dissolved"]

Shape = Literal["routing", "servicing", "risk", "marketing"]

Source = Literal[
    "registry", "identity_document", "bank", "core_banking", "customer", "import", "third_party", "inferred"
]

Stage = Literal["eligibility", "applicability", "suitability", "contact-policy", "arbitration", "experiment"]

Status = Literal["running", "paused", "breached", "met", "met_late"]

Tier = Literal["private", "affluent", "mass"]

Topic = Literal["rate", "fee", "product", "campaign", "channel", "outage", "regulation", "economy", "sentiment"]

Urgency = Literal["routine", "urgent"]

Verdict = Literal["allow", "deny"]

Verified = Literal["text", "second_hand", "field_knowledge"]

Vulnerability = Literal["health", "life-event", "resilience", "capability"]

WebhookState = Literal["active", "paused", "ended"]

Why = Literal["counted", "start", "closed", "holiday", "pause", "rolled"]

Word = Literal["granted", "refused", "withdrawn"]

CustomerCampaignsDomainStandingState = Literal["draft", "scheduled", "running", "paused", "finished"]

CustomerConsentsDomainLedgerReason = Literal[
    "consent-granted",
    "legal-basis",
    "customer-unknown",
    "customer-erased",
    "purpose-unknown",
    "purpose-not-in-force",
    "purpose-retired",
    "channel-not-covered",
    "data-not-covered",
    "no-consent",
    "consent-refused",
    "consent-withdrawn",
    "consent-expired",
    "new-version-asks-again",
    "separate-consent-missing",
    "objected",
]

CustomerInsightsSchemasDimension = Literal["kind", "state", "tier", "age_band", "region"]

CustomerInteractionsDomainFactsChannel = Literal[
    "branch", "atm", "phone", "web", "app", "wechat", "video", "email", "post", "partner"
]

CustomerInteractionsDomainFactsKind = Literal[
    "transaction",
    "login",
    "visit",
    "call",
    "app_event",
    "account_changed",
    "feedback",
    "ticket",
    "appointment",
    "journey",
    "message",
    "screening",
]

CustomerOffersDomainServicesChannel = Literal[
    "app", "web", "branch", "phone", "video", "email", "sms", "push", "wechat"
]

CustomerOffersSchemasMeasuringDimension = Literal["age_band", "gender", "region"]

CustomerOutreachDomainMessagesChannel = Literal["email", "sms", "push", "wechat"]

CustomerOutreachDomainMessagesReason = Literal[
    "no-consent",
    "erased",
    "unknown-customer",
    "no-contact-point",
    "no-verified-contact-point",
    "open-complaint",
    "channel-barred",
    "quiet-hours",
    "over-the-cap",
    "channel-closed",
    "channel-busy",
    "reply-window-closed",
    "no-text",
    "unknown-template",
    "unfit",
    "refused",
    "gateway-away",
    "expired",
    "unknown-outcome",
    "holdout",
]

CustomerOutreachDomainMessagesState = Literal[
    "accepted", "sending", "sent", "delivered", "read", "failed", "suppressed"
]

CustomerPartiesDomainPartyKind = Literal["individual", "organisation"]

CustomerPartiesDomainPartyState = Literal["prospect", "active", "dormant", "closed"]

SharedDeadlinesRulesKind = Literal["service", "statutory", "practice"]


class AccessGrant(Answer):
    """An authorisation. `expires_at` is null until it is confirmed; who broke the glass is `staff` to the
    customer.
    """

    id: UUID
    customer_id: UUID
    version: int
    state: GrantState | str
    purpose: str
    fields: list[str]
    change: bool
    reader: str
    requested_by: str
    broken_glass: bool
    code_sent: bool
    duration_seconds: int
    requested_at: datetime
    confirm_before: datetime
    confirmed_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


class AccessLine(Answer):
    """One line of who looked. Customers see what kind of caller it was and from which branch, staff see who.

    `customer_id` is the id under which it was done: this one, or one that counts as the same customer.
    """

    id: UUID
    customer_id: UUID
    at: datetime
    action: str
    actor: str
    sub: str | None
    branch: str | None
    purpose: str | None
    view: str | None
    fields: list[str]
    broken_glass: bool


class AccessReview(Answer):
    """A broken glass before a second pair of eyes; lists leave `note` null."""

    id: UUID
    customer_id: UUID
    version: int
    reader: str
    reason: GlassReason | str
    note: str | None
    fields: list[str]
    broken_at: datetime
    verdict: ReviewVerdict | str | None
    reviewed_at: datetime | None
    reviewed_by: str | None


class Address(Answer):
    """An address as it is kept."""

    id: UUID
    version: int
    kind: AddressKind | str
    lines: list[str]
    locality: str | None
    region: str | None
    postal_code: str | None
    country: str
    provenance: Provenance | None


class AskAccess(Input):
    """A wish to see fields of a customer unmasked, for a purpose and a time; the customer decides."""

    purpose: AccessPurpose
    fields: list[Sensitive]
    change: bool = False
    reader: str | None = None
    duration_seconds: int = 900
    send_code: bool = False


class AskDecision(Input):
    """A use somebody wants to make. No `data_categories`: all the ordinary ones of the purpose."""

    customer_id: UUID
    purpose: str
    channel: str | None = None
    data_categories: list[str] = Field(default_factory=lambda: [])


class AssessSuitability(Input):
    """What somebody who may found of a customer: the risk they can bear, and what makes them vulnerable.

    Of each the latest word by `assessed_at` holds; what is left out is left as it was, and an empty list says
    that nothing
    makes them vulnerable any more.
    """

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    risk_tolerance: int | None = None
    vulnerabilities: list[Vulnerability] | None = None
    assessed_at: datetime | None = None
    external_ref: str | None = None


class Assessment(Answer):
    """An assessment as it was recorded: `found` says of what it spoke. `risk_tolerance` is good until `…_until`."""

    id: UUID
    customer_id: UUID
    risk_tolerance: int | None
    risk_tolerance_until: datetime | None
    vulnerabilities: list[Vulnerability | str]
    found: list[Literal["risk_tolerance", "vulnerabilities"] | str]
    assessed_at: datetime
    recorded_at: datetime


class BacktestView(Answer):
    """Forecasts one day ahead over the last `days`, each made before its day.

    `mase` is the mean absolute error over that of "as a week ago" in the past before; `naive_mase` is that
    forecast's own on
    the same days. `coverage` is the share of days within the interval, `width` its mean width.
    """

    days: int
    mase: float
    naive_mase: float
    coverage: float
    width: float
    naive_width: float


class BarredChannel(Answer):
    """A channel that is not open: `use` at all, or `approach` of our own accord; why is delicate."""

    channel: str
    extent: Extent | str
    reason: BarReason | str | None


class Because(Answer):
    """A reason, by its code and in the languages of the suite."""

    code: str
    texts: dict[str, str]


class BreakGlass(Input):
    """Opening fields at once, without the customer, for a reason that will be judged."""

    reason: GlassReason
    note: str
    fields: list[Sensitive]


class Campaign(Answer):
    """A campaign as it is. `enrolled` says that all its people were drawn."""

    id: UUID
    version: int
    state: CustomerCampaignsDomainStandingState | str
    name: str
    segment_id: UUID
    purpose: str
    variants: list[PlannedVariant]
    holdout_percent: int
    data: dict[str, Any]
    channels: list[str] | None
    starts_at: datetime | None
    ends_at: datetime
    hours: dict[str, str] | None
    per_minute: int
    conversion: PlannedConversion
    launched_at: datetime | None
    enrolled: bool
    created_at: datetime
    created_by: str
    updated_at: datetime


class Certificate(Answer):
    """What became of an erasure: what was erased where, what stays and why, and when the last backup of it is
    gone.

    `services` are all erasures together: what was removed in any, what is left after the last. `erasures` are
    each of them.
    """

    request_id: UUID
    erasure_id: UUID | None
    customer_id: UUID
    customer_ids: list[UUID]
    state: RequestState | str
    answered_at: datetime
    backups_gone_at: datetime | None
    services: list[CertificateLine]
    erasures: list[CertifiedErasure]


class CertificateLine(Answer):
    """One service: rows by table that name the customer no more (`removed`) or still do (`left`), and what it
    keeps by.

    Rows that are left are counts and proofs under an id; their values went with the key, unless `stays_by`
    names a rule.
    """

    service: str
    confirmed_at: datetime | None
    removed: dict[str, int]
    left: dict[str, int]
    stays_by: list[RefusalView]


class CertifiedErasure(Answer):
    """One erasure of one record: in part, while something had to be kept, or whole."""

    erasure_id: UUID
    customer_id: UUID
    partial: bool
    requested_at: datetime
    completed_at: datetime | None
    services: list[ServiceErased]


class ChangeAddress(Input):
    """A merge patch of an address."""

    kind: AddressKind | None = None
    lines: list[str] | None = None
    locality: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    provenance: ProvenanceIn | None = None


class ChangeCampaign(Input):
    """An RFC 7396 merge patch. Once it is no draft, only its name, its pace and its state may change."""

    state: CustomerCampaignsDomainStandingState | None = None
    name: str | None = None
    segment_id: UUID | None = None
    purpose: str | None = None
    variants: list[Variant] | None = None
    holdout_percent: int | None = None
    data: dict[str, Any] | None = None
    channels: list[CustomerOutreachDomainMessagesChannel] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hours: Hours | None = None
    per_minute: int | None = None
    conversion: Conversion | None = None


class ChangeContactPoint(Input):
    """A merge patch. A new value is not verified, whatever the old one was."""

    value: str | None = None
    country: str | None = None
    verified: bool | None = None
    preferred: bool | None = None
    quiet_hours: QuietHours | None = None
    provenance: ProvenanceIn | None = None


class ChangeCustomer(Input):
    """An RFC 7396 merge patch: what is absent stays, what is null is removed (a name or a state cannot be).

    Without `provenance` it is the bank's own word now, and is refused where a better source holds a field; with
    it, it is
    a claim that is kept, and wins or not by the rules of survivorship.
    """

    birth_date: date | None = None
    incorporation_date: date | None = None
    occupation: str | None = None
    region: str | None = None
    preferred_name: str | None = None
    name: PersonName | None = None
    gender: Gender | None = None
    occupation_group: OccupationGroup | None = None
    industry: str | None = None
    education: int | None = None
    legal_form: LegalForm | None = None
    firm_size: FirmSize | None = None
    languages: list[str] | None = None
    accessibility_needs: list[AccessibilityNeed] | None = None
    home_branch: str | None = None
    relationship_manager: str | None = None
    declared_income_band: str | None = None
    declared_asset_band: str | None = None
    provenance: ProvenanceIn | None = None
    legal_name: str | None = None
    tier: Tier | None = None
    state: CustomerPartiesDomainPartyState | None = None


class ChangeIdentifier(Input):
    """A merge patch of its days; another number is another identifier."""

    issued_on: date | None = None
    expires_on: date | None = None
    provenance: ProvenanceIn | None = None


class ChangePurpose(Input):
    """A merge patch that makes the next version; earlier ones stay as they were shown.

    Unless `equivalent` is true, whoever consented to an earlier version is asked again.
    """

    texts: dict[str, PurposeText] | None = None
    gdpr_basis: GdprBasis | None = None
    pipl_basis: PiplBasis | None = None
    channels: list[str] | None = None
    data_categories: list[str] | None = None
    sensitive_categories: list[str] | None = None
    recipients: list[str] | None = None
    retention_days: int | None = None
    valid_days: int | None = None
    retired: bool | None = None
    equivalent: bool = False
    effective_from: datetime | None = None


class ChangeSegment(Input):
    """An RFC 7396 merge patch: a new rule or use is in force from now on; an archived segment has no members."""

    names: Words | None = None
    descriptions: Words | None = None
    rule: str | None = None
    use: str | None = None
    state: Literal["active", "archived"] | None = None


class ChangeService(Input):
    """An RFC 7396 merge patch that makes the next version, in force from `effective_from`, else from now."""

    kind: ServiceKind | None = None
    names: Words | None = None
    descriptions: Words | None = None
    sells: bool | None = None
    purposes: list[str] | None = None
    channels: list[CustomerOffersDomainServicesChannel] | None = None
    eligible: str | None = None
    applicable: str | None = None
    needs: NeedsIn | None = None
    value: Money | None = None
    urgency: int | None = None
    rests_days: int | None = None
    prior: PriorIn | None = None
    model: Literal["product"] | None = None
    product: Product | None = None
    state: Literal["active", "archived"] | None = None
    effective_from: datetime | None = None


class ChangeWebhook(Input):
    """A merge patch: what is not named stays."""

    url: str | None = None
    types: list[str] | None = None
    state: WebhookState | None = None


class ChannelMix(Answer):
    """Through which channels contacts will come, as it was foretold last from `past_months` whole months in
    `zone`.

    Without months where a forecast would be a guess, and then `reason` says so. `signals` are what was seen of
    the market in
    the 90 days before. `grounds` say on what counting what people do rests.
    """

    made_at: datetime | None
    zone: str | None
    level: float
    past_months: int
    months: list[MonthAhead]
    backtest: MixBacktest | None
    reason: str | None
    signals: list[MarketSignal]
    grounds: UseGrounds | None


class CheckIdentity(Input):
    """How it was made sure who asks."""

    method: str


class Claimed(Answer):
    """What one source says of a field; `holds` marks the one that won."""

    source: Source | str
    at: datetime
    confidence: float
    value: Any
    holds: bool


class ClockView(Answer):
    """One clock at one instant. `unit` says what `needed`, `counted`, `remaining` and the steps are in: seconds or
    days.

    The counts of the steps add up to `total`; when the clock is due, `total` equals `needed`. `due_at` is the
    last second in
    time, or null while the clock stands still. `estimated` says that not all holidays were known.
    """

    clock: str
    kind: SharedDeadlinesRulesKind | str
    status: Status | str
    period: str
    unit: str
    calendar: str
    calendar_revision: int
    zone: str
    started_at: datetime
    satisfied_at: datetime | None
    due_at: datetime | None
    due_on: date | None
    warns_at: list[datetime]
    needed: int
    counted: int
    remaining: int
    overdue_seconds: int
    paused_for: str | None
    void_extensions: list[str]
    estimated: bool
    source: SourceView | None
    steps: list[StepView]
    total: int


class Clocks(Answer):
    """The clocks of a request, each with its arithmetic."""

    items: list[ClockView]


class CloseReview(Input):
    """What a person found; a closed review may be judged anew."""

    outcome: ReviewOutcome


class Cluster(Answer):
    """A cluster found in data: its share of the customers it was found in, and what sets it apart, by language."""

    name: str
    share: float
    profile: dict[str, str]


class ConfirmAccess(Input):
    """The code the customer read out; a customer's own token confirms without."""

    code: str | None = None


class Confirmation(Answer):
    """One service's answer: it has destroyed its key of the subject and what could be found by it, or `kept` it by
    duty.
    """

    service: str
    confirmed_at: datetime
    kept: bool


class ConsentDecision(Answer):
    """Allow or deny, and why: an allow carries the receipt it rests on, or names its legal basis."""

    customer_id: UUID
    purpose: str
    purpose_version: int | None
    channel: str | None
    decision: Verdict | str
    reason: CustomerConsentsDomainLedgerReason | str
    receipt_id: UUID | None
    legal_basis: LegalBasis | None
    decided_at: datetime


class ConsentReceipt(Answer):
    """A consent receipt in the structure of ISO/IEC TS 27560:2023: what a person can keep, and hold against us."""

    schema_version: str
    receipt_id: UUID
    consent_record_id: UUID
    pii_principal_id: UUID
    pii_controllers: list[ReceiptParty]
    notice: ReceiptNotice
    purposes: list[ReceiptPurpose]
    consent_event: ReceiptEvent


class ConsentRecord(Answer):
    """A word as it stands in the ledger; its id is its receipt's. `channels` null: every channel there is."""

    id: UUID
    customer_id: UUID
    purpose: str
    purpose_version: int
    decision: Word | str
    channels: list[str] | None
    data_categories: list[str]
    separate_categories: list[str]
    language: Language | str | None
    given_by: GivenBy | str
    evidence: CustomerConsentsSchemasEvidence | None
    occurred_at: datetime
    recorded_at: datetime
    expires_at: datetime | None


class ConsentState(Answer):
    """Whether a purpose may be followed through a channel, by what the customer said."""

    purpose: str
    purpose_version: int
    channel: str | None
    decision: Verdict | str
    reason: CustomerConsentsDomainLedgerReason | str
    receipt_id: UUID | None


class Consents(Answer):
    """All purposes for one customer; `as_of` and `valid_at` say as of when it was recorded and when it was true."""

    customer_id: UUID
    as_of: datetime
    valid_at: datetime
    items: list[ConsentState]


class ContactPoint(Answer):
    """A contact point as it is kept."""

    id: UUID
    kind: ContactKind | str
    value: str
    version: int
    verified_at: datetime | None
    preferred: bool
    quiet_hours: QuietHours | None
    provenance: Provenance | None


class ContactPointIn(Input):
    """Where a party can be reached; a value may be shared by several parties (a family's phone)."""

    kind: ContactKind
    value: str
    country: str | None = None


class Conversion(Input):
    """What a campaign is for: that somebody does something of this kind, through this channel if one is named.

    What the bank does (interest, fees) counts for nobody, and of several steps only the first: a booking, not
    its keeping.
    With `product`, of kind `account_changed`, only that they open one.
    It counts by its own time from the launch on, for `within_days` days of 24 hours, the same for everybody:
    who is held out
    has no moment of being written to. However late it is told of, and however often, it counts once.
    """

    kind: CustomerInteractionsDomainFactsKind
    channel: CustomerInteractionsDomainFactsChannel | None = None
    product: Product | None = None
    within_days: int


class CrossTable(Answer):
    """Customers by two words of theirs. Counts below `fewest` are hidden, and others with them, so that none can
    be worked out.

    Groups of fewer people than that are joined under `other`. `signals` are what was seen of the market in the
    90 days
    before. `grounds` say on what counting people rests.
    """

    rows: CustomerInsightsSchemasDimension | str
    columns: CustomerInsightsSchemasDimension | str
    names: list[str]
    lines: list[Line]
    totals: list[int]
    total: int
    fewest: int
    as_of: datetime
    signals: list[MarketSignal]
    grounds: UseGrounds | None


class Customer(Answer):
    """A party as recorded. `restricted` says that a restriction of the risk service is in force (staff and
    clients).

    `masked` names the fields that hold a mask (or null) because nobody opened them for the caller, `withheld`
    those the
    chosen view leaves out.
    """

    id: UUID
    version: int
    kind: CustomerPartiesDomainPartyKind | str
    state: CustomerPartiesDomainPartyState | str
    tier: Tier | str
    legal_name: str
    birth_date: date | None
    occupation: str | None
    region: str | None
    age_band: str | None
    contact_points: list[ContactPoint]
    identifiers: list[Identifier]
    restricted: bool | None
    created_at: datetime
    updated_at: datetime
    incorporation_date: date | None
    preferred_name: str | None
    name: PersonName | None
    gender: Gender | str | None
    occupation_group: OccupationGroup | str | None
    industry: str | None
    education: int | None
    legal_form: LegalForm | str | None
    firm_size: FirmSize | str | None
    languages: list[str]
    accessibility_needs: list[AccessibilityNeed | str]
    home_branch: str | None
    relationship_manager: str | None
    declared_income_band: str | None
    declared_asset_band: str | None
    addresses: list[Address]
    leader_id: UUID | None
    masked: list[str]
    withheld: list[str]


class CustomerSummary(Answer):
    """A line of a list: nothing in it names a person."""

    id: UUID
    version: int
    kind: CustomerPartiesDomainPartyKind | str
    state: CustomerPartiesDomainPartyState | str
    tier: Tier | str
    region: str | None
    created_at: datetime
    updated_at: datetime


class CutVersion(Answer):
    """Frozen cut points. `bounds` are the upper bounds of the four lower fifths; `clusters` what k-means found.

    `drift` is the population stability index of the customers against the partition before: above 0.25 they
    moved.
    """

    id: UUID
    kind: Literal["rfm", "clusters"] | str
    valid_from: datetime
    judged: int
    exact: bool
    bounds: dict[str, list[int]] | None
    clusters: list[Cluster] | None
    silhouette: float | None
    drift: float | None
    recorded_at: datetime


class DataQuality(Answer):
    """What is recorded of customers, judged once a day, counted: completeness, validity, duplicates, staleness.

    The source of a field is whose word holds (of a record: of its name). Staleness is as of `as_of`, when the
    count began;
    `made_at` is when it ended, null before the first has. What tells of fewer than `fewest` people is left out
    or null;
    `kinds_left_out` are kinds of party of whom there are that few; `unreadable` are records in no figure, for
    their seal is
    broken: which they are, the log of the worker says.
    """

    as_of: datetime
    fields: list[FieldQuality]
    freshness: list[CustomerInsightsSchemasFreshness]
    duplicates: list[Duplicates]
    made_at: datetime | None
    fewest: int
    kinds_left_out: list[str]
    unreadable: int


class DecideCandidate(Input):
    """What a person says of a candidate; to confirm is to link, and needs what a link needs."""

    state: CandidateState
    leader: UUID | None = None
    reason: LinkReason | None = None
    evidence: list[CustomerIdentitySchemasEvidence] | None = None


class DecideRequest(Input):
    """A person's decision: done (a rectification), or refused by a rule that is named."""

    refused_by: str | None = None


class DefineCampaign(Input):
    """A campaign as a draft: who is written to is fixed at the launch, and by a draw that is the same however it
    is asked.
    """

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    name: str
    segment_id: UUID
    purpose: str
    variants: list[Variant]
    holdout_percent: int = 10
    data: dict[str, Any] = Field(default_factory=lambda: {})
    channels: list[CustomerOutreachDomainMessagesChannel] | None = None
    starts_at: datetime | None = None
    ends_at: datetime
    hours: Hours | None = None
    per_minute: int = 600
    conversion: Conversion
    external_ref: str | None = None


class DefinePurpose(Input):
    """A purpose and its first version. At least one legal basis; the code is its key."""

    code: str
    texts: dict[str, PurposeText]
    gdpr_basis: GdprBasis | None = None
    pipl_basis: PiplBasis | None = None
    channels: list[str] = Field(default_factory=lambda: [])
    data_categories: list[str]
    sensitive_categories: list[str] = Field(default_factory=lambda: [])
    recipients: list[str] = Field(default_factory=lambda: [])
    retention_days: int
    valid_days: int | None = None
    effective_from: datetime | None = None


class DefineSegment(Input):
    """A new segment; its `key` is its natural key and what other rules call it by: `in_segment('key')`.

    Only those are in it of whom its `use` is allowed: `marketing` needs their consent to profiling,
    `improvement` that they
    did not object; `servicing`, which is meant where none is named, rests on the contract.
    """

    key: str
    names: Words
    descriptions: Words | None = None
    rule: str
    use: str | None = None


class DefineService(Input):
    """A new entry of the catalogue; its `key` is its natural key."""

    kind: ServiceKind
    names: Words
    descriptions: Words | None = None
    sells: bool
    purposes: list[str]
    channels: list[CustomerOffersDomainServicesChannel] = Field(default_factory=lambda: [])
    eligible: str = "true"
    applicable: str = "true"
    needs: NeedsIn | None = None
    value: Money
    urgency: int = 1
    rests_days: int = 30
    prior: PriorIn
    model: Literal["product"] | None = None
    product: Product | None = None
    key: str
    effective_from: datetime | None = None


class Delivery(Answer):
    """One event on its way to one subscriber: `status` is the last HTTP status, `cause` why it waits or is parked."""

    event_id: UUID
    said_at: datetime
    state: DeliveryState | str
    attempts: int
    due_at: datetime
    status: int | None
    cause: str | None
    done_at: datetime | None


class DuplicateCandidate(Answer):
    """Two records that may be one party. Nothing links them but a person, whatever the score."""

    id: UUID
    version: int
    one: UUID
    other: UUID
    band: Band | str
    score: float
    probability: float
    reasons: list[CustomerIdentitySchemasReason]
    state: CandidateState | str
    identity_link_id: UUID | None
    created_at: datetime
    updated_at: datetime
    decided_by: str | None


class Duplicates(Answer):
    """Contact points that lead to more than one party: a family's phone, or one person recorded twice and not
    linked.
    """

    kind: str
    values: int
    shared_values: int
    customers_sharing: int


class Erasure(Answer):
    """How far an erasure has come."""

    id: UUID
    customer_id: UUID
    version: int
    state: ErasureState | str
    partial: bool
    requested_at: datetime
    completed_at: datetime | None
    confirmations: list[Confirmation]


class Explained(Answer):
    """One condition of a rule: its text, what it came to, its parts, or the values it looked at and those it
    lacked.
    """

    text: str
    place: int
    outcome: Literal["true", "false", "unknown"] | str
    joint: Joint | str | None
    parts: list[Explained]
    values: list[Named]
    missing: list[str]
    fault: bool


class ExtendRequest(Input):
    """An extension the regime knows, such as `complex_or_many`; the person is told of it and of its reasons."""

    extension: str


class Facts(Answer):
    """What the features are made of: how many, from when to when, and when the last was recorded."""

    count: int
    first_at: datetime | None
    last_at: datetime | None
    last_recorded_at: datetime | None


class FairnessReport(Answer):
    """Who is offered what, and who takes it, by group, in the months of [from, to). `four_fifths` is the rule's
    part.
    """

    items: list[FairnessTable]
    four_fifths: float
    fewest: int
    since: date | None
    until: date | None
    as_of: datetime


class FairnessTable(Answer):
    """One entry by one word of people; `withheld` when it could not be shown without telling of a few."""

    service: str
    dimension: CustomerOffersSchemasMeasuringDimension | str
    withheld: bool
    groups: list[GroupShares]


class Feature(Answer):
    """A feature as of an instant: exact where it is whole, a rounded decimal where it is a fraction.

    `valid_until` is the first instant at which it may be another without anything happening; null: never.
    """

    value: int | float | str | bool | None
    unit: str
    valid_until: datetime | None


class FeatureShape(Answer):
    """What a feature is."""

    name: str
    type: Literal["int", "fraction", "string", "bool"] | str
    unit: str
    description: dict[str, str]


class FieldProvenance(Answer):
    """One field of a party: what holds, and everything that was claimed of it."""

    field: str
    claims: list[Claimed]


class FieldQuality(Answer):
    """One field in the words of one source; `all` are all sources, `other` those of a few people, together.

    `records` are the parties whose kind has the field. `completeness` is the share of them that have it (from
    that source),
    `validity` the share of those at no fault, `staleness` of those without a word for `stale_after_days` (null:
    never stale
    by age). Of contact points: how many share one with another party (`shared`), and have proven to be reached
    at one
    (`verified`). Null is a figure that tells of a few, or that there is nothing to share.
    """

    field: str
    source: str
    records: int
    filled: int
    completeness: float | None
    valid: int | None
    validity: float | None
    stale: int | None
    staleness: float | None
    stale_after_days: int | None
    shared: int | None
    verified: int | None
    faults: dict[str, int | None]


class Forecast(Answer):
    """Contacts through one channel, or `all`; without days where a forecast would be a guess, and then `reason`
    says so.
    """

    channel: str
    level: float
    days: list[ForecastDay]
    backtest: BacktestView | None
    reason: str | None


class ForecastDay(Answer):
    """One day to come: the median number of contacts, and the interval that shall hold it in `level` of all cases."""

    date: date
    value: float
    low: float
    high: float


class Forecasts(Answer):
    """Forecasts as they were made last; days are days in `zone`. Null before the first were made.

    `signals` are what was seen of the market in the 90 days before they were made; `grounds` say on what
    counting what
    people do rests.
    """

    made_at: datetime | None
    zone: str | None
    forecasts: list[Forecast]
    signals: list[MarketSignal]
    grounds: UseGrounds | None


class Found(Answer):
    """The parties a look-up found; a shared contact point may find several."""

    customer_ids: list[UUID]


class FreezeCuts(Input):
    """Find cut points in the customers as they are now, in force from `valid_from` on; (kind, valid_from) is the
    key.
    """

    kind: Literal["rfm", "clusters"]
    valid_from: datetime


class GiveConsent(Input):
    """One word of a customer. A withdrawal needs the purpose and the word alone, whatever the grant took.

    A grant without `channels` or `data_categories` is for all (ordinary) ones of the version shown; what is
    sensitive
    is named in `separate_categories`, each asked for by an act of its own (PIPL Art. 29).
    """

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    purpose: str
    decision: Word
    purpose_version: int | None = None
    channels: list[str] | None = None
    data_categories: list[str] | None = None
    separate_categories: list[str] = Field(default_factory=lambda: [])
    language: Language | None = None
    evidence: CustomerConsentsSchemasEvidence | None = None
    occurred_at: datetime | None = None
    external_ref: str | None = None


class Group(Answer):
    """A group as it was drawn. Rates are of everybody assigned, suppressed and failed ones too (intention to
    treat).

    `rate_low` to `rate_high` is the 95 % Wilson interval, `lift` the rate less that of the holdout with
    Newcombe's 95 %
    interval (method 10); null where a group is empty.
    """

    name: str
    assigned: int
    waiting: int
    sent: int
    delivered: int
    read: int
    failed: int
    suppressed: dict[str, int]
    converted: int
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    lift: float | None
    lift_low: float | None
    lift_high: float | None


class GroupShares(Answer):
    """One group: how many were considered, were offered, and took it; null where it is hidden, that nobody is told
    of.
    """

    name: str
    considered: int
    offered: int | None
    accepted: int | None
    offered_share: Share | None
    accepted_share: Share | None


class HabitTable(Answer):
    """Customers by what they did in the last `window_days`, each counted in one column, as it was counted at
    `made_at`.

    It is counted over `total` of the `customers`: everybody (`exact`), or a random sample. Lines of a dimension
    add up to
    `totals`. Segments overlap: each stands for itself, and `totals` are everybody. Counts below `fewest` are
    hidden, and
    others with them, so that none can be worked out. `withheld` are segments that are too small, or so like
    another group
    that is shown that the difference would tell of a few. `signals` are what was seen of the market in these
    days.
    `grounds` say on what counting people rests; who objects to it is in no count.
    """

    measure: Measure | str
    by: By | str
    window_days: int
    names: list[str]
    lines: list[Line]
    totals: list[int]
    total: int
    withheld: list[str]
    customers: int
    exact: bool
    fewest: int | None
    made_at: datetime | None
    signals: list[MarketSignal]
    grounds: UseGrounds | None


class Hours(Input):
    """A span of every day by the bank's clock, `end` not included; one that ends before it starts goes over
    midnight.
    """

    start: time
    end: time


class Identifier(Answer):
    """An identifier as it is kept."""

    id: UUID
    type: str
    issuer: str
    value: str
    version: int
    issued_on: date | None
    expires_on: date | None
    provenance: Provenance | None


class IdentifierIn(Input):
    """A number somebody issued; (type, issuer, value) belongs to one party."""

    type: str
    issuer: str
    value: str


class IdentityLink(Answer):
    """A link set: `members` and `leader` are empty once it was absorbed by another (`absorbed_by`) or dissolved."""

    id: UUID
    version: int
    state: SetState | str
    leader: UUID | None
    members: list[UUID]
    reason: LinkReason | str | PartReason
    evidence: list[CustomerIdentitySchemasEvidence]
    absorbed_by: UUID | None
    created_at: datetime
    updated_at: datetime
    updated_by: str


class IdentitySplit(Answer):
    """A split as it was done: who left whom, which set they are now, and how many decisions a person has to look
    at.
    """

    id: UUID
    identity_link_id: UUID
    version: int
    members: list[UUID]
    leader: UUID
    remaining_leader: UUID
    split_off_id: UUID | None
    reason: PartReason | str
    together_since: datetime | None
    reviews: int
    created_at: datetime
    created_by: str


class Interaction(Answer):
    """An interaction as it is kept, under the id of the customer it arrived with."""

    id: UUID
    version: int
    event_id: str
    customer_id: UUID
    kind: CustomerInteractionsDomainFactsKind | str
    channel: CustomerInteractionsDomainFactsChannel | str | None
    occurred_at: datetime
    recorded_at: datetime
    amount: MoneyView | None
    balance: MoneyView | None
    attributes: dict[str, str | bool | int]


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


class JudgeAccess(Input):
    """The reviewer's word."""

    verdict: ReviewVerdict


class LegalBasis(Answer):
    """By which rule a use is allowed that rests on no consent."""

    gdpr: GdprBasis | str | None
    pipl: PiplBasis | str | None


class LegalHold(Answer):
    """A hold."""

    id: UUID
    version: int
    customer_id: UUID
    code: str
    until: datetime | None
    set_at: datetime
    lifted_at: datetime | None


class LevelMark(Answer):
    """Of which record risk has said that its level changed, and the version it said."""

    customer_id: UUID
    version: int


class LiftOf(Answer):
    """An entry's two arms and their difference (Newcombe's interval, 95 %); null where an arm is too small to tell
    of.
    """

    service: str
    treated: SideView | None
    held_out: SideView | None
    difference: float | None
    low: float | None
    high: float | None


class LiftReport(Answer):
    """What next best services were worth against the universal control group, by entry; `*` is any that sells.

    People count from when they first qualified in [from, to), with `days` to take it. `moved` are those left
    out because
    linking has put them into the other arm since.
    """

    experiment_id: UUID
    holdout_percent: int
    days: int
    moved: int
    items: list[LiftOf]
    fewest: int
    as_of: datetime


class Line(Answer):
    """One row: `counts` in the order of the table's columns, null where a count is hidden."""

    group: str
    counts: list[int | None]
    total: int


class LinkIdentities(Input):
    """These records, with all that already count with them, are one party; `leader` is the one it goes by."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    members: list[UUID]
    leader: UUID
    reason: LinkReason
    evidence: list[CustomerIdentitySchemasEvidence]
    external_ref: str | None = None


class LookUp(Input):
    """Exactly one of the two: through what the party is looked for."""

    contact_point: ContactPointIn | None = None
    identifier: IdentifierIn | None = None


class MarketSignal(Answer):
    """A market signal as it was recorded."""

    id: UUID
    observed_on: date
    topic: Topic | str
    source: str
    competitor: str | None
    product: str | None
    region: str | None
    value: str | None
    measure_unit: str | None
    note: str | None
    recorded_at: datetime
    recorded_by: str


class Member(Answer):
    """Somebody in a segment: since when, through what, and under which version of the rule they came in.

    `grounds` say on what its use rests at that instant; null where the segment was archived and that is not
    told yet.
    """

    customer_id: UUID
    since: datetime
    by: Cause | str
    version: int
    grounds: UseGrounds | None


class Membership(Answer):
    """Whether a customer is in a segment: since when, through what; `explanation` where it was asked for.

    `grounds` say on what its use rests, or why it is denied: then there is no member, whatever the condition
    comes to.
    """

    segment_id: UUID
    segment: str
    names: dict[str, str]
    member: bool
    since: datetime | None
    by: Cause | str | None
    version: int | None
    explanation: Explained | None
    grounds: UseGrounds | None


class Memberships(Answer):
    """A customer's segments as of an instant. Told up to `told_until`; from `next_check_at` on they may change by
    time.
    """

    customer_id: UUID
    as_of: datetime
    told_until: datetime | None
    next_check_at: datetime | None
    items: list[Membership]


class MergeReview(Answer):
    """A decision taken on a record while it counted with others; it stands until a person says otherwise.

    `subject` is the record it was taken on, `service` and `kind` say what it was, `resource_id` where it can be
    seen.
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
    state: ReviewState | str
    outcome: ReviewOutcome | str | None
    created_at: datetime
    updated_at: datetime
    closed_by: str | None


class Message(Answer):
    """A message without its text: how far it has come, and on what it rests."""

    id: UUID
    version: int
    customer_id: UUID
    template: str
    template_version: int
    purpose: str
    category: Category | str
    urgency: Urgency | str
    state: CustomerOutreachDomainMessagesState | str
    reason: CustomerOutreachDomainMessagesReason | str | None
    detail: str | None
    asked_in: UUID | None
    channel: CustomerOutreachDomainMessagesChannel | str | None
    receipt_id: UUID | None
    basis: str | None
    campaign_id: UUID | None
    variant: str | None
    created_at: datetime
    expires_at: datetime | None
    sent_at: datetime | None
    updated_at: datetime


class MixBacktest(Answer):
    """Forecasts one month ahead over the last `months`, each made before its month, all channels together.

    `mase` is the mean absolute error of a share over that of "as a year ago" in the past before; `naive_mase`
    is that
    forecast's own on the same months. `coverage` is the share of what came that lay within the interval,
    `width` its mean
    width.
    """

    months: int
    mase: float
    naive_mase: float
    coverage: float
    width: float
    naive_width: float


class Money(Input):
    """Decimal text and ISO 4217 currency, with no more digits than the currency has."""

    amount: str
    currency: str


class MoneyView(Answer):
    """Decimal text and currency."""

    amount: str
    currency: str


class MonthAhead(Answer):
    """The mix of one month to come (`2026-12`): the values of all channels add up to one."""

    month: str
    shares: list[ShareAhead]


class Named(Answer):
    """A name in a condition, with the value it had there; `***` where the customer has not opened it for the
    reader.
    """

    name: str
    value: bool | int | float | str
    unit: str


class NeedsIn(Input):
    """What makes it suitable: a risk level within what the customer can bear, an income, a bounded chance to
    default.

    With both of the last two, one must be known and what is known must hold.
    """

    risk: int | None = None
    least_income: Money | None = None
    most_default_chance: float | None = None


class NeedsView(Answer):
    """What makes it suitable."""

    risk: int | None
    least_income: MoneyView | None
    most_default_chance: float | None


class NewAddress(Input):
    """Where a party lives, works or is registered; lines are as the post writes them."""

    kind: AddressKind
    lines: list[str]
    locality: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str
    provenance: ProvenanceIn | None = None


class NewContactPoint(Input):
    """A contact point and how to use it; `verified` says that somebody has proven to be reached there."""

    kind: ContactKind
    value: str
    country: str | None = None
    verified: bool = False
    preferred: bool = False
    quiet_hours: QuietHours | None = None
    provenance: ProvenanceIn | None = None


class NewIdentifier(Input):
    """An identifier with the days between which it holds."""

    type: str
    issuer: str
    value: str
    issued_on: date | None = None
    expires_on: date | None = None
    provenance: ProvenanceIn | None = None


class NextBest(Answer):
    """The next best services of a customer on a channel, best first, and every other entry with why it is not
    offered.

    `id` names the decision when it is said what became of it. `refused`, `arm` and the versions are null for
    customers.
    """

    id: UUID
    customer_id: UUID
    channel: CustomerOffersDomainServicesChannel | str
    decided_at: datetime
    items: list[OfferedService]
    refused: list[RefusedService] | None
    arm: Arm | str | None
    experiment_id: UUID | None
    weights: str | None
    policy: str | None


class NoteRoutingProfile(Input):
    """An RFC 7396 merge patch of what the bank notes itself: what is absent stays, what is null is removed."""

    rating: Rating | None = None
    alerts: list[Alert] | None = None


class ObserveMarket(Input):
    """Something seen of the market or a competitor on a day; what is wrong is answered by a newer signal, not
    changed.

    `value` with its `measure_unit` is what was measured, such as 2.35 and `percent`. `source` is where it was
    seen. It is
    about firms and markets: a person's name does not belong here.
    """

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    observed_on: date
    topic: Topic
    source: str
    competitor: str | None = None
    product: str | None = None
    region: str | None = None
    value: Decimal | None = None
    measure_unit: str | None = None
    note: str | None = None
    external_ref: str | None = None


class OfferOutcome(Answer):
    """A word of what became of an offer, as it was said; `stands` is what the offer has come to by all words so
    far.

    `decision_id` is null for what was taken without having been offered.
    """

    id: UUID
    customer_id: UUID
    decision_id: UUID | None
    service: str
    channel: CustomerOffersDomainServicesChannel | str
    outcome: Outcome | str
    occurred_at: datetime
    recorded_at: datetime
    stands: Outcome | str


class OfferedService(Answer):
    """An entry that is offered. `reasons` and everything after it are the bank's own and null for customers."""

    service: str
    version: int
    kind: ServiceKind | str
    names: dict[str, str]
    descriptions: dict[str, str] | None
    reasons: list[Because] | None
    permits: list[Permit] | None
    score: ScoreView | None
    propensity: PropensityView | None


class PastVersion(Answer):
    """How a party was recorded from `recorded_at` until `superseded_at` (null: still), and who changed it then."""

    version: int
    recorded_at: datetime
    superseded_at: datetime | None
    recorded_by: str
    customer: Customer


class Permit(Answer):
    """What a use rests on: the receipt of a consent, or the name of a legal basis."""

    purpose: str
    receipt_id: UUID | None
    basis: str | None


class PersonName(Answer):
    """A name in its parts; a single name is all in `given`. Latin forms (Pinyin) stand beside characters."""

    family: str | None = None
    given: str
    order: NameOrder | str
    family_latin: str | None = None
    given_latin: str | None = None


class PlannedConversion(Answer):
    """What a campaign is for."""

    kind: str
    channel: str | None
    product: str | None
    within_days: int


class PlannedVariant(Answer):
    """A variant; `template_version` is fixed when the campaign is scheduled, and null before."""

    name: str
    template: str
    weight: int
    template_version: int | None


class Preview(Input):
    """A rule that is not saved yet, for a use (`servicing` where none is named)."""

    rule: str
    use: str | None = None
    sample: int = 10


class Previewed(Answer):
    """What a rule would come to now: judged on everybody (`exact`) or on a random sample of the customers.

    `members` estimates how many there are, with a 95 % interval (Wilson); `unknown` how many lack a value it
    needs,
    `denied` for how many it holds of whom the use is not allowed.
    """

    exact: bool
    customers: int
    judged: int
    members: int
    low: int
    high: int
    unknown: int
    denied: int
    sample: list[UUID]
    judged_at: datetime
    units: int


class PriorIn(Input):
    """How likely an offer is taken before anybody was asked: a mean, worth so many answers."""

    mean: float
    strength: float


class PriorView(Answer):
    """How likely an offer is taken before anybody was asked."""

    mean: float
    strength: float


class PrivacyRequest(Answer):
    """A request and how far it has come."""

    id: UUID
    version: int
    customer_id: UUID
    kind: RequestKind | str
    state: RequestState | str
    regime: str
    purpose: str | None
    identity_method: str | None
    received_at: datetime
    due_at: datetime | None
    answered_at: datetime | None
    refusals: list[RefusalView]
    erasure_id: UUID | None
    ready: list[str]
    updated_at: datetime


class Profile(Answer):
    """A customer at one instant: party facts, features, and what the other capabilities know (`sections`).

    It is read for a `use`; `grounds` say by category of data on what that rests, the receipt of a consent or a
    legal basis.
    Features of a category that is denied are not in it, nor the facts where that is what the customer did.
    """

    customer_id: UUID
    members: list[UUID]
    as_of: datetime
    facts: Facts
    features: dict[str, Feature]
    features_valid_until: datetime | None
    sections: dict[str, Section]
    use: str
    grounds: dict[str, UseGrounds]


class PropensityView(Answer):
    """How likely it is taken: the posterior's mean, what was drawn of it (null: the order goes by the mean), the
    answers it
    stands on, by how many log odds a model moved it.
    """

    mean: float
    drawn: float | None
    shown: int
    accepted: int
    tilt: float


class Provenance(Answer):
    """Where a field's value comes from."""

    source: Source | str
    at: datetime
    confidence: float


class ProvenanceIn(Input):
    """Who says so, since when, and how surely (0 to 1). Who names a source is heard; whether it wins is by the
    rules.
    """

    source: Source
    observed_at: datetime | None = None
    confidence: float = 1.0


class PurposeText(Answer):
    """What a person is shown, in one language."""

    title: str
    text: str


class PurposeView(Answer):
    """One version of a purpose. `asks_consent`: it rests on consent under at least one of the laws named."""

    code: str
    version: int
    texts: dict[str, PurposeText]
    gdpr_basis: GdprBasis | str | None
    pipl_basis: PiplBasis | str | None
    asks_consent: bool
    channels: list[str]
    data_categories: list[str]
    sensitive_categories: list[str]
    recipients: list[str]
    retention_days: int
    valid_days: int | None
    equivalent: bool
    retired: bool
    effective_from: datetime
    recorded_at: datetime


class QuietHours(Answer):
    """When not to be reached, every day; from 22:00 until 07:00 passes midnight."""

    start: str
    end: str
    zone: str


class ReceiptEvent(Answer):
    """ISO/IEC TS 27560, consent event: what happened, when, by whose hand, until when it holds."""

    event_type: Word | str
    event_time: datetime
    recorded_time: datetime
    valid_until: datetime | None
    given_by: GivenBy | str
    method: str | None
    place: str | None


class ReceiptNotice(Answer):
    """ISO/IEC TS 27560, notice (ISO/IEC 29184): the text as it was shown."""

    version: int
    language: Language | str | None
    text: str


class ReceiptParty(Answer):
    """ISO/IEC TS 27560, party identification."""

    party_id: str
    party_role: str
    party_name: str | None
    party_contact: str | None


class ReceiptPurpose(Answer):
    """ISO/IEC TS 27560, processing: what for, by which rule, which data, how long, to whom, how to take it back."""

    purpose: str
    title: str
    lawful_basis: list[str]
    pii_information: list[str]
    sensitive_pii_information: list[str]
    channels: list[str] | None
    retention_period: str
    recipient_third_parties: list[str]
    withdrawal_method: str


class RecordInteraction(Input):
    """One thing that happened between a customer and the bank. `event_id` is its own, whichever door it comes by.

    `direction` says which way `amount` went (without it: out); `balance` is what was on `account` afterwards,
    in the same
    currency; `initiated_by: bank` is what the customer did not do (interest, fees); `date_only` says that the
    hour is not
    known; `sequence` orders things of one instant; `source` is where the customer heard of it; `step` is where
    a ticket,
    an appointment or a journey is. What else is said in `attributes` is kept, sealed, and no feature reads it.
    """

    natural_keys: ClassVar[tuple[str, ...]] = ("event_id",)

    event_id: str
    customer_id: UUID
    kind: CustomerInteractionsDomainFactsKind
    occurred_at: datetime
    channel: CustomerInteractionsDomainFactsChannel | None = None
    amount: Money | None = None
    direction: Literal["credit", "debit"] | None = None
    balance: SignedMoney | None = None
    account: str | None = None
    category: str | None = None
    product: Product | None = None
    change: str | None = None
    initiated_by: Literal["bank", "customer"] | None = None
    source: str | None = None
    step: str | None = None
    sequence: int | None = None
    date_only: bool | None = None
    attributes: dict[str, Any] = Field(default_factory=lambda: {})


class RefusalView(Answer):
    """What is not done now: the rule, what it says, which services keep, and until when (null: nobody can say
    yet).
    """

    rule: str
    services: list[str]
    until: datetime | None
    texts: dict[str, str]


class RefusedService(Answer):
    """An entry that is not offered now: at which stage, why, and until when, where that ends by itself."""

    service: str
    version: int
    kind: ServiceKind | str
    stage: Stage | str
    reason: Because
    until: datetime | None
    purpose: str | None


class RegisterCustomer(Input):
    """A new party. For an organisation `birth_date` is its day of incorporation."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    birth_date: date | None = None
    incorporation_date: date | None = None
    occupation: str | None = None
    region: str | None = None
    preferred_name: str | None = None
    name: PersonName | None = None
    gender: Gender | None = None
    occupation_group: OccupationGroup | None = None
    industry: str | None = None
    education: int | None = None
    legal_form: LegalForm | None = None
    firm_size: FirmSize | None = None
    languages: list[str] | None = None
    accessibility_needs: list[AccessibilityNeed] | None = None
    home_branch: str | None = None
    relationship_manager: str | None = None
    declared_income_band: str | None = None
    declared_asset_band: str | None = None
    provenance: ProvenanceIn | None = None
    kind: CustomerPartiesDomainPartyKind
    legal_name: str
    contact_points: list[NewContactPoint] = Field(default_factory=lambda: [])
    identifiers: list[NewIdentifier] = Field(default_factory=lambda: [])
    addresses: list[NewAddress] = Field(default_factory=lambda: [])
    tier_hint: Tier | None = None
    external_ref: str | None = None


class Relate(Input):
    """The customer of the path is to `other_id` what the kind says: its owner, guardian, member of its household."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    kind: RelationshipKind
    other_id: UUID
    share_percent: str | None = None
    since: date | None = None
    external_ref: str | None = None


class Relationship(Answer):
    """How two parties belong together, from `recorded_at` until `ended_at` (null: still) in the records."""

    id: UUID
    version: int
    kind: RelationshipKind | str
    customer_id: UUID
    other_id: UUID
    share_percent: str | None
    since: date | None
    recorded_at: datetime
    recorded_by: str
    ended_at: datetime | None


class RenderedName(Answer):
    """A name as it is written in a language, and what the person likes to be called, if they said so."""

    language: str
    legal: str
    preferred: str | None


class Replay(Input):
    """Which deliveries to send again: those parked, or everything said since an instant that is still kept."""

    since: datetime | None = None


class Replayed(Answer):
    """How many deliveries wait again."""

    deliveries: int


class ReportReceipt(Input):
    """What a gateway tells of a message later. The same again changes nothing."""

    channel: CustomerOutreachDomainMessagesChannel
    state: CustomerOutreachDomainMessagesState
    occurred_at: datetime


class RequestDetails(Answer):
    """What the person wrote with a request; null where they wrote nothing."""

    request_id: UUID
    details: str | None


class RequestErasure(Input):
    """A request to forget a customer; the customer is its natural key, so a repeat changes nothing."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    external_ref: str | None = None


class Results(Answer):
    """How a campaign went, counted now. Conversions count by their own time in [`counts_from`, `counts_until`)."""

    campaign_id: UUID
    state: CustomerCampaignsDomainStandingState | str
    as_of: datetime
    counts_from: datetime | None
    counts_until: datetime | None
    enrolled: bool
    variants: list[Group]
    addressed: Group
    holdout: Group


class RiskLevel(Answer):
    """The level as far as it is known here: risk keeps it, and says by event only that it changed."""

    level: str | None
    marks: list[LevelMark]


class RoutingProfile(Answer):
    """The thin card of a party, the same for every record that counts as it.

    `withheld` names the fields that are null because of who asks. A customer sees their own words and matters
    only, under
    a version that counts what they can see.
    """

    customer_id: UUID
    version: int
    leader_id: UUID | None
    tier: Tier | str
    rating: Rating | str | None
    languages: list[str]
    preferred_channels: list[str]
    barred_channels: list[BarredChannel]
    open_case: bool
    open_complaint: bool
    open_journey: bool
    accessibility_needs: list[AccessibilityNeed | str] | None
    vulnerabilities: list[Vulnerability | str] | None
    alerts: list[Alert | str] | None
    restrictions: list[UUID] | None
    risk_level: RiskLevel | None
    withheld: list[str]


class SayOutcome(Input):
    """What became of an offer. Without `decision_id` the service was taken without having been offered (staff,
    clients).

    Of two words about one offer the higher stands: shown, ignored, declined, accepted.
    """

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    decision_id: UUID | None = None
    service: str
    outcome: Outcome
    channel: CustomerOffersDomainServicesChannel | None = None
    occurred_at: datetime | None = None
    external_ref: str | None = None


class ScoreView(Answer):
    """A score, and the factors it is the product of, each already to the power the weights give it."""

    total: float
    propensity: float
    context: float
    value: float
    urgency: float


class Section(Answer):
    """One part of a profile: what it says, and how fresh it is."""

    as_of: datetime
    items: list[dict[str, Any]]


class Segment(Answer):
    """A segment as it is. `reads` are the facts and features its rule asks for; `units` bound what judging it
    costs.

    `use` is for what it is told, by the `purpose` of the catalogue; `data_categories` are what its rule itself
    reads,
    which a consent has to cover.
    """

    id: UUID
    key: str
    version: int
    state: Literal["active", "archived"] | str
    names: dict[str, str]
    descriptions: dict[str, str] | None
    rule: str
    reads: list[str]
    asks: list[str]
    units: int
    use: str
    purpose: str
    data_categories: list[str]
    created_at: datetime
    updated_at: datetime


class SegmentDetail(Answer):
    """A segment with its size, and how fresh that is."""

    id: UUID
    key: str
    version: int
    state: Literal["active", "archived"] | str
    names: dict[str, str]
    descriptions: dict[str, str] | None
    rule: str
    reads: list[str]
    asks: list[str]
    units: int
    use: str
    purpose: str
    data_categories: list[str]
    created_at: datetime
    updated_at: datetime
    members: int
    freshness: CustomerSegmentsSchemasFreshness


class ServiceErased(Answer):
    """What one service said of one erasure: whether it kept by a rule, and its rows by table, removed and left."""

    service: str
    confirmed_at: datetime
    kept: bool
    removed: dict[str, int]
    left: dict[str, int]


class ServiceView(Answer):
    """An entry of the catalogue in one version, in force from `effective_from` until the next begins."""

    key: str
    version: int
    state: Literal["active", "archived"] | str
    kind: ServiceKind | str
    names: dict[str, str]
    descriptions: dict[str, str] | None
    sells: bool
    purposes: list[str]
    channels: list[CustomerOffersDomainServicesChannel | str]
    eligible: str
    applicable: str
    needs: NeedsView
    value: MoneyView
    urgency: int
    rests_days: int
    prior: PriorView
    model: str | None
    product: Product | str | None
    effective_from: datetime
    recorded_at: datetime


class SetHold(Input):
    """Keep everything of a customer: `code` names the matter, never the reason."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    customer_id: UUID
    code: str
    until: datetime | None = None
    external_ref: str | None = None


class Share(Answer):
    """A share with its 95 % interval (Wilson), and how far it is from that of everybody else (Newcombe).

    `outside` says that the interval of the difference leaves out nothing, and that the share is less than the
    rule's part
    of everybody else's.
    """

    share: float
    low: float
    high: float
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    outside: bool


class ShareAhead(Answer):
    """The share of one channel in a month to come, between 0 and 1; `low` to `high` shall hold it in `level` of
    all cases.
    """

    channel: str
    value: float
    low: float
    high: float


class SideView(Answer):
    """One arm: people who qualified, how many of them took it in time, and their share with its 95 % interval
    (Wilson).
    """

    people: int
    took: int
    share: float
    low: float
    high: float


class SignedMoney(Input):
    """Money that may be owed: a balance below zero has a minus."""

    amount: str
    currency: str


class SourceView(Answer):
    """Where the period is written, since when, and how sure the bank is of it."""

    text: str
    article: str
    in_force: date
    verified: Verified | str
    note: str


class SplitIdentity(Input):
    """These leave the set; both parts may name the record they go by, else the leader stays and the oldest leads."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    members: list[UUID]
    leader: UUID | None = None
    remaining_leader: UUID | None = None
    reason: PartReason
    external_ref: str | None = None


class StepView(Answer):
    """One stretch from `since` to before `until`: what it counted, the total so far, and why it counted nothing.

    `why` is `counted`, `start` (the day or hour that does not count), `closed`, `holiday`, `pause` or `rolled`
    (moved to the
    next working day); `label` names the holiday, or the reason of the pause.
    """

    since: datetime
    until: datetime
    first_day: date
    last_day: date
    counted: int
    running: int
    why: Why | str
    label: str


class SubmitMessage(Input):
    """A wish that a customer be told something; whether, when and through what is decided by consent and policy."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    customer_id: UUID
    template: str
    purpose: str
    data: dict[str, Any] = Field(default_factory=lambda: {})
    urgency: Urgency = "routine"
    channels: list[CustomerOutreachDomainMessagesChannel] | None = None
    language: str | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    hours: Hours | None = None
    external_ref: str | None = None


class SubmitRequest(Input):
    """A person uses a right. `identity_method` says how it is sure who asks; without it the clock of a regime that
    allows it
    stands until that is settled.
    """

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    customer_id: UUID
    kind: RequestKind
    regime: str | None = None
    purpose: str | None = None
    details: str | None = None
    identity_method: str | None = None
    received_at: datetime | None = None
    external_ref: str | None = None


class Subscribe(Input):
    """A wish to be told of this service's events."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    url: str
    types: list[str]
    external_ref: str | None = None


class Template(Answer):
    """A version of a template."""

    id: UUID
    key: str
    version: int
    category: Category | str
    purposes: list[str]
    places: list[str]
    delicate: bool
    texts: dict[str, Wording]
    channels: dict[str, dict[str, Wording]]
    created_at: datetime
    created_by: str


class UseGrounds(Answer):
    """On what a use of profiling rests: the receipt of a consent, or the legal basis of its purpose; or why it is
    denied.
    """

    use: str
    purpose: str | None
    purpose_version: int | None
    decision: Verdict | str
    reason: CustomerConsentsDomainLedgerReason | str
    receipt_id: UUID | None
    legal_basis: LegalBasis | None


class Variant(Input):
    """One way to say it: a template, and its weight among the variants."""

    name: str
    template: str
    weight: int = 1


class Webhook(Answer):
    """A subscription. `secret` is told once, to whoever subscribed or changed it."""

    id: UUID
    version: int
    url: str
    types: list[str]
    state: WebhookState | str
    secret: str | None
    failures: int
    retry_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Wording(Answer):
    """One text in one language: a subject where the channel has one, and a body; `{{ name }}` fills a place."""

    subject: str | None = None
    body: str


class Words(Input):
    """One text in the languages of the suite."""

    en: str
    zh_Hans: str = Field(..., alias="zh-Hans")
    zh_Hant: str = Field(..., alias="zh-Hant")


class WriteTemplate(Input):
    """The next version of a template. Every language is needed; `channels` says it otherwise where a channel needs
    that.
    """

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    key: str
    category: Category
    purposes: list[str]
    texts: dict[str, Any]
    channels: dict[str, dict[str, Any]] = Field(default_factory=lambda: {})
    delicate: bool = False
    external_ref: str | None = None


class CustomerConsentsSchemasEvidence(Answer):
    """How and where a word was given; kept under the customer's seal."""

    method: str
    place: str | None = None


class CustomerIdentitySchemasEvidence(Answer):
    """One thing that was looked at, by kind and the id it is filed under."""

    kind: EvidenceKind | str
    reference: str


class CustomerIdentitySchemasReason(Answer):
    """One field's part of a score: the level of agreement and its weight in bits; never the values."""

    field: str
    level: str
    weight: float


class CustomerInsightsSchemasFreshness(Answer):
    """How long ago the records of a source were last changed; `oldest_at` is the month in which the first few
    were.
    """

    source: str
    records: int
    within_30_days: int
    within_year: int
    older: int
    oldest_at: datetime | None


class CustomerSegmentsSchemasFreshness(Answer):
    """Up to which instant memberships are told. `waiting` are customers to be judged anew, counted up to 10,000."""

    told_until: datetime
    waiting: int
