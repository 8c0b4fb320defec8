"""What can be wrong with a request about supply."""

from shared.problems import NotFound


class PlaceUnknown(NotFound):
    """No such place."""

    title = "Place not found"
