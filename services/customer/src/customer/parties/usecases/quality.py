"""The quality of what is recorded of parties, told from what lies in the clear: nothing is opened, nobody is named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties import repository

# A name has to be there; the rest may be. Of a sealed value only its presence can be told.
_SEALED: Final = ("birth_date", "occupation", "email", "phone", "identifier")


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """Records last changed by one source: `fields` are (name, filled, valid or None where it lies under seal)."""

    source: str
    records: int
    fields: Sequence[tuple[str, int, int | None]]
    within_30_days: int
    within_year: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContactQuality:
    """Contact points of one kind: how many values, how many of them lead to several customers, and to how many in all."""

    kind: str
    values: int
    shared_values: int
    customers_sharing: int


@dataclass(frozen=True, slots=True)
class RecordedQuality:
    """All of it."""

    sources: Sequence[SourceQuality]
    contacts: Sequence[ContactQuality]


async def recorded_quality(conn: AsyncConnection, at: datetime) -> RecordedQuality:
    """How parties are recorded as of now: completeness and age by source, contact points that several share."""
    return RecordedQuality(
        sources=[
            SourceQuality(
                source=row.source,
                records=row.records,
                fields=[
                    ("region", row.region, row.region_valid),
                    *((name, getattr(row, name), None) for name in _SEALED),
                ],
                within_30_days=row.within_30_days,
                within_year=row.within_year,
                oldest_at=row.oldest_at,
            )
            for row in await repository.quality_of_records(conn, at)
        ],
        contacts=[
            ContactQuality(row.kind, row.values, row.shared_values, int(row.customers_sharing))
            for row in await repository.shared_contacts(conn)
        ],
    )
