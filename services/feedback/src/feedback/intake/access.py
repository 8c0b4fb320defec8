"""Who may bring, and read, what customers tell us."""

from typing import Annotated

from shared.access import Caller, require

CanSubmit = Annotated[Caller, require("feedback.feedback:write", actors=("staff", "client", "customer"))]
CanImport = Annotated[Caller, require("feedback.feedback:write", actors=("staff", "client"))]
CanRead = Annotated[Caller, require("feedback.feedback:read", actors=("staff", "client", "customer"))]
CanList = Annotated[Caller, require("feedback.feedback:read", actors=("staff", "client"))]
