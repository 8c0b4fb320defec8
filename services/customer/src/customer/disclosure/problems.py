"""What can be wrong with an opening.

Forbidden 403
├── FieldNotOpened
├── BreakGlassNotAllowed
└── CodeWrong
NotFound 404
└── GrantUnknown
Conflict 409
├── GrantNotWaiting
├── GrantExpired
├── CodeLocked
├── ReviewDone
└── ReviewerIsReader
"""

from shared.problems import Conflict, Forbidden, NotFound


class FieldNotOpened(Forbidden):
    """The caller holds no authorisation in force for that field of that customer; nothing was changed."""

    title = "Field not opened"


class BreakGlassNotAllowed(Forbidden):
    """Breaking the glass needs the role for it."""

    title = "Break-glass not allowed"


class CodeWrong(Forbidden):
    """That is not the code; the attempt is counted."""

    title = "Wrong code"


class GrantUnknown(NotFound):
    """No such authorisation, or another customer's."""

    title = "Authorisation not found"


class GrantNotWaiting(Conflict):
    """It was confirmed, declined or revoked before."""

    title = "Authorisation is not waiting"


class GrantExpired(Conflict):
    """It was not confirmed in time, or its time is over."""

    title = "Authorisation expired"


class CodeLocked(Conflict):
    """Too many wrong codes: ask for a new authorisation."""

    title = "Too many wrong codes"


class ReviewDone(Conflict):
    """Somebody has judged it before."""

    title = "Already reviewed"


class ReviewerIsReader(Conflict):
    """Nobody judges their own breaking of the glass."""

    title = "Reviewer is the reader"
