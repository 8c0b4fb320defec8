"""Rules of consent: words, purposes, decisions, and what profiling rests on."""

from customer.consents.domain.ledger import (
    Entry,
    GdprBasis,
    GivenBy,
    Language,
    PiplBasis,
    Purpose,
    Reason,
    Ruling,
    Use,
    Verdict,
    Word,
    carries,
    decide,
    in_force,
    refused_channels,
    standing,
)
from customer.consents.domain.profiling import Grounds, ProfilingUse, Terms

__all__ = [
    "Entry",
    "GdprBasis",
    "GivenBy",
    "Grounds",
    "Language",
    "PiplBasis",
    "ProfilingUse",
    "Purpose",
    "Reason",
    "Ruling",
    "Terms",
    "Use",
    "Verdict",
    "Word",
    "carries",
    "decide",
    "in_force",
    "refused_channels",
    "standing",
]
