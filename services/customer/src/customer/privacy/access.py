"""Who may ask for, and look at, an erasure."""

from typing import Annotated

from shared.access import Caller, require

CanErase = Annotated[Caller, require("customer.erasures:write", actors=("staff", "client", "customer"))]
CanRead = Annotated[Caller, require("customer.erasures:read", actors=("staff", "client", "customer"))]
