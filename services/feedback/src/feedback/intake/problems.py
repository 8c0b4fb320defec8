"""What can be wrong with a request about an expression.

NotFound 404
└── FeedbackUnknown
Gone 410
└── CustomerErased
"""

from shared.problems import Gone, NotFound


class FeedbackUnknown(NotFound):
    """No such expression, or another customer's."""

    title = "Feedback not found"


class CustomerErased(Gone):
    """The customer who spoke was erased; nothing of theirs is kept any more."""

    title = "Customer erased"
