"""What else is known of a party: codes of the standards, and the bands it declares itself in."""

import json
from datetime import date
from enum import IntEnum, StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final

from customer.parties.domain.party import Kind


class Gender(IntEnum):
    """ISO/IEC 5218."""

    NOT_KNOWN = 0
    MALE = 1
    FEMALE = 2
    NOT_APPLICABLE = 9


class OccupationGroup(StrEnum):
    """Major groups of ISCO-08, and who is not at work: coarse enough to travel in an event."""

    MANAGERS = "managers"
    PROFESSIONALS = "professionals"
    TECHNICIANS = "technicians"
    CLERICAL = "clerical"
    SERVICE_AND_SALES = "service_and_sales"
    AGRICULTURE = "agriculture"
    CRAFT = "craft"
    OPERATORS = "operators"
    ELEMENTARY = "elementary"
    ARMED_FORCES = "armed_forces"
    STUDENT = "student"
    RETIRED = "retired"
    HOMEMAKER = "homemaker"
    UNEMPLOYED = "unemployed"


class LegalForm(StrEnum):
    """What a party that does business is in law, in the words that the forms of ISO 20275 have in common across countries."""

    SOLE_TRADER = "sole_trader"
    PARTNERSHIP = "partnership"
    LIMITED_COMPANY = "limited_company"
    JOINT_STOCK_COMPANY = "joint_stock_company"
    COOPERATIVE = "cooperative"
    ASSOCIATION = "association"
    PUBLIC_BODY = "public_body"


class FirmSize(StrEnum):
    """How big a firm is, as whoever says so measures it: by the classes of its industry in China, by EU 2003/361/EC there."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class AccessibilityNeed(StrEnum):
    """What somebody needs to be served well; never in an event."""

    LARGE_PRINT = "large_print"
    SCREEN_READER = "screen_reader"
    SIGN_LANGUAGE = "sign_language"
    HEARING_LOOP = "hearing_loop"
    WHEELCHAIR = "wheelchair"
    EASY_LANGUAGE = "easy_language"
    HOME_VISIT = "home_visit"


class AddressKind(StrEnum):
    """What an address is to a party."""

    HOME = "home"
    WORK = "work"
    REGISTERED = "registered"
    MAILING = "mailing"


# What may be claimed of a party by several sources, and is decided by survivorship; the rest are the bank's decisions.
FACTS: Final = frozenset(
    {
        *("legal_name", "birth_date", "occupation", "region", "preferred_name", "name", "gender", "occupation_group"),
        *("industry", "education", "languages", "accessibility_needs", "home_branch", "relationship_manager"),
        *("declared_income_band", "declared_asset_band", "legal_form", "firm_size"),
    }
)
# Facts that are kept together under one seal, so that who has none of them costs nothing.
DETAILS: Final = FACTS - {"legal_name", "birth_date", "occupation", "region"}


def form_fault(kind: Kind, form: LegalForm | None, size: FirmSize | None) -> tuple[str, str] | None:
    """The field that does not fit what a party is in law, with why: a sole trader is a person, or is kept as a firm."""
    if kind is Kind.ORGANISATION:
        return None
    if form not in {None, LegalForm.SOLE_TRADER}:
        return "legal_form", "an individual can only be a sole trader"
    if size is not None and form is None:
        return "firm_size", "an individual has a size of firm only as a sole trader"
    return None


@cache
def _band_versions() -> list[dict[str, Any]]:
    text = resources.files("customer.parties").joinpath("data/bands.json").read_text(encoding="utf-8")
    versions: list[dict[str, Any]] = json.loads(text)["versions"]
    return sorted(versions, key=lambda version: str(version["effective_from"]))


@cache
def band_codes(of: str) -> frozenset[str]:
    """The codes that were ever in force for `income` or `assets`."""
    return frozenset(str(band["code"]) for version in _band_versions() for band in version[of])


def bands_on(of: str, day: date) -> frozenset[str]:
    """The codes in force for `income` or `assets` on that day; before the first version, those of the first."""
    versions = _band_versions()
    version = next((one for one in reversed(versions) if str(one["effective_from"]) <= day.isoformat()), versions[0])
    return frozenset(str(band["code"]) for band in version[of])


@cache
def band_begins(of: str, code: str) -> tuple[int, str]:
    """Where a band of `income` or `assets` begins, in minor units, and their currency: by the newest version that has it."""
    return [
        (int(band["low"]), str(version["currency"]))
        for version in _band_versions()
        for band in version[of]
        if band["code"] == code
    ][-1]
