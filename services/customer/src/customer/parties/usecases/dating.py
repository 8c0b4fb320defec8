"""The days a record may name: none that has not begun where the bank is, whatever the schema lets through for all zones."""

from collections.abc import Iterator, Sequence
from datetime import date

from pydantic import BaseModel

from shared.problems import FieldError, Malformed

_PAST = ("birth_date", "incorporation_date", "issued_on")


def days_to_come(body: BaseModel, today: date) -> list[FieldError]:
    """The days in a wish, and in the identifiers it brings, that have not begun on the bank's `today`."""
    parts: Sequence[BaseModel] = getattr(body, "identifiers", ())
    return [
        *_to_come(body, "", today),
        *(one for at, part in enumerate(parts) for one in _to_come(part, f"/identifiers/{at}", today)),
    ]


def refuse_days_to_come(body: BaseModel, today: date) -> None:
    """Raise Malformed where a wish names a day to come."""
    errors = days_to_come(body, today)
    if errors:
        raise Malformed(errors=errors)


def _to_come(body: BaseModel, where: str, today: date) -> Iterator[FieldError]:
    for name in _PAST:
        day: date | None = getattr(body, name, None)
        if day is not None and day > today:
            yield FieldError(f"{where}/{name}", "future", "has not begun in the zone of the bank")
