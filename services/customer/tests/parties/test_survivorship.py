"""Which claim holds: the rules without a database, against a twin that sorts, and in every order of arrival."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.parties.domain.details import FACTS
from customer.parties.domain.survivorship import Claim, Source, merged, rules_of, rules_on, shipped, survivor

START = datetime(2026, 1, 1, tzinfo=UTC)
claims = st.lists(
    st.builds(
        Claim,
        st.sampled_from(Source),
        st.integers(0, 5).map(lambda days: START + timedelta(days=days)),
        st.sampled_from((0.4, 0.9, 1.0)),
        st.sampled_from(("a", "b", None)),
    ),
    max_size=8,
)


@given(claims, st.sampled_from(sorted(FACTS)), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_whatever_the_order_of_arrival_one_value_holds(told: list[Claim], field: str, chance: object) -> None:
    rules = shipped()[-1]
    expected = survivor(field, told, rules)
    shuffled = list(told)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    kept: tuple[Claim, ...] = ()
    for claim in shuffled:
        kept = merged((*kept, claim))
    assert survivor(field, kept, rules) == expected
    assert len({claim.source for claim in kept}) == len(kept)
    if told:
        # The twin: sort by hand, worst first, and take the last.
        order = sorted(told, key=lambda one: (one.at, one.confidence, json.dumps(one.value), one.source))
        best = min(rules.rank(field, one.source) for one in told)
        assert expected == [one for one in order if rules.rank(field, one.source) == best][-1]


def test_a_better_source_wins_over_a_newer_word_and_equals_go_by_time() -> None:
    rules = shipped()[-1]
    document = Claim(Source.IDENTITY_DOCUMENT, START, 1.0, "张伟")
    bank = Claim(Source.BANK, START + timedelta(days=9), 1.0, "章伟")
    later = Claim(Source.CORE_BANKING, START + timedelta(days=10), 0.5, "张玮")
    for order in permutations((document, bank, later)):
        assert survivor("legal_name", order, rules) == document
    assert survivor("legal_name", (bank, later), rules) == later
    said = Claim(Source.CUSTOMER, START, 1.0, "Wei")
    assert survivor("preferred_name", (document, bank, said), rules) == said


def test_rules_hold_from_their_day_on_and_leave_no_source_out() -> None:
    order = [[str(source)] for source in Source]
    versions = rules_of(
        {
            "versions": [
                {"effective_from": "2027-01-01", "default": order[::-1], "fields": {}},
                {"effective_from": "2026-01-01", "default": order, "fields": {}},
            ]
        }
    )
    assert [
        rules_on(day, versions).rank("region", Source.REGISTRY) for day in (date(2026, 12, 31), date(2027, 1, 1))
    ] == [0, 7]
    assert rules_on(date(2020, 1, 1), versions) is versions[0]
    with pytest.raises(ValueError, match="every source"):
        rules_of({"versions": [{"effective_from": "2026-01-01", "default": order[1:], "fields": {}}]})
    assert all(field in FACTS for rules in shipped() for field in rules.fields)
