"""Who may define services, see what is best for a customer, say what became of it, and see what it was worth."""

from typing import Annotated

from shared.access import Caller, require

CanDefine = Annotated[Caller, require("customer.services:write", actors=("staff", "client"))]
CanRead = Annotated[Caller, require("customer.services:read", actors=("staff", "client"))]
CanAsk = Annotated[Caller, require("customer.offers:read", actors=("staff", "client", "customer"))]
CanInspect = Annotated[Caller, require("customer.offers:read", actors=("staff", "client"))]
CanAnswer = Annotated[Caller, require("customer.offers:write", actors=("staff", "client", "customer"))]
CanAssess = Annotated[Caller, require("customer.suitability:write", actors=("staff", "client"))]
CanReadAssessments = Annotated[Caller, require("customer.suitability:read", actors=("staff", "client"))]
