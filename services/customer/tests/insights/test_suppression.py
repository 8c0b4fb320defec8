"""No hidden cell can be worked out from what is shown: every table that fits it is written down and compared."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from customer.insights.domain.suppression import Shown, Withheld, joined, protected

FEWEST = 4


def fitting(shown: Shown) -> Iterator[dict[tuple[int, int], int]]:
    """Every way to fill the hidden cells with counts so that all margins hold."""
    hidden = sorted(shown.hidden)
    rows = [total - sum(cell or 0 for cell in line) for total, line in zip(shown.rows, shown.cells, strict=True)]
    columns = [
        total - sum(cell or 0 for cell in line)
        for total, line in zip(shown.columns, zip(*shown.cells, strict=True), strict=True)
    ]

    last_of_row = {i: at for at, (i, _) in enumerate(hidden)}
    last_of_column = {j: at for at, (_, j) in enumerate(hidden)}

    def fill(at: int, rows: list[int], columns: list[int]) -> Iterator[dict[tuple[int, int], int]]:
        if at == len(hidden):
            if not any(rows) and not any(columns):
                yield {}
            return
        i, j = hidden[at]
        # The last hidden cell of a row or a column has to bring what is left of it.
        ends = [left for left, last in ((rows[i], last_of_row[i]), (columns[j], last_of_column[j])) if last == at]
        for count in range(min(rows[i], columns[j]) + 1) if not ends else {*ends} if len({*ends}) == 1 else ():
            if count > min(rows[i], columns[j]):
                continue
            left, right = rows.copy(), columns.copy()
            left[i] -= count
            right[j] -= count
            for rest in fill(at + 1, left, right):
                yield {(i, j): count} | rest

    return fill(0, rows, columns)


@st.composite
def tables(draw: st.DrawFn) -> list[list[int]]:
    width = draw(st.integers(2, 3))
    return draw(
        st.lists(
            st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6]), min_size=width, max_size=width), min_size=2, max_size=3
        )
    )


@settings(max_examples=150, deadline=None)
@given(tables())
def test_every_hidden_cell_may_hold_at_least_two_counts(counts: list[list[int]]) -> None:
    try:
        shown = protected(counts, FEWEST)
    except Withheld:
        assume(False)  # noqa: FBT003  # nothing is shown, so nothing can be worked out
    for i, j in product(range(len(counts)), range(len(counts[0]))):
        assert shown.cells[i][j] in {None, counts[i][j]}
        assert shown.cells[i][j] is None or not 0 < counts[i][j] < FEWEST
    possible: dict[tuple[int, int], set[int]] = {cell: set() for cell in shown.hidden}
    for filled in fitting(shown):
        for cell, count in filled.items():
            possible[cell].add(count)
        if all(len(values) > 1 for values in possible.values()):
            break
    assert all(len(values) > 1 for values in possible.values()), (counts, shown)


def test_hiding_only_the_small_would_tell_them() -> None:
    """The plain first idea, so that the proof above is known to be able to fail."""
    alone = Shown(((None, 9), (8, 7)), (11, 15), (10, 16), 26)
    assert [list(filled.values()) for filled in fitting(alone)] == [[2]]
    shown = protected([[2, 9], [8, 7]], FEWEST)
    assert shown.hidden == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_two_cycles_joined_by_one_cell_would_tell_it() -> None:
    counts = [[2, 3, 90, 90], [3, 2, 90, 90], [90, 3, 2, 3], [90, 90, 3, 2]]
    shown = protected(counts, FEWEST)
    assert (2, 1) in shown.hidden
    assert all(
        len({filled[cell] for filled in fitting(shown)}) > 1 for cell in shown.hidden
    )  # a search for rows with a single hidden cell alone would leave (2, 1) to be worked out


def test_what_is_hidden_besides_the_small_is_the_cheapest_there_is() -> None:
    shown = protected([[2, 50, 10], [40, 60, 20], [30, 70, 90]], FEWEST)
    assert shown.hidden == {(0, 0), (0, 2), (1, 0), (1, 2)}


def test_a_table_without_small_cells_is_shown_whole() -> None:
    assert not protected([[5, 0], [0, 5]], FEWEST).hidden


@pytest.mark.parametrize("counts", [[[2, 0], [0, 9]], [[1, 2], [90, 90]], [[9, 2], [9, 0]]])
def test_what_cannot_be_shown_without_telling_of_a_few_is_withheld(counts: list[list[int]]) -> None:
    with pytest.raises(Withheld):
        protected(counts, FEWEST)


def test_small_groups_are_joined_until_they_are_no_longer_few() -> None:
    counts = {"a": [1, 1], "b": [0, 1], "c": [3, 3], "d": [50, 50]}
    assert joined(counts, 5) == {"d": [50, 50], "other": [4, 5]}
    assert joined({"a": [1, 0]}, 5) == {"other": [1, 0]}
    assert joined({"a": [9, 9]}, 5) == {"a": [9, 9]}
