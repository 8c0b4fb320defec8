"""What every input and output model is: inputs refuse what they do not know, outputs say every field."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator


class Body(BaseModel):
    """An input: unknown fields are refused (422), values never change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @field_validator("*")
    @classmethod
    def _within_the_calendar(cls, value: Any) -> Any:
        """An instant that has no date in UTC, a few hours before the first year or after the last, cannot be kept."""
        if isinstance(value, datetime) and value.tzinfo is not None:
            try:
                value.astimezone(UTC)
            except OverflowError:
                raise ValueError("there is no such day in UTC") from None
        return value


def _every_field_required(schema: dict[str, Any]) -> None:
    # Outputs have no optional members: generated clients see that each field is always there.
    if "properties" in schema:
        schema["required"] = list(schema["properties"])


class View(BaseModel):
    """An output: every field is always present; a client ignores those it does not know."""

    model_config = ConfigDict(frozen=True, json_schema_extra=_every_field_required, hide_input_in_errors=True)
