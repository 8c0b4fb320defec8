"""How a party is told of: one event of its life cycle, as it is now."""

from datetime import datetime

from customer.parties.events import PartyEvent
from customer.parties.schemas import Customer
from shared.events.envelope import Emit


def said_of(kind: type[PartyEvent], view: Customer, at: datetime | None = None) -> Emit:
    """A life-cycle event of the party as it is now: key and subject are its id, the sequence its version.

    `at` is when it became so, where that is not when the record was changed last.
    """
    event = kind(
        customer_id=view.id,
        kind=view.kind,
        state=view.state,
        tier=view.tier,
        age_band=view.age_band,
        region=view.region,
        version=view.version,
        occurred_at=at or view.updated_at,
        language=view.languages[0] if view.languages else None,
        home_branch=view.home_branch,
        occupation_group=view.occupation_group,
    )
    return Emit(event, key=view.id, subject=view.id, sequence=view.version)
