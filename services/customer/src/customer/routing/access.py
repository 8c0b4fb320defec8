"""Who may read a card, who may read what is delicate on it, and who may note something on it."""

from typing import Annotated, Final

from shared.access import Caller, require

# Opens what is delicate; a customer is not shown it, whatever their token says.
DETAILS: Final = "customer.routing-details:read"

CanRead = Annotated[
    Caller, require("customer.routing-profiles:read", actors=("staff", "client", "customer"), wider=DETAILS)
]
CanNote = Annotated[Caller, require("customer.routing-profiles:write", actors=("staff", "client"), wider=DETAILS)]
