"""What can be wrong with a privacy request."""

from shared.problems import NotFound


class ErasureUnknown(NotFound):
    """No such erasure, or another customer's."""

    title = "Erasure not found"
