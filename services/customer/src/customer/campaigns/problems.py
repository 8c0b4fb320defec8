"""What can be wrong with a request about a campaign.

NotFound 404
├── CampaignUnknown
Conflict 409
├── CampaignFixed, StepNotPossible
"""

from shared.problems import Conflict, NotFound


class CampaignUnknown(NotFound):
    """No such campaign."""

    title = "Campaign not found"


class CampaignFixed(Conflict):
    """What a campaign is cannot change any more: its groups are drawn, or about to be."""

    title = "The campaign is no draft"


class StepNotPossible(Conflict):
    """From where the campaign stands there is no such step."""

    title = "The campaign cannot go there"
