"""What can be done with cards: tell them whenever something changed, read them, say all of them again, forget."""

from customer.routing.usecases.learning import forget, learn_from_risk
from customer.routing.usecases.reading import everybody, gather, show_profiles
from customer.routing.usecases.settling import settle

__all__ = ["everybody", "forget", "gather", "learn_from_risk", "settle", "show_profiles"]
