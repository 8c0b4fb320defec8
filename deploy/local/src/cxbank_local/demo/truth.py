"""What the figures must be, computed from the raw files by another road: whole-file tallies, no event, no database."""

import csv
import gzip
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cxbank_local.demo import sources


@dataclass(frozen=True, slots=True)
class CallDay:
    """One day of the call centre: seconds waited by the served, seconds of service, and how many hung up."""

    waits: tuple[int, ...]
    services: tuple[int, ...]
    abandoned: int

    @property
    def opened(self) -> int:
        """Everybody who asked for an agent."""
        return len(self.waits) + self.abandoned

    @property
    def abandonment(self) -> Fraction:
        """The share of those who asked that hung up."""
        return Fraction(self.abandoned, self.opened)

    @property
    def mean_wait(self) -> Fraction:
        """Seconds, over those who were served."""
        return Fraction(sum(self.waits), len(self.waits))

    @property
    def mean_service(self) -> Fraction:
        """Seconds of service."""
        return Fraction(sum(self.services), len(self.services))

    def within(self, seconds: int) -> Fraction:
        """The share of all who asked that was answered within so many seconds."""
        return Fraction(sum(wait <= seconds for wait in self.waits), self.opened)


def _seconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def _columns(folder: Path, name: str) -> tuple[dict[str, int], list[list[str]]]:
    with gzip.open(folder / name, "rt", encoding="utf-8", newline="") as lines:
        header, *rows = list(csv.reader(lines))
    return {label: place for place, label in enumerate(header)}, rows


def call_day(folder: Path) -> CallDay:
    """The day's waits and services from the raw file, column by column."""
    at, rows = _columns(folder, sources.CALLS)
    day = [row for row in rows if row[at["date"]] == sources.CALL_DAY.strftime("%y%m%d")]
    answered = [row for row in day if row[at["outcome"]] == "AGENT" and _seconds(row[at["ser_start"]]) > 0]
    hung = [row for row in day if row[at["outcome"]] == "HANG" and _seconds(row[at["q_start"]]) > 0]
    waits = []
    for row in answered:
        queued = _seconds(row[at["q_start"]]) or _seconds(row[at["vru_exit"]])
        waits.append(max(0, _seconds(row[at["ser_start"]]) - queued))
    services = [max(0, _seconds(row[at["ser_exit"]]) - _seconds(row[at["ser_start"]])) for row in answered]
    return CallDay(tuple(waits), tuple(services), len(hung))


def quantile(values: Sequence[int], share: float) -> int:
    """The smallest value that at least `share` of all do not exceed (inverse of the empirical distribution)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def rows(folder: Path, name: str) -> int:
    """How many rows a file has."""
    return len(_columns(folder, name)[1])


def complaints_by_month(folder: Path) -> Counter[str]:
    """Complaints by the month they were received in."""
    at, lines = _columns(folder, sources.NARRATIVES)
    return Counter(line[at["date_received"]][:7] for line in lines)


def tiers(folder: Path) -> Counter[str]:
    """Clients by the tier their balance stands for."""
    at, lines = _columns(folder, sources.CLIENTS)
    return Counter(sources.tier_of(int(line[at["balance"]])) for line in lines)


def screened(folder: Path) -> int:
    """How many of the screened day's card transactions the demo takes."""
    at, lines = _columns(folder, sources.TRANSACTIONS)
    return min(sources.SCREENED, sum(line[at["TX_DATETIME"]][:10] == sources.SCREENED_DAY for line in lines))
