"""The only source of time and identity: UTC instants and UUIDv7 ids, so that a test can hold both still."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62
_RANDOM = (1 << 62) - 1
_COUNTER_BITS = 12
_SET = object.__setattr__
_FURTHEST_ON = timezone(timedelta(hours=14))


class Frozen:
    """A clock that a test holds in its hand: it stands until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC)

    def move(self, by: timedelta) -> None:
        """Let `by` pass (or take it back, if negative)."""
        self.at += by


class _Source:
    """What `now` reads, and the last id given, so that ids of one process never go backwards."""

    def __init__(self) -> None:
        self.frozen: Frozen | None = None
        self.lock = threading.Lock()
        self.last = 0


_source = _Source()


def now() -> datetime:
    """The present instant, aware, in UTC."""
    if _source.frozen is not None:
        return _source.frozen.at
    return datetime.now(UTC)


def day_in(zone: str, at: datetime) -> date:
    """The date the calendar of an IANA zone shows at that instant."""
    return at.astimezone(ZoneInfo(zone)).date()


def latest_day() -> date:
    """The latest date that has begun anywhere on earth: that of UTC+14."""
    return now().astimezone(_FURTHEST_ON).date()


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562) of the present millisecond; later ids of this process are greater.

    The twelve bits after the version count within a millisecond; when they run out the next millisecond is borrowed.
    """
    return _id(_tickets(1), os.urandom(8))


def new_ids(many: int) -> list[UUID]:
    """So many ids at once, each greater than the one before."""
    first, chance = _tickets(many), os.urandom(8 * many)
    return [_id(first + place, chance[8 * place : 8 * place + 8]) for place in range(many)]


def _tickets(many: int) -> int:
    """The first of so many numbers in a row that no other id of this process has: a millisecond and a count within it."""
    held = _source.frozen
    millis = int(held.at.timestamp() * 1000) if held is not None else time.time_ns() // 1_000_000
    with _source.lock:
        first = max(millis << _COUNTER_BITS, _source.last + 1)
        _source.last = first + many - 1
    return first


def _id(ticket: int, chance: bytes) -> UUID:
    stamp, counter = ticket >> _COUNTER_BITS, ticket & 0xFFF
    tail = int.from_bytes(chance, "big") & _RANDOM
    # Without the constructor, whose dozen checks of what it may be given take as long as all the rest.
    made = object.__new__(UUID)
    _SET(made, "int", (stamp << 80) | _VERSION | (counter << 64) | _VARIANT | tail)
    _SET(made, "is_safe", SafeUUID.unknown)
    return made


def id_floor(at: datetime) -> UUID:
    """The smallest UUIDv7 of that millisecond: a bound for ranges and partitions. Before 1970 there was none."""
    return UUID(int=(max(0, int(at.timestamp() * 1000)) << 80) | _VERSION | _VARIANT)


def time_of(identity: UUID) -> datetime:
    """The instant a UUIDv7 was made, to the millisecond."""
    return datetime.fromtimestamp((identity.int >> 80) / 1000, UTC)


@contextmanager
def frozen(at: datetime) -> Iterator[Frozen]:
    """Hold the clock at `at` for the time of a test."""
    before, before_last = _source.frozen, _source.last
    held = Frozen(at)
    _source.frozen = held
    _source.last = 0
    try:
        yield held
    finally:
        _source.frozen = before
        _source.last = max(before_last, 0)
