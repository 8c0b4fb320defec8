"""Who may do what with a party."""

from typing import Annotated

from shared.access import Caller, require

CanRegister = Annotated[Caller, require("customer.customers:write", actors=("staff", "client"))]
CanImport = Annotated[Caller, require("customer.customers:write", actors=("staff", "client"))]
CanChange = Annotated[Caller, require("customer.customers:write", actors=("staff", "client"))]
CanRead = Annotated[Caller, require("customer.customers:read", actors=("staff", "client", "customer"))]
CanList = Annotated[Caller, require("customer.customers:read", actors=("staff", "client"))]
CanLookUp = Annotated[Caller, require("customer.lookups:read", actors=("staff", "client"))]
