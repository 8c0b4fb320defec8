"""Every number the demo has to get right: what came in against what is held, heard and figured, and against the files."""

from datetime import date, timedelta
from fractions import Fraction

from cxbank_client.kpi.client import Kpi
from cxbank_client.kpi.models import Figure
from cxbank_local.demo import sources, truth
from cxbank_local.demo.brought import Run
from cxbank_local.demo.report import Report

_HELD_BY = {
    "customers": ("customer", "customers"),
    "places": ("channel-router", "places"),
    "tickets": ("channel-router", "tickets"),
    "feedback": ("feedback", "expressions"),
    "screenings": ("risk", "screenings"),
}
_VISITED = {"customers", "tickets", "feedback", "screenings"}
FILE, LIVE, HELD = "the raw file", "the visitors", "the service's own table"


async def compare_all(report: Report, run: Run, kpi: Kpi) -> None:
    """Add every comparison of a run to the report."""
    _came_in(report, run)
    _heard(report, run)
    await _call_centre(report, run, kpi)
    await _complaints(report, run, kpi)
    await _screenings(report, run, kpi)
    await _everything(report, run, kpi)


def _came_in(report: Report, run: Run) -> None:
    data = run.data
    rows = {
        "customers": truth.rows(data, sources.CLIENTS),
        "places": sum(truth.rows(data, name) for _, name in sources.PLACES),
        "tickets": truth.call_day(data).opened,
        "feedback": truth.rows(data, sources.NARRATIVES),
        "screenings": truth.screened(data),
    }
    for name, one in run.brought.items():
        visits = run.visitors if name in _VISITED else 0
        report.compare(f"{name}: rows new or known", one.created + one.unchanged, rows[name], FILE)
        report.compare(f"{name}: rows rejected", one.rejected, 0, FILE)
        report.compare(f"{name}: more held than before", run.grown(*_HELD_BY[name]), one.created + visits, "the job")
        if run.seen_before:
            report.compare(f"{name}: new in a second run", one.created, 0, "the keys")
    report.compare("events parked", run.parked, 0, "all five services")


def _heard(report: Report, run: Run) -> None:
    held = run.after
    for listener in ("feedback", "channel-router", "risk", "kpi"):
        report.compare(
            f"{listener}: customers heard", held[listener, "customers heard"], held["customer", "customers"], HELD
        )
    for listener in ("feedback", "channel-router"):
        ours = held[listener, "customers private"]
        report.compare(f"{listener}: private customers heard", ours, held["customer", "customers private"], HELD)
    for listener in ("customer", "channel-router", "kpi"):
        ours = held[listener, "restrictions heard"]
        report.compare(f"{listener}: restrictions heard", ours, held["risk", "restrictions"], HELD)
    for name, theirs in (
        ("tickets heard", ("channel-router", "tickets")),
        ("expressions heard", ("feedback", "expressions")),
        ("screenings heard", ("risk", "screenings")),
    ):
        report.compare(f"kpi: {name}", held["kpi", name], held[theirs], HELD)
    tiers = truth.tiers(run.data)
    report.compare("customer: private", held["customer", "customers private"], tiers["private"], FILE)
    # Every visitor of every run registers as mass and is promoted.
    grown = run.brought["customers"].created
    report.compare(
        "customer: more affluent than before",
        run.grown("customer", "customers affluent"),
        run.visitors + (tiers["affluent"] if grown else 0),
        f"{FILE} and {LIVE}",
    )


async def _figures(kpi: Kpi, metric: str, unit: str, since: date, until: date, grain: str) -> list[Figure]:
    found = kpi.all_figures(metric=metric, unit=unit, from_=since, to=until, grain=grain, limit=200)  # type: ignore[arg-type]  # words of the contract
    return [figure async for figure in found]


async def _one(kpi: Kpi, metric: str, unit: str, since: date, until: date) -> Figure | None:
    figures = await _figures(kpi, metric, unit, since, until, "year")
    return figures[0] if figures else None


def _exactly(figure: Figure | None) -> Fraction | None:
    """A figure without the rounding of a float; None where there is none."""
    if figure is None or figure.value is None:
        return None
    return Fraction(figure.numerator, figure.denominator or 1)


async def _call_centre(report: Report, run: Run, kpi: Kpi) -> None:
    day, unit = sources.CALL_DAY, str(run.call_centre)
    seen = truth.call_day(run.data)
    expected: dict[str, Fraction] = {
        "tickets_opened": Fraction(seen.opened),
        "tickets_served": Fraction(len(seen.waits)),
        "tickets_abandoned": Fraction(seen.abandoned),
        "abandonment_rate": seen.abandonment,
        "waiting_time_mean": seen.mean_wait,
        "waiting_time_p50": Fraction(truth.quantile(seen.waits, 0.5)),
        "waiting_time_p90": Fraction(truth.quantile(seen.waits, 0.9)),
        "service_time_mean": seen.mean_service,
        "service_level_20s": seen.within(20),
    }
    for metric, value in expected.items():
        figure = await _one(kpi, metric, unit, day, day + timedelta(days=1))
        report.compare(f"kpi: call centre, {day}, {metric}", _exactly(figure), value, FILE)


async def _complaints(report: Report, run: Run, kpi: Kpi) -> None:
    months = truth.complaints_by_month(run.data)
    first, last = (date.fromisoformat(f"{month}-01") for month in (min(months), max(months)))
    figures = await _figures(kpi, "feedback_received", "source:regulator", first, last + timedelta(days=31), "month")
    ours = {str(figure.period)[:7]: figure.numerator for figure in figures}
    for year in sorted({month[:4] for month in set(months) | set(ours)}):
        said, counted = (sum(n for month, n in side.items() if month.startswith(year)) for side in (ours, months))
        report.compare(f"kpi: complaints, {year}", said, counted, FILE)
    differing = sum(ours.get(month, 0) != months[month] for month in set(months) | set(ours))
    report.compare("kpi: months whose complaints differ", differing, 0, FILE)
    share = await _one(kpi, "complaint_share", "source:regulator", first, last + timedelta(days=31))
    report.compare(
        "kpi: complaint share of what a regulator forwards",
        _exactly(share),
        1,
        "what a regulator forwards is a complaint",
    )


async def _screenings(report: Report, run: Run, kpi: Kpi) -> None:
    day = date.fromisoformat(sources.SCREENED_DAY)
    # The file's day has UTC times; the bank's day may begin earlier and end later.
    since, until = day - timedelta(days=1), day + timedelta(days=2)
    figures = await _figures(kpi, "screenings", "bank", since, until, "day")
    report.compare(
        "kpi: screenings of the file's day", sum(one.numerator for one in figures), truth.screened(run.data), FILE
    )
    # The year begins a period of its own, so that one figure holds all there ever was.
    ever = await _figures(kpi, "screening_decline_rate", "bank", date(1900, 1, 1), date(2200, 1, 1), "year")
    report.compare(
        "kpi: screenings declined", sum(one.numerator for one in ever), run.after["risk", "screenings declined"], HELD
    )


async def _everything(report: Report, run: Run, kpi: Kpi) -> None:
    for metric, theirs in (
        ("customers_registered", ("customer", "customers")),
        ("feedback_received", ("feedback", "expressions")),
        ("tickets_opened", ("channel-router", "tickets")),
        ("screenings", ("risk", "screenings")),
    ):
        figures = await _figures(kpi, metric, "bank", date(1900, 1, 1), date(2200, 1, 1), "year")
        report.compare(f"kpi: {metric}, ever", sum(one.numerator for one in figures), run.after[theirs], HELD)
