"""What can be done with a party: register (for many at once), read, change, look up, forget; and its way out of the seal."""

from customer.parties.usecases.aging import say_birthdays
from customer.parties.usecases.changing import change_customer, forget, held, learn_restrictions, relinked
from customer.parties.usecases.quality import Judged, contacts_shared, judged_page
from customer.parties.usecases.reaching import Point, Reach, reach_of
from customer.parties.usecases.reading import (
    everybody,
    gather,
    look_up,
    name_in,
    past_versions,
    provenance,
    recorded_then,
    recorded_versions,
    seen_by,
    show_customers,
)
from customer.parties.usecases.recording import (
    add_address,
    add_contact_point,
    add_identifier,
    change_address,
    change_contact_point,
    change_identifier,
    remove_address,
    remove_contact_point,
    remove_identifier,
)
from customer.parties.usecases.registering import register_customers
from customer.parties.usecases.saying import said_of
from customer.parties.usecases.sealing import PARTY, contact_blind, identifier_blind, subject_of, views
from customer.parties.usecases.standing import absences, living_after

__all__ = [
    "PARTY",
    "Judged",
    "Point",
    "Reach",
    "absences",
    "add_address",
    "add_contact_point",
    "add_identifier",
    "change_address",
    "change_contact_point",
    "change_customer",
    "change_identifier",
    "contact_blind",
    "contacts_shared",
    "everybody",
    "forget",
    "gather",
    "held",
    "identifier_blind",
    "judged_page",
    "learn_restrictions",
    "living_after",
    "look_up",
    "name_in",
    "past_versions",
    "provenance",
    "reach_of",
    "recorded_then",
    "recorded_versions",
    "register_customers",
    "relinked",
    "remove_address",
    "remove_contact_point",
    "remove_identifier",
    "said_of",
    "say_birthdays",
    "seen_by",
    "show_customers",
    "subject_of",
    "views",
]
