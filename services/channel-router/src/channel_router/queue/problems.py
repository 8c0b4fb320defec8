"""What can be wrong with a request about a ticket.

NotFound 404
├── TicketUnknown
├── QueueEmpty
Malformed 422
└── PlaceUnknown
Conflict 409
└── NotPossibleNow
Gone 410
└── CustomerErased
"""

from shared.problems import Conflict, Gone, Malformed, NotFound


class TicketUnknown(NotFound):
    """No such ticket, or another customer's."""

    title = "Ticket not found"


class QueueEmpty(NotFound):
    """Nobody is waiting there."""

    title = "Nobody is waiting"


class PlaceUnknown(Malformed):
    """A ticket needs a place that exists."""

    title = "Place unknown"


class NotPossibleNow(Conflict):
    """The ticket's state does not allow the step."""

    title = "The ticket's state does not allow it"


class CustomerErased(Gone):
    """The customer was erased; no ticket is opened in their name."""

    title = "Customer erased"
