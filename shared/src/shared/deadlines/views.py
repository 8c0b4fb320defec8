"""What a caller is shown of a clock: where it stands, and the arithmetic, in the wall time of its calendar."""

from datetime import date, datetime

from pydantic import AwareDatetime

from shared.deadlines.arithmetic import Arithmetic, Step, arithmetic
from shared.deadlines.calendars import Calendar
from shared.deadlines.clocks import Reading, Status, read
from shared.deadlines.days import Why
from shared.deadlines.rules import Kind, Rule, Source, Unit, Verified
from shared.deadlines.state import State
from shared.deadlines.timeline import Almanac
from shared.deadlines.zones import seconds, zone_of
from shared.schemas import View


class SourceView(View):
    """Where the period is written, since when, and how sure the bank is of it."""

    text: str
    article: str
    in_force: date
    verified: Verified
    note: str

    @classmethod
    def of(cls, source: Source) -> "SourceView":
        """The same as it is shown."""
        return cls(
            text=source.text,
            article=source.article,
            in_force=source.in_force,
            verified=source.verified,
            note=source.note,
        )


class StepView(View):
    """One stretch from `since` to before `until`: what it counted, the total so far, and why it counted nothing.

    `why` is `counted`, `start` (the day or hour that does not count), `closed`, `holiday`, `pause` or `rolled` (moved to the
    next working day); `label` names the holiday, or the reason of the pause.
    """

    since: AwareDatetime
    until: AwareDatetime
    first_day: date
    last_day: date
    counted: int
    running: int
    why: Why
    label: str


class ClockView(View):
    """One clock at one instant. `unit` says what `needed`, `counted`, `remaining` and the steps are in: seconds or days.

    The counts of the steps add up to `total`; when the clock is due, `total` equals `needed`. `due_at` is the last second in
    time, or null while the clock stands still. `estimated` says that not all holidays were known.
    """

    clock: str
    kind: Kind
    status: Status
    period: str
    unit: str
    calendar: str
    calendar_revision: int
    zone: str
    started_at: AwareDatetime
    satisfied_at: AwareDatetime | None
    due_at: AwareDatetime | None
    due_on: date | None
    warns_at: list[AwareDatetime]
    needed: int
    counted: int
    remaining: int
    overdue_seconds: int
    paused_for: str | None
    void_extensions: list[str]
    estimated: bool
    source: SourceView | None
    steps: list[StepView]
    total: int


def clock_view(rule: Rule, state: State, calendar: Calendar, almanac: Almanac, *, at: datetime) -> ClockView:
    """A clock of a case with its arithmetic; NotCovered where the calendar may not say."""
    told = read(rule, state, calendar, almanac, at=at)
    account = arithmetic(rule, state, calendar, almanac, until=seconds(at))
    return _view(told, account, calendar)


def _view(told: Reading, account: Arithmetic, calendar: Calendar) -> ClockView:
    zone, rule, term = zone_of(calendar.zone), told.rule, account.due.term

    def shown(second: int) -> datetime:
        return datetime.fromtimestamp(second, zone)

    def step(one: Step) -> StepView:
        return StepView(
            since=shown(one.since),
            until=shown(one.until),
            first_day=one.first_day,
            last_day=one.last_day,
            counted=one.counted,
            running=one.running,
            why=one.why,
            label=one.label,
        )

    return ClockView(
        clock=rule.key,
        kind=rule.kind,
        status=told.status,
        period=f"{term.amount} {Unit(term.unit).value}",
        unit="seconds" if term.unit.by_the_second else "days",
        calendar=calendar.key,
        calendar_revision=calendar.revision,
        zone=calendar.zone,
        started_at=told.started_at.astimezone(zone),
        satisfied_at=told.satisfied_at.astimezone(zone) if told.satisfied_at is not None else None,
        due_at=told.due_at.astimezone(zone) if told.due_at is not None else None,
        due_on=told.due_on,
        warns_at=[one.astimezone(zone) for one in told.warnings],
        needed=told.needed,
        counted=told.counted,
        remaining=told.remaining,
        overdue_seconds=told.overdue_seconds,
        paused_for=told.paused_for,
        void_extensions=[one.key for one in told.void],
        estimated=told.estimated,
        source=SourceView.of(rule.source) if rule.source is not None else None,
        steps=[step(one) for one in account.steps],
        total=account.total,
    )
