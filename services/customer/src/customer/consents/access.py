"""Who may define purposes, write in the ledger, read it, and ask for a decision."""

from typing import Annotated

from shared.access import Caller, require

CanDefine = Annotated[Caller, require("customer.purposes:write", actors=("staff",))]
CanReadPurposes = Annotated[Caller, require("customer.purposes:read", actors=("staff", "client", "customer"))]
CanRecord = Annotated[Caller, require("customer.consents:write", actors=("staff", "client", "customer"))]
CanImport = Annotated[Caller, require("customer.consents:write", actors=("staff", "client"))]
CanRead = Annotated[Caller, require("customer.consents:read", actors=("staff", "client", "customer"))]
CanDecide = Annotated[Caller, require("customer.consent-decisions:read", actors=("staff", "client"))]
