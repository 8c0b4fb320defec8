"""What can be done with a party: register (for many at once), read, change, look up, forget; and its way out of the seal."""

from customer.parties.usecases.changing import change_customer, forget, held, learn_restrictions, relinked
from customer.parties.usecases.reaching import Reach, reach_of
from customer.parties.usecases.reading import (
    everybody,
    look_up,
    past_versions,
    recorded_then,
    recorded_versions,
    show_customers,
)
from customer.parties.usecases.registering import register_customers
from customer.parties.usecases.saying import said_of
from customer.parties.usecases.sealing import PARTY, contact_blind, identifier_blind, subject_of, views
from customer.parties.usecases.standing import absences

__all__ = [
    "PARTY",
    "Reach",
    "absences",
    "change_customer",
    "contact_blind",
    "everybody",
    "forget",
    "held",
    "identifier_blind",
    "learn_restrictions",
    "look_up",
    "past_versions",
    "reach_of",
    "recorded_then",
    "recorded_versions",
    "register_customers",
    "relinked",
    "said_of",
    "show_customers",
    "subject_of",
    "views",
]
