"""Rules about a party: what it is in law and to the bank, its names, and which source wins for which field."""

from customer.parties.domain.party import (
    LIFE_CYCLE,
    ContactKind,
    Kind,
    State,
    Tier,
    age_band,
    age_band_began,
    may_become,
    normal_contact,
    normal_identifier,
    tier_for,
)

__all__ = [
    "LIFE_CYCLE",
    "ContactKind",
    "Kind",
    "State",
    "Tier",
    "age_band",
    "age_band_began",
    "may_become",
    "normal_contact",
    "normal_identifier",
    "tier_for",
]
