"""What can be wrong with a privacy request.

NotFound 404
├── ErasureUnknown
├── RequestUnknown
└── HoldUnknown
Conflict 409
├── RequestAnswered
├── MustBeKept
└── NotReady
"""

from shared.problems import Conflict, NotFound


class ErasureUnknown(NotFound):
    """No such erasure, or another customer's."""

    title = "Erasure not found"


class RequestUnknown(NotFound):
    """No such request, or another customer's."""

    title = "Privacy request not found"


class HoldUnknown(NotFound):
    """No such hold."""

    title = "Legal hold not found"


class RequestAnswered(Conflict):
    """The request has been answered already, or waits for something else."""

    title = "The request is not where this could be done"


class MustBeKept(Conflict):
    """A law or an order forbids to erase everything now; a privacy request says what and until when."""

    title = "Something of the customer must be kept"


class NotReady(Conflict):
    """Not every service has answered yet."""

    title = "Not every service has answered yet"
