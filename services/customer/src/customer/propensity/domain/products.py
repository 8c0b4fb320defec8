"""Who will take a term deposit: features of a client, the last campaign and the day of the call; never the call's duration.

The shape is that of UCI data set 222 (Moro, Cortez and Rita 2014): calls from May 2008 to November 2010, in order of
their day. The file names day and month; the year follows from the order of its rows.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from customer.propensity.domain.measures import Floats, Labels
from customer.propensity.domain.rows import Row, UnfitFile, codes, flags, need_columns, numbers

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
JOBS: Final = (
    "admin.", "blue-collar", "entrepreneur", "housemaid", "management", "retired", "self-employed", "services",
    "student", "technician", "unemployed", "unknown",
)  # fmt: skip
NOT_CALLED: Final = -1
FIRST_YEAR, LAST_YEAR = 2008, 2010

TARGET: Final = "y"
COLUMNS: Final = (
    "age", "job", "marital", "education", "default", "balance", "housing", "loan",
    "contact", "day", "month", "campaign", "pdays", "previous", "poutcome",
)  # fmt: skip
UNDATED: Final = (
    "age", "balance", "day_of_month", "month", "day_of_year", "calls_this_campaign", "days_since_last_campaign",
    "calls_before", "housing_loan", "personal_loan", "credit_in_default", "day_of_year_of_last_campaign", "calls_in_all",
    "education", "last_outcome", "contact", "marital", *(f"job_{name}" for name in JOBS),
)  # fmt: skip
DATED: Final = (*UNDATED, "date_of_call", "weekday", "date_of_last_campaign")

# A client of whom something is not known is scored all the same: what is missing goes where most of the trees' rows went.
_MARITAL = {"single": 0.0, "divorced": 1.0, "married": 2.0, "unknown": np.nan}
_EDUCATION = {"primary": 0.0, "secondary": 1.0, "tertiary": 2.0, "unknown": np.nan}
_CONTACT = {"unknown": 0.0, "telephone": 1.0, "cellular": 2.0}
_OUTCOME = {"unknown": -1.0, "failure": 0.0, "other": 1.0, "success": 2.0}
_MONTH = {name: float(number) for number, name in enumerate(MONTHS, 1)}
_YES = {"yes": 1.0, "no": 0.0}
_YES_IF_KNOWN = {**_YES, "unknown": np.nan}


def labels(rows: Sequence[Row]) -> Labels:
    """1 for who took it."""
    need_columns(rows, [TARGET])
    return flags(rows, TARGET, "yes", "no")


def years(rows: Sequence[Row]) -> list[int] | None:
    """The year of each call: a month before that of the row above begins the next year. None for a file in no such order."""
    months = codes(rows, "month", _MONTH)
    found = FIRST_YEAR + np.cumsum(np.concatenate([[0], np.diff(months) < 0])).astype(int)
    return [int(year) for year in found] if found[-1] <= LAST_YEAR else None


def _day(year: int, month: int, day: int, row: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise UnfitFile(f"row {row}: day and month are no date") from None


def undated(rows: Sequence[Row]) -> Floats:
    """Features that need no year, one row each in the order of UNDATED; NaN where something is not known."""
    need_columns(rows, COLUMNS)
    month, day = codes(rows, "month", _MONTH), numbers(rows, "day")
    # A leap year takes every day there is; the distance between two days of it is what matters.
    of_year = np.array(
        [
            _day(2008, int(m), int(d), index).timetuple().tm_yday
            for index, (m, d) in enumerate(zip(month, day, strict=True), 1)
        ],
        dtype=float,
    )
    since, before, calls = numbers(rows, "pdays"), numbers(rows, "previous"), numbers(rows, "campaign")
    since[since == NOT_CALLED] = np.nan
    job = codes(rows, "job", {name: float(number) for number, name in enumerate(JOBS)})
    columns = [
        numbers(rows, "age"),
        numbers(rows, "balance"),
        day,
        month,
        of_year,
        calls,
        since,
        before,
        codes(rows, "housing", _YES),
        codes(rows, "loan", _YES),
        codes(rows, "default", _YES_IF_KNOWN),
        (of_year - since) % 365,
        calls + before,
        codes(rows, "education", _EDUCATION),
        codes(rows, "poutcome", _OUTCOME),
        codes(rows, "contact", _CONTACT),
        codes(rows, "marital", _MARITAL),
        *(np.where(job == number, 1.0, 0.0) for number in range(len(JOBS))),
    ]
    return np.column_stack(columns)


def dated(rows: Sequence[Row], year_of: Sequence[int]) -> Floats:
    """The same with the date of the call (days of the Gregorian calendar), its weekday and the last campaign's date."""
    plain = undated(rows)
    days = [
        _day(year, int(line[UNDATED.index("month")]), int(line[UNDATED.index("day_of_month")]), index)
        for index, (year, line) in enumerate(zip(year_of, plain, strict=True), 1)
    ]
    called = np.array([day.toordinal() for day in days], dtype=float)
    weekday = np.array([day.weekday() for day in days], dtype=float)
    last = called - plain[:, UNDATED.index("days_since_last_campaign")]
    return np.column_stack([plain, called, weekday, last])
