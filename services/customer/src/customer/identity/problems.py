"""What can be wrong with a request about who is who.

NotFound 404
├── IdentityLinkUnknown, MergeReviewUnknown, CandidateUnknown
Conflict 409
├── CandidateDecided, AlreadyLinked, DifferentKinds, IdentityLimitReached, LinkNotActive
TooMany 429
├── LinkedTooOften
Malformed 422
└── EvidenceTooWeak, NotASplit
"""

from shared.problems import Conflict, Malformed, NotFound, TooMany


class IdentityLinkUnknown(NotFound):
    """No such link set."""

    title = "Identity link not found"


class MergeReviewUnknown(NotFound):
    """No such review."""

    title = "Merge review not found"


class CandidateUnknown(NotFound):
    """No such duplicate candidate."""

    title = "Duplicate candidate not found"


class CandidateDecided(Conflict):
    """Somebody has confirmed it already: what is linked is undone by splitting the link."""

    title = "The candidate was confirmed"


class AlreadyLinked(Conflict):
    """These members count as that leader already; `identity_link_id` says in which set."""

    title = "Already linked"


class DifferentKinds(Conflict):
    """A person and an organisation are never one party; a relationship says how they belong together."""

    title = "Not the same kind of party"


class IdentityLimitReached(Conflict):
    """The set would have more members than one identity may have."""

    title = "Too many records for one identity"


class LinkNotActive(Conflict):
    """The set was absorbed by a later link or dissolved: there is nothing left in it to undo."""

    title = "The link is not active"


class LinkedTooOften(TooMany):
    """One of the members was linked and parted too often within a day."""

    title = "Linked too often"


class EvidenceTooWeak(Malformed):
    """A shared phone, device, address or name is a hint, not a proof."""

    title = "The evidence does not prove identity"


class NotASplit(Malformed):
    """Who leaves must be in the set, and somebody must stay; each part's leader is one of its own."""

    title = "This does not split the link"
