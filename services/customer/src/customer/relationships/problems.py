"""What can be wrong with a relationship.

NotFound 404
├── RelationshipUnknown
Conflict 409
├── CyclicRelationship, HouseholdWithinHousehold, OverOwned, RelationshipKnown
Malformed 422
└── KindsDoNotFit
"""

from shared.problems import Conflict, Malformed, NotFound


class RelationshipUnknown(NotFound):
    """No such relationship of that customer, or it has ended."""

    title = "Relationship not found"


class CyclicRelationship(Conflict):
    """Somebody would own, guard or live with themself, through others or directly."""

    title = "The relationship would close a circle"


class HouseholdWithinHousehold(Conflict):
    """A head of a household lives in no other, and a member heads none."""

    title = "A household would lie within another"


class OverOwned(Conflict):
    """The shares would add up to more than the whole."""

    title = "More than the whole would be owned"


class RelationshipKnown(Conflict):
    """The two stand in that relationship already, with other particulars."""

    title = "Already recorded with other particulars"


class KindsDoNotFit(Malformed):
    """A person is not owned, an organisation has no guardian and lives in no household."""

    title = "The kinds of party do not fit"
