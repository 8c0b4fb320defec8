"""Ids of one process only grow, one at a time or many at once, however the clock stands."""

from datetime import UTC, datetime, timedelta

from shared import clock

AT = datetime(2026, 11, 26, tzinfo=UTC)


def test_ids_grow_whether_they_are_asked_for_one_by_one_or_together() -> None:
    with clock.frozen(AT) as held:
        ids = [clock.new_id(), *clock.new_ids(10_000), clock.new_id()]
        held.move(timedelta(seconds=-5))
        ids += [*clock.new_ids(3), clock.new_id()]
    assert ids == sorted(set(ids))
    assert {one.version for one in ids} == {7}
    # Ten thousand do not fit into one millisecond's count: the next ones are borrowed.
    assert [clock.time_of(one) - AT for one in (ids[0], ids[-1])] == [timedelta(0), timedelta(milliseconds=2)]


def test_no_ids_are_no_ids() -> None:
    assert clock.new_ids(0) == []
