"""Who may use a right, answer it, and order that something be kept."""

from typing import Annotated

from shared.access import Caller, require

CanErase = Annotated[Caller, require("customer.erasures:write", actors=("staff", "client", "customer"))]
CanRead = Annotated[Caller, require("customer.erasures:read", actors=("staff", "client", "customer"))]
CanAsk = Annotated[Caller, require("customer.privacy-requests:write", actors=("staff", "client", "customer"))]
CanSee = Annotated[Caller, require("customer.privacy-requests:read", actors=("staff", "client", "customer"))]
CanAnswer = Annotated[Caller, require("customer.privacy-requests:approve", actors=("staff",))]
CanHold = Annotated[Caller, require("customer.legal-holds:write", actors=("staff",))]
CanSeeHolds = Annotated[Caller, require("customer.legal-holds:read", actors=("staff",))]
