"""What a link may rest on: which evidence proves that two records are one person, and which only hints at it."""

from enum import StrEnum
from typing import Final


class EvidenceKind(StrEnum):
    """What a person of the bank looked at before linking."""

    IDENTITY_DOCUMENT = "identity_document"
    BIOMETRIC = "biometric"
    ACCOUNT_OWNERSHIP = "account_ownership"
    REGISTRY_EXTRACT = "registry_extract"
    CUSTOMER_CONFIRMED = "customer_confirmed"
    PHONE = "phone"
    EMAIL = "email"
    DEVICE = "device"
    NAME = "name"
    ADDRESS = "address"


# Families share phones, firms share devices, strangers share names: none of these proves anything by itself or together.
WEAK: Final = frozenset(
    {EvidenceKind.PHONE, EvidenceKind.EMAIL, EvidenceKind.DEVICE, EvidenceKind.NAME, EvidenceKind.ADDRESS}
)


class LinkReason(StrEnum):
    """Why records are linked."""

    SAME_PERSON = "same_person"
    SAME_ORGANISATION = "same_organisation"
    MIGRATION = "migration"


class PartReason(StrEnum):
    """Why records are parted again."""

    LINKED_BY_MISTAKE = "linked_by_mistake"
    CUSTOMER_OBJECTED = "customer_objected"
    FRAUD_SUSPECTED = "fraud_suspected"
    ERASURE = "erasure"


class SetState(StrEnum):
    """Whether a link set counts: `absorbed` ones went into a later link, `dissolved` ones were undone."""

    ACTIVE = "active"
    ABSORBED = "absorbed"
    DISSOLVED = "dissolved"


class CandidateState(StrEnum):
    """What a person said of two records that look like one party."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Band(StrEnum):
    """How much two records look alike: `likely` by their score, `possible` where they only share a contact point."""

    LIKELY = "likely"
    POSSIBLE = "possible"


class ReviewState(StrEnum):
    """Whether somebody has looked at a decision that was taken while the records counted as one."""

    OPEN = "open"
    CLOSED = "closed"


class ReviewOutcome(StrEnum):
    """What a person found: the decision holds for the record it was taken on, or it was put right elsewhere."""

    STANDS = "stands"
    CORRECTED = "corrected"
    REVERSED = "reversed"


def proves(kinds: frozenset[EvidenceKind]) -> bool:
    """Whether there is anything but hints among the evidence."""
    return bool(kinds - WEAK)
