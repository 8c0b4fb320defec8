"""Who may change, and see, what can serve a customer."""

from typing import Annotated

from shared.access import Caller, require

CanChange = Annotated[Caller, require("channel-router.places:write", actors=("staff", "client"))]
CanRead = Annotated[Caller, require("channel-router.places:read", actors=("staff", "client", "customer"))]
