"""Who may plan campaigns, and who may see how they went."""

from typing import Annotated

from shared.access import Caller, require

CanWrite = Annotated[Caller, require("customer.campaigns:write", actors=("staff",))]
CanRead = Annotated[Caller, require("customer.campaigns:read", actors=("staff", "client"))]
