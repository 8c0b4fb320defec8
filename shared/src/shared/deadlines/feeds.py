"""Holidays from libraries that keep them, as exceptional days with their source: read once, stored by whoever uses them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from importlib.metadata import version

from shared.deadlines.calendars import Calendar, Day, Spans


def public_holidays(country: str, years: Iterable[int], *, subdivision: str | None = None) -> list[Day]:
    """Closed days of a country (ISO 3166-1 alpha-2) by the `holidays` library; ValueError when it knows none of it.

    Rules reach into any year, but a government may add a day: read the years you need, and read them again.
    """
    import holidays  # noqa: PLC0415  # costs time, and only whoever fills a calendar pays it

    try:
        found = holidays.country_holidays(country, subdiv=subdivision, years=list(years), language="en_US")
    except NotImplementedError as error:
        raise ValueError(f"no holidays are known for {country} {subdivision or ''}".rstrip()) from error
    source = f"holidays {version('holidays')}, {country}{f'-{subdivision}' if subdivision else ''}"
    return [Day(day, name, (), source) for day, name in sorted(found.items())]


def chinese_days(working: Spans) -> tuple[list[Day], tuple[date, date]]:
    """Mainland China as the State Council announced it, holidays and make-up working days, and the dates it covers.

    A make-up day has the spans given. The year after the last announced one is not known to anybody: nothing is said of it,
    and a calendar made of these days refuses it (or estimates, if it was told to). The notice for a year, late in the one
    before, may still make a date of that December a working day: read the days again when it is out.
    """
    from chinese_calendar import constants  # noqa: PLC0415  # see above

    source = f"chinesecalendar {version('chinesecalendar')}, notices of the State Council"
    closed = [Day(day, name, (), source) for day, name in constants.holidays.items()]
    made_up = [Day(day, f"{name} (make-up working day)", working, source) for day, name in constants.workdays.items()]
    years = sorted({day.year for day in constants.holidays})
    return sorted(closed + made_up, key=lambda one: one.date), (date(years[0], 1, 1), date(years[-1], 12, 31))


def mainland_china(calendar: Calendar, working: Spans) -> Calendar:
    """A calendar with the days of mainland China, covering what was announced; days it already names stay as they are."""
    days, covers = chinese_days(working)
    return replace(
        calendar,
        days={day.date: day for day in days} | dict(calendar.days),
        covers=covers,
        revision=calendar.revision + 1,
    )
