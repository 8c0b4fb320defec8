"""What can be wrong with a request about a party.

NotFound 404
├── CustomerUnknown, PartUnknown
Conflict 409
├── IdentifierTaken, Outranked, PartKnownOtherwise, PartsFull
Gone 410
└── CustomerErased
"""

from shared.problems import Conflict, Gone, NotFound


class CustomerUnknown(NotFound):
    """No such customer, or another's."""

    title = "Customer not found"


class IdentifierTaken(Conflict):
    """(type, issuer, value) belongs to another customer; which one is not told."""

    title = "Identifier already registered"


class PartUnknown(NotFound):
    """No such contact point, identifier or address of that customer."""

    title = "Not part of this customer"


class Outranked(Conflict):
    """A better source holds a field that was to be changed; `errors` name the fields."""

    title = "A better source holds it"


class PartKnownOtherwise(Conflict):
    """The customer has that contact point or identifier already, with other particulars: change it by PATCH."""

    title = "Already recorded with other particulars"


class PartsFull(Conflict):
    """The customer has as many contact points, identifiers or addresses as a record holds."""

    title = "No room for another"


class CustomerErased(Gone):
    """The customer was erased; the id stays a tombstone."""

    title = "Customer erased"
