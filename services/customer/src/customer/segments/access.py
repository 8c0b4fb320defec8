"""Who may define segments, look at them, and see who is in."""

from typing import Annotated

from shared.access import Caller, require

CanDefine = Annotated[Caller, require("customer.segments:write", actors=("staff", "client"))]
CanRead = Annotated[Caller, require("customer.segments:read", actors=("staff", "client"))]
CanReadOf = Annotated[Caller, require("customer.segments:read", actors=("staff", "client", "customer"))]
