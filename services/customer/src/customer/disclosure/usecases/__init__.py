"""What can be done with sight: ask for it, confirm it, end it, break the glass and judge that, use it, see who used it."""

from customer.disclosure.usecases.confirming import (
    Confirmation,
    codes_wait,
    confirm_grants,
    hand_out_codes,
    revoke_grant,
)
from customer.disclosure.usecases.forgetting import forget
from customer.disclosure.usecases.granting import ask_access, break_glass, list_grants, show_grant
from customer.disclosure.usecases.looking import gather, who_looked
from customer.disclosure.usecases.opening import openings, require_change
from customer.disclosure.usecases.reviewing import judge, list_reviews, show_review

__all__ = [
    "Confirmation",
    "ask_access",
    "break_glass",
    "codes_wait",
    "confirm_grants",
    "forget",
    "gather",
    "hand_out_codes",
    "judge",
    "list_grants",
    "list_reviews",
    "openings",
    "require_change",
    "revoke_grant",
    "show_grant",
    "show_review",
    "who_looked",
]
