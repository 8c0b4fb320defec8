"""Who may say who is who: staff with the scope, never a customer, never a machine by itself."""

from typing import Annotated

from shared.access import Caller, require

CanLink = Annotated[Caller, require("customer.identity-links:write", actors=("staff",))]
CanRead = Annotated[Caller, require("customer.identity-links:read", actors=("staff", "client"))]
CanReadCandidates = Annotated[Caller, require("customer.duplicate-candidates:read", actors=("staff",))]
CanDecide = Annotated[Caller, require("customer.duplicate-candidates:write", actors=("staff",))]
CanReview = Annotated[Caller, require("customer.merge-reviews:write", actors=("staff",))]
CanReadReviews = Annotated[Caller, require("customer.merge-reviews:read", actors=("staff",))]
