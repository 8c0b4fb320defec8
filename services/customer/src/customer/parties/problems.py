"""What can be wrong with a request about a party.

Conflict 409
├── IdentifierTaken
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


class CustomerErased(Gone):
    """The customer was erased; the id stays a tombstone."""

    title = "Customer erased"
