"""What can be wrong with a request for insight.

NotFound 404
└── SignalUnknown
Conflict 409
└── TooFewPeople
"""

from shared.problems import Conflict, NotFound


class SignalUnknown(NotFound):
    """No such market signal."""

    title = "Market signal not found"


class TooFewPeople(Conflict):
    """The table could not be shown without telling of a few; coarser rows or columns may be."""

    title = "Too few people to show"
