"""Who may have customers contacted, and who may write the texts."""

from typing import Annotated

from shared.access import Caller, require

CanWrite = Annotated[Caller, require("customer.message-templates:write", actors=("staff",))]
CanReadTexts = Annotated[Caller, require("customer.message-templates:read", actors=("staff", "client"))]
CanSend = Annotated[Caller, require("customer.messages:write", actors=("staff", "client"))]
CanReport = Annotated[Caller, require("customer.message-receipts:write", actors=("client",))]
CanRead = Annotated[Caller, require("customer.messages:read", actors=("staff", "client", "customer"))]
