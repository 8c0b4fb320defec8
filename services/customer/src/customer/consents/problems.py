"""What can be wrong with a purpose or with a word of consent.

NotFound 404
├── PurposeUnknown
├── ReceiptUnknown
Conflict 409
├── PurposeTaken
└── PurposeTakesNoConsent
"""

from shared.problems import Conflict, NotFound


class PurposeUnknown(NotFound):
    """No purpose has that code, or it never had that version."""

    title = "Purpose not found"


class ReceiptUnknown(NotFound):
    """No such receipt, or another customer's."""

    title = "Receipt not found"


class PurposeTaken(Conflict):
    """The code is known with other content; a change goes by PATCH."""

    title = "Purpose already defined"


class PurposeTakesNoConsent(Conflict):
    """The purpose rests on another legal basis, or is retired: there is nothing to grant, refuse or withdraw."""

    title = "Purpose takes no consent"
