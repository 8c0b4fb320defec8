"""Who may see insight, and who may note what the market does: staff and clients, never a customer's token."""

from typing import Annotated

from shared.access import Caller, require

CanSee = Annotated[Caller, require("customer.insights:read", actors=("staff", "client"))]
CanObserve = Annotated[Caller, require("customer.market-signals:write", actors=("staff", "client"))]
CanReadSignals = Annotated[Caller, require("customer.market-signals:read", actors=("staff", "client"))]
