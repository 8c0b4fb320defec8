"""What a place is."""

from enum import StrEnum


class PlaceKind(StrEnum):
    """What stands there."""

    BRANCH = "branch"
    ATM = "atm"
    KIOSK = "kiosk"
    CONTACT_CENTRE = "contact_centre"


class PlaceState(StrEnum):
    """Whether it serves."""

    OPEN = "open"
    CLOSED = "closed"
    OUT_OF_ORDER = "out_of_order"
