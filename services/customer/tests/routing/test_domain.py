"""What a card is made of: one party out of several records, bars with their reasons, and a customer's own part."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer.consents.domain import Entry, Word, refused_channels
from customer.matters.domain import OpenMatters
from customer.parties.domain import State, Tier
from customer.routing.domain import Alert, Bar, BarReason, Extent, Record, Restriction, Sources, card_of

CALLED, HELD = UUID(int=1), UUID(int=2)
START = datetime(2026, 1, 1, tzinfo=UTC)


def record(tier: Tier = Tier.MASS, state: State = State.ACTIVE, **more: Any) -> Record:
    return Record(tier, state, **more)


def word(number: int, said: Word, channels: frozenset[str] | None, purpose: str = "marketing") -> Entry:
    at = START + timedelta(days=number)
    return Entry(UUID(int=number), purpose, 1, said, channels, frozenset(), frozenset(), at, None)


def test_a_party_is_served_by_its_highest_tier_and_the_needs_of_any_record() -> None:
    leader = record(Tier.MASS, languages=("zh-Hans", "en"), preferred=("phone",), needs=("wheelchair",))
    other = record(Tier.PRIVATE, languages=("en", "fr"), preferred=("email", "phone"), needs=("large_print",))
    card = card_of(Sources([leader, other], leader_id=CALLED))
    assert (card.tier, card.leader_id) == (Tier.PRIVATE, CALLED)
    assert card.languages == ("zh-Hans", "en", "fr")
    assert card.preferred_channels == ("phone", "email")
    assert card.accessibility_needs == ("large_print", "wheelchair")


def test_risk_bars_the_use_of_a_channel_and_a_refusal_only_the_approach() -> None:
    told = Sources(
        [record()], restrictions=[Restriction(HELD, frozenset({"app", "email"}))], refused=frozenset({"email"})
    )
    assert [(bar.channel, bar.extent, bar.reason) for bar in card_of(told).barred] == [
        ("app", Extent.USE, BarReason.RISK_RESTRICTION),
        ("email", Extent.APPROACH, BarReason.CUSTOMER_REFUSAL),
        ("email", Extent.USE, BarReason.RISK_RESTRICTION),
    ]


def test_a_customers_own_part_is_the_same_whatever_risk_did() -> None:
    plain = Sources([record()], refused=frozenset({"email"}))
    watched = Sources(
        [record()],
        restrictions=[Restriction(HELD, frozenset({"app"})), Restriction(CALLED, frozenset())],
        refused=frozenset({"email"}),
        levels={CALLED: 4},
    )
    assert card_of(plain) != card_of(watched)
    assert card_of(plain).own == card_of(watched).own
    assert card_of(watched).own.barred == (Bar("email", BarReason.CUSTOMER_REFUSAL),)


@pytest.mark.parametrize(
    ("states", "alerts"),
    [
        ([State.PROSPECT], ()),
        ([State.ACTIVE, State.CLOSED], ()),
        ([State.DORMANT], (Alert.DORMANT,)),
        ([State.DORMANT, State.CLOSED], (Alert.DORMANT,)),
        ([State.CLOSED, State.CLOSED], (Alert.CLOSED,)),
    ],
)
def test_a_party_is_dormant_or_closed_only_as_a_whole(states: list[State], alerts: tuple[Alert, ...]) -> None:
    assert card_of(Sources([record(state=one) for one in states])).alerts == alerts


def test_a_restriction_of_services_alone_alerts_and_bars_no_channel() -> None:
    card = card_of(
        Sources([record()], restrictions=[Restriction(HELD, frozenset())], matters=OpenMatters(complaint=True))
    )
    assert (card.alerts, card.barred, card.restrictions) == ((Alert.RESTRICTED, Alert.COMPLAINT_OPEN), (), (HELD,))


def test_a_refusal_that_names_no_channel_is_about_its_purpose_alone() -> None:
    assert refused_channels([word(1, Word.REFUSED, None)]) == frozenset()
    assert refused_channels([word(1, Word.REFUSED, frozenset({"sms"})), word(2, Word.WITHDRAWN, None)]) == {"sms"}


def test_a_channel_on_which_anything_is_allowed_is_not_refused() -> None:
    no, yes = word(1, Word.REFUSED, frozenset({"sms"})), word(0, Word.GRANTED, frozenset({"sms"}), "research")
    assert refused_channels([no, yes]) == frozenset()
    assert refused_channels([no, yes, word(2, Word.WITHDRAWN, None, "research")]) == {"sms"}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["marketing", "research"]),
            st.sampled_from(list(Word)),
            st.sampled_from([None, frozenset({"sms"}), frozenset({"sms", "email"})]),
        ),
        max_size=6,
    )
)
def test_refused_channels_are_those_last_named_in_a_denial_and_nowhere_allowed(
    said: list[tuple[str, Word, frozenset[str] | None]],
) -> None:
    """Beside a walk through the words that keeps a state for each purpose and channel."""
    state: dict[tuple[str, str], str] = {}
    entries = []
    for number, (purpose, said_word, channels) in enumerate(said):
        if said_word is Word.GRANTED and channels is None:
            continue  # a grant names its channels outright
        entries.append(word(number, said_word, channels, purpose))
        for channel in ("sms", "email"):
            if channels is not None and channel in channels:
                state[purpose, channel] = "yes" if said_word is Word.GRANTED else "no"
            elif channels is None and state.get((purpose, channel)) == "yes":
                state[purpose, channel] = "over"
    expected = {
        channel
        for channel in ("sms", "email")
        if (words := {one for (_, at), one in state.items() if at == channel}) and "no" in words and "yes" not in words
    }
    assert refused_channels(entries) == expected
