"""Rules about a party: tier, age band, life cycle, and the one normal form of what is looked up."""

import re
from datetime import date
from enum import StrEnum
from typing import Final


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
    years = on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
    return next((band for limit, band in _AGE_BANDS if years < limit), "65+")


def may_become(present: State, wanted: State) -> bool:
    """Whether the life cycle allows the step; staying is always allowed."""
    return wanted == present or wanted in LIFE_CYCLE[present]


def normal_contact(kind: ContactKind, value: str) -> str:
    """The one form a contact point is kept and looked up in: E.164 for a phone (ITU-T), lower case for an e-mail.

    Raises ValueError, without the value, where it is neither.
    """
    text = value.strip()
    if kind is ContactKind.PHONE:
        text = _SEPARATORS.sub("", text)
        if not _E164.fullmatch(text):
            raise ValueError("a phone number must be E.164: '+', country code, at most 15 digits")
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
