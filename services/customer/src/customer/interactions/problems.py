"""What can be wrong with a request about interactions.

NotFound 404
└── InteractionUnknown
"""

from shared.problems import NotFound


class InteractionUnknown(NotFound):
    """No such interaction, or another customer's."""

    title = "Interaction not found"
