"""Inputs and outputs of a place; routes and imports build the same ones."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from channel_router.supply.domain import PlaceKind, PlaceState
from shared.schemas import Body, View

Ref = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("not an IANA time zone") from error
    return name


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
Latitude = Annotated[float, Field(ge=-90, le=90, description="WGS 84, degrees")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="WGS 84, degrees")]


class AddPlace(Body):
    """A branch, ATM, kiosk or contact centre; `names` by BCP 47 language, `opening_hours` in OpenStreetMap grammar."""

    kind: PlaceKind
    names: Annotated[dict[Annotated[str, StringConstraints(max_length=35)], Label], Field(max_length=20)] = {}
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    zone: Zone | None = None
    opening_hours: Annotated[str, StringConstraints(max_length=2_000)] | None = None
    operator: Label | None = None
    wheelchair: bool | None = None
    external_ref: Ref | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("give both coordinates or none")
        return self


class ChangePlace(Body):
    """An RFC 7396 merge patch of a place."""

    state: PlaceState | None = None
    opening_hours: Annotated[str, StringConstraints(max_length=2_000)] | None = None

    @model_validator(mode="after")
    def _keeps_a_state(self) -> Self:
        if "state" in self.model_fields_set and self.state is None:
            raise ValueError("state cannot be removed")
        return self


class Place(View):
    """A place as it is recorded."""

    id: UUID
    version: int
    kind: PlaceKind
    state: PlaceState
    names: dict[str, str]
    latitude: float | None
    longitude: float | None
    zone: str
    opening_hours: str | None
    operator: str | None
    wheelchair: bool | None
    external_ref: str | None
    created_at: datetime
    updated_at: datetime
