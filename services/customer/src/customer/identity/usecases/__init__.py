"""What can be done about who is who: link, split, dissolve, review what was decided meanwhile, forget."""

from customer.identity.usecases.finding import candidate_view, decide_candidate, find_duplicates, show_candidate
from customer.identity.usecases.linking import LINK, link_identities
from customer.identity.usecases.parting import dissolve_link, forget, split_identity
from customer.identity.usecases.reviewing import close_review, learn_decisions, show_review
from customer.identity.usecases.standing import everybody, said_again, shown, view_of

__all__ = [
    "LINK",
    "candidate_view",
    "close_review",
    "decide_candidate",
    "dissolve_link",
    "everybody",
    "find_duplicates",
    "forget",
    "learn_decisions",
    "link_identities",
    "said_again",
    "show_candidate",
    "show_review",
    "shown",
    "split_identity",
    "view_of",
]
