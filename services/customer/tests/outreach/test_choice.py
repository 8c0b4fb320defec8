"""Of the channels a message may go through, the one that is taken is what the rule says when it is read aloud."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from customer.outreach.domain.messages import Category, Channel, Reason, Urgency
from customer.outreach.domain.policy import (
    BARS_LOOKED_AT_EVERY,
    Circumstances,
    Hold,
    LastAct,
    Option,
    Permission,
    Send,
    Suppress,
    in_force,
    plan,
)
from customer.outreach.usecases.planning import policies

RECEIPT = Permission(UUID(int=1), None)
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
HERE = Circumstances(NOON, ZoneInfo("Asia/Shanghai"))
BARRED = Hold(NOON + BARS_LOOKED_AT_EVERY, Reason.CHANNEL_BARRED)

ways = st.builds(
    Option,
    st.sampled_from(Channel),
    st.sampled_from([RECEIPT, RECEIPT, None]),
    reachable=st.just(value=True),
    rank=st.integers(0, 2),
    verified=st.booleans(),
    barred=st.booleans(),
    silent=st.booleans(),
    last_act=st.none() | st.builds(LastAct, st.sampled_from([NOON, NOON - timedelta(hours=48)]), st.integers(4, 5)),
)


@given(st.lists(ways, unique_by=lambda one: one.channel), st.sampled_from(Urgency), st.booleans())
def test_the_channel_taken_is_the_best_that_is_allowed_proven_and_not_barred(
    options: list[Option], urgency: Urgency, delicate: bool
) -> None:
    policy = in_force(policies(), NOON)
    may = [one for one in options if one.permission and (one.verified or not delicate)]
    takes = [one for one in may if one.channel != "wechat" or one.last_act == LastAct(NOON, 4)]
    free = [one for one in takes if not one.barred]
    best = sorted([one for one in free if not one.silent] or free, key=lambda one: policy.channels[one.channel].cost)
    told = plan(Category.SERVICE, urgency, options, policy, HERE, delicate=delicate)
    if free:
        over = tuple(one.channel for one in may if one not in takes)
        assert told == Send(min(best, key=lambda one: one.rank).channel, RECEIPT, over)
    elif may and not takes:
        assert told == Suppress(Reason.REPLY_WINDOW_CLOSED), "nobody knows whether they will ever write"
    elif may:
        assert told == BARRED, "where all are barred it waits"
    else:
        proven = any(one.permission for one in options)
        assert told == Suppress(Reason.NO_VERIFIED_POINT if proven else Reason.NO_CONSENT)
