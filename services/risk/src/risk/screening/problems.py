"""What can be wrong with a request about a screening or a restriction.

NotFound 404
├── ScreeningUnknown
└── RestrictionUnknown
Conflict 409
└── NotInForce
Gone 410
└── CustomerErased
"""

from shared.problems import Conflict, Gone, NotFound


class ScreeningUnknown(NotFound):
    """No such screening."""

    title = "Screening not found"


class RestrictionUnknown(NotFound):
    """No such restriction."""

    title = "Restriction not found"


class NotInForce(Conflict):
    """The restriction has ended already."""

    title = "The restriction is not in force"


class CustomerErased(Gone):
    """The customer was erased; nothing of theirs is screened or shown any more."""

    title = "Customer erased"
