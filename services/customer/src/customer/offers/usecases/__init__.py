"""What can be done with offers: write the catalogue, assess, decide what is best, take what became of it, measure, forget."""

from customer.offers.usecases.answering import OUTCOME, say_outcomes
from customer.offers.usecases.assessing import ASSESSMENT, assess, list_assessments, vulnerabilities_of
from customer.offers.usecases.catalogue import (
    adopt_presets,
    change_service,
    define_service,
    list_services,
    show_service,
)
from customer.offers.usecases.deciding import Ask, next_best, show_decision
from customer.offers.usecases.keeping import PROFILE_PART, forget, gather
from customer.offers.usecases.measuring import show_fairness, show_lift
from customer.offers.usecases.taking import hear_takings

__all__ = [
    "ASSESSMENT",
    "OUTCOME",
    "PROFILE_PART",
    "Ask",
    "adopt_presets",
    "assess",
    "change_service",
    "define_service",
    "forget",
    "gather",
    "hear_takings",
    "list_assessments",
    "list_services",
    "next_best",
    "say_outcomes",
    "show_decision",
    "show_fairness",
    "show_lift",
    "show_service",
    "vulnerabilities_of",
]
