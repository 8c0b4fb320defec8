"""Rules about a party: tier, age band, life cycle, and the one normal form of what is looked up."""

import re
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Final

import phonenumbers


class Kind(StrEnum):
    """What a party is in law."""

    INDIVIDUAL = "individual"
    ORGANISATION = "organisation"


class Tier(StrEnum):
    """How the bank serves a party, from its assets: private, affluent or mass."""

    PRIVATE = "private"
    AFFLUENT = "affluent"
    MASS = "mass"


class State(StrEnum):
    """The life cycle of a relation."""

    PROSPECT = "prospect"
    ACTIVE = "active"
    DORMANT = "dormant"
    CLOSED = "closed"


class ContactKind(StrEnum):
    """Through what a party is reached."""

    PHONE = "phone"
    EMAIL = "email"
    WECHAT = "wechat"
    POSTAL = "postal"


# A state may be left only for these; a closed relation may be taken up again.
LIFE_CYCLE: Final[dict[State, frozenset[State]]] = {
    State.PROSPECT: frozenset({State.ACTIVE, State.CLOSED}),
    State.ACTIVE: frozenset({State.DORMANT, State.CLOSED}),
    State.DORMANT: frozenset({State.ACTIVE, State.CLOSED}),
    State.CLOSED: frozenset({State.ACTIVE}),
}

_AGE_BANDS: Final = ((18, "0-17"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"))
_OLDEST: Final = "65+"
_SEPARATORS: Final = re.compile(r"[\s().\-]")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}\.[^@\s.]{2,63}")


def tier_for(hint: Tier | None) -> Tier:
    """The tier a party starts with: what the registering system knows, else the mass tier."""
    return hint or Tier.MASS


def age_band(birth: date | None, *, on: date) -> str | None:
    """The ten-year band of completed years on that day, coarse enough to travel in an event; unknown is None."""
    if birth is None:
        return None
    years = _years(birth, on)
    return next((band for limit, band in _AGE_BANDS if years < limit), _OLDEST)


def age_band_began(birth: date, *, on: date) -> date:
    """The birthday on which the band of that day began, the day of birth for the first; 1 March for a 29 February."""
    began = max((limit for limit, _ in _AGE_BANDS if limit <= _years(birth, on)), default=0)
    try:
        return birth.replace(year=birth.year + began)
    except ValueError:
        return date(birth.year + began, 3, 1)


def _years(birth: date, on: date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def may_become(present: State, wanted: State) -> bool:
    """Whether the life cycle allows the step; staying is always allowed."""
    return wanted == present or wanted in LIFE_CYCLE[present]


@cache
def _plan(code: int) -> tuple[frozenset[int], re.Pattern[str]] | None:
    """How many digits may stand behind a country code, and how a trunk prefix that does not belong there begins."""
    region = phonenumbers.region_code_for_country_code(code)
    known = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region) if region != "ZZ" else None
    if known is None or known.general_desc is None:
        return None
    return frozenset(known.general_desc.possible_length), re.compile(known.national_prefix_for_parsing or "(?!)")


def _plain(text: str) -> bool:
    """Whether an E.164 text needs no parsing: its length fits its country's plan and no trunk prefix stands in it.

    Agrees with the library, whose parsing takes six times as long; the hot path of a registration comes through here.
    """
    for size in (1, 2, 3):
        plan, rest = _plan(int(text[1 : 1 + size])), text[1 + size :]
        if plan is not None:
            return len(rest) in plan[0] and not plan[1].match(rest)
    return False


def _whole(number: phonenumbers.PhoneNumber) -> bool:
    """Whether a number has as many digits as its plan asks for, area code included."""
    told = phonenumbers.is_possible_number_with_reason(number)
    return bool(told == phonenumbers.ValidationResult.IS_POSSIBLE)


def e164(value: str, country: str | None = None) -> str:
    """A phone number as ITU-T E.164 has it; a national one needs its country (ISO 3166-1).

    Raises ValueError, without the value, for what no numbering plan has room for. Whether it is assigned is not asked:
    plans change faster than any copy of them.
    """
    compact = _SEPARATORS.sub("", value)
    if _E164.fullmatch(compact) and _plain(compact):
        return compact
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.extension or not _whole(number):
        raise ValueError("a phone number must be E.164: '+', country code, at most 15 digits, possible in its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_contact(kind: ContactKind, value: str, country: str | None = None) -> str:
    """The one form a contact point is kept and looked up in: E.164 for a phone (ITU-T), lower case for an e-mail.

    Raises ValueError, without the value, where it is neither.
    """
    text = value.strip()
    if kind is ContactKind.PHONE:
        text = e164(text, country)
    elif kind is ContactKind.EMAIL:
        text = text.lower()
        if not _EMAIL.fullmatch(text):
            raise ValueError("not an e-mail address")
    if not text:
        raise ValueError("must not be empty")
    return text


def normal_identifier(value: str) -> str:
    """The one form of an identifier: no blanks or separators, capital letters."""
    text = _SEPARATORS.sub("", value).upper()
    if not text:
        raise ValueError("must not be empty")
    return text
