"""The page of benchmarks keeps what was measured before, and nothing of it under the name of what was measured now."""

from cxbank_local.bench.rows import Row, joined, line_of, lines_of, table

ORDER = ("N1", "N2", "N9")


def row(number: str, what: str, met: bool | None = True) -> Row:
    return Row(number, what, "echo 2/s", "1/s", 0.5, "", "", "", "≥ 0.4 × echo", met)


def test_rows_of_a_number_replace_those_of_the_same_number_and_no_others() -> None:
    before = [line_of(row("N1", one), "2026-01-01") for one in ("a", "b")] + [line_of(row("N9", "c"), "2026-01-01")]
    page = "# Benchmarks\n\nwords\n\n" + table(before)
    assert lines_of(page) == before
    now = [line_of(row("N2", "d"), "2026-02-02"), line_of(row("N1", "e"), "2026-02-02")]
    told = joined(now, lines_of(page), ORDER)
    assert [line.split(" | ")[1] for line in told] == ["e", "d", "c"]
    assert [line.rsplit(" | ")[-1] for line in told] == ["2026-02-02 |", "2026-02-02 |", "2026-01-01 |"]


def test_the_page_names_what_falls_short() -> None:
    lines = [line_of(row("N1", "a"), "today"), line_of(row("N2", "slow", met=False), "today")]
    assert table(lines).endswith("Short of what they must: N2 (slow).\n")
    assert table(lines[:1]).endswith("Every row meets what it must.\n")
