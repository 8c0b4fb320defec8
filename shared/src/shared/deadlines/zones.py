"""Between wall time and instants: whole seconds, a zone as stretches of one offset, and the bounds of a local day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()
# No zone changes its offset twice within so short a time.
_STEP: Final = 6 * 3_600


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to before `end` (UTC seconds) the wall clock shows UTC plus `offset` seconds."""

    start: int
    end: int
    offset: int


def seconds(at: datetime) -> int:
    """Whole UTC seconds of an aware instant, the fraction cut off: the engine counts nothing finer."""
    if at.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return int(at.timestamp() // 1)


def instant(second: int) -> datetime:
    """The aware UTC instant of a second."""
    return datetime.fromtimestamp(second, UTC)


def midnight(day: date) -> int:
    """Wall seconds of the beginning of a date, as if there were no zones: the ruler local spans are laid on."""
    return (day.toordinal() - _EPOCH) * DAY


def wall_date(wall: int) -> date:
    """The date of a wall second."""
    return date.fromordinal(wall // DAY + _EPOCH)


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of that name; ValueError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError(f"no such time zone: {name}") from error


def _offset(zone: ZoneInfo, second: int) -> int:
    told = datetime.fromtimestamp(second, zone).utcoffset()
    if told is None:
        raise ValueError("a zone without an offset")
    return int(told.total_seconds())


@lru_cache(maxsize=4_096)
def _year(name: str, year: int) -> tuple[Stretch, ...]:
    """The stretches of one UTC year; each change is found to the second by halving."""
    zone, end = zone_of(name), midnight(date(year + 1, 1, 1))
    start = known = midnight(date(year, 1, 1))
    offset, found = _offset(zone, start), []
    while known < end:
        ahead = min(known + _STEP, end)
        if _offset(zone, ahead) == offset:
            known = ahead
            continue
        low, high = known, ahead
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
        found.append(Stretch(start, high, offset))
        start = known = high
        offset = _offset(zone, high)
    if start < end:
        found.append(Stretch(start, end, offset))
    return tuple(found)


def stretches(name: str, start: int, end: int) -> Iterator[Stretch]:
    """What the wall clock of a zone does between two UTC seconds, in order and without gaps."""
    for year in range(wall_date(start).year, wall_date(max(start, end - 1)).year + 1):
        for one in _year(name, year):
            low, high = max(one.start, start), min(one.end, end)
            if low < high:
                yield Stretch(low, high, one.offset)


def wall(name: str, second: int) -> int:
    """The wall second that the zone's clock shows at a UTC second."""
    return next(second + one.offset for one in _year(name, wall_date(second).year) if second < one.end)


def local_date(name: str, second: int) -> date:
    """The date on the zone's calendar at a UTC second."""
    return wall_date(wall(name, second))


def instants(name: str, first: int, last: int) -> list[tuple[int, int]]:
    """The UTC intervals during which the wall clock reads within [first, last).

    An hour that is put back is passed twice and yields two intervals (joined where they touch); one that is skipped
    yields none.
    """
    found: list[tuple[int, int]] = []
    for one in stretches(name, first - DAY, last + DAY):
        low, high = max(one.start, first - one.offset), min(one.end, last - one.offset)
        if low >= high:
            continue
        if found and found[-1][1] == low:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found


@lru_cache(maxsize=65_536)
def day_bounds(name: str, day: date) -> tuple[int, int]:
    """The first UTC second of a local date and the one after its last; equal for a date the zone left out.

    Midnight may be skipped (Africa/Cairo in spring), or come twice (America/Havana in autumn): the bounds are the first and
    the last time the clock shows that date.
    """
    start = midnight(day)
    found = instants(name, start, start + DAY)
    if found:
        return found[0][0], found[-1][1]
    following = instants(name, start + DAY, start + 2 * DAY)[0][0]
    return following, following
