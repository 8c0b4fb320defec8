"""Who may do what with interactions and with what they say of a customer."""

from typing import Annotated

from shared.access import Caller, require

CanRecord = Annotated[Caller, require("customer.interactions:write", actors=("staff", "client"))]
CanImport = Annotated[Caller, require("customer.interactions:write", actors=("staff", "client"))]
CanSee = Annotated[Caller, require("customer.interactions:read", actors=("staff", "client", "customer"))]
CanProfile = Annotated[Caller, require("customer.profiles:read", actors=("staff", "client", "customer"))]
CanReadFeatures = Annotated[Caller, require("customer.profiles:read", actors=("staff", "client"))]
