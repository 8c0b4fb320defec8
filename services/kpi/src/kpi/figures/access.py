"""Who may read figures, and what they mean."""

from typing import Annotated

from shared.access import Caller, require

CanReadFigures = Annotated[Caller, require("kpi.figures:read", actors=("staff", "client"))]
CanReadMetrics = Annotated[Caller, require("kpi.metrics:read", actors=("staff", "client"))]
