"""Who may ask for an opening, confirm it, break the glass, review that, and see who looked."""

from typing import Annotated

from shared.access import Caller, require

BREAK_GLASS = "break_glass"

CanAsk = Annotated[Caller, require("customer.access-grants:write", actors=("staff",))]
CanConfirm = Annotated[Caller, require("customer.access-grants:approve", actors=("staff", "customer"))]
CanRevoke = Annotated[Caller, require("customer.access-grants:approve", actors=("staff", "customer"))]
CanRead = Annotated[Caller, require("customer.access-grants:read", actors=("staff", "customer"))]
# The role is checked besides: the scope says that the system may, the role that this person may.
CanBreak = Annotated[Caller, require("customer.access-grants:write", actors=("staff",))]
CanReadReviews = Annotated[Caller, require("customer.access-reviews:read", actors=("staff",))]
CanReview = Annotated[Caller, require("customer.access-reviews:approve", actors=("staff",))]
CanReadLog = Annotated[Caller, require("customer.access-log:read", actors=("staff", "customer"))]
