"""A party as one caller may see it: masked for staff unless opened for them, and no more than the view they chose."""

from collections.abc import Mapping
from typing import Any, Final

from customer.disclosure.domain import (
    CHOSEN,
    SHOWN,
    Opening,
    Sensitive,
    Shape,
    mask_contact,
    mask_identifier,
    mask_name,
)
from customer.parties.schemas import Customer
from shared.access import Caller

_SENSITIVE: Final = frozenset(field.value for field in Sensitive)
# What a field holds where it is left out of a view: its shape stays, so that one model reads every answer.
_NOTHING: Final[Mapping[str, Any]] = {
    "legal_name": "",
    "contact_points": [],
    "identifiers": [],
    "addresses": [],
    "languages": [],
    "accessibility_needs": [],
}


def as_seen(view: Customer, caller: Caller, opening: Opening, shape: Shape | None = None) -> Customer:
    """The party for that caller. `masked` and `withheld` say which fields hold a mask, and which are left out.

    A customer sees all of themself but `restricted`; back ends see what their scope says; staff what was opened.
    """
    withheld = set() if shape is None else CHOSEN - SHOWN[shape]
    masked: set[str] = set()
    if caller.actor == "staff":
        known = vars(view)
        masked = {name for name in _SENSITIVE if known[name]} - opening.read - withheld
    told: dict[str, Any] = {name: _masked(view, name) for name in masked}
    told |= {name: _NOTHING.get(name) for name in withheld}
    if caller.actor == "customer":
        told["restricted"] = None
    return view.model_copy(update=told | {"masked": sorted(masked), "withheld": sorted(withheld)})


def _masked(view: Customer, name: str) -> Any:
    if name == Sensitive.LEGAL_NAME:
        return mask_name(view.legal_name)
    if name == Sensitive.CONTACT_POINTS:
        return [one.model_copy(update={"value": mask_contact(one.kind, one.value)}) for one in view.contact_points]
    if name == Sensitive.IDENTIFIERS:
        return [one.model_copy(update={"value": mask_identifier(one.value)}) for one in view.identifiers]
    if name == Sensitive.PREFERRED_NAME:
        return mask_name(view.preferred_name or "")
    if name == Sensitive.ADDRESSES:
        hidden = {"lines": ["***"], "postal_code": None}
        return [one.model_copy(update=hidden) for one in view.addresses]
    return None  # a birth date, an occupation or a band has no part that says nothing


def detail_of(seen: Customer, opening: Opening, shape: Shape | None) -> dict[str, str | int | bool | None]:
    """What the record of a reading says: the view, what was opened, for which purpose, by which authorisations."""
    opened = sorted(opening.read & _SENSITIVE - set(seen.withheld)) if opening.read else ()
    view: dict[str, str | int | bool | None] = {"view": shape} if shape else {}
    if not opened:
        return view
    return view | {
        "opened": ",".join(opened),
        "purpose": ",".join(sorted(set(opening.purposes))),
        "grants": ",".join(str(one) for one in opening.grants),
    }
