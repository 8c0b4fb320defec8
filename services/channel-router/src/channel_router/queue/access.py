"""Who may draw, see and serve a ticket."""

from typing import Annotated

from shared.access import Caller, require

CanOpen = Annotated[Caller, require("channel-router.tickets:write", actors=("staff", "client", "customer"))]
CanServe = Annotated[Caller, require("channel-router.tickets:write", actors=("staff", "client"))]
CanRead = Annotated[Caller, require("channel-router.tickets:read", actors=("staff", "client", "customer"))]
CanList = Annotated[Caller, require("channel-router.tickets:read", actors=("staff", "client"))]
