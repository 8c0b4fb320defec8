"""The rules of consent: no allow that the ledger does not support, over random ledgers, against an independent twin."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.consents.domain import (
    Entry,
    GdprBasis,
    PiplBasis,
    Purpose,
    Reason,
    Use,
    Verdict,
    Word,
    decide,
    in_force,
    standing,
)

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
CHANNELS = ("email", "sms")
DATA, SENSITIVE = ("contact", "identity"), ("location",)


class Case(NamedTuple):
    """A ledger, a catalogue, a use and an instant."""

    entries: list[Entry]
    versions: list[Purpose]
    use: Use
    at: datetime


def made(seed: int) -> Case:
    """A case out of a seed, with few days, so that words tie, and few purposes, so that they meet."""
    dice = random.Random(seed)  # noqa: S311  # a test's dice

    def some(of: Sequence[str], chance: float = 0.7) -> frozenset[str]:
        return frozenset(one for one in of if dice.random() < chance)

    def version(number: int, begins: datetime) -> Purpose:
        sensitive = some((*SENSITIVE, "contact"), 0.4)
        return Purpose(
            code="p",
            version=number,
            gdpr_basis=dice.choice([None, GdprBasis.CONSENT, GdprBasis.CONSENT, *GdprBasis]),
            pipl_basis=dice.choice([PiplBasis.CONSENT, PiplBasis.CONSENT, PiplBasis.CONTRACT]),
            channels=frozenset(CHANNELS) if dice.random() < 0.7 else some(CHANNELS, 0.3),
            data_categories=(some(DATA, 0.9) or frozenset(DATA)) - sensitive or frozenset({"identity"}),
            sensitive_categories=sensitive,
            equivalent=dice.random() < 0.6,
            retired=dice.random() < 0.05,
            effective_from=begins,
        )

    def word(number: int) -> Entry:
        said = START + dice.randrange(5) * DAY
        grants = dice.random() < 0.65
        bound = some(CHANNELS) if dice.random() < 0.8 else frozenset[str]()
        return Entry(
            id=UUID(int=number * 7919 % 101 + 1),
            purpose="q" if dice.random() < 0.05 else "p",
            version=dice.choice([1, 1, 2, 2, 3, 4]),
            word=Word.GRANTED if grants else dice.choice([Word.REFUSED, Word.WITHDRAWN]),
            channels=None if not grants and dice.random() < 0.4 else bound,
            data_categories=some(DATA, 0.9) if grants else frozenset(),
            separate_categories=some((*SENSITIVE, "contact"), 0.5) if grants else frozenset(),
            occurred_at=said,
            expires_at=said + dice.randrange(1, 5) * DAY if dice.random() < 0.3 else None,
        )

    days = sorted(dice.randrange(4) for _ in range(dice.randrange(1, 4)))
    return Case(
        [word(number) for number in range(dice.randrange(7))],
        [version(number, START + day * DAY) for number, day in enumerate(days, 1)],
        Use("q" if dice.random() < 0.03 else "p", dice.choice([*CHANNELS, None]), some((*DATA, *SENSITIVE), 0.3)),
        START + dice.randrange(-1, 8) * DAY,
    )


cases = st.integers(0, 2**48).map(made)


def supported(entries: Sequence[Entry], versions: Sequence[Purpose], use: Use, at: datetime) -> set[UUID]:
    """The twin: the grants that support a use, found by asking of each whether anything at all speaks against it."""
    begun = [one for one in versions if one.code == use.purpose and one.effective_from <= at]
    now = sorted(begun, key=lambda one: one.version)[-1]
    found = set()
    for grant in entries:
        if grant.word != "granted" or grant.purpose != use.purpose:
            continue
        spoken = use.channel if now.channels else None
        names_it = spoken in grant.channels if spoken is not None else grant.channels == frozenset()  # type: ignore[operator]  # a grant names its channels
        later = [
            other
            for other in entries
            if other is not grant
            and other.purpose == use.purpose
            and (other.channels is None or (spoken in other.channels if spoken is not None else not other.channels))
            and (
                other.occurred_at > grant.occurred_at
                or (other.occurred_at == grant.occurred_at and (other.word != "granted" or other.id > grant.id))
            )
        ]
        bridge = [one for one in versions if grant.version < one.version <= now.version]
        whole = all(one.equivalent for one in bridge) and grant.version in range(1, now.version + 1)
        alive = grant.expires_at is None or at < grant.expires_at
        data = use.data_categories or now.data_categories
        told = all(
            one in (grant.separate_categories if one in now.sensitive_categories else grant.data_categories)
            for one in data
        )
        if names_it and not later and whole and alive and told:
            found.add(grant.id)
    return found


@settings(max_examples=2_000, deadline=None)
@given(cases)
def test_nothing_is_allowed_that_the_ledger_does_not_support(case: Case) -> None:
    ruling = decide(*case)
    assert ruling.allows == (ruling.reason in (Reason.CONSENT_GRANTED, Reason.LEGAL_BASIS))
    if ruling.reason is Reason.CONSENT_GRANTED:
        assert ruling.receipt_id in supported(*case)
    if ruling.reason is Reason.LEGAL_BASIS:
        assert ruling.receipt_id is None
        assert ruling.purpose is not None
        assert ruling.purpose.gdpr_basis != "6(1)(a)"
        assert ruling.purpose.pipl_basis != "13(1)"


@settings(max_examples=2_000, deadline=None)
@given(cases)
def test_what_the_ledger_supports_is_allowed(case: Case) -> None:
    present = in_force([one for one in case.versions if one.code == case.use.purpose], case.at)
    if present is None or present.retired or not present.asks:
        return
    covered = present.data_categories | present.sensitive_categories
    within = (case.use.data_categories or present.data_categories) <= covered
    reachable = not present.channels or case.use.channel in present.channels
    assert decide(*case).allows == bool(supported(*case) and within and reachable)


def test_the_cases_are_worth_drawing() -> None:
    reasons = Counter(decide(*made(seed)).reason for seed in range(2_000))
    assert reasons[Reason.CONSENT_GRANTED] > 50
    assert set(Reason) - set(reasons) == {Reason.CUSTOMER_UNKNOWN, Reason.CUSTOMER_ERASED}


@settings(max_examples=300, deadline=None)
@given(cases)
def test_the_order_in_which_words_are_read_decides_nothing(case: Case) -> None:
    assert decide(case.entries[::-1], case.versions[::-1], case.use, case.at) == decide(*case)


@settings(max_examples=500, deadline=None)
@given(cases, st.sampled_from([*CHANNELS, None]))
def test_the_heads_a_decision_reads_say_what_the_whole_ledger_says(case: Case, channel: str | None) -> None:
    heads: dict[str, Entry] = {}
    for one in case.entries:
        for place in ["*"] if one.channels is None else sorted(one.channels) or [""]:
            if one.purpose == "p" and (place not in heads or heads[place].rank < one.rank):
                heads[place] = one
    read = [replace(one, channels=None if place == "*" else frozenset({place} - {""})) for place, one in heads.items()]
    fold, head = standing(case.entries, "p", channel), standing(read, "p", channel)
    assert (fold and fold.id) == (head and head.id)


ASKS = Purpose(
    "p", 1, GdprBasis.CONSENT, PiplBasis.CONSENT, frozenset(CHANNELS), frozenset(DATA), frozenset(SENSITIVE),
    equivalent=False, retired=False, effective_from=START,
)  # fmt: skip
YES = Entry(
    UUID(int=1), "p", 1, Word.GRANTED, frozenset({"email"}), frozenset(DATA), frozenset(), START + DAY, START + 9 * DAY
)
NO = replace(YES, id=UUID(int=2), word=Word.WITHDRAWN, channels=None, occurred_at=START + 2 * DAY, expires_at=None)
NEXT = replace(ASKS, version=2, effective_from=START + 3 * DAY)


@pytest.mark.parametrize(
    ("entries", "versions", "use", "day", "reason"),
    [
        ([YES], [ASKS], Use("p", "email"), 2, Reason.CONSENT_GRANTED),
        ([], [ASKS], Use("p", "email"), 2, Reason.NO_CONSENT),
        ([YES], [ASKS], Use("p", "sms"), 2, Reason.NO_CONSENT),
        ([YES], [ASKS], Use("p", "post"), 2, Reason.CHANNEL_NOT_COVERED),
        ([YES], [ASKS], Use("p"), 2, Reason.CHANNEL_NOT_COVERED),
        ([YES], [ASKS], Use("other", "email"), 2, Reason.PURPOSE_UNKNOWN),
        ([YES], [ASKS], Use("p", "email"), -1, Reason.PURPOSE_NOT_IN_FORCE),
        ([YES], [ASKS], Use("p", "email"), 9, Reason.CONSENT_EXPIRED),
        ([YES, NO], [ASKS], Use("p", "email"), 3, Reason.CONSENT_WITHDRAWN),
        ([replace(NO, word=Word.REFUSED)], [ASKS], Use("p", "sms"), 3, Reason.CONSENT_REFUSED),
        ([YES, replace(NO, occurred_at=YES.occurred_at)], [ASKS], Use("p", "email"), 3, Reason.CONSENT_WITHDRAWN),
        ([YES], [ASKS, NEXT], Use("p", "email"), 4, Reason.NEW_VERSION_ASKS_AGAIN),
        ([YES], [ASKS, replace(NEXT, equivalent=True)], Use("p", "email"), 4, Reason.CONSENT_GRANTED),
        ([YES], [ASKS, NEXT], Use("p", "email"), 2, Reason.CONSENT_GRANTED),
        ([YES], [replace(ASKS, retired=True)], Use("p", "email"), 2, Reason.PURPOSE_RETIRED),
        ([YES], [ASKS], Use("p", "email", frozenset({"location"})), 2, Reason.SEPARATE_CONSENT_MISSING),
        ([YES], [ASKS], Use("p", "email", frozenset({"genes"})), 2, Reason.DATA_NOT_COVERED),
        ([replace(YES, data_categories=frozenset())], [ASKS], Use("p", "email"), 2, Reason.DATA_NOT_COVERED),
        ([], [replace(ASKS, gdpr_basis=GdprBasis.CONTRACT)], Use("p", "email"), 2, Reason.NO_CONSENT),
        ([], [replace(ASKS, gdpr_basis=GdprBasis.CONTRACT, pipl_basis=None)], Use("p", "email"), 2, Reason.LEGAL_BASIS),
        ([NO], [replace(ASKS, gdpr_basis=GdprBasis.LEGITIMATE_INTERESTS, pipl_basis=None)], Use("p", "sms"), 3, Reason.OBJECTED),
        ([NO], [replace(ASKS, gdpr_basis=GdprBasis.CONTRACT, pipl_basis=None)], Use("p", "sms"), 3, Reason.LEGAL_BASIS),
    ],
)  # fmt: skip
def test_every_answer_has_its_reason(
    entries: list[Entry], versions: list[Purpose], use: Use, day: int, reason: Reason
) -> None:
    ruling = decide(entries, versions, use, START + day * DAY)
    assert ruling.reason is reason
    assert (ruling.verdict is Verdict.ALLOW) == (reason in (Reason.CONSENT_GRANTED, Reason.LEGAL_BASIS))


def test_a_withdrawal_from_a_clock_ahead_of_ours_denies_at_once() -> None:
    assert not decide(
        [YES, replace(NO, occurred_at=START + 5 * DAY)], [ASKS], Use("p", "email"), START + 2 * DAY
    ).allows
