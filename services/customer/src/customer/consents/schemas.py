"""Inputs and outputs of purposes, words of consent, receipts and decisions; routes and imports build the same ones."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from customer.consents.domain import GdprBasis, GivenBy, Language, PiplBasis, Reason, Verdict, Word
from shared.schemas import Body, View

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
Codes = Annotated[list[Code], Field(max_length=40)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LegalText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8_000)]
Place = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
ExternalRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Method = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$"),
    Field(description="how it was given: click, signature, voice_recording, letter, one_time_code, …"),
]


class PurposeText(Body):
    """What a person is shown, in one language."""

    title: Title
    text: LegalText


def _in_every_language(texts: dict[Language, PurposeText]) -> dict[Language, PurposeText]:
    if set(texts) != set(Language):
        raise ValueError("the text is needed in zh-Hans, zh-Hant and en")
    return texts


PurposeTexts = Annotated[dict[Language, PurposeText], AfterValidator(_in_every_language)]


class DefinePurpose(Body):
    """A purpose and its first version. At least one legal basis; the code is its key."""

    code: Code
    texts: PurposeTexts
    gdpr_basis: GdprBasis | None = Field(None, description="GDPR Art. 6(1), where that law applies")
    pipl_basis: PiplBasis | None = Field(None, description="PIPL Art. 13, where that law applies")
    channels: Codes = Field([], description="through which it may be done; none: it is not bound to a channel")
    data_categories: Annotated[list[Code], Field(min_length=1, max_length=40)]
    sensitive_categories: Codes = Field([], description="PIPL Art. 28: each needs a separate consent (Art. 29)")
    recipients: Codes = Field([], description="categories of third parties the data goes to")
    retention_days: Annotated[int, Field(ge=0, le=36_500)]
    valid_days: Annotated[int, Field(ge=1, le=36_500)] | None = Field(None, description="a grant ends after so long")
    effective_from: AwareDatetime | None = Field(None, description="now where absent")

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if self.gdpr_basis is None and self.pipl_basis is None:
            raise ValueError("name at least one legal basis")
        if set(self.data_categories) & set(self.sensitive_categories):
            raise ValueError("a data category is either ordinary or sensitive")
        return self


class ChangePurpose(Body):
    """A merge patch that makes the next version; earlier ones stay as they were shown.

    Unless `equivalent` is true, whoever consented to an earlier version is asked again.
    """

    texts: PurposeTexts | None = None
    gdpr_basis: GdprBasis | None = None
    pipl_basis: PiplBasis | None = None
    channels: Codes | None = None
    data_categories: Annotated[list[Code], Field(min_length=1, max_length=40)] | None = None
    sensitive_categories: Codes | None = None
    recipients: Codes | None = None
    retention_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    valid_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    retired: bool | None = None
    equivalent: bool = False
    effective_from: AwareDatetime | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        removable = {"gdpr_basis", "pipl_basis", "valid_days", "effective_from"}
        for name in self.model_fields_set - removable:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be removed")
        return self


class PurposeView(View):
    """One version of a purpose. `asks_consent`: it rests on consent under at least one of the laws named."""

    code: str
    version: int
    texts: PurposeTexts
    gdpr_basis: GdprBasis | None
    pipl_basis: PiplBasis | None
    asks_consent: bool
    channels: list[str]
    data_categories: list[str]
    sensitive_categories: list[str]
    recipients: list[str]
    retention_days: int
    valid_days: int | None
    equivalent: bool
    retired: bool
    effective_from: AwareDatetime
    recorded_at: AwareDatetime


class Evidence(Body):
    """How and where a word was given; kept under the customer's seal."""

    method: Method
    place: Place | None = Field(None, description="page, branch, call or document, by its id")


class GiveConsent(Body):
    """One word of a customer. A withdrawal needs the purpose and the word alone, whatever the grant took.

    A grant without `channels` or `data_categories` is for all (ordinary) ones of the version shown; what is sensitive
    is named in `separate_categories`, each asked for by an act of its own (PIPL Art. 29).
    """

    purpose: Code
    decision: Word
    purpose_version: Annotated[int, Field(ge=1)] | None = Field(
        None, description="the text shown; else the one in force"
    )
    channels: Annotated[list[Code], Field(min_length=1, max_length=40)] | None = None
    data_categories: Codes | None = None
    separate_categories: Codes = []
    language: Language | None = Field(None, description="in which the text was shown; required for a grant")
    evidence: Evidence | None = Field(None, description="required for a grant")
    occurred_at: AwareDatetime | None = Field(None, description="when it was said; now where absent")
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.decision is Word.GRANTED:
            if self.language is None or self.evidence is None:
                raise ValueError("a grant says in which language the text was shown, and how it was given")
        elif self.data_categories is not None or self.separate_categories:
            raise ValueError("a refusal or withdrawal is for all data; to keep a part, grant that part")
        return self


class RecordConsent(GiveConsent):
    """A row of an import: the word, and whose it is."""

    customer_id: UUID


class ConsentRecord(View):
    """A word as it stands in the ledger; its id is its receipt's. `channels` null: every channel there is."""

    id: UUID
    customer_id: UUID
    purpose: str
    purpose_version: int
    decision: Word
    channels: list[str] | None
    data_categories: list[str]
    separate_categories: list[str]
    language: Language | None
    given_by: GivenBy
    evidence: Evidence | None
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    expires_at: AwareDatetime | None


class ConsentState(View):
    """Whether a purpose may be followed through a channel, by what the customer said."""

    purpose: str
    purpose_version: int
    channel: str | None
    decision: Verdict
    reason: Reason
    receipt_id: UUID | None


class Consents(View):
    """All purposes for one customer; `as_of` and `valid_at` say as of when it was recorded and when it was true."""

    customer_id: UUID
    as_of: AwareDatetime
    valid_at: AwareDatetime
    items: list[ConsentState]


class AskDecision(Body):
    """A use somebody wants to make. No `data_categories`: all the ordinary ones of the purpose."""

    customer_id: UUID
    purpose: Code
    channel: Code | None = None
    data_categories: Codes = []


class LegalBasis(View):
    """By which rule a use is allowed that rests on no consent."""

    gdpr: GdprBasis | None
    pipl: PiplBasis | None


class UseGrounds(View):
    """On what a use of profiling rests: the receipt of a consent, or the legal basis of its purpose; or why it is denied."""

    use: str
    purpose: str | None
    purpose_version: int | None
    decision: Verdict
    reason: Reason
    receipt_id: UUID | None
    legal_basis: LegalBasis | None


class ConsentDecision(View):
    """Allow or deny, and why: an allow carries the receipt it rests on, or names its legal basis."""

    customer_id: UUID
    purpose: str
    purpose_version: int | None
    channel: str | None
    decision: Verdict
    reason: Reason
    receipt_id: UUID | None
    legal_basis: LegalBasis | None
    decided_at: AwareDatetime


class ReceiptPurpose(View):
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


class ReceiptNotice(View):
    """ISO/IEC TS 27560, notice (ISO/IEC 29184): the text as it was shown."""

    version: int
    language: Language | None
    text: str


class ReceiptParty(View):
    """ISO/IEC TS 27560, party identification."""

    party_id: str
    party_role: str
    party_name: str | None
    party_contact: str | None


class ReceiptEvent(View):
    """ISO/IEC TS 27560, consent event: what happened, when, by whose hand, until when it holds."""

    event_type: Word
    event_time: AwareDatetime
    recorded_time: AwareDatetime
    valid_until: AwareDatetime | None
    given_by: GivenBy
    method: str | None
    place: str | None


class ConsentReceipt(View):
    """A consent receipt in the structure of ISO/IEC TS 27560:2023: what a person can keep, and hold against us."""

    schema_version: str
    receipt_id: UUID
    consent_record_id: UUID
    pii_principal_id: UUID
    pii_controllers: list[ReceiptParty]
    notice: ReceiptNotice
    purposes: list[ReceiptPurpose]
    consent_event: ReceiptEvent
