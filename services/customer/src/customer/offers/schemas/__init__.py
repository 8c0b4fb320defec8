"""Inputs and outputs of offers, and the dated data they are weighed by."""

from customer.offers.schemas.arbitration import Arbitration
from customer.offers.schemas.catalogue import ChangeService, DefineService, Entry, ServiceView, service_view
from customer.offers.schemas.measuring import (
    Dimension,
    FairnessReport,
    FairnessTable,
    GroupShares,
    LiftOf,
    LiftReport,
    Share,
    SideView,
)
from customer.offers.schemas.offering import (
    Assessment,
    AssessSuitability,
    Because,
    NextBest,
    OfferedService,
    OfferOutcome,
    Permit,
    PropensityView,
    RecordAssessment,
    RecordOutcome,
    RefusedService,
    SayOutcome,
    ScoreView,
)

__all__ = [
    "Arbitration",
    "AssessSuitability",
    "Assessment",
    "Because",
    "ChangeService",
    "DefineService",
    "Dimension",
    "Entry",
    "FairnessReport",
    "FairnessTable",
    "GroupShares",
    "LiftOf",
    "LiftReport",
    "NextBest",
    "OfferOutcome",
    "OfferedService",
    "Permit",
    "PropensityView",
    "RecordAssessment",
    "RecordOutcome",
    "RefusedService",
    "SayOutcome",
    "ScoreView",
    "ServiceView",
    "Share",
    "SideView",
    "service_view",
]
