"""What can be done with interactions: record (for many at once), read as facts and in order, profile, forget."""

from customer.interactions.usecases.forgetting import forget
from customer.interactions.usecases.permitting import stems
from customer.interactions.usecases.profiling import AskProfile, checked, gather_features, show_profiles, show_timeline
from customer.interactions.usecases.reading import (
    contacts_by_hour,
    contacts_by_month,
    facts_of,
    facts_of_ids,
    first_of_kind,
    first_own_acts,
    gather,
    ingest_of,
    last_own_acts,
    openings_of,
    show_interactions,
)
from customer.interactions.usecases.recording import import_interactions, record_interactions
from customer.interactions.usecases.sealing import INTERACTION
from customer.interactions.usecases.sections import PARTS, Asked, Cuts, Part, no_cuts

__all__ = [
    "INTERACTION",
    "PARTS",
    "AskProfile",
    "Asked",
    "Cuts",
    "Part",
    "checked",
    "contacts_by_hour",
    "contacts_by_month",
    "facts_of",
    "facts_of_ids",
    "first_of_kind",
    "first_own_acts",
    "forget",
    "gather",
    "gather_features",
    "import_interactions",
    "ingest_of",
    "last_own_acts",
    "no_cuts",
    "openings_of",
    "record_interactions",
    "show_interactions",
    "show_profiles",
    "show_timeline",
    "stems",
]
