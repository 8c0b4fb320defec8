"""The quality of what is recorded: once a day every record is opened page by page and judged, and only counts are kept."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.insights import repository
from customer.insights.domain.quality import AGES, Age, Cell, Tally, age_of, shown_ages, shown_fields
from customer.insights.schemas import DataQuality, Duplicates, FieldQuality, Freshness
from customer.parties import usecases as parties
from customer.parties.domain import ContactKind
from customer.parties.domain.quality import rules_on, shipped
from customer.settings import Settings
from shared import clock
from shared.world import World

NAME: Final = "data-quality"
EVERY: Final = timedelta(days=1)
PAGE: Final = 100
_CONTACTS: Final = frozenset(ContactKind)


async def judge_records(world: World) -> bool:
    """Go on by one page with the judging of the day; False where it is done, or another worker is at it.

    How far it has come and what was counted commit together: who is killed between two pages counts nobody twice. A
    record is counted as it is when its page is read.
    """
    now = clock.now()
    if await world.db.any(repository.report_since(NAME, now - EVERY)):
        return False
    async with world.db.begin() as tx:
        row = await repository.hold_judging(tx, now)
        if row is None:
            return False
        made_at = await repository.made_at(tx, NAME)
        if made_at is not None and made_at > now - EVERY:  # another worker ended it while this one asked
            await repository.end_judging(tx)
            return False
        tally = Tally.restored(row.tally)
        page = await parties.judged_page(world, tx, row.reached, PAGE, row.began_at)
        for one in page.records:
            count(tally, one, row.began_at, world.settings.zone)
        tally.unreadable += page.unreadable
        if page.last is not None:
            await repository.keep_judging(tx, page.last, tally.stored())
        else:
            await _keep(world, tx, tally, row.began_at)
            await repository.end_judging(tx)
    return True


def count(tally: Tally, one: parties.Judged, at: datetime, zone: str) -> None:
    """Add one record."""
    tally.kinds[one.kind] += 1
    for name, stands in one.fields.items():
        if stands is None:
            tally.cells[Cell(one.kind, name)] += 1
        else:
            told = (stands.source, stands.fault or "", stands.stale, stands.shared, stands.verified)
            tally.cells[Cell(one.kind, name, *told)] += 1
    month = one.updated_at.astimezone(ZoneInfo(zone)).strftime("%Y-%m")
    tally.ages[Age(one.kind, one.source, age_of(one.updated_at, at), month)] += 1


async def _keep(world: World, tx: AsyncConnection, tally: Tally, began_at: datetime) -> None:
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    fewest = settings.fewest_people
    fields, left_out = shown_fields(tally, _CONTACTS, fewest)
    rules = rules_on(clock.day_in(settings.zone, began_at), shipped())
    report = DataQuality(
        as_of=began_at,
        made_at=clock.now(),
        fewest=fewest,
        kinds_left_out=left_out,
        unreadable=tally.unreadable,
        fields=[
            FieldQuality(
                field=shown.field,
                source=line.source,
                records=shown.records,
                filled=line.filled,
                completeness=_share(line.filled, shown.records),
                valid=line.valid,
                validity=_share(line.valid, line.filled),
                stale=line.stale if rules.stale_after[shown.field] is not None else None,
                staleness=_share(line.stale, line.filled) if rules.stale_after[shown.field] is not None else None,
                stale_after_days=None if (after := rules.stale_after[shown.field]) is None else after.days,
                shared=line.shared,
                verified=line.verified,
                faults=dict(line.faults),
            )
            for shown in fields
            for line in shown.lines
        ],
        freshness=_freshness(tally, fewest, settings.zone),
        duplicates=await _duplicates(tx, fewest),
    )
    await repository.keep_report(tx, NAME, began_at, report.model_dump(mode="json"))


def _freshness(tally: Tally, fewest: int, zone: str) -> list[Freshness]:
    told = []
    for one in shown_ages(tally, fewest):
        ages = {name: number for name, number in zip(AGES, one.ages, strict=True) if number is not None}
        if len(ages) == len(AGES):
            oldest = None
            if one.oldest_month is not None:
                oldest = datetime.strptime(one.oldest_month, "%Y-%m").replace(tzinfo=ZoneInfo(zone))
            told.append(Freshness(source=one.source, records=one.records, oldest_at=oldest, **ages))
    return told


async def _duplicates(tx: AsyncConnection, fewest: int) -> list[Duplicates]:
    return [
        Duplicates(
            kind=one.kind,
            values=one.values,
            shared_values=one.shared_values,
            customers_sharing=one.customers_sharing,
        )
        for one in await parties.contacts_shared(tx)
        if one.values >= fewest and (one.customers_sharing == 0 or one.customers_sharing >= fewest)
    ]


def _share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else round(part / whole, 6)


async def data_quality(conn: AsyncConnection, at: datetime) -> DataQuality:
    """What was counted last; before that is done for the first time there is nothing in it, as of now."""
    kept = await repository.report(conn, NAME)
    if kept is None:
        return DataQuality(as_of=at, made_at=None, fields=[], freshness=[], duplicates=[])
    return DataQuality.model_validate(kept)
