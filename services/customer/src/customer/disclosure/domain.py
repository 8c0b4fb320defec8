"""Rules of seeing: how each kind of value is masked, what a view leaves out, when an opening holds, what a log tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID


class Sensitive(StrEnum):
    """The fields of a customer that staff see masked unless they were opened for them."""

    LEGAL_NAME = "legal_name"
    BIRTH_DATE = "birth_date"
    OCCUPATION = "occupation"
    CONTACT_POINTS = "contact_points"
    IDENTIFIERS = "identifiers"
    PREFERRED_NAME = "preferred_name"
    NAME = "name"
    ADDRESSES = "addresses"
    DECLARED_INCOME_BAND = "declared_income_band"
    DECLARED_ASSET_BAND = "declared_asset_band"


class AccessPurpose(StrEnum):
    """Why somebody wants to see or change a value."""

    SERVICING = "servicing"
    COMPLAINT = "complaint"
    ADVICE = "advice"
    CORRECTION = "correction"
    FRAUD_INQUIRY = "fraud_inquiry"
    LEGAL_ORDER = "legal_order"


class GlassReason(StrEnum):
    """Why the glass was broken, without anybody's words."""

    CUSTOMER_IN_DANGER = "customer_in_danger"
    MONEY_AT_RISK = "money_at_risk"
    CUSTOMER_UNREACHABLE = "customer_unreachable"
    LEGAL_DEADLINE = "legal_deadline"


class GrantState(StrEnum):
    """Where an authorisation stands."""

    REQUESTED = "requested"
    ACTIVE = "active"
    EXPIRED = "expired"
    LOCKED = "locked"
    REVOKED = "revoked"


class ReviewVerdict(StrEnum):
    """What a second person thinks of a broken glass."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


class Shape(StrEnum):
    """The minimal views of a customer, by what they are for."""

    ROUTING = "routing"
    SERVICING = "servicing"
    RISK = "risk"
    MARKETING = "marketing"


# What a view holds of the fields that name, reach or describe a person; the others are always in it.
_SERVED: Final = frozenset({"languages", "accessibility_needs", "home_branch", "relationship_manager"})
SHOWN: Final[Mapping[Shape, frozenset[str]]] = {
    Shape.ROUTING: _SERVED | {"region", "age_band", "restricted"},
    Shape.SERVICING: _SERVED
    | {"legal_name", "preferred_name", "name", "gender", "contact_points", "addresses", "region", "restricted"},
    Shape.RISK: frozenset(
        {
            *("occupation", "occupation_group", "industry", "incorporation_date", "identifiers", "region", "age_band"),
            *("declared_income_band", "declared_asset_band", "legal_form", "firm_size", "restricted"),
        }
    ),
    Shape.MARKETING: frozenset(
        {"region", "age_band", "languages", "occupation_group", "industry", "legal_form", "firm_size"}
    ),
}
CHOSEN: Final = (
    frozenset(
        {
            *(
                "legal_name",
                "birth_date",
                "occupation",
                "contact_points",
                "identifiers",
                "region",
                "age_band",
                "restricted",
            ),
            *("incorporation_date", "preferred_name", "name", "gender", "occupation_group", "industry", "education"),
            *("declared_income_band", "declared_asset_band", "addresses", "legal_form", "firm_size"),
        }
    )
    | _SERVED
)

# FATF Recommendation 21; PRC Anti-Money Laundering Law (2024), confidentiality of reports; Regulation (EU) 2024/1624,
# Article 73: whoever may be under suspicion must not learn of it by seeing who looked.
QUIET_PURPOSES: Final[frozenset[str]] = frozenset(
    {AccessPurpose.FRAUD_INQUIRY, AccessPurpose.LEGAL_ORDER, GlassReason.MONEY_AT_RISK}
)
QUIET_SENDERS: Final = frozenset({"risk"})
# What the bank notes for its own people may be a suspicion: that something was noted already tells.
# So does an order to keep everything, before anybody asked for anything to be erased.
_QUIET_ACTS: Final = frozenset({"routing_profile.note", "hold.set", "hold.lift"})
_DOTS: Final = "***"


def mask_name(text: str) -> str:
    """The first letter of each word of a Latin name, the first character of any other; never how long the rest is."""
    words = text.split()
    if len(words) > 1:
        return " ".join(word[0] + _DOTS for word in words)
    return text[:1] + _DOTS


def mask_contact(kind: str, text: str) -> str:
    """What is enough to ask "is it still the number ending in …?": the last four of a phone, the host of an e-mail."""
    if kind == "phone":
        return f"{_DOTS}{text[-4:]}" if len(text) > 8 else _DOTS  # shorter, four would be half of it
    if kind == "email":
        local, _, host = text.partition("@")
        return f"{local[:1]}{_DOTS}@{host}"
    return _DOTS


def mask_identifier(text: str) -> str:
    """The last four characters, of what is long enough that they say little."""
    return f"{_DOTS}{text[-4:]}" if len(text) > 8 else _DOTS  # as for phones


@dataclass(frozen=True, slots=True)
class Grant:
    """An authorisation as the rules see it."""

    id: UUID
    reader: str
    purpose: str
    fields: frozenset[str]
    change: bool
    confirm_before: datetime
    attempts: int
    confirmed_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    def state(self, at: datetime, most_attempts: int) -> GrantState:
        """Where it stands at that instant; an instant at which it ends is no longer in it."""
        if self.revoked_at is not None:
            return GrantState.REVOKED
        if self.confirmed_at is not None and self.expires_at is not None:
            return GrantState.ACTIVE if at < self.expires_at else GrantState.EXPIRED
        if self.attempts >= most_attempts:
            return GrantState.LOCKED
        return GrantState.REQUESTED if at < self.confirm_before else GrantState.EXPIRED


@dataclass(frozen=True, slots=True)
class Opening:
    """What one reader may see, and change, of one customer now, and by which authorisations."""

    read: frozenset[str] = frozenset()
    change: frozenset[str] = frozenset()
    grants: tuple[UUID, ...] = ()
    purposes: tuple[str, ...] = ()


def tells(entry: Mapping[str, Any]) -> bool:
    """Whether a line of the record may be shown to the customer it is about: not what would tip them off."""
    detail = entry.get("detail") or {}
    purposes = set(str(detail.get("purpose") or "").split(","))
    quiet = (
        purposes & QUIET_PURPOSES
        or detail.get("view") == Shape.RISK
        or entry.get("action") in _QUIET_ACTS
        or (entry.get("actor") == "service" and entry.get("sub") in QUIET_SENDERS)
    )
    return not quiet
