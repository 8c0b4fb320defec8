"""What every input and output model is: inputs refuse what they do not know, outputs say every field."""

from datetime import UTC, datetime
from inspect import get_annotations
from typing import Any, Final, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, FutureDatetime, PastDatetime, field_validator

_INSTANTS: Final = (datetime, AwareDatetime, PastDatetime, FutureDatetime)


def _within_the_calendar(value: Any) -> Any:
    """An instant that has no date in UTC, a few hours before the first year or after the last, cannot be kept."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        try:
            value.astimezone(UTC)
        except OverflowError:
            raise ValueError("there is no such day in UTC") from None
    return value


def _holds_instant(kind: Any) -> bool:
    return kind in _INSTANTS or any(_holds_instant(part) for part in get_args(kind))


class Body(BaseModel):
    """An input: unknown fields are refused (422), values never change after validation, instants have a date in UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Only the fields that need it are looked at: a file brings millions of bodies, and each look is a call.
        kinds = {name: kind for above in cls.__mro__ for name, kind in get_annotations(above).items()}
        names = [name for name, kind in kinds.items() if _holds_instant(kind)]
        if names:
            look = field_validator(*names, check_fields=False)(_within_the_calendar)
            setattr(cls, "_within_the_calendar", look)  # noqa: B010  # the model collects what stands in its class


def _every_field_required(schema: dict[str, Any]) -> None:
    # Outputs have no optional members: generated clients see that each field is always there.
    if "properties" in schema:
        schema["required"] = list(schema["properties"])


class View(BaseModel):
    """An output: every field is always present; a client ignores those it does not know."""

    model_config = ConfigDict(frozen=True, json_schema_extra=_every_field_required, hide_input_in_errors=True)
