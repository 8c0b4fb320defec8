"""Who may ask for a screening and see or lift a restriction: never the customer, whom it would tip off."""

from typing import Annotated

from shared.access import Caller, require

CanScreen = Annotated[Caller, require("risk.screenings:write", actors=("staff", "client"))]
CanRead = Annotated[Caller, require("risk.screenings:read", actors=("staff", "client"))]
CanReadRestrictions = Annotated[Caller, require("risk.restrictions:read", actors=("staff", "client"))]
CanLift = Annotated[Caller, require("risk.restrictions:write", actors=("staff", "client"))]
