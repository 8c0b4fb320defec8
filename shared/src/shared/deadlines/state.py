"""What is stored of a clock: when it started, when it stood still and why, what was granted, when it was satisfied."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from shared.deadlines.rules import Rule
from shared.deadlines.zones import instant, seconds


@dataclass(frozen=True, slots=True)
class Pause:
    """From `since` to before `until` (None: still) something kept the case waiting; the rule says whether that matters."""

    reason: str
    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise ValueError("a pause ends after it began")


@dataclass(frozen=True, slots=True)
class Granted:
    """An extension that was granted, and when: after the period had ended it is void."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """One clock of one case: intervals only, never a result, so that a changed calendar or policy changes what they mean."""

    started_at: datetime
    pauses: tuple[Pause, ...] = ()
    granted: tuple[Granted, ...] = ()
    satisfied_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """What a JSON column holds of it, beside `started_at` and `satisfied_at`."""
        return {
            "pauses": [
                [one.reason, seconds(one.since), seconds(one.until) if one.until is not None else None]
                for one in self.pauses
            ],
            "granted": [[one.key, seconds(one.at)] for one in self.granted],
        }

    @classmethod
    def from_json(cls, started_at: datetime, held: dict[str, Any], satisfied_at: datetime | None = None) -> Self:
        """The same again."""
        pauses = tuple(
            Pause(reason, instant(since), instant(until) if until is not None else None)
            for reason, since, until in held["pauses"]
        )
        granted = tuple(Granted(key, instant(at)) for key, at in held["granted"])
        return cls(started_at, pauses, granted, satisfied_at)


@dataclass(frozen=True, slots=True)
class Still:
    """A stretch in which one clock stood still, in UTC seconds; `until` None means it still does."""

    since: int
    until: int | None
    reason: str


def stills(rule: Rule, pauses: Iterable[Pause], start: int) -> tuple[Still, ...]:
    """The pauses that count for this rule: from the start on, in order, and none twice where two reasons overlap."""
    counted = [one for one in pauses if one.reason in rule.pauses_for]
    return merged(
        (
            Still(seconds(one.since), seconds(one.until) if one.until is not None else None, one.reason)
            for one in counted
        ),
        start,
    )


def merged(found: Iterable[Still], start: int) -> tuple[Still, ...]:
    """Stretches in order, cut to what lies after the start and after one another; what is left without length is dropped."""
    kept: list[Still] = []
    for one in sorted(found, key=lambda still: (still.since, still.reason)):
        since = max(one.since, start)
        if kept:
            last = kept[-1].until
            if last is None:
                break
            since = max(since, last)
        if one.until is None or since < one.until:
            kept.append(Still(since, one.until, one.reason))
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a case, under the name its rules use."""

    name: str
    at: datetime


@dataclass(slots=True)
class _Run:
    started_at: datetime
    satisfied_at: datetime | None = None
    granted: list[Granted] = field(default_factory=list)


def states(
    rule: Rule, events: Sequence[Event], pauses: Sequence[Pause] = (), granted: Sequence[Granted] = ()
) -> list[State]:
    """What a rule's clock did in a case: one state for each run, in order; none when it never started.

    A start while the clock runs changes nothing: the one who waits has waited since the first. Pauses and grants belong to
    the case, so a rule that replaces another sees them all.
    """
    runs: list[_Run] = []
    ready = not rule.after
    for event in sorted(events, key=lambda one: one.at):
        running = bool(runs) and runs[-1].satisfied_at is None
        if running and event.name in rule.satisfied_on:
            runs[-1].satisfied_at = event.at
        elif ready and not running and event.name in rule.starts_on and (rule.repeats or not runs):
            runs.append(_Run(event.at))
        # Only then: the first answer readies the clock of updates, it does not start it.
        ready = ready or event.name in rule.after
    for one in sorted(granted, key=lambda grant: grant.at):
        for run in reversed(runs):
            if run.started_at <= one.at:
                run.granted.append(one)
                break
    kept = []
    for run in runs:
        end = run.satisfied_at
        own = tuple(
            pause
            for pause in pauses
            if (pause.until is None or pause.until > run.started_at) and (end is None or pause.since < end)
        )
        kept.append(State(run.started_at, own, tuple(run.granted), end))
    return kept
