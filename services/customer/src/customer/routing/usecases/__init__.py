"""What can be done with cards: tell them whenever something changed, read them, note on them, say all again, forget."""

from customer.routing.usecases.completing import Walk, complete_cards
from customer.routing.usecases.learning import forget, forget_notes, learn_from_risk
from customer.routing.usecases.noting import note
from customer.routing.usecases.reading import channels_barred, everybody, gather, show_profiles
from customer.routing.usecases.settling import settle

__all__ = [
    "Walk",
    "channels_barred",
    "complete_cards",
    "everybody",
    "forget",
    "forget_notes",
    "gather",
    "learn_from_risk",
    "note",
    "settle",
    "show_profiles",
]
