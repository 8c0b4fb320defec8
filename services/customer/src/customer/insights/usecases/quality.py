"""The quality of what is recorded, told from what lies in the clear: nothing is opened to count it."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.insights.schemas import DataQuality, Duplicates, FieldQuality, Freshness
from customer.parties import usecases as parties


def _share(part: int | None, whole: int) -> float | None:
    return None if part is None or not whole else round(part / whole, 6)


async def data_quality(conn: AsyncConnection, at: datetime) -> DataQuality:
    """Completeness and validity by field and source, staleness by source, contact points that several share."""
    told = await parties.recorded_quality(conn, at)
    fields = [
        FieldQuality(
            field=field,
            source=row.source,
            records=row.records,
            filled=filled,
            completeness=_share(filled, row.records),
            valid=valid,
            validity=_share(valid, filled),
        )
        for row in told.sources
        for field, filled, valid in row.fields
    ]
    freshness = [
        Freshness(
            source=row.source,
            records=row.records,
            within_30_days=row.within_30_days,
            within_year=row.within_year,
            older=row.records - row.within_30_days - row.within_year,
            oldest_at=row.oldest_at,
        )
        for row in told.sources
    ]
    duplicates = [
        Duplicates(
            kind=row.kind, values=row.values, shared_values=row.shared_values, customers_sharing=row.customers_sharing
        )
        for row in told.contacts
    ]
    return DataQuality(as_of=at, fields=fields, freshness=freshness, duplicates=duplicates)
