"""What can be wrong with a request about a segment.

NotFound 404
├── SegmentUnknown
Conflict 409
├── SegmentTaken, SegmentInUse
Malformed 422
└── Refused (shared.expressions): the rule, with line and column of every fault
"""

from shared.problems import Conflict, NotFound


class SegmentUnknown(NotFound):
    """No such segment."""

    title = "Segment not found"


class SegmentTaken(Conflict):
    """The key belongs to another segment."""

    title = "Segment key already taken"


class SegmentInUse(Conflict):
    """Another segment asks about this one, so that it cannot be archived."""

    title = "Segment in use"
