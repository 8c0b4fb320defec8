"""Faults published about other products, each with its thread and a value computed by hand: none of them is ours."""

import csv
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from shared.deadlines.calendars import WEEKDAYS, Calendar, Day, Week, spans
from shared.deadlines.clocks import Status, read
from shared.deadlines.rules import Counting, Ends, Kind, Rule, Term, Unit
from shared.deadlines.state import Pause, State
from shared.deadlines.timeline import Almanac
from shared.deadlines.zones import instant, seconds

TABLE = Path(__file__).with_name("published_faults.csv")
SECONDS = {"h": 3_600, "m": 60}
Row = dict[str, str]


def rows() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as told:
        return list(csv.DictReader(told))


def week(text: str) -> Week:
    """`mon-fri 09:00-12:00 13:00-17:00; sat 10:00-12:00`."""
    days: dict[str, list[str]] = {}
    for part in text.split("; "):
        names, *hours = part.replace("daily", "mon-sun").split(" ")
        first, last = names.split("-")[0], names.split("-")[-1]
        for name in WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last) + 1]:
            days[name] = hours
    return Week.of(**days)


def special(text: str) -> Iterator[Day]:
    """`2018-06-11 09:00-16:00; 2018-06-12 Russia Day`: shorter, or closed under a name."""
    for part in filter(None, text.split("; ")):
        day, told = part.split(" ", 1)
        hours = spans(told) if re.fullmatch(r"[\d:-]+", told) else ()
        yield Day(date.fromisoformat(day), told, hours)


def moment(text: str, zone: str) -> datetime:
    """A wall time of that zone, or an instant with its offset."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))


def paused(text: str, zone: str) -> tuple[Pause, ...]:
    pairs = [part.split("/") for part in filter(None, text.split("; "))]
    return tuple(
        Pause("waiting", moment(since, zone), moment(until, zone) if until else None) for since, until in pairs
    )


def length(text: str) -> Term:
    """`4h`, `30m`: open time; `72 hours`, `10 business_days`: that unit."""
    if hit := re.fullmatch(r"(\d+)([hm])", text):
        return Term(int(hit[1]) * SECONDS[hit[2]], Unit.OPEN_SECONDS)
    amount, unit = text.split(" ")
    return Term(int(amount), Unit(unit))


def rule(term: Term, lead: Term | None = None, ends: Ends = Ends.DAY_END) -> Rule:
    return Rule(
        "clock", Kind.SERVICE, ("receipt",), ("answer",), term, Counting(ends=ends),
        pauses_for=frozenset({"waiting"}), warnings=(lead,) if lead else (),
    )  # fmt: skip


def answered(row: Row) -> datetime | timedelta | Status:
    """What the engine says to a row's question."""
    zone, almanac = row["zone"], Almanac()
    calendar = Calendar.weekly("of the thread", zone, week(row["hours"]), special(row["days"]))
    start, asked = moment(row["start"], zone), row["asked"]
    state = State(start, paused(row["pauses"], zone))
    if asked == "speaks":
        opening = almanac.covering(calendar, seconds(start), seconds(start)).next_open(seconds(start))
        return instant(opening or 0)
    if asked.startswith("used until "):
        at = moment(asked.removeprefix("used until "), zone)
        told = read(rule(Term(10_000_000, Unit.OPEN_SECONDS)), state, calendar, almanac, at=at)
        return timedelta(seconds=told.counted)
    if asked.startswith("warns "):
        lead, whole = asked.removeprefix("warns ").split(" before ")
        return read(rule(length(whole), length(lead)), state, calendar, almanac, at=start).warnings[0]
    text = asked.removeprefix("due ")
    ends = Ends.CLOSE_OF_BUSINESS if text.endswith(" to closing") else Ends.DAY_END
    told = read(rule(length(text.removesuffix(" to closing")), ends=ends), state, calendar, almanac, at=start)
    if told.due_at is None:
        return read(rule(length(text)), state, calendar, almanac, at=start + timedelta(days=300)).status
    return told.due_at


def expected(row: Row) -> datetime | timedelta | Status:
    if row["expected"] == "paused":
        return Status.PAUSED
    if hit := re.fullmatch(r"(\d+)([hm])", row["expected"]):
        return timedelta(seconds=int(hit[1]) * SECONDS[hit[2]])
    return moment(row["expected"], row["zone"])


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['reference']}: {row['fault']}")
def test_no_published_fault_is_ours(row: Row) -> None:
    assert answered(row) == expected(row)


def test_every_row_names_a_thread_and_there_are_enough_of_them() -> None:
    references = [row["reference"] for row in rows()]
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", one) for one in references)
    assert len(set(references)) >= 40
