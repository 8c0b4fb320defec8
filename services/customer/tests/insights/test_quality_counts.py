"""What is told of the quality of records is true, and tells of no few: random tallies beside a count of each by hand."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from customer.insights.domain.quality import ALL, MISSING, Age, Cell, Tally, age_of, shown_ages, shown_fields

FEWEST = 4
SOURCES = (MISSING, "bank", "customer", "import", "inferred")
CELLS = st.builds(
    Cell,
    kind=st.sampled_from(["individual", "organisation"]),
    field=st.sampled_from(["phone", "region"]),
    source=st.sampled_from(SOURCES),
    fault=st.sampled_from(["", "", "syntax", "unassigned"]),
    stale=st.booleans(),
    shared=st.booleans(),
    verified=st.booleans(),
)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    tally = Tally()
    drawn = draw(st.lists(st.tuples(CELLS, st.sampled_from([1, 1, 2, 3, 4, 9, 40])), max_size=14))
    for cell, number in drawn:
        tally.cells[Cell(cell.kind, cell.field) if cell.source == MISSING else cell] += number
    for kind in ("individual", "organisation"):
        # Every field is counted over everybody: who lacks it is missing.
        of_kind = {
            name: sum(n for c, n in tally.cells.items() if (c.kind, c.field) == (kind, name))
            for name in ("phone", "region")
        }
        most = max(of_kind.values())
        for name, number in of_kind.items():
            if number < most:
                tally.cells[Cell(kind, name)] += most - number
        if most:
            tally.kinds[kind] = most
    return tally


def few(number: int | None) -> bool:
    return number is not None and 0 < number < FEWEST


@settings(max_examples=300, deadline=None)
@given(tallies())
def test_every_figure_is_the_true_one_and_neither_it_nor_what_it_leaves_is_of_a_few(tally: Tally) -> None:
    shown, left_out = shown_fields(tally, ["phone"], FEWEST)
    assert left_out == sorted(kind for kind, number in tally.kinds.items() if number < FEWEST)
    for one in shown:
        cells = {c: n for c, n in tally.cells.items() if c.field == one.field and c.kind not in left_out}
        assert one.records == sum(cells.values())
        named = {line.source for line in one.lines}
        for line in one.lines:
            mine = {c: n for c, n in cells.items() if c.source == line.source}
            if line.source == ALL:
                mine = {c: n for c, n in cells.items() if c.source != MISSING}
            elif line.source == "other":
                mine = {c: n for c, n in cells.items() if c.source not in named | {MISSING}}
            if line.source != "other" or ALL in named:
                assert line.filled == sum(mine.values())
                assert line.valid in {None, sum(n for c, n in mine.items() if not c.fault)}
                assert line.stale in {None, sum(n for c, n in mine.items() if c.stale)}
                assert line.shared in {None, sum(n for c, n in mine.items() if c.shared)}
                assert line.verified in {None, sum(n for c, n in mine.items() if c.verified)}
            assert not few(line.filled)
            for figure in (line.stale, line.shared, line.verified):
                assert figure is None or not (few(figure) or few(line.filled - figure))
            assert not few(line.valid)
            assert not any(few(number) for number in line.faults.values())
        if ALL in named:
            assert not few(one.records - one.lines[0].filled), "how many lack it"
        else:
            assert not few(one.records - sum(line.filled for line in one.lines)), "how many are not told of"


@settings(max_examples=100, deadline=None)
@given(tallies())
def test_where_nobody_is_few_nothing_is_hidden(tally: Tally) -> None:
    many = Tally(
        Counter({kind: number * FEWEST for kind, number in tally.kinds.items()}),
        Counter({cell: number * FEWEST for cell, number in tally.cells.items()}),
    )
    shown, left_out = shown_fields(many, ["phone"], FEWEST)
    assert left_out == []
    for one in shown:
        assert {line.source for line in one.lines} == {ALL} | {
            c.source for c in many.cells if c.field == one.field and c.source != MISSING
        }
        figures = [(line.valid, line.stale) for line in one.lines]
        figures += [(line.shared, line.verified) for line in one.lines if one.field == "phone"]
        assert not [pair for pair in figures if None in pair]


def test_a_tally_is_the_same_after_it_was_kept() -> None:
    tally = Tally(Counter(individual=3), Counter({Cell("individual", "phone", "bank", "syntax", stale=True): 3}))
    tally.ages[Age("individual", "bank", "older", "2026-01")] += 3
    assert Tally.restored(tally.stored()) == tally
    assert Tally.restored({}) == Tally()


def test_ages_are_told_by_source_and_the_oldest_by_the_month_of_the_first_few() -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    assert [age_of(now - timedelta(days=days), now) for days in (0, 30, 31, 365, 366)] == [
        "within_30_days", "within_30_days", "within_year", "within_year", "older",
    ]  # fmt: skip
    tally = Tally(Counter(individual=30))
    for source, age, month, number in (
        ("bank", "older", "2020-02", 3), ("bank", "older", "2021-05", 9), ("bank", "within_30_days", "2026-11", 10),
        ("customer", "within_30_days", "2026-11", 8),
    ):  # fmt: skip
        tally.ages[Age("individual", source, age, month)] += number
    assert [(one.source, one.records, one.ages, one.oldest_month) for one in shown_ages(tally, FEWEST)] == [
        ("bank", 22, (10, 0, 12), "2021-05"), ("customer", 8, (8, 0, 0), "2026-11"),
    ]  # fmt: skip
