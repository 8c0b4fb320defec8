"""Who may say, and see, how parties belong together."""

from typing import Annotated

from shared.access import Caller, require

CanRelate = Annotated[Caller, require("customer.relationships:write", actors=("staff", "client"))]
CanRead = Annotated[Caller, require("customer.relationships:read", actors=("staff", "client"))]
