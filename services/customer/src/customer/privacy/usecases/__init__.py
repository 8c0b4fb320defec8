"""What can be done for a person's rights: forget, answer requests with their clocks, hand over, hold what must be kept."""

from customer.privacy.usecases.clocks import compute_anew, say_clocks
from customer.privacy.usecases.erasing import confirm_erasure, erase_whole, forget, request_erasure, show_erasure
from customer.privacy.usecases.exporting import bundle, ready
from customer.privacy.usecases.forgetting import due_again, erased, wake
from customer.privacy.usecases.holding import hold_of, lift_hold, set_hold
from customer.privacy.usecases.requesting import (
    check_identity,
    clocks_of,
    complete,
    decide,
    extend,
    show_certificate,
    show_request,
    shown,
    submit_request,
    view_of,
)
from customer.privacy.usecases.wording import show_details

__all__ = [
    "bundle",
    "check_identity",
    "clocks_of",
    "complete",
    "compute_anew",
    "confirm_erasure",
    "decide",
    "due_again",
    "erase_whole",
    "erased",
    "extend",
    "forget",
    "hold_of",
    "lift_hold",
    "ready",
    "request_erasure",
    "say_clocks",
    "set_hold",
    "show_certificate",
    "show_details",
    "show_erasure",
    "show_request",
    "shown",
    "submit_request",
    "view_of",
    "wake",
]
