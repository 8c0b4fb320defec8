"""Partitions by day and by month cover the days around now without a gap or an overlap."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from shared import clock, partitions


@pytest.mark.parametrize(
    "at", ["2026-01-31T23:30:00", "2026-02-01T00:00:00", "2028-02-29T12:00:00", "2026-12-28T05:00:00"]
)
@pytest.mark.parametrize("span", ["day", "month"])
def test_the_ranges_touch_and_cover_yesterday_to_a_week_ahead(at: str, span: partitions.Span) -> None:
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    made = list(partitions.statements("thing", at=now, span=span))
    bounds = [re.findall(r"'([0-9a-f-]{36})'", one) for one in made]
    assert all(before[1] == after[0] for before, after in pairwise(bounds))
    assert bounds[0][0] <= str(clock.id_floor(now - timedelta(days=1)))
    assert bounds[-1][1] > str(clock.id_floor(now + timedelta(days=7)))
    assert len(made) == len({one.split(" PARTITION")[0] for one in made}) <= (2 if span == "month" else 9)
