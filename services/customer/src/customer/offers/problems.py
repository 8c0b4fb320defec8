"""What can be wrong with a request about offers.

NotFound 404
├── ServiceUnknown, DecisionUnknown (another's is not told apart)
Conflict 409
├── ServiceTaken
Malformed 422
├── NotOffered
└── Refused (shared.expressions): a condition, with line and column of every fault
"""

from shared.problems import Conflict, Malformed, NotFound


class ServiceUnknown(NotFound):
    """No such entry in the catalogue."""

    title = "Service not found"


class DecisionUnknown(NotFound):
    """No such decision about this customer."""

    title = "Decision not found"


class ServiceTaken(Conflict):
    """The key belongs to another entry."""

    title = "Service key already taken"


class NotOffered(Malformed):
    """That decision did not offer that service."""

    title = "Service was not offered"
